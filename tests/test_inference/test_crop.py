"""The crop against MMPose's own transforms."""

import numpy as np
import pytest
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine

from integral_mmpose.inference.crop import MAX_SIDE, crop_person

BOXES = (
    [40, 30, 90, 130],
    [-20, -30, 70, 60],
    [150.25, 90.75, 220.5, 190.125],
    [0, 0, 250, 200],
)


def by_mmpose(image, box, size, padding, use_udp):
    info = dict(img=image, bbox=np.array([box], np.float32))
    info = GetBBoxCenterScale(padding)(info)
    return TopdownAffine(size, use_udp=use_udp)(info)


@pytest.mark.parametrize('use_udp', [False, True])
@pytest.mark.parametrize('size', [(64, 64), (48, 96), (96, 64)])
@pytest.mark.parametrize('box', BOXES)
def test_equals_mmpose(box, size, use_udp):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (200, 250, 3), dtype=np.uint8)
    wanted = by_mmpose(image, box, size, 1.25, use_udp)
    crop = crop_person(image, box, size, 1.25, use_udp)
    np.testing.assert_allclose(crop.center, wanted['input_center'], rtol=1e-6)
    np.testing.assert_allclose(crop.size, wanted['input_scale'], rtol=1e-6)
    # MMPose's matrix is of float32: a grid of 1/32 px may round otherwise.
    difference = np.abs(crop.pixels.astype(int) - wanted['img'])
    assert (difference > 0).mean() < 0.02 and difference.max() <= 16
    shifted = crop_person(image, np.add(box, 0.5), size, 1.25, use_udp)
    control = np.abs(shifted.pixels.astype(int) - wanted['img'])
    assert (control > 0).mean() > 0.2


def test_joints_come_back():
    """The middle of the crop is the middle of the box, its corner its."""
    crop = crop_person(
        np.zeros((90, 90, 3), np.uint8), [10, 20, 50, 40], (80, 40), 1.5
    )
    assert crop.size.tolist() == [60, 30]
    found = crop.to_image(np.array([[40.0, 20.0], [0.0, 0.0], [80.0, 40.0]]))
    np.testing.assert_allclose(found, [[30, 30], [0, 15], [60, 45]])


def test_an_image_too_large_for_opencv():
    image = np.zeros((2, MAX_SIDE + 1, 3), np.uint8)
    with pytest.raises(ValueError, match='32767 x 2 px'):
        crop_person(image, [0, 0, 9, 9], (8, 8), 1.25)
    crop_person(image[:, 1:], [0, 0, 9, 9], (8, 8), 1.25)
