"""Human3.6M as images with 18 joints, for image -> 3D pose.

mmpose's own Human3.6M data set feeds lifters: no image, no box. This one gives
what a top-down 3D network needs: image, box, pixels with root-relative depth,
camera, and the keys of the evaluation protocols.

Convention: `keypoints` are (1, 18, 3): x, y in image px and z in mm relative
to the root (joint 0). `keypoints_cam` are (1, 18, 3) in camera-space mm. Joint
17 is the middle of the shoulders in space.
"""

from typing import Optional, Sequence

import numpy as np
from mmengine.fileio import join_path
from mmengine.utils import is_abs
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from integral_mmpose.functional.camera import (
    BOX_MM,
    box_side_px,
    root_depth_from_box,
    tight_to_box_px,
)

from ..checks import refuse_sample_interval, require_root
from ..joints import H36M18_METAINFO, SHOULDERS
from ..metainfo import FlatMetainfo
from .h36m_cameras import read_boxes, read_cameras
from .h36m_files import parse_name, read_annotations

BOXES = ('2000mm', 'tight', 'file')
#: Where the depth of the root comes from that scales z: ``mm_per_px``.
ROOT_DEPTHS = ('gt', 'estimate')


@DATASETS.register_module()
class H36MImageDataset(FlatMetainfo, BaseCocoStyleDataset):
    """Images of Human3.6M, a person each.

    Boxes: ``'2000mm'`` is the official code's, a square of 2000 mm at the
    depth of the root, centred on its pixel (ground truth depth goes in);
    ``'tight'`` is the extent of the joints; ``'file'`` reads detections. Use
    ``GetBBoxCenterScale(padding=1.0)`` with the first and 1.25 with the
    others.

    Every sample has ``root_depth``, the ground truth, and
    ``root_depth_estimate``, from the box and the assumption that it spans
    2000 mm: as it is with ``'2000mm'`` (ground truth depth goes in by the
    box), a square of 1.25 times the longer side of the others. ``root_depth``
    of the data set chooses which of them makes ``mm_per_px``, and so the
    depth range of the codec with ``depth_unit='crop'``.

    Args:
        ann_file (str): npz with imgname, part and S.
        camera_file (str): JSON with the cameras.
        subjects (Sequence[str | int], optional): For example ``['S9', 11]``.
        actions (Sequence[str], optional): Names of actions.
        frame_step (int): Keeps frames whose 0-based number it divides.
        exclude (Sequence[str]): Sequences to leave out, named as the folders
            of their images, with or without the camera: the recordings of S9
            with shifted ground truth are ``['S9_Greeting',
            'S9_SittingDown_1', 'S9_Waiting_1']``.
        box (str): '2000mm', 'tight' or 'file'.
        bbox_file (str, optional): Detections for ``box='file'``, see
            :func:`~.h36m_cameras.read_boxes`.
        depth (bool): Without it the samples are 2D: (1, 18, 2) and
            ``has_depth`` 0.
        root_depth (str): 'gt' or 'estimate': the depth behind ``mm_per_px``.
            Evaluate 'estimate' by ``IntegralMPJPE(root_depth='estimate')``.
        **kwargs: ``data_root``, ``data_prefix``, ``pipeline``, ``test_mode``,
            ``indices``, ... of mmengine's ``BaseDataset``.

    Raises:
        FileNotFoundError, ValueError: Naming file, id, field and the fix.
    """

    METAINFO = H36M18_METAINFO

    def __init__(
        self,
        ann_file: str = 'annotations/h36m_train.npz',
        camera_file: str = 'annotations/cameras.json',
        subjects: Optional[Sequence] = None,
        actions: Optional[Sequence[str]] = None,
        frame_step: int = 1,
        exclude: Sequence[str] = (),
        box: str = '2000mm',
        bbox_file: Optional[str] = None,
        depth: bool = True,
        root_depth: str = 'gt',
        **kwargs,
    ):
        if box not in BOXES or (box == 'file') != bool(bbox_file):
            raise ValueError(
                f'box must be one of {BOXES}, and bbox_file goes with '
                f"'file' only; got box={box!r}, bbox_file={bbox_file!r}"
            )
        if root_depth not in ROOT_DEPTHS:
            raise ValueError(
                f'root_depth must be one of {ROOT_DEPTHS}, got {root_depth!r}'
            )
        refuse_sample_interval(kwargs)
        if kwargs.get('filter_cfg'):
            raise ValueError(
                f'filter_cfg={kwargs["filter_cfg"]} is not of this data set, '
                'whose every frame counts: take subjects, actions, '
                'frame_step, exclude or indices'
            )
        self.camera_file = camera_file
        self.selection = dict(
            subjects=subjects,
            actions=actions,
            frame_step=frame_step,
            exclude=list(exclude),
        )
        self.box = box
        self.detections = bbox_file
        self.depth = depth
        self.root_depth = root_depth
        kwargs.setdefault('data_prefix', dict(img='images/'))
        super().__init__(ann_file=ann_file, **kwargs)

    def _join_prefix(self) -> None:
        super()._join_prefix()
        self.camera_file = self._in_root(self.camera_file)
        if self.detections:
            self.detections = self._in_root(self.detections)

    def load_data_list(self) -> list:
        """Read everything into arrays; the list holds row numbers only.

        A dict of arrays per frame would take 2.5 kB, so 312,000 frames 0.8 GB
        in each worker; the arrays take 0.1 GB and fork shares them.
        """
        require_root(self.data_root, type(self).__name__)
        self._frames = read_annotations(self.ann_file, **self.selection)
        self._cameras = read_cameras(
            self.camera_file, self._frames, self.ann_file
        )
        self._boxes = (
            read_boxes(self.detections, self._frames)
            if self.detections
            else None
        )
        return [dict(row=row) for row in range(len(self._frames.ids))]

    def get_data_info(self, idx: int) -> dict:
        """The sample number ``idx`` before the pipeline."""
        info = super().get_data_info(idx)
        row = info.pop('row')
        info.update(self._describe(row))
        return info

    def _describe(self, row: int) -> dict:
        name = self._frames.names[row].decode()
        frame = parse_name(name)
        camera = (
            self._cameras[frame.subject, frame.camera_id]
            if self._frames.intrinsics is None
            else self._frames.intrinsics[row]
        )
        points_mm, pixels = add_thorax(
            self._frames.points_mm[row], self._frames.pixels[row]
        )
        depth_mm = points_mm[:, 2:] - points_mm[0, 2]
        keypoints = (
            np.concatenate([pixels, depth_mm], -1) if self.depth else pixels
        )
        root_depth = float(points_mm[0, 2])
        bbox, score = self._bbox(row, pixels, root_depth, camera[:2])
        estimate = self._estimate_root_depth(bbox[0], camera[:2])
        depth = root_depth if self.root_depth == 'gt' else estimate
        id_ = int(self._frames.ids[row])
        return dict(
            id=id_,
            img_id=id_,
            img_path=f'{self.data_prefix["img"].rstrip("/")}/{name}',
            bbox=bbox,
            bbox_score=score,
            keypoints=keypoints[None],
            keypoints_visible=np.ones((1, len(keypoints)), np.float32),
            has_depth=np.full(1, self.depth, np.float32),
            keypoints_cam=points_mm[None],
            root_depth=root_depth,
            root_depth_estimate=estimate,
            depth_source=self.root_depth,
            focal=camera[:2].copy(),
            principal=camera[2:].copy(),
            mm_per_px=depth / float(camera[:2].mean()),
            box=self.box,
            excluded=list(self.selection['exclude']),
            **frame._asdict(),
        )

    def _bbox(self, row, pixels, root_depth, focal):
        score = np.ones(1, np.float32)
        if self.box == 'file':
            box = self._boxes[row]
            return box[None, :4].copy(), box[4:].copy()
        if self.box == 'tight':
            return np.concatenate([pixels.min(0), pixels.max(0)])[None], score
        half = box_side_px(root_depth, focal, BOX_MM) / 2
        box = np.concatenate([pixels[0] - half, pixels[0] + half])
        return box[None].astype(np.float32), score

    def _estimate_root_depth(self, bbox, focal) -> float:
        size = (bbox[2:] - bbox[:2]).astype(np.float64)
        if self.box != '2000mm':
            size = tight_to_box_px(size)
        return float(root_depth_from_box(size, focal.astype(np.float64)))

    def _in_root(self, path: str) -> str:
        return (
            path
            if is_abs(path) or not self.data_root
            else join_path(self.data_root, path)
        )


def add_thorax(points_mm: np.ndarray, pixels: np.ndarray):
    """Append joint 17, the middle of the shoulders in space.

    A pinhole camera sees the middle of two points at the depth-weighted mean
    of their pixels: (Z1 u1 + Z2 u2) / (Z1 + Z2), so no camera is needed and
    the distortion that is in the pixels stays in.

    Args:
        points_mm (np.ndarray): (17, 3) camera space in mm.
        pixels (np.ndarray): (17, 2) px.

    Returns:
        tuple: (18, 3) in mm and (18, 2) in px.
    """
    shoulders = list(SHOULDERS)
    weights = points_mm[shoulders, 2:]
    seen = (weights * pixels[shoulders]).sum(0) / weights.sum()
    middle = points_mm[shoulders].mean(0)
    return (
        np.concatenate([points_mm, middle[None]]).astype(np.float32),
        np.concatenate([pixels, seen[None]]).astype(np.float32),
    )
