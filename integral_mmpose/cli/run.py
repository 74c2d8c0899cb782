"""Inputs of a command line -> JSON, pictures, scenes and videos in a folder.

Results are written as they come: a run that is stopped or killed leaves what
was done.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

import cv2
import numpy as np
from tqdm import tqdm

from integral_mmpose.geometry import Person
from integral_mmpose.inference.find_people import ImageResult
from integral_mmpose.inference.frames import ImageSource
from integral_mmpose.inference.growing import GrowingJson
from integral_mmpose.inference.inferencer import PoseInferencer
from integral_mmpose.inference.results import ResultWriter, describe
from integral_mmpose.inference.sources import (
    is_video,
    list_images,
    open_source,
)
from integral_mmpose.visualization import (
    need_plotly,
    place_people,
    pose_figure,
    render,
    render_frame,
    save_html,
)

from .options import call_options, end_by_signal, files_of

#: A mean score of the joints below it is no person that fills the picture:
#: 1 % of 150 photographs of LSP are below it with the model that ships.
LOW_SCORE = 0.55
DETECTOR_HINT = 'name a detector (--detector yolox_nano.onnx) or give --boxes'


@dataclass
class Report:
    """What a run has done."""

    images: int = 0
    people: int = 0
    frames: int = 0
    failed: Dict[str, str] = field(default_factory=dict)
    notes: List[str] = field(default_factory=list)
    files: List[Path] = field(default_factory=list)
    stopped: bool = False


def main_of(args, make_inferencer, after_image=None) -> int:
    """Run a command; its exit status.

    Args:
        args (Namespace): With the options of ``options.py`` and ``inputs``.
        make_inferencer (Callable): Gives the :class:`PoseInferencer`.
        after_image (Callable, optional): Called with each image's result and
            stem, for further files.

    Returns:
        int: 0; 1 if an input failed; 130 if it was stopped.
    """
    end_by_signal()
    report = Report()
    try:
        run(make_inferencer(), args, report, after_image)
    except KeyboardInterrupt:
        report.stopped = True
    except (ValueError, OSError, ImportError) as error:
        if report.images or report.frames:
            tell(report, args.out)
        print(f'error: {error}', file=sys.stderr)
        return 1
    return tell(report, args.out)


def run(infer: PoseInferencer, args, report: Report, after_image=None) -> None:
    """Process all inputs: the images together, each video by itself.

    Raises:
        ValueError, OSError, ImportError: For bad options, or a single input
            that cannot be used.
        KeyboardInterrupt: If the run was stopped; files are finished.
    """
    if args.html and infer.model.depth_range_mm is None:
        raise ValueError('--html needs a 3D model, this one is 2D')
    if args.html:
        need_plotly()
    if args.show:
        check_display()
    options = call_options(args)
    if options['boxes'] is None and infer.detector is None:
        print(
            'no detector: each image is taken as one person; for several '
            f'people {DETECTOR_HINT}',
            file=sys.stderr,
        )
    Path(args.out).mkdir(parents=True, exist_ok=True)
    images, videos = sort_inputs(args)
    smooth = 'one_euro' if args.smooth else None
    if smooth and not videos:
        raise ValueError(
            '--smooth needs a video; --video makes one of a folder of frames'
        )
    for source in videos:
        run_video(infer, source, args, dict(options, smooth=smooth), report)
    if images:
        run_images(infer, images, args, options, report, after_image)


def sort_inputs(args) -> Tuple[Optional[ImageSource], list]:
    """The images of all inputs as one source, and a source of each video."""
    single, videos = [], []
    for text in map(str, args.inputs):
        is_camera = text.split(':')[0] == 'webcam'
        as_frames = args.video is not None and Path(text).is_dir()
        stream = '://' in text and not text.startswith(('http:', 'https:'))
        if is_camera or as_frames or stream or is_video(text):
            videos.append(
                open_source(text, args.out, args.max_megapixels, args.video)
            )
        else:
            single.append(text)
    if args.video is not None and not videos:
        raise ValueError('--video needs a folder of frames')
    if not single:
        return None, videos
    # A single image that cannot be read ends the run, one of several not.
    if len(single) == 1:
        source = open_source(single[0], args.out, args.max_megapixels)
        return source, videos
    images = list_images(single, args.out)
    return ImageSource(images, args.max_megapixels), videos


def run_images(infer, source, args, options, report, after_image=None) -> None:
    """``poses.json``, a picture and a scene of each image."""
    out = Path(args.out)
    poses = out / 'poses.json'
    for path in files_of(args):
        if Path(path).resolve() == poses.resolve():
            raise ValueError(
                f'{path}: would be replaced by the results. Choose another '
                '--out'
            )
    pictures = '' if args.json else str(out)
    writer = ResultWriter(pictures, '', None, [*source.paths, *files_of(args)])
    growing = GrowingJson(poses)
    guess = options['boxes'] is None and infer.detector is None
    results = infer.stream(source, **options)
    try:
        for result in progress(results, len(source), 'image'):
            report.images += 1
            if result.error:
                report.failed[result.name] = result.error
                continue
            report.people += len(result.people)
            report.notes += notes_of(result, guess)
            picture = None
            if pictures or args.show:
                picture = render(
                    result.image[..., ::-1], result.people, infer.skeleton
                )
            stem = writer.add(result, picture if pictures else None)
            people = [person.to_dict() for person in result.people]
            growing.add({result.name: people})
            if args.html and result.people:
                write_scene(infer, result.people, out / f'{stem}.html')
            if after_image is not None:
                after_image(result, stem)
            if args.show and window_closed(picture, wait_ms=0):
                break
    finally:
        head = json.dumps(describe(infer.model, failed=report.failed))[:-1]
        growing.finish(
            head + ', "images": {', '}}', lambda line: line.strip()[1:-1]
        )
        report.files.append(poses)


def run_video(infer, source, args, options, report) -> None:
    """One JSON file and one MP4."""
    writer = ResultWriter(
        '' if args.json else args.out,
        args.out,
        source,
        [*source.paths, *files_of(args)],
        describe(infer.model, video=source.name, fps=source.fps),
    )
    views = infer.model.depth_range_mm is not None
    frames = 0
    results = infer.stream(source, **options)
    try:
        for result in progress(results, len(source), 'frame'):
            frames += 1
            report.people += len(result.people)
            if result.error:
                report.failed.setdefault(source.name, result.error)
            picture = None
            if result.image is not None and not (args.json and not args.show):
                picture = render_frame(
                    result.image[..., ::-1],
                    result.people,
                    infer.skeleton,
                    views,
                )
            writer.add(result, picture)
            if args.show and picture is not None and window_closed(picture):
                break
            if frames == args.max_frames:
                break
    finally:
        results.close()
        writer.close()
        report.frames += frames
        report.files += writer.files
    if not frames:
        report.failed[source.name] = f'{source.name}: no frame was read'


def progress(results: Iterator, total: int, unit: str) -> Iterator:
    """Show a bar with the time left on a terminal."""
    return tqdm(results, total=total or None, unit=unit, disable=None)


def notes_of(result: ImageResult, guess: bool) -> List[str]:
    """What a user should know about a result that is no error."""
    if not result.people:
        return [f'no person found in {result.name}']
    mean = np.mean([person.scores.mean() for person in result.people])
    if guess and mean < LOW_SCORE:
        return [
            f'{result.name}: the mean score of the joints is {mean:.2f}: it '
            f'may not show one person as a whole; {DETECTOR_HINT}'
        ]
    return []


def write_scene(infer, people: List[Person], path: Path) -> None:
    """A 3D scene that turns under the mouse."""
    figure = pose_figure(
        place_people(people),
        infer.skeleton,
        infer.joint_names,
        [person.scores for person in people],
    )
    save_html(figure, str(path))


def check_display() -> None:
    """Open a window in a process of its own: without a display, Qt aborts.

    Raises:
        ValueError: If there is no display.
    """
    command = [sys.executable, '-c', 'import cv2; cv2.namedWindow("poses")']
    if subprocess.run(command, capture_output=True).returncode:
        raise ValueError('--show: there is no display: leave it out')


def window_closed(picture: np.ndarray, wait_ms: int = 1) -> bool:
    """Show a picture; whether the user pressed Esc."""
    cv2.imshow('poses', np.ascontiguousarray(picture[..., ::-1]))
    return cv2.waitKey(wait_ms) & 0xFF == 27


def tell(report: Report, out: str) -> int:
    """Print what was done; the exit status."""
    for note in report.notes:
        print(f'warning: {note}', file=sys.stderr)
    for error in report.failed.values():
        print(f'error: {error}', file=sys.stderr)
    parts = []
    if report.images:
        parts.append(counted(report.images - len(report.failed), 'image'))
    if report.frames:
        parts.append(counted(report.frames, 'frame'))
    verb = 'stopped: ' if report.stopped else ''
    people = counted(report.people, 'person', 'people')
    print(f'{verb}{people} in {" and ".join(parts)} -> {out}')
    if report.stopped:
        return 130
    return 1 if report.failed else 0


def counted(number: int, noun: str, plural: str = '') -> str:
    """A number with its noun, such as 2 images."""
    return f'{number} {noun if number == 1 else plural or noun + "s"}'
