"""What was found, in files: JSON and pictures."""

import json
import os
from pathlib import Path
from typing import Iterable, List, Optional

import numpy as np

from integral_mmpose.files import write_atomically
from integral_mmpose.geometry import UNITS
from integral_mmpose.version import __version__
from integral_mmpose.visualization import save_image

from .find_people import ImageResult
from .growing import GrowingJson
from .movie import MovieWriter


def describe(model, **more) -> dict:
    """The head of a JSON file, so that it explains itself.

    Args:
        model (OnnxPoseModel): Or an object with its attributes.
        **more: Further entries, such as ``fps``.
    """
    return dict(
        keypoint_names=list(model.joint_names),
        skeleton_links=[list(link) for link in model.skeleton.links],
        units=UNITS,
        model=model.name,
        version=__version__,
        **more,
    )


def unique_stem(name: str, used: set) -> str:
    """A stem for an output file that no other input has taken."""
    stem = Path(name.split('?')[0]).stem
    result, number = stem, 1
    while result in used:
        number += 1
        result = f'{stem}_{number}'
    used.add(result)
    return result


class ResultWriter:
    """Writes what was found: files of each image, or of one video.

    A file is called as its input, with ``_2`` and so on behind it where that
    name is taken: by another result, or by a file that is read, which stays
    as it is. An image that failed has no file; a frame of a video that
    failed has its ``error`` in the JSON file.

    Args:
        vis_out_dir (str): For the pictures, PNG or one MP4. Empty: none.
        pred_out_dir (str): For the JSON files: the people of an image, or
            ``head`` and ``frames`` of a video. Empty: none.
        video (VideoSource, optional): The video; None for images.
        inputs (Iterable[str]): Files that are read, boxes and cameras, too.
        head (dict, optional): See :func:`describe`.
    """

    def __init__(
        self,
        vis_out_dir: str,
        pred_out_dir: str,
        video=None,
        inputs: Iterable[str] = (),
        head: Optional[dict] = None,
    ) -> None:
        self.vis_out_dir, self.pred_out_dir = vis_out_dir, pred_out_dir
        self._video, self._head = video, head or {}
        self._frames: Optional[GrowingJson] = None
        self._movie: Optional[MovieWriter] = None
        #: Files of a video.
        self.files: List[Path] = []
        self._used: set = set()
        self._inputs = {os.path.realpath(path) for path in inputs}
        picture = '.png' if video is None else '.mp4'
        self._outputs = [
            (folder, suffix)
            for folder, suffix in (
                (vis_out_dir, picture),
                (pred_out_dir, '.json'),
            )
            if folder
        ]
        for folder in filter(None, (vis_out_dir, pred_out_dir)):
            Path(folder).mkdir(parents=True, exist_ok=True)
        if video is None:  # a camera has no length, and is false
            return
        self._video_stem = self._stem(video.name)
        if pred_out_dir:
            path = Path(pred_out_dir, f'{self._video_stem}.json')
            self._frames = GrowingJson(path)
            self.files.append(path)
        if vis_out_dir:
            path = Path(vis_out_dir, f'{self._video_stem}.mp4')
            self._movie = MovieWriter(path, video.fps)
            self.files.append(path)

    def add(self, result: ImageResult, picture: Optional[np.ndarray]) -> str:
        """Write an image or a frame; ``picture`` is RGB.

        Returns:
            str: The stem of its files; '' of an image that failed.
        """
        if self._video is not None:
            if self._movie is not None and picture is not None:
                self._movie.add(picture)
            if self._frames is not None:
                self._frames.add(self._entry(result))
            return self._video_stem
        if result.error:
            return ''
        stem = self._stem(result.name)
        if self.vis_out_dir and picture is not None:
            save_image(picture, str(Path(self.vis_out_dir, f'{stem}.png')))
        if self.pred_out_dir:
            path = Path(self.pred_out_dir, f'{stem}.json')
            people = [person.to_dict() for person in result.people]
            write_atomically(path, json.dumps(people).encode())
        return stem

    def close(self) -> None:
        """Finish the files of a video."""
        if self._movie is not None:
            self._movie.close()
        if self._frames is not None:
            head = json.dumps(self._head)[:-1] + ', ' * bool(self._head)
            self._frames.finish(f'{head}"frames": [', ']}')

    def _entry(self, result: ImageResult) -> dict:
        entry = dict(frame_id=self._frames.count)
        if result.time_ms is not None:
            entry['time_ms'] = round(result.time_ms, 3)
        entry['instances'] = [person.to_dict() for person in result.people]
        if result.error:
            entry['error'] = result.error
        return entry

    def _stem(self, name: str) -> str:
        """A stem for the results of an input, so that no input is lost."""
        while True:
            stem = unique_stem(name, self._used)
            files = [
                os.path.realpath(os.path.join(folder, stem + suffix))
                for folder, suffix in self._outputs
            ]
            if not self._inputs.intersection(files):
                return stem
