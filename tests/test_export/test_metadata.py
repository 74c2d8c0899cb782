"""What an exported file says about itself."""

import dataclasses
import json

import numpy as np
import pytest

from integral_mmpose.datasets import H36MImageDataset
from integral_mmpose.export import PoseMetadata, describe_model


@pytest.fixture
def metadata(models):
    return describe_model(models['integral_3d'], 'a.py')


def test_describes_the_model(metadata):
    assert metadata.config == 'a.py' and not metadata.half
    assert metadata.input_size == (96, 64)
    assert (metadata.depth_range_mm, metadata.num_axes) == (2000.0, 3)
    assert metadata.depth_unit == 'crop'
    assert metadata.box_padding == 1.1 and not metadata.use_udp


@pytest.mark.parametrize(
    ('padding', 'boxes', 'expected'),
    [
        (1.0, {}, 1.25),  # boxes that the data set pads
        (1.0, dict(bbox_padding=1.4), 1.4),
        (1.5, {}, 1.5),
        (None, {}, 1.25),  # MMPose's default
    ],
)
def test_the_padding_of_the_box(models, monkeypatch, padding, boxes, expected):
    model = models['integral_3d']
    dataset = dict(model.cfg.test_dataloader.dataset, **boxes)
    step = dict(type='GetBBoxCenterScale')
    if padding is not None:
        step['padding'] = padding
    dataset['pipeline'] = [
        step if old['type'] == step['type'] else old
        for old in dataset['pipeline']
    ]
    monkeypatch.setitem(model.cfg.test_dataloader, 'dataset', dataset)
    assert describe_model(model, 'a.py').box_padding == expected


def test_a_metric_depth_and_an_udp_crop_are_kept(models, monkeypatch):
    model = models['integral_3d']
    monkeypatch.setattr(model.head.decoder, 'depth_unit', 'metric')
    (crop,) = (
        step
        for step in model.cfg.test_dataloader.dataset.pipeline
        if step['type'] == 'TopdownAffine'
    )
    monkeypatch.setitem(crop, 'use_udp', True)
    found = describe_model(model, 'a.py')
    assert found.depth_unit == 'metric' and found.use_udp


def test_joints_are_those_of_the_dataset(metadata):
    names = metadata.keypoint_names
    info = H36MImageDataset.METAINFO['keypoint_info']
    assert list(names) == [info[i]['name'] for i in range(len(info))]
    assert len(metadata.flip_pairs) == 6
    for a, b in metadata.flip_pairs:
        sides = sorted([names[a], names[b]])
        assert sides[1] == sides[0].replace('left', 'right')
    partners = [info[i]['swap'] or info[i]['name'] for i in range(len(info))]
    assert [names[i] for i in metadata.flip_indices] == partners
    bones = {(names[a], names[b]) for a, b in metadata.skeleton_links}
    links = H36MImageDataset.METAINFO['skeleton_info'].values()
    assert bones == {tuple(link['link']) for link in links}


def test_a_2d_model_has_no_depth(models):
    metadata = describe_model(models['integral_2d'], 'a.py', True)
    assert (metadata.depth_range_mm, metadata.num_axes) == (None, 2)
    assert metadata.half and len(metadata.keypoint_names) == 16


def test_json_round_trip(metadata):
    text = metadata.to_json()
    assert PoseMetadata.from_json(text, 'a.onnx') == metadata
    assert 'BGR' in json.loads(text)['convention']


def test_numbers_may_be_of_numpy(metadata):
    of_numpy = dataclasses.replace(
        metadata, depth_range_mm=np.float32(2000), box_padding=np.float64(1.5)
    )
    found = PoseMetadata.from_json(of_numpy.to_json(), 'a.onnx')
    assert (found.depth_range_mm, found.box_padding) == (2000, 1.5)


@pytest.mark.parametrize('text', [None, '', '{}', '{"a": 1}', '[1]', 'no'])
def test_foreign_files_are_named(text):
    with pytest.raises(
        ValueError, match=r'a\.onnx: is not a pose model of this'
    ):
        PoseMetadata.from_json(text, 'a.onnx')


@pytest.mark.parametrize(
    'change', [dict(format=99), dict(later=1), dict(input_size=None)]
)
def test_files_of_other_versions_are_named(metadata, change):
    content = dict(json.loads(metadata.to_json()), **change)
    if None in change.values():
        del content['input_size']
    with pytest.raises(ValueError, match=r'a\.onnx: its metadata cannot'):
        PoseMetadata.from_json(json.dumps(content), 'a.onnx')


def test_a_pipeline_without_a_crop_is_named(models, monkeypatch):
    model = models['integral_3d']
    pipeline = [dict(type='LoadImage'), dict(type='BottomupResize')]
    loader = model.cfg.test_dataloader
    monkeypatch.setitem(loader['dataset'], 'pipeline', pipeline)
    with pytest.raises(ValueError, match=r'a\.py: the test pipeline must'):
        describe_model(model, 'a.py')


def test_is_constant(metadata):
    with pytest.raises(dataclasses.FrozenInstanceError):
        metadata.half = True


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('half', 1),
        ('input_size', [64]),
        ('input_size', [64, 0]),
        ('input_size', ['64', 64]),
        ('input_size', [10**6, 64]),
        ('depth_range_mm', 0),
        ('depth_range_mm', 1e308),
        ('depth_range_mm', True),
        ('depth_unit', 'mm'),
        ('box_padding', float('nan')),
        ('box_padding', -1.25),
        ('keypoint_names', []),
        ('keypoint_names', 'abc'),
        ('keypoint_names', ['a'] * 18),
        ('flip_pairs', [[0, 18]]),
        ('flip_pairs', [[1, 2], [2, 3]]),
        ('skeleton_links', [[0, 1, 2]]),
        ('skeleton_links', [[[[0]]]]),
        ('keypoint_colors', [[0, 0, 0]]),
        ('keypoint_colors', [[0, 0, 256]] * 18),
        ('skeleton_link_colors', []),
        ('config', None),
    ],
)
def test_values_that_make_no_sense_are_named(metadata, field, value):
    content = dict(json.loads(metadata.to_json()), **{field: value})
    with pytest.raises(ValueError, match=rf'cannot be read \({field} has'):
        PoseMetadata.from_json(json.dumps(content), 'a.onnx')
