"""R5, metrics: equal to independent code, never of what is not finite."""

import numpy as np
from scipy.spatial import procrustes

from integral_mmpose.functional import similarity_align

PROVED_BY = (
    'test_geometry/test_align.py',
    'test_evaluation/test_mpjpe.py::test_equals_loop_and_scipy',
    'test_evaluation/test_mpjpe.py::test_not_finite_is_rejected',
    'test_evaluation/test_pckh.py::test_equals_loop',
    'test_evaluation/test_pckh.py::test_truth_as_prediction_is_perfect',
    'test_evaluation/test_pckh.py::test_exact_hundredths_are_right',
    'test_evaluation/test_pckh.py::test_bad_numbers',
    'test_evaluation/test_coco.py::test_ap_equals_pycocotools',
    'test_evaluation/test_coco.py::test_scores_are_finite',
    'test_evaluation/test_coco.py::test_a_person_counts_once',
)
CONTROLS = (
    'test_evaluation/test_coco.py'
    '::test_nan_scores_perfectly_upstream_and_raises_here',
    'test_datasets/test_mpii.py'
    '::test_joints_are_0_based_where_upstream_is_1_based',
)


def test_upstream_procrustes_forgives_a_mirror():
    """scipy's alignment may reflect: left as right costs nothing."""
    truth = np.random.default_rng(0).normal(size=(17, 3))
    mirrored = truth * [-1, 1, 1]
    _, _, disparity = procrustes(truth, mirrored)
    assert disparity < 1e-20
    error = np.linalg.norm(similarity_align(mirrored, truth) - truth, axis=-1)
    assert error.mean() > 0.1
