"""Joint coordinates <-> normalised labels with one weight per axis.

The codec knows the size of the network input and the depth options, and
nothing of heat maps: their size comes from the logits.
"""

from math import inf
from typing import Optional, Sequence, Tuple

import numpy as np
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS

from integral_mmpose.functional import norm_to_px, px_to_norm
from integral_mmpose.geometry import (
    DEPTH_UNITS,
    check_choice,
    is_positive,
    mm_to_norm,
    norm_to_mm,
)


@KEYPOINT_CODECS.register_module()
class IntegralLabel(BaseKeypointCodec):
    """Label of integral regression, 2D and 3D; decode inverts encode.

    Convention: normalised x = x_px / w, y = y_px / h (left edge, 0-based) and
    z = z_mm / range + 0.5 with the root joint at 0.5. A joint outside the
    crop or the depth range has weight 0 on every axis; a sample without depth
    has weight 0 on z alone, so that it trains x and y of a 3D model. The crop
    is that of ``TopdownAffine`` as it is by default: with ``use_udp=True`` it
    is stretched by w / (w - 1), and joints would be up to 1 px off.

    Args:
        input_size (tuple[int, int]): Size (w, h) of the network input in px.
        depth_range_mm (float, optional): Depth of the volume in mm. ``None``
            makes the codec 2D. Defaults to ``None``.
        depth_unit (str): What scale augmentation does to depth. ``'crop'``
            scales depth with the crop, as the paper's public code: the range
            is mm_per_px * longer side of the box, which is
            ``depth_range_mm`` for an unscaled 2000 mm box. ``'metric'``
            keeps ``depth_range_mm`` whatever the box: for tight or detected
            boxes. Defaults to ``'crop'``.
        use_dataset_keypoint_weights (bool): Multiply the weights by those of
            the data set's joints (``joint_weights`` of its meta). In the
            place of the switch of that name of MMPose's ``GenerateTarget``,
            which takes one weight for all axes of a joint. Defaults to
            ``False``.

    Raises:
        ValueError: If an argument is out of its range.
    """

    auxiliary_encode_keys = {
        'has_depth',
        'mm_per_px',
        'bbox_scale',
        'dataset_keypoint_weights',
        'input_size',
    }
    label_mapping_table = dict(
        keypoint_labels='keypoint_labels', keypoint_weights='keypoint_weights'
    )

    def __init__(
        self,
        input_size: Tuple[int, int],
        depth_range_mm: Optional[float] = None,
        depth_unit: str = 'crop',
        use_dataset_keypoint_weights: bool = False,
    ) -> None:
        super().__init__()
        if np.shape(input_size) != (2,) or not all(
            map(is_positive, input_size)
        ):
            raise ValueError(
                f'input_size must be (w, h) in px, got {input_size!r}'
            )
        if depth_range_mm is not None and not is_positive(depth_range_mm):
            raise ValueError(
                'depth_range_mm must be a positive number, got '
                f'{depth_range_mm!r}'
            )
        check_choice('depth_unit', depth_unit, DEPTH_UNITS)
        self.input_size = tuple(input_size)
        self.depth_range_mm = depth_range_mm
        self.depth_unit = depth_unit
        self.use_dataset_keypoint_weights = use_dataset_keypoint_weights

    @property
    def num_axes(self) -> int:
        """Number of axes C of the labels: 2 or 3."""
        return 2 if self.depth_range_mm is None else 3

    def depth_range(
        self,
        mm_per_px: Optional[float] = None,
        bbox_scale: Optional[Sequence[float]] = None,
    ) -> float:
        """Depth in mm that the volume of one sample spans.

        Args:
            mm_per_px (float, optional): Root depth over focal length: the
                size of a pixel at the person. ``None`` where it is unknown.
            bbox_scale (array-like, optional): (2,) size of the box in px of
                the original image.

        Returns:
            float: Range in mm; ``depth_range_mm`` where the size of a pixel
            is unknown: the box is then taken to be that large.
        """
        if (
            self.depth_unit == 'metric'
            or mm_per_px is None
            or bbox_scale is None
        ):
            return self.depth_range_mm
        return float(mm_per_px) * float(np.max(bbox_scale))

    def encode(
        self,
        keypoints: np.ndarray,
        keypoints_visible: Optional[np.ndarray] = None,
        has_depth: Optional[np.ndarray] = None,
        mm_per_px: Optional[float] = None,
        bbox_scale: Optional[np.ndarray] = None,
        dataset_keypoint_weights: Optional[np.ndarray] = None,
        input_size: Optional[Sequence[int]] = None,
    ) -> dict:
        """Encode joints.

        Args:
            keypoints (np.ndarray): (N, K, 2 or 3): x, y in px of the network
                input, z in mm relative to the root.
            keypoints_visible (np.ndarray, optional): (N, K) weights.
            has_depth (np.ndarray, optional): (N,) 1 where z is known.
            mm_per_px (float, optional): See :meth:`depth_range`; one for
                all people of the image.
            bbox_scale (np.ndarray, optional): (N, 2) or one (2,), see there.
            dataset_keypoint_weights (np.ndarray, optional): (K,) weights of
                the data set's joints, used if the codec is told to.
            input_size (tuple[int, int], optional): Size (w, h) of the crop,
                to compare with the codec's.

        Returns:
            dict: ``keypoint_labels`` (N, K, C) normalised and
            ``keypoint_weights`` (N, K, C).

        Raises:
            ValueError: If the crop has another size than the codec, if the
                codec is 3D and the joints have no z, if z is labelled and
                ``depth_unit='crop'`` lacks ``mm_per_px`` or ``bbox_scale``,
                or if the weights of the data set are not those of these
                joints.
        """
        if input_size is not None and tuple(input_size) != self.input_size:
            raise ValueError(
                f'the pipeline gives crops of {tuple(input_size)} (w, h) px '
                f'and the encoder labels crops of {self.input_size}: set '
                'input_size of both, and of the decoder, alike'
            )
        if keypoints.ndim != 3 or keypoints.shape[-1] < self.num_axes:
            raise ValueError(
                f'the codec has {self.num_axes} axes (depth_range_mm='
                f'{self.depth_range_mm}) but the dataset gives joints of the '
                f'shape {keypoints.shape}: for a 2D dataset in a 3D model '
                'add the transform ConvertJoints, which gives z with '
                'weight 0, or set depth_range_mm=None'
            )
        has_z = has_depth is None or np.any(np.asarray(has_depth) > 0)
        if self.num_axes == 3 and self.depth_unit == 'crop' and has_z:
            _require_scale(mm_per_px=mm_per_px, bbox_scale=bbox_scale)
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2], np.float32)
        labels = np.zeros((*keypoints.shape[:2], self.num_axes), np.float32)
        labels[..., :2] = px_to_norm(keypoints[..., :2], self.input_size)
        known = np.ones((len(keypoints), 1, self.num_axes), bool)
        if self.num_axes == 3:
            scales = [None]
            if bbox_scale is not None:
                scales = np.reshape(bbox_scale, (-1, 2))
            ranges = [self.depth_range(mm_per_px, scale) for scale in scales]
            labels[..., 2] = mm_to_norm(
                keypoints[..., 2], np.array(ranges, np.float32)[:, None]
            )
            if has_depth is not None:
                known[:, 0, 2] = np.reshape(has_depth, -1) > 0
        weights = keypoints_visible[..., None].astype(np.float32)
        if self.use_dataset_keypoint_weights:
            weights *= self._of_joints(dataset_keypoint_weights, keypoints)
        # A comparison with NaN is false: NaN counts as outside.
        inside = (labels >= 0) & (labels < 1)
        inside = np.all(inside | ~known, axis=-1, keepdims=True)
        weights = np.where(inside & known, weights, 0).astype(np.float32)
        labels = np.where(known, labels, 0.5).astype(np.float32)
        return dict(keypoint_labels=labels, keypoint_weights=weights)

    def _of_joints(self, weights, keypoints: np.ndarray) -> np.ndarray:
        """Weights of the data set's joints as (K, 1)."""
        if np.shape(weights) != keypoints.shape[1:2]:
            raise ValueError(
                'use_dataset_keypoint_weights: the data set gives '
                f'{keypoints.shape[1]} joints and the weights {weights}: give '
                'its meta joint_weights, one for each of these joints'
            )
        return np.asarray(weights, np.float32)[:, None]

    def decode(
        self,
        coordinates: np.ndarray,
        scores: np.ndarray,
        depth_range: Optional[np.ndarray] = None,
    ) -> Tuple[np.ndarray, np.ndarray]:
        """Decode the normalised coordinates of one sample.

        Args:
            coordinates (np.ndarray): (1, K, C) normalised.
            scores (np.ndarray): (1, K) confidence in [0, 1].
            depth_range (np.ndarray, optional): (1,) range in mm, from
                :meth:`depth_range`; ``depth_range_mm`` if it is missing.

        Returns:
            tuple: keypoints (1, K, C), x, y in px of the network input and z
            in mm relative to the root, and scores (1, K).
        """
        keypoints = np.array(coordinates, dtype=np.float32)
        keypoints[..., :2] = norm_to_px(keypoints[..., :2], self.input_size)
        if keypoints.shape[-1] == 3:
            if depth_range is None:
                depth_range = self.depth_range_mm
            keypoints[..., 2] = norm_to_mm(
                keypoints[..., 2], np.float32(np.squeeze(depth_range))
            )
        return keypoints, np.asarray(scores, dtype=np.float32)


def _require_scale(**fields) -> None:
    """Labelled depth that is not scaled with its crop would be wrong."""
    for name, value in fields.items():
        try:
            sizes = np.array(value, float)  # None is NaN
        except (TypeError, ValueError):
            sizes = np.array(np.nan)
        if not ((sizes > 0) & (sizes < inf)).all():
            raise ValueError(
                f"depth_unit='crop': z is labelled and `{name}` is "
                f'{value}: it must be > 0 to scale depth with the crop. Let '
                "the data set give it, or take depth_unit='metric'"
            )
