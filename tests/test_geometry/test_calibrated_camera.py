"""World points to pixels, and the entry of cameras.json."""

import numpy as np

from integral_mmpose.geometry import CalibratedCamera

#: Looks along the world's y from (1, 2, 3): right is x, down is -z.
CAMERA = CalibratedCamera(
    rotation=np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    position=np.array([1.0, 2.0, 3.0]),
    focal=np.array([500.0, 400.0]),
    principal=np.array([50.0, 60.0]),
)


def test_by_hand():
    """2 to the right, 1 up, 10 ahead: 500 * 2 / 10 + 50 = 150."""
    points = CAMERA.to_camera(np.array([[3.0, 12.0, 4.0], [1.0, 3.0, 3.0]]))
    assert points.tolist() == [[2, -1, 10], [0, 0, 1]]
    assert CAMERA.project(points).tolist() == [[150, 20, 10], [50, 60, 1]]


def test_the_json_has_what_is_known():
    entry = CAMERA.as_json()
    assert entry == dict(
        f=[500, 400],
        c=[50, 60],
        R=CAMERA.rotation.tolist(),
        T=[1, 2, 3],
    )
    full = CAMERA._replace(k=np.zeros(3), p=np.zeros(2), size=(64, 48))
    assert full.as_json() == dict(entry, k=[0, 0, 0], p=[0, 0], w=64, h=48)
