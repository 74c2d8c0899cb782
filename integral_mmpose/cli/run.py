"""Run the command: write JSON, pictures, scenes and videos to a folder.

Results are written one by one, so a stopped or killed run keeps them.
"""

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Iterator, List

import cv2
import numpy as np
from tqdm import tqdm

from integral_mmpose.inference.frames import ImageSource
from integral_mmpose.inference.inferencer import PoseInferencer
from integral_mmpose.inference.results import (
    FreeNames,
    PeopleFile,
    ResultWriter,
    describe,
)
from integral_mmpose.inference.sources import list_images, open_source
from integral_mmpose.visualization import need_plotly, save_html

from .options import (
    check_inputs,
    option_files,
    sort_inputs,
    stream_options,
)
from .report import Report, note_on, reason_of
from .stopping import check_stop, end_by_signal, stop_asked


def run_command(args, make_inferencer, after_image=None) -> int:
    """Run the command.

    ``after_image`` is called with the inferencer, the result and the stem of
    each image; it may write further files.

    Returns:
        int: The exit status: 0; 1 if an input failed; 130 if it was stopped.
    """
    end_by_signal()
    report = Report()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show_warning
            Run(make_inferencer(), args, report, after_image)()
    except KeyboardInterrupt:
        report.stopped = True
    except (ValueError, OSError, ImportError) as error:
        report.stopped = stop_asked()
        if not report.stopped:
            if report.images or report.frames or report.errors:
                report.show(args.out)
            print(f'error: {reason_of(error)}', file=sys.stderr)
            return 1
    report.show(args.out)
    return report.status()


def show_warning(message, *_) -> None:
    """Print a warning without its line of code."""
    print(f'warning: {message}', file=sys.stderr)


