"""The visualizer of MMPose's hooks and inferencers, with 3D views beside.

MMPose's own 3D visualizer reads matplotlib's canvas by a function that
matplotlib 3.10 dropped, and takes metres with z up.
"""

from typing import List, Optional, Tuple

import cv2
import mmcv
import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample
from mmpose.structures.utils import revert_heatmap
from mmpose.visualization import PoseLocalVisualizer

from integral_mmpose.functional import weak_perspective_mm

from .heat_vectors import overlay_heatmaps
from .overlay import MIN_SIDE, draw_skeleton_2d, enlarge, write_labels
from .panel import beside
from .skeleton import MIDDLE, Skeleton
from .views import render_views

#: Least and greatest side in px of a 3D view, and the gap before the views.
VIEW_SIDES = (192, 640)
GAP = 4


@VISUALIZERS.register_module()
class IntegralPoseVisualizer(PoseLocalVisualizer):
    """Draw 2D poses over the image and 3D poses in two views beside it.

    Predictions with keypoints (N, K, 2) get the overlay. Those with
    (N, K, 3), image px x, y and root-relative mm z, also get 3D views, one
    row for each person. They come from ``keypoints_cam`` (mm) where the
    instances have it, else from weak perspective.

    Args:
        name (str): Name of the instance. Defaults to ``'visualizer'``.
        mm_per_px (float, optional): Scale of the weak perspective. By
            default the sample's ``mm_per_px``, else 2000 mm divided by the
            side of the box.
        max_people (int, optional): Most people with 3D views, the best boxes
            first. By default everybody.
        min_side (int): Smaller images are enlarged to it. Defaults to 256.
        **kwargs: Of :class:`mmpose.visualization.PoseLocalVisualizer`.
    """

    def __init__(
        self,
        name: str = 'visualizer',
        *args,
        mm_per_px: Optional[float] = None,
        max_people: Optional[int] = None,
        min_side: int = MIN_SIDE,
        **kwargs,
    ) -> None:
        super().__init__(name, *args, **kwargs)
        self.mm_per_px = mm_per_px
        self.max_people = max_people
        self.min_side = min_side

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
        min_view: int = VIEW_SIDES[0],
    ) -> np.ndarray:
        """Draw a sample and save it to the file or to all back ends.

        The arguments are those of MMPose's visualizer, and ``min_view``, the
        least side of a 3D view in px: where the views of all people are higher
        than the image, the picture grows. ``image`` is (H, W, 3) uint8 RGB
        and not modified, ``skeleton_style`` is ignored. From left
        to right: ground truth, prediction, heat maps, 3D views (with
        ``keypoints_cam`` of the ground truth in grey if ``draw_gt``).

        Returns:
            np.ndarray: The picture, RGB.
        """
        cells = []
        for kind, wanted in (('gt', draw_gt), ('pred', draw_pred)):
            if not wanted:
                continue
            cells.append(
                self._draw_people(
                    image,
                    data_sample.get(f'{kind}_instances'),
                    kpt_thr,
                    draw_bbox,
                    show_kpt_idx,
                )
            )
            fields = data_sample.get(f'{kind}_fields')
            if draw_heatmap and fields is not None and 'heatmaps' in fields:
                maps = _on_image(fields.heatmaps, image, data_sample)
                cells.append(self._enlarge(overlay_heatmaps(image, maps)))
        cells = cells or [self._enlarge(image)]
        if draw_pred:
            cells += self._draw_views(
                data_sample, draw_gt, kpt_thr, cells[0].shape[0], min_view
            )
        picture = beside(cells, GAP)
        self.set_image(picture)
        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is not None:
            mmcv.imwrite(picture[..., ::-1], out_file)
        else:
            self.add_image(name, picture, step)
        return self.get_image()

    def _skeleton(self, joints: int) -> Skeleton:
        """The data set's bones and colours; joints only without its meta."""
        links = tuple((int(a), int(b)) for a, b in self.skeleton or ())
        children = {child for _, child in links}
        roots = [i for i in range(joints) if i not in children]
        return Skeleton(
            links,
            _colors(self.link_color, len(links)),
            _colors(self.kpt_color, joints),
            roots[0] if len(roots) == 1 else 0,
        )

    def _enlarge(self, image: np.ndarray) -> np.ndarray:
        return enlarge(image, np.zeros(2), self.min_side)[0]

    def _draw_people(
        self,
        image,
        instances: Optional[InstanceData],
        kpt_thr,
        draw_bbox,
        show_kpt_idx,
    ) -> np.ndarray:
        picture = self._enlarge(image)
        if instances is None:
            return picture
        if 'keypoints' in instances:
            keypoints, scores = _joints(instances)
            skeleton = self._skeleton(keypoints.shape[1])
            _, points = enlarge(image, keypoints[..., :2], self.min_side)
            for person, score in zip(points, scores):
                picture = draw_skeleton_2d(
                    picture, person, skeleton, score, kpt_thr, min_side=0
                )
                if show_kpt_idx:
                    shown = np.flatnonzero(score >= kpt_thr)
                    write_labels(picture, person[shown], shown)
            if len(points) > 1 and keypoints.shape[-1] == 3:
                write_labels(
                    picture,
                    points[:, skeleton.root],
                    [f'#{i}' for i in range(len(points))],
                )
        if draw_bbox and 'bboxes' in instances:
            corners = _numpy(instances.bboxes).reshape(-1, 2, 2)
            _, corners = enlarge(image, corners, self.min_side)
            for low, high in np.rint(corners).astype(int).tolist():
                cv2.rectangle(picture, low, high, (0, 200, 0), 1)
        return picture

    def _draw_views(
        self, data_sample, draw_gt, kpt_thr, height, min_view
    ) -> List[np.ndarray]:
        """3D views of the best people, one row each: [] or [picture]."""
        people = data_sample.get('pred_instances')
        if people is None or 'keypoints' not in people or not len(people):
            return []
        keypoints, scores = _joints(people)
        if keypoints.shape[-1] != 3:
            return []
        skeleton = self._skeleton(keypoints.shape[1])
        truth = data_sample.get('gt_instances') if draw_gt else None
        true_mm = None
        if truth is not None and 'keypoints_cam' in truth:
            true_mm = _numpy(truth.keypoints_cam)
            if true_mm.shape != keypoints.shape:
                true_mm = None
        best = np.argsort(
            -_numpy(people.get('bbox_scores', scores.mean(1))).ravel(),
            kind='stable',
        )
        best = best[: self.max_people]
        size = int(np.clip(height // len(best), min_view, VIEW_SIDES[1]))
        rows = []
        for i in best:
            pose = self._to_mm(
                people, keypoints, i, skeleton.root, data_sample
            )
            rows.append(
                render_views(
                    pose,
                    skeleton,
                    None if true_mm is None else true_mm[i],
                    scores[i],
                    kpt_thr,
                    size,
                )
            )
            if len(people) > 1:
                write_labels(rows[-1], np.array([[2.0, 20.0]]), [f'#{i}'])
        return [np.concatenate(rows)]

    def _to_mm(self, people, keypoints, i, root, data_sample) -> np.ndarray:
        if 'keypoints_cam' in people:
            return _numpy(people.keypoints_cam)[i]
        scale = self.mm_per_px
        if scale is None and len(keypoints) == 1:
            scale = data_sample.metainfo.get('mm_per_px')
        if 'bboxes' in people:
            box = _numpy(people.bboxes)[i]
            side = max(box[2:] - box[:2])
        else:  # MMPose's usual padding of a tight box
            side = 1.25 * np.ptp(keypoints[i, :, :2], axis=0).max()
        scale = None if scale is None else float(np.ravel(scale)[0])
        return weak_perspective_mm(
            keypoints[i], root, scale, max(float(side), 1.0)
        )


def _joints(instances: InstanceData) -> Tuple[np.ndarray, np.ndarray]:
    """Keypoints (N, K, C) and their visibility or score (N, K)."""
    keypoints = _numpy(
        instances.get('transformed_keypoints', instances.keypoints)
    )
    scores = instances.get(
        'keypoints_visible', instances.get('keypoint_scores')
    )
    if scores is None:
        return keypoints, np.ones(keypoints.shape[:2])
    scores = _numpy(scores)
    return keypoints, scores[..., 0] if scores.ndim == 3 else scores


def _on_image(heatmaps, image, data_sample) -> np.ndarray:
    """Maps of the crop -> maps of the image, unless they are already."""
    heatmaps = _numpy(heatmaps)
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
    """A colour for each of ``count``: as given if they fit, else blue."""
    if colors is None or isinstance(colors, str) or len(colors) != count:
        return (MIDDLE,) * count
    return tuple(tuple(int(c) for c in color) for color in colors)


def _numpy(array) -> np.ndarray:
    if isinstance(array, torch.Tensor):
        array = array.detach().cpu().numpy()
    return np.asarray(array)
