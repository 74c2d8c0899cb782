"""Encode, decode, weights per axis and units of depth, by hand."""

import numpy as np
import pytest
from mmpose.registry import KEYPOINT_CODECS
from mmpose.structures.bbox import get_warp_matrix
from mmpose.structures.keypoint import flip_keypoints

import integral_mmpose  # noqa: F401
from integral_mmpose.codecs import IntegralLabel

SIZE = (192, 256)  # w, h


def joints(axes, n=1, k=17, seed=0):
    """float32 joints well inside the crop, z within 900 mm."""
    rng = np.random.default_rng(seed)
    low, high = [20, 20, -900], [170, 230, 900]
    shape = (n, k, axes)
    return rng.uniform(low[:axes], high[:axes], shape).astype(np.float32)


def codec(axes, depth_unit='metric', **kwargs):
    kwargs['depth_unit'] = depth_unit
    return IntegralLabel(SIZE, 2000.0 if axes == 3 else None, **kwargs)


def test_is_registered_and_tells_what_it_needs():
    built = KEYPOINT_CODECS.build(
        dict(type='IntegralLabel', input_size=SIZE, depth_range_mm=2000.0)
    )
    assert built.num_axes == 3
    assert codec(2).num_axes == 2
    assert built.auxiliary_encode_keys == {
        'has_depth',
        'mm_per_px',
        'bbox_scale',
        'dataset_keypoint_weights',
        'input_size',
    }


@pytest.mark.parametrize('axes', [2, 3])
@pytest.mark.parametrize('unit', ['crop', 'metric'])
@pytest.mark.parametrize('seed', range(5))
def test_decode_inverts_encode(axes, unit, seed, figure):
    label = codec(axes, depth_unit=unit)
    points = joints(axes, seed=seed)
    depth = dict(mm_per_px=4.1, bbox_scale=np.array([[450.0, 600.0]]))
    encoded = label.encode(points, **depth)
    depth_range = np.array([label.depth_range(4.1, [450.0, 600.0])])
    got, scores = label.decode(
        encoded['keypoint_labels'],
        np.ones((1, 17)),
        depth_range if axes == 3 else None,
    )
    error = np.abs(got - points)
    figure('R4', 'round trip, px', error[..., :2].max(), 1e-4)
    figure('R4', 'round trip, mm', error[..., 2:].max(initial=0), 1e-3)
    assert (encoded['keypoint_weights'] == 1).all()
    assert got.dtype == scores.dtype == np.float32


def test_weights_of_the_data_sets_joints():
    """Weights (1, 1.5, 0.5); the second joint is not labelled."""
    label = codec(3, use_dataset_keypoint_weights=True)
    points, seen = joints(3, k=3), np.array([[1, 0, 1]])
    given = dict(dataset_keypoint_weights=np.array([1, 1.5, 0.5]))
    weights = label.encode(points, seen, **given)['keypoint_weights']
    assert weights.tolist() == [[[1] * 3, [0] * 3, [0.5] * 3]]
    weights = codec(3).encode(points, seen, **given)['keypoint_weights']
    assert weights.tolist() == [[[1] * 3, [0] * 3, [1] * 3]]
    for wrong in (None, np.ones(2)):
        with pytest.raises(ValueError, match='one for each of these joints'):
            label.encode(points, dataset_keypoint_weights=wrong)


def test_hand_values():
    """Left edge: x / w and y / h; z / 2000 + 1/2."""
    points = np.array([[[48.0, 64.0, 500.0], [0.0, 0.0, -1000.0]]], np.float32)
    encoded = codec(3).encode(points)
    assert encoded['keypoint_labels'].tolist() == [
        [[0.25, 0.25, 0.75], [0, 0, 0]]
    ]
    # The cell-centre reading would be (x + 1/2) / w.
    assert encoded['keypoint_labels'][0, 0, 0] != 48.5 / 192
    got, _ = codec(3).decode(encoded['keypoint_labels'], np.ones((1, 2)))
    assert np.array_equal(got, points)


def test_types_shapes_and_no_change_of_the_input():
    points, visible = joints(3, n=2), np.ones((2, 17), np.float64)
    copies = points.copy(), visible.copy()
    encoded = codec(3).encode(points, visible, np.array([1.0, 0.0]))
    assert list(encoded) == ['keypoint_labels', 'keypoint_weights']
    for value in encoded.values():
        assert value.shape == (2, 17, 3)
        assert value.dtype == np.float32
    assert np.array_equal(points, copies[0])
    assert np.array_equal(visible, copies[1])
    coordinates = np.full((1, 17, 3), 0.3, np.float32)
    codec(3).decode(coordinates, np.ones((1, 17)))
    assert (coordinates == np.float32(0.3)).all()


