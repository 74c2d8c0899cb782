"""Visualizer for MMPose's hooks and inferencers, with 3D views.

MMPose's own 3D visualizer fails with matplotlib 3.10, and takes metres with z
up.
"""

from typing import List, Optional, Tuple

import mmcv
import numpy as np
from mmengine.dist import master_only
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample
from mmpose.structures.utils import revert_heatmap
from mmpose.visualization import PoseLocalVisualizer

from integral_mmpose.geometry import (
    BOX_MM,
    TIGHT_PADDING,
    Person,
    weak_perspective_mm,
)
from integral_mmpose.geometry.check import as_array
from integral_mmpose.geometry.colors import MIDDLE

from .heat_vectors import overlay_heatmaps
from .overlay import enlarge
from .panel import beside
from .rendering import draw_people, draw_views
from .skeleton import Skeleton, skeleton_from_metainfo


@VISUALIZERS.register_module()
class IntegralPoseVisualizer(PoseLocalVisualizer):
    """Draw 2D poses over the image and 3D poses in two views beside it.

    Predictions with keypoints (N, K, 2) get the overlay. Those with
    (N, K, 3), image px x, y and root-relative mm z, also get 3D views, one
    row for each person. The views show ``keypoints_cam`` (mm) if the instances
    have it, else weak perspective, by the sample's ``mm_per_px`` or by a box
    that is 2000 mm wide. The arguments are those of
    :class:`mmpose.visualization.PoseLocalVisualizer`.
    """

    @master_only
    def add_datasample(  # noqa: PLR0913 (MMPose's signature)
        self,
        name: str,
        image: np.ndarray,
        data_sample: PoseDataSample,
        draw_gt: bool = True,
        draw_pred: bool = True,
        draw_heatmap: bool = False,
        draw_bbox: bool = False,
        show_kpt_idx: bool = False,
        skeleton_style: str = 'mmpose',
        show: bool = False,
        wait_time: float = 0,
        out_file: Optional[str] = None,
        kpt_thr: float = 0.3,
        step: int = 0,
    ) -> np.ndarray:
        """Draw a sample and save it to the file or to all back ends.

        The arguments are those of MMPose's visualizer. ``image`` is (H, W, 3)
        uint8 RGB and not modified, ``skeleton_style`` is ignored. From left
        to right: ground truth, prediction, heat maps, 3D views (with
        ``keypoints_cam`` of the ground truth in grey if ``draw_gt``).

        Returns:
            np.ndarray: The picture, RGB.
        """
        cells = []
        for kind, wanted in (('gt', draw_gt), ('pred', draw_pred)):
            if not wanted:
                continue
            people = self._people(data_sample, kind)
            cells.append(
                draw_people(
                    image,
                    people,
                    self._skeleton(people),
                    kpt_thr,
                    draw_bbox,
                    show_kpt_idx,
                )
            )
            fields = data_sample.get(f'{kind}_fields')
            if draw_heatmap and fields is not None and 'heatmaps' in fields:
                maps = _on_image(fields.heatmaps, image, data_sample)
                cells.append(_enlarge(overlay_heatmaps(image, maps)))
        cells = cells or [_enlarge(image)]
        if draw_pred:
            people = self._people(data_sample, 'pred')
            cells += draw_views(
                people,
                self._skeleton(people),
                cells[0].shape[0],
                kpt_thr,
                _truths(data_sample, people) if draw_gt else None,
            )
        picture = beside(cells)
        self.set_image(picture)
        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is not None:
            mmcv.imwrite(picture[..., ::-1], out_file)
        else:
            self.add_image(name, picture, step)
        return self.get_image()

    def _skeleton(self, people: List[Person]) -> Skeleton:
        """Return the data set's skeleton; without its meta, joints only."""
        joints = len(people[0].scores) if people else 0
        links = self.skeleton or ()
        return skeleton_from_metainfo(
            dict(
                skeleton_links=links,
                skeleton_link_colors=_colors(self.link_color, len(links)),
                keypoint_colors=_colors(self.kpt_color, joints),
            )
        )

    def _people(self, data_sample, kind: str) -> List[Person]:
        """Convert the instances of a sample; 3D predictions get mm."""
        found = data_sample.get(f'{kind}_instances')
        if found is None or 'keypoints' not in found:
            return []
        keypoints, scores = _joints(found)
        boxes = found.get('bboxes')
        boxes = [None] * len(scores) if boxes is None else as_array(boxes)
        best = found.get('bbox_scores', scores.mean(1))
        people = [
            Person(box, float(score), points[:, :2], visible)
            for box, score, points, visible in zip(
                boxes, np.ravel(as_array(best)), keypoints, scores
            )
        ]
        if kind == 'pred' and keypoints.shape[-1] == 3:
            in_mm = found.get('keypoints_cam')
            if in_mm is None:
                scale = data_sample.metainfo.get('mm_per_px')
                scale = scale if len(people) == 1 else None
                root = self._skeleton(people).root
                in_mm = [
                    _to_mm(person.box, points, root, scale)
                    for person, points in zip(people, keypoints)
                ]
            for person, pose in zip(people, as_array(in_mm)):
                person.keypoints_3d_mm = pose
        return people


def _enlarge(image: np.ndarray) -> np.ndarray:
    return enlarge(image, np.zeros(2))[0]


def _to_mm(box, keypoints, root: int, scale) -> np.ndarray:
    """Apply weak perspective, by ``scale`` or by a box of 2000 mm."""
    if scale is None:
        if box is None:
            side = TIGHT_PADDING * np.ptp(keypoints[:, :2], axis=0).max()
        else:
            side = max(box[2:] - box[:2])
        scale = BOX_MM / max(float(side), 1.0)
    return weak_perspective_mm(keypoints, float(np.ravel(scale)[0]), root)


def _truths(data_sample, people: List[Person]) -> Optional[np.ndarray]:
    """Return the true poses in mm if there is one for each person."""
    truth = data_sample.get('gt_instances')
    if not people or truth is None or 'keypoints_cam' not in truth:
        return None
    truth = as_array(truth.keypoints_cam)
    joints = len(people[0].scores)
    return truth if truth.shape == (len(people), joints, 3) else None


def _joints(instances: InstanceData) -> Tuple[np.ndarray, np.ndarray]:
    """Return keypoints (N, K, C), and visibility or scores (N, K)."""
    keypoints = as_array(
        instances.get('transformed_keypoints', instances.keypoints)
    )
    scores = instances.get(
        'keypoints_visible', instances.get('keypoint_scores')
    )
    if scores is None:
        return keypoints, np.ones(keypoints.shape[:2])
    scores = as_array(scores)
    return keypoints, scores[..., 0] if scores.ndim == 3 else scores


def _on_image(heatmaps, image, data_sample) -> np.ndarray:
    """Convert maps of the crop to maps of the image, if necessary."""
    heatmaps = as_array(heatmaps)
    meta = data_sample.metainfo
    if heatmaps.shape[-2:] == image.shape[:2] or 'input_scale' not in meta:
        return heatmaps
    return revert_heatmap(
        heatmaps,
        np.asarray(meta['input_center']),
        np.asarray(meta['input_scale']),
        image.shape[:2],
    )


def _colors(colors, count: int):
    """Return ``colors`` if there are ``count`` of them, else blue."""
    if colors is None or isinstance(colors, str) or len(colors) != count:
        return (MIDDLE,) * count
    return colors
