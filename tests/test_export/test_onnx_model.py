"""An ONNX file does what the torch model does, on pictures and boxes."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from mmpose.registry import MODELS
from onnx.helper import make_graph, make_model, make_node
from onnx.helper import make_tensor_value_info as value_info

from integral_mmpose.apis import TopdownPoseModel, heat_pictures
from integral_mmpose.inference import (
    OnnxPoseModel,
    PoseInferencer,
    read_image,
)
from integral_mmpose.inference.metadata import KEY, PoseMetadata

from .conftest import export

#: Inside, across the border, larger than the image; the last is detected.
BOXES = np.array(
    [
        [40, 30, 90, 130, 1],
        [-20, -30, 70, 60, 0.8],
        [0, 0, 400, 300, 0.5],
        [150.25, 90.75, 220.5, 190.125, 0.9],
    ],
    np.float32,
)


@pytest.fixture
def picture():
    """Smooth noise, so that a shifted crop shows in the joints."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (20, 25, 3), dtype=np.uint8)
    return cv2.resize(noise, (250, 200), interpolation=cv2.INTER_CUBIC)


def people(model, image, boxes='whole_image', **kwargs):
    """The dicts of the inferencer; a model is a file or one of torch."""
    model = model if isinstance(model, str) else TopdownPoseModel(model)
    [people] = PoseInferencer(model)(image, boxes=boxes, **kwargs)
    return [person.to_dict() for person in people]


def assert_equal_people(actual, expected):
    assert len(actual) == len(expected) > 0
    for found, wanted in zip(actual, expected):
        # The file has deviations of the joints, too.
        assert set(wanted) <= set(found)
        assert found['bbox'] == wanted['bbox']
        assert found['bbox_score'] == wanted['bbox_score']
        for key, wanted_value in wanted.items():
            # A crop of rounded pixels may differ by one grey level.
            atol = dict(keypoints=0.05, keypoint_scores=1e-3).get(key, 1)
            np.testing.assert_allclose(found[key], wanted_value, atol=atol)


@pytest.mark.parametrize('kind', ['integral_3d', 'integral_2d'])
def test_people_are_those_of_torch(models, write, picture, kind):
    path = write(kind)
    for boxes in (BOXES, 'whole_image'):
        expected = people(models[kind], picture, boxes)
        assert ('keypoints_mm' in expected[0]) == (kind == 'integral_3d')
        assert_equal_people(people(path, picture, boxes), expected)
    assert people(path, picture, BOXES[:0]) == []


def test_people_of_an_udp_crop(models, write, picture, tmp_path, monkeypatch):
    model, plain = models['integral_2d'], write('integral_2d')
    (crop,) = (
        step
        for step in model.cfg.test_dataloader.dataset.pipeline
        if step['type'] == 'TopdownAffine'
    )
    monkeypatch.setitem(crop, 'use_udp', True)
    path = export(model, tmp_path / 'udp.onnx')
    expected = people(model, picture)
    assert_equal_people(people(path, picture), expected)
    other = np.array(people(plain, picture)[0]['keypoints'])
    assert np.abs(other - expected[0]['keypoints']).max() > 5e-3


def test_with_a_camera_too(models, write, picture):
    """The size of a pixel at the person reaches the depth of the file."""
    options = dict(camera=dict(fov=60), root_depth=4000.0)
    expected = people(models['integral_3d'], picture, BOXES, **options)
    assert 'keypoints_camera_mm' in expected[0]
    found = people(write('integral_3d'), picture, BOXES, **options)
    assert_equal_people(found, expected)


@pytest.mark.shared_data
@pytest.mark.skipif(
    'INTEGRAL_MMPOSE_DATA' not in os.environ,
    reason='INTEGRAL_MMPOSE_DATA is not set: needs samples/',
)
def test_people_of_real_pictures(models, write):
    folder = Path(os.environ['INTEGRAL_MMPOSE_DATA'], 'samples')
    paths = sorted(folder.rglob('*.jpg'))
    assert len(paths) == 13
    for path in paths:
        image = read_image(str(path))
        expected = people(models['integral_3d'], image, BOXES)
        found = people(write('integral_3d'), image, BOXES)
        assert_equal_people(found, expected)


def test_no_network_is_built(write, picture, monkeypatch):
    path = write('integral_3d')
    monkeypatch.setattr(MODELS, 'build', None)
    assert len(people(path, picture, BOXES)) == len(BOXES)