@pytest.mark.parametrize(
    'x, y, z, inside',
    [
        (0.0, 0.0, -1000.0, True),
        (191.9, 255.9, 999.0, True),
        (-0.01, 9.0, 0.0, False),
        (192.0, 9.0, 0.0, False),
        (9.0, -1.0, 0.0, False),
        (9.0, 256.0, 0.0, False),
        (9.0, 9.0, 1000.0, False),
        (9.0, 9.0, -1001.0, False),
        (np.nan, 9.0, 0.0, False),
        (9.0, np.inf, 0.0, False),
        (9.0, 9.0, np.nan, False),
    ],
)
def test_outside_has_weight_zero_on_every_axis(x, y, z, inside):
    points = np.array([[[x, y, z], [50.0, 50.0, 0.0]]], np.float32)
    weights = codec(3).encode(points)['keypoint_weights']
    assert weights[0, 0].tolist() == [float(inside)] * 3
    assert weights[0, 1].tolist() == [1, 1, 1]


def test_invisible_joints_keep_their_weight():
    visible = np.array([[0.0, 0.5, 1.0]], np.float32)
    weights = codec(3).encode(joints(3, k=3), visible)['keypoint_weights']
    assert weights.tolist() == [[[0, 0, 0], [0.5, 0.5, 0.5], [1, 1, 1]]]


@pytest.mark.parametrize('z', [0.0, 5000.0, np.nan])
def test_a_2d_sample_has_weight_zero_on_z_alone(z):
    """Whatever its z holds: the sample trains x and y of a 3D model."""
    points = joints(3)
    points[..., 2] = z
    encoded = codec(3).encode(points, has_depth=np.zeros(1, np.float32))
    assert (encoded['keypoint_weights'][..., :2] == 1).all()
    assert (encoded['keypoint_weights'][..., 2] == 0).all()
    assert (encoded['keypoint_labels'][..., 2] == 0.5).all()


def test_each_person_by_its_own_depth_and_box():
    """Two people, z of the second unknown; boxes of 100 and 400 px."""
    points = np.full((2, 1, 3), 60.0, np.float32)
    points[..., 2] = 100.0
    encoded = codec(3, depth_unit='crop').encode(
        points,
        has_depth=np.array([1.0, 0.0]),
        mm_per_px=5.0,
        bbox_scale=np.array([[100.0, 80.0], [300.0, 400.0]]),
    )
    assert encoded['keypoint_weights'][:, 0].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert encoded['keypoint_labels'][:, 0, 2] == pytest.approx([0.7, 0.5])
    encoded = codec(3, depth_unit='crop').encode(
        points,
        mm_per_px=5.0,
        bbox_scale=np.array([[100.0, 80.0], [300.0, 400.0]]),
    )
    assert encoded['keypoint_labels'][:, 0, 2] == pytest.approx([0.7, 0.55])


def test_a_2d_codec_leaves_the_depth_out():
    encoded = codec(2).encode(joints(3))
    assert encoded['keypoint_labels'].shape == (1, 17, 2)
    assert (encoded['keypoint_weights'] == 1).all()


@pytest.mark.parametrize('scale', [0.75, 1.0, 1.25])
def test_crop_unit_by_hand(scale):
    """z / (2000 s) + 1/2, s the augmentation scale of the 2000 mm box."""
    focal, depth = 1145.0, 5200.0
    side = 2000 * focal / depth * scale
    points = np.array([[[60.0, 60.0, 300.0]]], np.float32)
    encoded = codec(3, depth_unit='crop').encode(
        points, mm_per_px=depth / focal, bbox_scale=np.full((1, 2), side)
    )
    assert encoded['keypoint_labels'][0, 0, 2] == pytest.approx(
        300 / (2000 * scale) + 0.5, rel=1e-6
    )
    metric = codec(3, depth_unit='metric').encode(
        points, mm_per_px=depth / focal, bbox_scale=np.full((1, 2), side)
    )
    assert metric['keypoint_labels'][0, 0, 2] == pytest.approx(0.65)


def test_depth_range():
    crop, metric = codec(3, depth_unit='crop'), codec(3)
    assert crop.depth_range(4.0, [300.0, 400.0]) == 1600  # the longer side
    assert metric.depth_range(4.0, [300.0, 400.0]) == 2000
    assert crop.depth_range(None, [300.0, 400.0]) == 2000
    assert crop.depth_range(4.0, None) == 2000
    assert isinstance(crop.depth_range(np.float32(4), [1.0, 1.0]), float)


