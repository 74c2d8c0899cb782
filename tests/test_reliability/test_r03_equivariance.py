"""R3, conventions and equivariance: no bias by shift, order or mirror."""

PROVED_BY = (
    'test_functional/test_integral_properties.py',
    'test_functional/test_integral.py::test_two_step_equals_one_step',
    'test_functional/test_flip.py::test_commutes_with_normalisation',
    'test_functional/test_flip.py'
    '::test_a_perfect_pair_merges_into_its_own_peak',
    'test_functional/test_grid.py',
    'test_codecs/test_integral_label.py::test_flip_commutes_with_encode',
    'test_codecs/test_integral_label.py::test_affine_commutes_with_encode',
    'test_models/test_heads/test_integral_head_predict.py'
    '::test_flip_test_is_exact_on_a_mirrored_input',
    'test_models/test_heads/test_integral_head_predict.py'
    '::test_a_symmetric_image_gives_a_symmetric_pose',
)
CONTROLS = (
    'test_functional/test_flip.py'
    '::test_flip_test_of_coordinates_has_no_bias_and_of_maps_has',
)
