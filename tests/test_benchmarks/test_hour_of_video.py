"""A long video needs no more memory than a short one."""

import gc
import tracemalloc

import numpy as np
import pytest

from integral_mmpose.inference import Pose
from integral_mmpose.visualization import Skeleton


class Stand:
    """Poses without a network."""

    joint_names, name, depth_range_mm = ['root', 'head'], 'stand', 2000.0
    skeleton = Skeleton(((0, 1),), ((0, 0, 0),) * 2, ((0, 0, 0),), 0)

    def crop(self, image, box, mm_per_px=None):
        return box

    def predict(self, crops):
        return [
            Pose(np.array([[*box[:2], 0], [*box[2:4], 9]]), np.ones(2), 40.0)
            for box in crops
        ]


def grown(frames, keep=lambda result: None):
    """Bytes of Python from a tenth of the frames to their end."""
    import hour_of_video

    sizes = []
    tracemalloc.start()
    try:
        for _ in hour_of_video.simulate(Stand(), frames, frames // 10):
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
            keep(sizes)
    finally:
        tracemalloc.stop()
    return sizes[-1] - sizes[0]


def test_a_minute_leaves_nothing_behind():
    """108,000 frames of 100 bytes each would be 10 MB."""
    assert grown(1800) < 1620 * 100


def test_what_is_kept_is_seen():
    kept = []
    assert grown(600, lambda _: kept.append(bytearray(10**5))) > 500_000


@pytest.mark.slow
def test_an_hour_of_video(tmp_path):
    """With ONNX Runtime, by the resident size."""
    import hour_of_video as module

    model = str(tmp_path / 'tiny.onnx')
    module.write_tiny_model(model)
    sizes = np.array(list(module.simulate(model, module.FRAMES, 2700)))
    assert sizes[-1, 0] == 108_000
    assert module.growth_mb(sizes) <= module.MOST_MB


def test_growth_is_that_of_a_line():
    import hour_of_video

    frames = np.arange(1, 41) * 10.0
    sizes = np.stack([frames, 300 + 0.5 * frames], 1)
    sizes[:3, 1] = 0  # before the first tenth ends
    assert hour_of_video.growth_mb(sizes) == pytest.approx(0.5 * 360)