def test_depth_follows_a_known_size_of_a_pixel(write, picture):
    """With mm_per_px the volume spans mm_per_px * side, not 2000 mm."""
    model = OnnxPoseModel(write('integral_3d'))
    crops = [model.crop(picture, BOXES[0], size) for size in (None, 12.5)]
    plain, known = model.predict(crops)
    np.testing.assert_array_equal(
        plain.keypoints[:, :2], known.keypoints[:, :2]
    )
    scale = 12.5 * plain.side_px / 2000
    np.testing.assert_allclose(
        known.keypoints[:, 2], plain.keypoints[:, 2] * scale
    )
    np.testing.assert_allclose(known.std[:, 2], plain.std[:, 2] * scale)


def test_deviations_are_those_of_the_heat_vectors(models, write, picture):
    """In image px and mm, by hand from the marginals of the torch model."""
    network = TopdownPoseModel(models['integral_3d'])
    vectors, _, _ = network.heat_vectors([network.crop(picture, BOXES[0])])
    model = OnnxPoseModel(write('integral_3d'))
    [pose] = model.predict([model.crop(picture, BOXES[0])])
    sides = [165.0, 110.0, 2000.0]  # a box of 50 x 100, 1.1 times, 3 : 2
    for axis, (vector, side) in enumerate(zip(vectors, sides)):
        vector = vector[0].double().numpy()
        bins = np.arange(vector.shape[-1])
        mean = vector @ bins
        variance = vector @ bins**2 - mean**2
        expected = np.sqrt(variance.clip(0)) / len(bins) * side
        np.testing.assert_allclose(pose.std[:, axis], expected, atol=0.5)
    [person] = PoseInferencer(model)(picture, boxes=BOXES[:1])[0]
    rms = np.sqrt((pose.std[:, :2] ** 2).mean(1))
    np.testing.assert_allclose(person.std_px, rms)
    np.testing.assert_allclose(person.std_mm, pose.std[:, 2])


