"""Summarise a run of the command."""

import sys
from dataclasses import dataclass, field
from typing import List

from integral_mmpose.inference.find_people import ImageResult
from integral_mmpose.inference.whole_image import doubt_of

#: Number of warnings and of errors to print; the JSON files have all.
SHOWN = 10


@dataclass
class Report:
    """Numbers of images, frames and people, and errors and notes."""

    images: int = 0
    frames: int = 0
    people: int = 0
    errors: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    stopped: bool = False

    def show(self, out: str) -> None:
        """Print the summary; ``out`` is the folder of the results."""
        for kind, lines in (('warning', self.notes), ('error', self.errors)):
            more = len(lines) - SHOWN
            for line in lines[:SHOWN] + [f'and {more} more'] * (more > 0):
                print(f'{kind}: {line}', file=sys.stderr)
        counts = (self.images, 'image'), (self.frames, 'frame')
        parts = [count_text(*count) for count in counts if count[0]]
        verb = 'stopped: ' if self.stopped else ''
        people = count_text(self.people, 'person', 'people')
        done = f'{people} in {" and ".join(parts)} -> {out}'
        print(verb + (done if parts else 'no result, nothing was written'))

    def status(self) -> int:
        """The exit status."""
        if self.stopped:
            return 130
        return 1 if self.errors else 0


def note_on(model, result: ImageResult, whole: bool) -> str:
    """Return a warning about a result, or ''.

    ``whole`` says that the image is treated as one person.
    """
    if not result.people:
        return 'no person found'
    reason = whole and doubt_of(model, result.image, result.people[0])
    if reason:
        return (
            f'{reason}: it may show several people, none, or one who does '
            'not fill it: give boxes or a detector'
        )
    return ''


def reason_of(error: Exception) -> str:
    """Return the message of an exception, without the errno."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f'{error.filename}: {error.strerror}'
    return str(error)


def count_text(number: int, noun: str, plural: str = '') -> str:
    """Format a number with its noun, such as 2 images."""
    return f'{number} {noun if number == 1 else plural or noun + "s"}'
