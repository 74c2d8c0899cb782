"""The mathematics of integral pose regression: torch and numpy only.

Nothing here knows MMPose. Vocabulary, from atom to composite: grid ->
softmax -> heat vectors -> expectation -> targets -> errors; flip serves
evaluation. Cameras and boxes are in ``geometry``.

Convention: logits are (B, K, H, W) or (B, K, D, H, W), heat vectors (B, K, n),
coordinates (B, K, C) in bins unless they are called px or normalised, order
x, y[, z]; sizes are (w, h[, d]); a sigma is in bins.
"""

from integral_mmpose.geometry import (
    DEPTH_RANGE_MM,
    check_finite,
    check_shape,
    joint_distances,
    mm_to_norm,
    norm_to_mm,
    pck_curve,
    rigid_align,
    root_align,
    similarity_align,
)

from .errors import (
    jensen_shannon,
    joint_l1,
    joint_l2,
    map_binary_cross_entropy,
    map_cross_entropy,
    map_squared_error,
    mask_coordinates,
    sum_over_count,
    vector_cross_entropy,
    vector_expected_error,
    vector_squared_error,
)
from .flip import flip_coordinates, flip_maps, merge_flipped_maps
from .grid import bins_to_norm, norm_to_bins, norm_to_px, px_to_norm
from .integral import (
    HeatVectors,
    at_least_float32,
    check_logits,
    expectation,
    integral,
    log_marginals,
    map_sizes,
    marginals,
    plain_marginals,
    softmax,
    vectors_to_coordinates,
)
from .local import check_window, local_integral
from .readout import argmax, debias, spread, spread_score
from .targets import (
    disc_map,
    gaussian_map,
    gaussian_vector,
    hot_cell,
    log_gaussian_map,
    log_gaussian_vector,
    nearest_bin,
)

__all__ = [
    'DEPTH_RANGE_MM',
    'HeatVectors',
    'argmax',
    'at_least_float32',
    'bins_to_norm',
    'check_finite',
    'check_logits',
    'check_shape',
    'check_window',
    'debias',
    'disc_map',
    'expectation',
    'flip_coordinates',
    'flip_maps',
    'gaussian_map',
    'gaussian_vector',
    'hot_cell',
    'integral',
    'jensen_shannon',
    'joint_distances',
    'joint_l1',
    'joint_l2',
    'local_integral',
    'log_gaussian_map',
    'log_gaussian_vector',
    'log_marginals',
    'map_binary_cross_entropy',
    'map_cross_entropy',
    'map_sizes',
    'map_squared_error',
    'marginals',
    'mask_coordinates',
    'sum_over_count',
    'merge_flipped_maps',
    'mm_to_norm',
    'nearest_bin',
    'norm_to_bins',
    'norm_to_mm',
    'norm_to_px',
    'pck_curve',
    'plain_marginals',
    'px_to_norm',
    'rigid_align',
    'root_align',
    'similarity_align',
    'softmax',
    'spread',
    'spread_score',
    'vector_cross_entropy',
    'vector_expected_error',
    'vector_squared_error',
    'vectors_to_coordinates',
]
