"""R4, codec: decode is the inverse of encode; outside has no weight."""

import numpy as np
from mmpose.codecs import MSRAHeatmap

PROVED_BY = (
    'test_codecs/test_integral_label.py::test_decode_inverts_encode',
    'test_codecs/test_integral_label.py'
    '::test_outside_has_weight_zero_on_every_axis',
    'test_codecs/test_integral_label.py'
    '::test_labelled_depth_without_its_scale_is_refused',
    'test_functional/test_readout.py'
    '::test_argmax_is_within_half_a_bin_of_the_peak',
)


def test_upstream_a_heat_map_loses_a_part_of_its_cell(figure):
    """A round trip that passes upstream's test, which allows 5 px."""
    points = np.random.default_rng(0).uniform(20, 170, (1, 17, 2))
    codec = MSRAHeatmap((192, 256), (48, 64), sigma=2)
    maps = codec.encode(points.astype(np.float32))['heatmaps']
    found, _ = codec.decode(maps)
    error = np.abs(found - points).max()
    assert error < 5
    figure('R4', 'round trip, px', error, 1e-4, upstream=True)
