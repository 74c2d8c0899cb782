"""Against the real files in INTEGRAL_MMPOSE_DATA."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from integral_mmpose.datasets import H36MImageDataset, MpiiExactDataset

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(
        'INTEGRAL_MMPOSE_DATA' not in os.environ,
        reason='INTEGRAL_MMPOSE_DATA is not set: needs lspet/ and samples/',
    ),
]
PIPELINE = [
    dict(type='LoadImageChecked'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlip', prob=1.0),
    dict(type='TopdownAffine', input_size=(256, 256)),
    dict(type='PackPoseInputs', pack_transformed=True),
]


@pytest.fixture
def data():
    return Path(os.environ['INTEGRAL_MMPOSE_DATA'])


@pytest.fixture
def h36m_samples(data, tmp_path):
    """The four frames, with cameras fitted to them: u = f X / Z + c."""
    root = data / 'samples/h36m'
    with np.load(root / 'test_h36m_body3d.npz', allow_pickle=False) as file:
        arrays = {key: file[key] for key in ('imgname', 'part', 'S')}
    cameras = {}
    for name, part, points in zip(*arrays.values()):
        ratio = points[:, :2] / points[:, 2:3]
        fits = [
            np.polyfit(ratio[:, axis], part[:, axis], 1) for axis in (0, 1)
        ]
        camera_id = name.split('.')[1].split('/')[0]
        cameras[name.split('/')[0]] = {
            camera_id: dict(f=[f for f, _ in fits], c=[c for _, c in fits])
        }
    path = tmp_path / 'cameras.json'
    path.write_text(json.dumps(cameras))
    return dict(
        data_root=str(root),
        ann_file='test_h36m_body3d.npz',
        camera_file=str(path),
        data_prefix=dict(img=''),
    )


def test_h36m_joints_project_onto_their_pixels(h36m_samples):
    dataset = H36MImageDataset(**h36m_samples)
    assert len(dataset) == 4
    for index in range(4):
        info = dataset.get_data_info(index)
        # The real lens: f is about 1145 px, c about the centre of 1000.
        np.testing.assert_allclose(info['focal'], 1145, atol=12)
        np.testing.assert_allclose(info['principal'], 512, atol=12)
        points = info['keypoints_cam'][0]
        seen = (
            points[:, :2] / points[:, 2:] * info['focal'] + info['principal']
        )
        assert np.abs(seen - info['keypoints'][0, :, :2]).max() < 1.0
        assert 1000 < info['root_depth'] < 8000
        # Thigh and shin of an adult, in mm.
        for child, parent in ((2, 1), (3, 2), (5, 4), (6, 5)):
            assert 350 < np.linalg.norm(points[child] - points[parent]) < 550


def test_h36m_samples_run_through_mmposes_pipeline(h36m_samples):
    dataset = H36MImageDataset(pipeline=PIPELINE, **h36m_samples)
    for index in range(4):
        out = dataset[index]
        assert out['inputs'].shape == (3, 256, 256)
        crop = out['data_samples'].gt_instances.transformed_keypoints[0]
        # The 2000 mm box holds the person, its root in the middle.
        np.testing.assert_allclose(crop[0, :2], 128, atol=1.5)
        assert crop[:, :2].min() > 0 and crop[:, :2].max() < 256
        z = crop[:, 2]
        assert z[0] == 0 and np.abs(z).max() < 1000
    frames = [dataset.get_data_info(n) for n in range(4)]
    assert [f['action'] for f in frames] == [
        'Directions',
        'SittingDown',
        'Greeting',
        'WalkDog',
    ]


@pytest.mark.parametrize('split,count', [('train', 4000), ('val', 1000)])
def test_lspet(data, split, count):
    root = str(data / 'lspet')
    dataset = MpiiExactDataset(
        data_root=root, split=split, test_mode=split == 'val'
    )
    assert len(dataset) == count
    people = json.loads((data / f'lspet/lspet_{split}.json').read_text())
    for index in range(0, count, 97):
        info = dataset.get_data_info(index)
        person = people[index]
        np.testing.assert_allclose(
            info['keypoints'][0], np.array(person['joints']) - 1, atol=1e-4
        )
        assert info['head_size'].shape == (1,)
        assert info['head_size'][0] > 0
        x1, y1, x2, y2 = info['bbox'][0]
        seen = info['keypoints'][0][info['keypoints_visible'][0] > 0]
        inside = (seen > [x1, y1]) & (seen < [x2, y2])
        assert inside.mean() > 0.7


def test_lspet_joints_lie_in_the_image(data):
    dataset = MpiiExactDataset(
        data_root=str(data / 'lspet'),
        split='val',
        pipeline=PIPELINE[:1],
        indices=50,
    )
    for index in range(50):
        out = dataset[index]
        height, width = out['img_shape']
        seen = out['keypoints'][0][out['keypoints_visible'][0] > 0]
        assert (seen > -0.5).mean() > 0.95
        assert (seen < [width, height]).mean() > 0.95


def test_mpii_samples(data):
    dataset = MpiiExactDataset(
        data_root=str(data / 'samples/mpii'),
        ann_file='test_mpii.json',
        data_prefix=dict(img=''),
        pipeline=PIPELINE,
    )
    assert len(dataset) == 5
    for index in range(5):
        assert dataset[index]['inputs'].shape == (3, 256, 256)