class Run:
    """A run of the command, which fills the report.

    Raises:
        ValueError, ImportError: For bad options.
    """

    def __init__(
        self, infer: PoseInferencer, args, report: Report, after_image
    ) -> None:
        self.infer, self.args, self.report = infer, args, report
        self.after_image = after_image
        if args.html and infer.model.depth_range_mm is None:
            raise ValueError('--html needs a 3D model, this one is 2D')
        if args.html:
            need_plotly()
        if args.show:
            check_display()
        self.options = stream_options(args)
        #: Whether each image is treated as one person.
        self.whole = self.options['boxes'] is None and infer.detector is None
        self.told = False
        self.draws = args.show or not args.json
        self.out = Path(args.out)
        self.poses = self.out / 'poses.json'
        self.names = FreeNames(option_files(args))

    def __call__(self) -> None:
        """Process all inputs: each video by itself, the images together.

        Raises:
            ValueError, OSError: For bad options, or a single input that
                cannot be used.
            KeyboardInterrupt: If the run was stopped; files are finished.
        """
        images, videos = sort_inputs(self.args)
        check_inputs(self.args, videos)
        if images and not self.names.keep([self.poses]):
            raise ValueError(
                f'{self.poses}: would be replaced by the results. Choose '
                'another --out'
            )
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ValueError(
                f'--out {self.out}: a file is there, name a folder'
            ) from error
        for text in videos:
            try:
                source = self.open(text, self.args.video)
            except (ValueError, OSError) as error:
                if len(self.args.inputs) == 1:
                    raise
                self.report.errors.append(str(error))
            else:
                self.run_video(source)
        if images:
            self.run_images(self.open_images(images))

    def open(self, text: str, fps=None):
        """Open one input."""
        args = self.args
        return open_source(text, args.out, args.max_megapixels, fps)

    def open_images(self, inputs: List[str]) -> ImageSource:
        """Open all images as one source, each once.

        The report gets the error of a folder that has no images.

        Raises:
            ValueError, OSError: If a single input cannot be read.
        """
        if len(self.args.inputs) == 1:
            return self.open(inputs[0])
        images: List[str] = []
        for text in inputs:
            try:
                images += list_images(text, self.args.out)
            except ValueError as error:
                self.report.errors.append(str(error))
        images = list(dict.fromkeys(images))
        return ImageSource(images, self.args.max_megapixels)

    def announce(self, source) -> None:
        """Protect the files of a source, and say if there is no detector."""
        self.names.keep(source.paths)
        if self.whole and not self.told:
            self.told = True
            by_onnx = hasattr(self.args, 'detector')
            option = (
                '--detector yolox_nano.onnx' if by_onnx else '--det-config'
            )
            print(
                'no detector: each image is treated as one person. For '
                f'several people, give a detector ({option}) or --boxes',
                file=sys.stderr,
            )

    def run_images(self, source) -> None:
        """Write ``poses.json``, and a picture and a scene of each image."""
        args, report = self.args, self.report
        self.announce(source)
        picture_folder = '' if args.json else args.out
        results = self.infer.stream(source, **self.options)
        writer = ResultWriter(picture_folder, '', names=self.names)
        people = PeopleFile(self.poses, self.infer.model)
        try:
            for result in progress(results, len(source), 'image'):
                if result.error:
                    people.add(result)
                    report.errors.append(result.error)
                    continue
                note = note_on(self.infer.model, result, self.whole)
                if note:
                    report.notes.append(f'{result.name}: {note}')
                picture = self.infer.draw(result) if self.draws else None
                stem = writer.add(result, picture if picture_folder else None)
                people.add(result, note)
                report.images += 1
                report.people += len(result.people)
                if args.html and result.people:
                    path = self.out / f'{stem}.html'
                    save_html(self.infer.scene(result.people), str(path))
                if self.after_image is not None:
                    self.after_image(self.infer, result, stem)
                if args.show and window_closed(picture, wait_ms=0):
                    break
        finally:
            people.close()

    def run_video(self, source) -> None:
        """Write one JSON file and one MP4."""
        args, report = self.args, self.report
        self.announce(source)
        smooth = 'one_euro' if args.smooth else None
        results = self.infer.stream(source, smooth=smooth, **self.options)
        writer = ResultWriter(
            '' if args.json else args.out,
            args.out,
            source,
            self.names,
            describe(self.infer.model, video=source.name, fps=source.fps),
        )
        read, failed, unseen, doubt = 0, 0, 0, None
        total = args.max_frames or len(source)
        try:
            for result in progress(results, total, 'frame'):
                picture = None
                if self.draws:
                    picture = self.infer.draw(result, movie=True)
                writer.add(result, picture)
                read += 1
                report.people += len(result.people)
                unseen += result.image is None
                if result.error:
                    failed += 1
                    report.errors.append(result.error)
                elif self.whole and doubt is None:  # of the first good frame
                    doubt = note_on(self.infer.model, result, self.whole)
                if read == args.max_frames:
                    break
                shown = args.show and picture is not None
                if shown and window_closed(picture):
                    break
        finally:
            results.close()
            writer.close()
            report.frames += read - failed
        if doubt:
            report.notes.append(f'{source.name}: {doubt}')
        if unseen and read > failed and not args.json:
            report.notes.append(
                f'{source.name}: the MP4 repeats the frame before one that '
                'cannot be read'
            )
        if not read:
            report.errors.append(f'{source.name}: no frame was read')


def progress(results: Iterator, total: int, unit: str) -> Iterator:
    """Show a progress bar on a terminal."""
    for result in tqdm(results, total=total or None, unit=unit, disable=None):
        check_stop()
        yield result


def check_display() -> None:
    """Raise ValueError if there is no display. Qt would abort."""
    command = [sys.executable, '-c', 'import cv2; cv2.namedWindow("poses")']
    if subprocess.run(command, capture_output=True).returncode:
        raise ValueError('--show: there is no display. Omit --show')


def window_closed(picture: np.ndarray, wait_ms: int = 1) -> bool:
    """Show a picture; return whether the user pressed Esc."""
    cv2.imshow('poses', np.ascontiguousarray(picture[..., ::-1]))
    return cv2.waitKey(wait_ms) & 0xFF == 27
