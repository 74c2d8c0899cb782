"""What every image -> 3D pose data set of one person an image shares.

A subclass reads its files; everything else follows from pixels, points in
camera space and the camera of each image: boxes, root depth, the size of a
pixel at the person (``mm_per_px``) and the checks. mmpose's own 3D data sets
feed lifters: no image, no box.

Convention: `keypoints` are (1, K, 3): x, y in image px and z in mm relative
to the root. `keypoints_cam` are (1, K, 3) in camera-space mm.
"""

import os.path as osp
from typing import Optional, Sequence

import numpy as np
from mmpose.datasets.datasets import BaseCocoStyleDataset

from integral_mmpose.geometry import (
    box_side_px,
    check_choice,
    root_depth_from_box,
    tight_to_box_px,
)

from ..checks import annotation_error, require_root
from ..metainfo import FlatMetainfo
from .camera_space_annotations import (
    CameraSpaceAnnotations,
    check_annotations,
    place_of,
)
from .frame_boxes import read_boxes

#: Where the boxes come from.
BOX_SOURCES = ('2000mm', 'tight', 'file')
#: Where the depth of the root comes from that scales z: ``mm_per_px``.
ROOT_DEPTHS = ('gt', 'estimate')


class CameraSpaceDataset(FlatMetainfo, BaseCocoStyleDataset):
    """Base of 3D data sets of one person an image.

    A subclass defines :meth:`read_annotations` and ``METAINFO``; the first
    joint is the root.

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
        box (str): '2000mm', 'tight' or 'file'.
        bbox_file (str, optional): Detections for ``box='file'``, see
            :func:`~.frame_boxes.read_boxes`.
        root_depth (str): 'gt' or 'estimate': the depth behind ``mm_per_px``.
            Evaluate 'estimate' by ``IntegralMPJPE(root_depth='estimate')``.
        **kwargs: ``ann_file``, ``data_root``, ``data_prefix``, ``pipeline``,
            ``test_mode``, ``indices``, ... of mmengine's ``BaseDataset``.

    Raises:
        FileNotFoundError, ValueError: Naming file, frame, field and the fix.
    """

    #: Sequences without their frames, for the evaluation mode.
    excluded: Sequence[str] = ()
    #: What the annotation file calls the fields, for messages.
    FIELDS = dict(
        names='names',
        pixels='pixels',
        points_mm='points_mm',
        focal='intrinsics',
        principal='intrinsics',
    )

    def __init__(
        self,
        box: str = '2000mm',
        bbox_file: Optional[str] = None,
        root_depth: str = 'gt',
        **kwargs,
    ):
        if box not in BOX_SOURCES or (box == 'file') != bool(bbox_file):
            raise ValueError(
                f'box must be one of {BOX_SOURCES}, and bbox_file goes with '
                f"'file' only; got box={box!r}, bbox_file={bbox_file!r}"
            )
        check_choice('root_depth', root_depth, ROOT_DEPTHS)
        self.box = box
        self.detections = bbox_file
        self.root_depth = root_depth
        kwargs.setdefault('data_prefix', dict(img='images/'))
        super().__init__(**kwargs)

    @property
    def side_files(self) -> list:
        """Files besides ``ann_file`` that decide what is learned."""
        return [self._in_root(self.detections)] if self.detections else []

    def read_annotations(self) -> CameraSpaceAnnotations:
        """Read ``self.ann_file`` and whatever else the data set has."""
        raise NotImplementedError

    def load_data_list(self) -> list:
        """Read everything into arrays; the list holds row numbers only.

        A dict of arrays per frame would take 2.5 kB, so 312,000 frames 0.8 GB
        in each worker; the arrays take 0.2 GB and fork shares them.
        """
        require_root(self.data_root, type(self).__name__)
        frames = self.read_annotations()
        check_annotations(
            frames, self._metainfo['num_keypoints'], self.ann_file, self.FIELDS
        )
        self._frames = frames._replace(
            names=np.asarray(frames.names),
            pixels=np.asarray(frames.pixels, np.float32),
            points_mm=np.asarray(frames.points_mm, np.float32),
            intrinsics=np.asarray(frames.intrinsics, np.float32),
            groups={
                k: np.asarray(v) for k, v in (frames.groups or {}).items()
            },
        )
        if self.box == 'tight':
            self._check_extent()
        self._boxes = (
            read_boxes(self._in_root(self.detections), self._frames.names)
            if self.detections
            else None
        )
        return [dict(row=row) for row in range(len(self._frames.names))]

    def get_data_info(self, idx: int) -> dict:
        """The sample number ``idx`` before the pipeline."""
        info = super().get_data_info(idx)
        info.update(self._describe(info.pop('row')))
        return info

    def _describe(self, row: int) -> dict:
        frames = self._frames
        name = frames.names[row]
        camera = frames.intrinsics[row]
        points_mm, pixels = frames.points_mm[row], frames.pixels[row]
        depth_mm = points_mm[:, 2:] - points_mm[0, 2]
        root_depth = float(points_mm[0, 2])
        bbox, score = self._bbox(row, pixels, root_depth, camera[:2])
        estimate = self._estimate_root_depth(bbox[0], camera[:2])
        depth = root_depth if self.root_depth == 'gt' else estimate
        id_ = row if frames.ids is None else int(frames.ids[row])
        info = dict(
            action='all',
            id=id_,
            img_id=id_,
            img_path=f'{self.data_prefix["img"].rstrip("/")}/{name}',
            bbox=bbox,
            bbox_score=score,
            keypoints=np.concatenate([pixels, depth_mm], -1)[None],
            keypoints_visible=np.ones((1, len(pixels)), np.float32),
            has_depth=np.ones(1, np.float32),
            keypoints_cam=points_mm[None].copy(),
            root_depth=root_depth,
            root_depth_estimate=estimate,
            depth_source=self.root_depth,
            focal=camera[:2].copy(),
            principal=camera[2:].copy(),
            mm_per_px=depth / float(camera[:2].mean()),
            box=self.box,
            excluded=list(self.excluded),
        )
        info.update({k: v[row].item() for k, v in frames.groups.items()})
        return info

    def _bbox(self, row, pixels, root_depth, focal):
        score = np.ones(1, np.float32)
        if self.box == 'file':
            box = self._boxes[row]
            return box[None, :4].copy(), box[4:].copy()
        if self.box == 'tight':
            return np.concatenate([pixels.min(0), pixels.max(0)])[None], score
        half = box_side_px(root_depth, focal) / 2
        box = np.concatenate([pixels[0] - half, pixels[0] + half])
        return box[None].astype(np.float32), score

    def _estimate_root_depth(self, bbox, focal) -> float:
        size = (bbox[2:] - bbox[:2]).astype(np.float64)
        if self.box != '2000mm':
            size = tight_to_box_px(size)
        return float(root_depth_from_box(size, focal.astype(np.float64)))

    def _check_extent(self) -> None:
        size = np.ptp(self._frames.pixels, axis=1)
        bad = np.flatnonzero((size < 1).any(1))
        if len(bad):
            place = place_of(self._frames, bad[0])
            problem = "spans less than 1 px, so that box='tight' has no area"
            raise annotation_error(
                self.ann_file, place, self.FIELDS['pixels'], problem
            )

    def _in_root(self, path: str) -> str:
        return osp.join(self.data_root or '', path)
