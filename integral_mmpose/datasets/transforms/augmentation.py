"""Augmentation as the paper prints it and as its public code does it.

The paper: translation +-2 %, scale +-25 %, rotation +-30 degrees, flip.
The public code: scale 1 +- 0.25 * clip(N(0, 1)), rotation 30 * clip(N(0, 1),
+-2) degrees in 6 of 10 samples, colour times U(0.8, 1.2) per channel, no
translation. Both change the box only, so z in mm stays what it is.
Random numbers are numpy's global ones, as in mmpose, so that ``SeedSample``
reaches them.
"""

from typing import Sequence, Tuple

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.datasets.transforms import RandomBBoxTransform, RandomHalfBody
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomHalfBody3D(RandomHalfBody):
    """mmpose's RandomHalfBody for keypoints with z.

    The box comes from x and y; z, which upstream cannot unpack, is left
    alone. Arguments are those of ``RandomHalfBody``.
    """

    def _get_half_body_bbox(
        self, keypoints: np.ndarray, half_body_ids: Sequence[int]
    ):
        return super()._get_half_body_bbox(keypoints[:, :2], half_body_ids)


@TRANSFORMS.register_module()
class UniformBBoxTransform(RandomBBoxTransform):
    """Shift, scale and rotate the box always, uniformly in the ranges.

    mmpose's RandomBBoxTransform draws from a truncated normal distribution,
    and not always.

    Args:
        shift_factor (float): Range of the shift, of the side of the box.
        scale_factor (tuple[float, float]): Range of the factor on the box.
        rotate_factor (float): Range of the rotation in degrees.
    """

    def __init__(
        self,
        shift_factor: float = 0.02,
        scale_factor: Tuple[float, float] = (0.75, 1.25),
        rotate_factor: float = 30.0,
    ):
        super().__init__(
            shift_factor=shift_factor,
            shift_prob=1.0,
            scale_factor=scale_factor,
            scale_prob=1.0,
            rotate_factor=rotate_factor,
            rotate_prob=1.0,
        )

    @cache_randomness
    def _get_transform_params(self, num_bboxes: int) -> Tuple:
        """Shift (n, 2), scale (n, 1) and rotation (n,) of n boxes."""
        uniform = np.random.uniform
        shift = uniform(-self.shift_factor, self.shift_factor, (num_bboxes, 2))
        scale = uniform(*self.scale_factor, (num_bboxes, 1))
        rotation = uniform(-self.rotate_factor, self.rotate_factor, num_bboxes)
        return (
            shift.astype(np.float32),
            scale.astype(np.float32),
            rotation.astype(np.float32),
        )


@TRANSFORMS.register_module()
class OfficialBBoxTransform(RandomBBoxTransform):
    """Scale and rotate the box as the paper's public code does.

    The scale is 1 + 0.25 * clip(N(0, 1), +-1), the rotation of 6 of 10
    samples 30 * clip(N(0, 1), +-2) degrees.
    """

    def __init__(self):
        super().__init__(
            shift_factor=0.0,
            shift_prob=0.0,
            scale_factor=(0.75, 1.25),
            scale_prob=1.0,
            rotate_factor=60.0,
            rotate_prob=0.6,
        )

    @cache_randomness
    def _get_transform_params(self, num_bboxes: int) -> Tuple:
        """Shift (n, 2), scale (n, 1) and rotation (n,) of n boxes."""
        normal = np.random.standard_normal((num_bboxes, 2)).astype(np.float32)
        scale = 1 + 0.25 * normal[:, :1].clip(-1, 1)
        rotation = 30.0 * normal[:, 1].clip(-2, 2)
        turned = np.random.rand(num_bboxes) < self.rotate_prob
        shift = np.zeros((num_bboxes, 2), np.float32)
        return shift, scale, np.where(turned, rotation, 0.0)


@TRANSFORMS.register_module()
class RandomChannelScale(BaseTransform):
    """Multiply every colour channel by its own factor from U(low, high)."""

    def __init__(self, low: float = 0.8, high: float = 1.2):
        if not 0 <= low <= high:
            raise ValueError(f'0 <= low <= high is needed, got {low}, {high}')
        self.low = low
        self.high = high

    def transform(self, results: dict) -> dict:
        """Scale ``img`` (H, W, C); put it after TopdownAffine, where the
        image is small."""
        image = results['img']
        factors = np.random.uniform(self.low, self.high, image.shape[-1])
        scaled = image.astype(np.float32) * factors.astype(np.float32)
        if image.dtype == np.uint8:
            scaled = scaled.round().clip(0, 255)
        results['img'] = scaled.astype(image.dtype)
        return results