def test_decode_uses_the_range_of_the_sample():
    coordinates = np.full((1, 2, 3), 0.75, np.float32)
    got, _ = codec(3).decode(
        coordinates, np.ones((1, 2)), np.array([[1000.0]])
    )
    assert got[0, 0].tolist() == [144, 192, 250]


def test_flip_commutes_with_encode():
    """mmpose mirrors pixels, W - 1 - x; labels: (W - 1) / W - x."""
    points, pairs = joints(3), [0, 2, 1, *range(3, 17)]
    visible = np.ones((1, 17), np.float32)
    visible[0, 1] = 0.5
    flipped, flipped_visible = flip_keypoints(
        points.copy(), visible.copy(), SIZE, pairs
    )
    got = codec(3).encode(flipped, flipped_visible)
    expected = codec(3).encode(points, visible)
    labels = expected['keypoint_labels'][:, pairs]
    labels[..., 0] = 191 / 192 - labels[..., 0]
    assert np.abs(got['keypoint_labels'] - labels).max() <= 1e-6
    assert np.array_equal(
        got['keypoint_weights'], expected['keypoint_weights'][:, pairs]
    )


@pytest.mark.parametrize('rotation', [0.0, 27.0, -60.0])
def test_affine_commutes_with_encode(rotation):
    """encode(A k) = S^-1 A S encode(k), and z stays."""
    matrix = get_warp_matrix(
        np.array([100.0, 120.0]), np.array([300.0, 400.0]), rotation, SIZE
    )
    points = joints(3)
    moved = points.copy()
    moved[..., :2] = points[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    size = np.array(SIZE)
    inner = matrix[:, :2] * size / size[:, None]
    labels = codec(3).encode(points)['keypoint_labels']
    got = codec(3).encode(moved)['keypoint_labels']
    expected = labels[..., :2] @ inner.T + matrix[:, 2] / size
    assert np.abs(got[..., :2] - expected).max() <= 1e-6
    assert np.array_equal(got[..., 2], labels[..., 2])


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(input_size=(256, 0)), 'input_size'),
        (dict(input_size=(256, 256, 64)), 'input_size'),
        (dict(input_size=64), 'input_size must be .* got 64'),
        (dict(input_size=('64', '64')), 'input_size'),
        (dict(input_size=(True, 256)), r'input_size .*\(True, 256\)'),
        (dict(depth_range_mm=True), 'depth_range_mm .* got True'),
        (dict(depth_range_mm=0.0), 'must be a positive number, got 0'),
        (dict(depth_range_mm=float('inf')), 'depth_range_mm'),
        (dict(depth_range_mm='2000'), "depth_range_mm .* got '2000'"),
        (dict(depth_range_mm=float('nan')), 'depth_range_mm'),
        (dict(depth_unit='mm'), "depth_unit must be one of .* got 'mm'"),
    ],
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        IntegralLabel(**{'input_size': (256, 256), **kwargs})


def test_crops_of_another_size_are_refused():
    """Their labels would lie in a part of the map."""
    codec(3).encode(joints(3), input_size=SIZE)
    with pytest.raises(ValueError, match=r'\(128, 128\).*set input_size'):
        codec(3).encode(joints(3), input_size=(128, 128))


@pytest.mark.parametrize('points', [joints(2), joints(3)[0]])
def test_2d_joints_for_a_3d_codec(points):
    with pytest.raises(ValueError, match='3 axes .* but the dataset gives'):
        codec(3).encode(points)


def test_empty():
    encoded = codec(3).encode(np.zeros((0, 17, 3), np.float32))
    assert encoded['keypoint_labels'].shape == (0, 17, 3)


@pytest.mark.parametrize('lost', ['mm_per_px', 'bbox_scale'])
@pytest.mark.parametrize('value', [None, 0.0, -4.0, np.nan, 'a'])
def test_labelled_depth_without_its_scale_is_refused(lost, value):
    """The fall-back trained on depth that is not scaled with its crop."""
    label = codec(3, depth_unit='crop')
    given = dict(mm_per_px=4.0, bbox_scale=np.array([[300.0, 400.0]]))
    given[lost] = value if value is None else np.full((1, 2), value)
    points = joints(3)
    for has_depth in (None, np.ones(1)):
        with pytest.raises(ValueError, match=f'z is labelled and `{lost}`'):
            label.encode(points, has_depth=has_depth, **given)
    # Without a label of z, or with a constant range, nothing is lost.
    label.encode(points, has_depth=np.zeros(1))
    codec(3).encode(points, has_depth=np.ones(1))
