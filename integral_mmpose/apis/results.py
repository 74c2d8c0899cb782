"""Results of the inferencer as dicts, pictures and files."""

import json
import os
from pathlib import Path
from typing import Iterable, List, Optional, Tuple

import cv2
import numpy as np
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from integral_mmpose.engine import write_atomically
from integral_mmpose.visualization import enlarge, save_image
from integral_mmpose.visualization.pose_visualizer import GAP, VIEW_SIDES

from .growing import GrowingJson
from .inputs import Frame
from .pose_model import Pose

#: What the numbers of a person's dict are.
UNITS = (
    'bbox: left, top, right, bottom in image px; keypoints: image px; '
    'keypoints_mm: mm relative to the root, x right, y down, z forward, weak '
    'perspective unless keypoints_camera_mm is there; keypoints_camera_mm: '
    'mm in camera space; root_depth_mm: mm'
)


def person_dict(box: np.ndarray, pose: Pose, in_mm: dict) -> dict:
    """A person as plain numbers, ready for JSON.

    Args:
        box (np.ndarray): (5,) left, top, right, bottom, score.
        pose (Pose): In image px.
        in_mm (dict): From :meth:`Lifter.fields`.

    Returns:
        dict: See :data:`UNITS`.
    """
    return dict(
        bbox=box[:4].tolist(),
        bbox_score=float(box[4]),
        keypoints=pose.keypoints[:, :2].tolist(),
        keypoint_scores=pose.scores.tolist(),
        **{name: np.asarray(mm).tolist() for name, mm in in_mm.items()},
    )


def draw_people(
    visualizer, image: np.ndarray, people: List[dict], **options
) -> np.ndarray:
    """The overlay, and in 3D two views of each person beside it.

    Args:
        visualizer (IntegralPoseVisualizer): With the data set's meta.
        image (np.ndarray): (H, W, 3) BGR.
        people (list[dict]): From :func:`person_dict`.
        **options: Of the visualizer's ``add_datasample``.

    Returns:
        np.ndarray: (H', W', 3) uint8 RGB.
    """
    sample = PoseDataSample()
    if people:
        columns = {
            key: np.array([person[key] for person in people])
            for key in people[0]
        }
        found = InstanceData(
            keypoints=columns['keypoints'],
            keypoint_scores=columns['keypoint_scores'],
            bboxes=columns['bbox'],
            bbox_scores=columns['bbox_score'],
        )
        if 'keypoints_mm' in columns:
            in_mm = columns['keypoints_mm']
            found.keypoints = np.concatenate(
                [found.keypoints, in_mm[..., 2:]], -1
            )
            found.keypoints_cam = in_mm
        sample.pred_instances = found
    rgb = np.ascontiguousarray(image[..., ::-1])
    return visualizer.add_datasample(
        'people', rgb, sample, draw_gt=False, **options
    )


#: Least side of a 3D view in a video: those of twelve people, one below the
#: other, fit into the lowest picture.
MOVIE_VIEW = VIEW_SIDES[0] // 12


def movie_size(image: np.ndarray, views: bool) -> Tuple[int, int]:
    """Size of a video's pictures, whatever number of people they show.

    Args:
        image (np.ndarray): (H, W, 3), a frame.
        views (bool): With room for 3D views beside it.

    Returns:
        tuple[int, int]: Width and height in px, even as players want them.
    """
    height, width = enlarge(image, np.zeros(2))[0].shape[:2]
    if views:
        side = int(np.clip(height, *VIEW_SIDES))
        width, height = width + GAP + 2 * side, max(height, side)
    return width // 2 * 2, height // 2 * 2


def fit_canvas(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Fill a picture at its right and lower side, in white.

    Of an odd picture the last column or row is cut off.
    """
    canvas = np.full((height, width, 3), 255, np.uint8)
    part = picture[:height, :width]
    canvas[: part.shape[0], : part.shape[1]] = part
    return canvas


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
    """Writes what was found: a file per image, or one of a video.

    A file is called as its input, with ``_2`` and so on behind it where that
    name is taken: by another result, or by a file that is read, which stays
    as it is. An image that failed has no file; a frame of a video that
    failed has its ``error`` in the JSON file.

    Args:
        vis_out_dir (str): For the pictures, PNG or one MP4. Empty: none.
        pred_out_dir (str): For the JSON files. Empty: none.
        video (VideoSource, optional): The video; None for images.
        inputs (Iterable[str]): Files that are read, boxes and cameras, too.
    """

    def __init__(
        self,
        vis_out_dir: str,
        pred_out_dir: str,
        video=None,
        inputs: Iterable[str] = (),
    ) -> None:
        self.vis_out_dir, self.pred_out_dir = vis_out_dir, pred_out_dir
        self._video = video
        self._frames: Optional[GrowingJson] = None
        self._movie: Optional[cv2.VideoWriter] = None
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
        # A camera has no length, and is false.
        self._video_stem = None if video is None else self._stem(video.name)
        for folder in filter(None, (vis_out_dir, pred_out_dir)):
            Path(folder).mkdir(parents=True, exist_ok=True)

    def add(
        self, frame: Frame, people: List[dict], picture: Optional[np.ndarray]
    ) -> str:
        """Write a frame; ``picture`` is RGB.

        Returns:
            str: The stem of its files; '' of an image that failed.
        """
        if self._video is not None:
            if self.vis_out_dir and picture is not None:
                self._add_to_movie(picture)
            if self.pred_out_dir:
                self._add_to_json(frame, people)
            return self._video_stem
        if frame.error:
            return ''
        stem = self._stem(frame.name)
        if self.vis_out_dir and picture is not None:
            save_image(picture, str(Path(self.vis_out_dir, f'{stem}.png')))
        if self.pred_out_dir:
            path = Path(self.pred_out_dir, f'{stem}.json')
            write_atomically(path, json.dumps(people).encode())
        return stem

    def close(self) -> None:
        """Finish the files of a video."""
        if self._movie is not None:
            self._movie.release()
        if self._video is not None and self.pred_out_dir:
            self._json().finish()

    def _json(self) -> GrowingJson:
        if self._frames is None:
            path = Path(self.pred_out_dir, f'{self._video_stem}.json')
            self._frames = GrowingJson(path)
        return self._frames

    def _add_to_json(self, frame: Frame, people: List[dict]) -> None:
        entry = dict(frame_id=self._json().count, instances=people)
        if frame.error:
            entry['error'] = frame.error
        self._json().add(entry)

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

    def _add_to_movie(self, picture: np.ndarray) -> None:
        if self._movie is None:
            height, width = picture.shape[:2]
            path = Path(self.vis_out_dir, f'{self._video_stem}.mp4')
            self._movie = cv2.VideoWriter(
                str(path),
                cv2.VideoWriter_fourcc(*'mp4v'),
                self._video.fps,
                (width, height),
            )
            if not self._movie.isOpened():
                raise OSError(f'{path}: cannot be written as a video')
        self._movie.write(np.ascontiguousarray(picture[..., ::-1]))