def test_flip_test_is_the_mean_with_the_mirrored_picture(write):
    """By name and hand; and a mirrored picture gives the mirrored pose."""
    path = write('integral_3d')
    plain, model = OnnxPoseModel(path), OnnxPoseModel(path, flip_test=True)
    width, height = model.metadata.input_size
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (2, 3, height, width)).astype(np.float32)
    names = model.joint_names
    sides = dict(left='right', right='left')

    def by_hand(results):
        points, *others = (array.copy() for array in results)
        points[..., 0] = width - 1 - points[..., 0]
        parts = [name.split('_') for name in names]
        order = [
            names.index('_'.join([sides.get(part[0], part[0]), *part[1:]]))
            for part in parts
        ]
        assert order != sorted(order)
        return [array[:, order] for array in (points, *others)]

    here, mirrored = plain(crops), by_hand(plain(crops[..., ::-1]))
    assert np.abs(here[0] - mirrored[0]).max() > 1  # px: it does something
    for got, a, b, back in zip(
        model(crops), here, mirrored, by_hand(model(crops[..., ::-1]))
    ):
        np.testing.assert_allclose(got, (a + b) / 2, rtol=1e-6)
        np.testing.assert_allclose(back, got, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize(
    ('apart', 'scores', 'expected'),
    [
        (5.9, (0.5, 0.9), 32.95),  # 6 px are 1/16 of the 96 px
        (6.1, (0.5, 0.9), 36.1),
        (6.1, (0.9, 0.5), 30.0),
        (6.1, (1.0, 1.0), 33.05),  # as R1, which has no scores
    ],
)
def test_flip_test_takes_one_of_two_modes(
    write, monkeypatch, apart, scores, expected
):
    """By hand, for a joint without a partner; the others agree."""
    model = OnnxPoseModel(write('integral_3d'), flip_test=True)
    joint = model.joint_names.index('root')
    runs = []
    for x, z, score in zip((30, 95 - 30 - apart), (40, 60), scores):
        keypoints = np.full((2, 18, 3), (47.5, 20, 0), np.float32)
        keypoints[1, joint] = x, 20, z
        both = np.full((2, 18), 0.5, np.float32)
        both[1, joint] = score
        runs.append([keypoints, both, np.ones_like(keypoints)])
    monkeypatch.setattr(model, '_run', lambda _: runs.pop(0))
    keypoints, found, std = model(np.zeros((2, 3, 64, 96), np.float32))
    assert keypoints.dtype == found.dtype == np.float32
    assert keypoints[1, joint, 0] == pytest.approx(expected)
    z = {30.0: 40, 36.1: 60}.get(expected, 50)  # of the same mode
    assert keypoints[1, joint, 2] == pytest.approx(z)
    assert found[1, joint] == pytest.approx(sum(scores) / 2)
    rest = np.delete(keypoints.reshape(-1, 3), 18 + joint, 0)
    np.testing.assert_allclose(rest, [(47.5, 20, 0)] * 35, rtol=1e-6)


def test_flip_test_is_for_files(write):
    model = OnnxPoseModel(write('integral_3d'))
    with pytest.raises(ValueError, match='flip_test is for an ONNX file'):
        PoseInferencer(model, flip_test=True)


def test_flip_test_needs_flip_pairs(write, monkeypatch):
    """Negative control: without a flip test the file needs none."""
    path = write('integral_3d')
    known = OnnxPoseModel(path).metadata
    monkeypatch.setattr(
        PoseMetadata, 'from_json', lambda *_: replace(known, flip_pairs=())
    )
    OnnxPoseModel(path)
    with pytest.raises(ValueError, match='no flip pairs'):
        OnnxPoseModel(path, flip_test=True)


def test_models_without_probabilities_have_no_deviations(write, picture):
    for kind in ('argmax_3d', 'direct_3d'):
        [person] = PoseInferencer(write(kind))(picture)[0]
        assert person.std_px is None and person.std_mm is None


def test_a_file_has_no_heat_maps(write, picture):
    model = OnnxPoseModel(write('integral_3d'))
    with pytest.raises(ValueError, match='has no heat maps'):
        heat_pictures(model, picture, BOXES[0])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.onnx: no such'):
        OnnxPoseModel(tmp_path / 'none.onnx')


def test_a_broken_file_is_named(write, tmp_path):
    path = tmp_path / 'torn.onnx'
    path.write_bytes(Path(write('integral_3d')).read_bytes()[:-1000])
    with pytest.raises(ValueError, match=r'torn\.onnx: ONNX Runtime cannot'):
        OnnxPoseModel(path)


def test_a_foreign_file_is_named(tmp_path):
    shape = value_info('a', onnx.TensorProto.FLOAT, [1])
    result = value_info('b', onnx.TensorProto.FLOAT, [1])
    graph = make_graph(
        [make_node('Abs', ['a'], ['b'])], 'g', [shape], [result]
    )
    path = tmp_path / 'foreign.onnx'
    opset = onnx.helper.make_opsetid('', 18)
    onnx.save(make_model(graph, opset_imports=[opset], ir_version=9), path)
    with pytest.raises(
        ValueError, match=r'foreign\.onnx: is not a pose model'
    ):
        OnnxPoseModel(path)


def test_metadata_of_another_graph_are_named(write, tmp_path):
    content = onnx.load(write('integral_3d'))
    entry = next(p for p in content.metadata_props if p.key == KEY)
    entry.value = entry.value.replace('[96, 64]', '[64, 96]')
    onnx.save(content, tmp_path / 'other.onnx')
    with pytest.raises(ValueError, match=r'other\.onnx: the graph has'):
        OnnxPoseModel(tmp_path / 'other.onnx')


def test_crops_of_another_size_are_named(write, crops):
    model = OnnxPoseModel(write('integral_3d'))
    with pytest.raises(ValueError, match='crops: the axis 64 must have'):
        model(crops.transpose(0, 1, 3, 2))


def test_pixels_that_are_not_finite_raise(write, crops):
    """In the graph a NaN would be lost: ONNX Runtime's ReLU makes it 0."""
    crops[2, 1, 5, 5] = np.nan
    model = OnnxPoseModel(write('integral_3d'))
    with pytest.raises(ValueError, match='crops: 1 of .* not finite'):
        model(crops)


def test_joints_that_are_not_finite_raise(write, crops, tmp_path):
    """A weight of the last layer is broken in the file."""
    content = onnx.load(write('integral_3d'))
    name = 'model.head.final_layer.bias'
    bias = next(t for t in content.graph.initializer if t.name == name)
    broken = np.full(tuple(bias.dims), np.nan, np.float32)
    bias.CopyFrom(onnx.numpy_helper.from_array(broken, name))
    onnx.save(content, tmp_path / 'nan.onnx')
    with pytest.raises(ValueError, match=r'nan\.onnx: keypoints'):
        OnnxPoseModel(tmp_path / 'nan.onnx')(crops)


def test_missing_onnxruntime_is_named(write, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(ImportError, match='pip install onnxruntime'):
        OnnxPoseModel(write('integral_3d'))


def test_threads_are_those_asked_for(write, monkeypatch):
    path, seen = write('integral_3d'), []
    real = onnxruntime.InferenceSession

    def watched(path, options, **kwargs):
        seen.append(options.intra_op_num_threads)
        return real(path, options, **kwargs)

    monkeypatch.setattr(onnxruntime, 'InferenceSession', watched)
    OnnxPoseModel(path)
    OnnxPoseModel(path, threads=3)
    assert seen == [0, 3]
