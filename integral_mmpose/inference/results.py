"""Write results as JSON, pictures and videos."""

import json
import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Union
from urllib.parse import urlsplit

import numpy as np

from integral_mmpose.files import write_atomically
from integral_mmpose.geometry import UNITS
from integral_mmpose.version import __version__
from integral_mmpose.visualization import save_image

from .download import is_url
from .find_people import ImageResult
from .growing import GrowingJson
from .movie import MovieWriter


def describe(model, **more) -> dict:
    """Return the head of a JSON file: joint names, bones, units and model.

    ``more`` are further entries, such as ``fps``.
    """
    return dict(
        keypoint_names=list(model.joint_names),
        skeleton_links=[list(link) for link in model.skeleton.links],
        units=UNITS,
        model=model.name,
        version=__version__,
        **more,
    )


class FreeNames:
    """Names for output files that replace no result or ``taken`` file."""

    def __init__(self, taken: Iterable[Union[str, Path]] = ()) -> None:
        self._taken: set = set()
        self._used: set = set()
        self.keep(taken)

    def keep(self, files: Iterable[Union[str, Path]]) -> bool:
        """Protect further files; return whether all of them are new."""
        files = {os.path.realpath(path) for path in files}
        new = self._taken.isdisjoint(files)
        self._taken |= files
        return new

    def stem(self, name: str, outputs: Iterable[tuple]) -> str:
        """Return a free stem for an input's files, with ``_2`` if needed.

        ``outputs`` has the folder and the suffix of each file.
        """
        first = stem = Path(urlsplit(name).path if is_url(name) else name).stem
        number = 1
        while stem in self._used or any(
            os.path.realpath(Path(folder, stem + suffix)) in self._taken
            for folder, suffix in outputs
        ):
            number += 1
            stem = f'{first}_{number}'
        self._used.add(stem)
        return stem


class PeopleFile:
    """One JSON file with the people of all images, written one by one."""

    def __init__(self, path: Union[str, Path], model) -> None:
        self._growing, self._model = GrowingJson(path), model
        # By image name: why there is no result, and remarks on results.
        self._failed: Dict[str, str] = {}
        self._notes: Dict[str, str] = {}

    def add(self, result: ImageResult, note: str = '') -> None:
        """Append the people of an image, or keep its error.

        ``note`` is a remark on the result.
        """
        if note:
            self._notes[result.name] = note
        if result.error:
            self._failed[result.name] = result.error
        else:
            people = [person.to_dict() for person in result.people]
            self._growing.add({result.name: people})

    def close(self) -> None:
        """Finish the file, if anything was added."""
        head = describe(self._model, failed=self._failed, notes=self._notes)
        text = json.dumps(head)[:-1]
        self._growing.finish(
            text + ', "images": {', '}}', lambda line: line.strip()[1:-1]
        )


class ResultWriter:
    """Write the files of each image, or of one video.

    Files are named after their input, see :class:`FreeNames`. A failed image
    has no file. A failed frame has its ``error`` in the JSON file, and the MP4
    repeats the frame before. A video without any result has no file and keeps
    those of an earlier run.

    Args:
        vis_out_dir (str): Folder of the PNG files or the MP4; empty for none.
        pred_out_dir (str): Folder of the JSON files: the people of an image,
            or ``head`` and ``frames`` of a video; empty for none.
        video (VideoSource, optional): The video; None for images.
        names (FreeNames, optional): Names of the files, shared by all writers
            to a folder.
        head (dict, optional): See :func:`describe`.
    """

    def __init__(
        self,
        vis_out_dir: str,
        pred_out_dir: str,
        video=None,
        names: Optional[FreeNames] = None,
        head: Optional[dict] = None,
    ) -> None:
        self.vis_out_dir, self.pred_out_dir = vis_out_dir, pred_out_dir
        self._video, self._head = video, head or {}
        self._frames: Optional[GrowingJson] = None
        self._movie: Optional[MovieWriter] = None
        self._count = 0
        self._any_result = False
        self._waiting: List[dict] = []  # entries before the first result
        self._picture: Any = None
        self._names = names or FreeNames()
        picture = '.png' if video is None else '.mp4'
        outputs = (vis_out_dir, picture), (pred_out_dir, '.json')
        self._outputs = [output for output in outputs if output[0]]
        for folder, _ in self._outputs:
            Path(folder).mkdir(parents=True, exist_ok=True)
        if video is None:  # a camera has no length, and is false
            return
        self._video_stem = self._names.stem(video.name, self._outputs)
        if pred_out_dir:
            path = Path(pred_out_dir, f'{self._video_stem}.json')
            self._frames = GrowingJson(path)
        if vis_out_dir:
            path = Path(vis_out_dir, f'{self._video_stem}.mp4')
            self._movie = MovieWriter(path, video.fps)

    def add(self, result: ImageResult, picture: Optional[np.ndarray]) -> str:
        """Write an image or a frame; ``picture`` is RGB.

        Returns:
            str: The stem of its files; '' for a failed image.
        """
        if self._video is not None:
            self._add_frame(result, picture)
            return self._video_stem
        if result.error:
            return ''
        stem = self._names.stem(result.name, self._outputs)
        if self.vis_out_dir and picture is not None:
            save_image(picture, str(Path(self.vis_out_dir, f'{stem}.png')))
        if self.pred_out_dir:
            path = Path(self.pred_out_dir, f'{stem}.json')
            people = [person.to_dict() for person in result.people]
            write_atomically(path, json.dumps(people).encode())
        return stem

    def _add_frame(self, result: ImageResult, picture) -> None:
        """Write a frame; the first result is shown in those before it, too."""
        self._waiting.append(self._entry(result))
        self._any_result |= not result.error
        if not self._any_result:
            return
        if picture is not None:
            self._picture = picture
        if self._frames is not None:
            self._frames.open()  # before the movie of another run is touched
        for entry in self._waiting:
            if self._movie is not None:
                self._movie.add(self._picture)
            if self._frames is not None:
                self._frames.add(entry)
        self._waiting.clear()

    def close(self) -> None:
        """Finish the files of a video."""
        try:
            if self._movie is not None:
                self._movie.close()
        finally:
            if self._frames is not None:
                head = json.dumps(self._head)[:-1] + ', ' * bool(self._head)
                self._frames.finish(f'{head}"frames": [', ']}')

    def _entry(self, result: ImageResult) -> dict:
        entry: Dict[str, Any] = dict(frame_id=self._count)
        self._count += 1
        if result.time_ms is not None:
            entry['time_ms'] = round(result.time_ms, 3)
        entry['instances'] = [person.to_dict() for person in result.people]
        if result.error:
            entry['error'] = result.error
        return entry
