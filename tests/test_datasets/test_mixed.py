import json

import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

from integral_mmpose.datasets import MixedDataset
from integral_mmpose.datasets.seeding import SeededIndex
from integral_mmpose.evaluation import PerSourceEvaluator

from .test_coco import CONTENT, person

CONVERT = dict(type='ConvertJoints', mapping='mpii_to_h36m', dim=3)
PIPELINE = [
    dict(type='LoadImageChecked'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlip', prob=0.5),
    dict(type='TopdownAffine', input_size=(32, 32)),
    dict(
        type='PackPoseInputs',
        meta_keys=('id', 'has_depth', 'source', 'mm_per_px', 'flip_indices'),
    ),
]


def sources(h36m, mpii):
    return [
        dict(type='H36MImageDataset', data_root=h36m.root),
        dict(type='MpiiExactDataset', data_root=mpii.root, pipeline=[CONVERT]),
    ]


def test_samples_of_both_sources_have_one_form(h36m, mpii):
    data = MixedDataset(sources(h36m, mpii), PIPELINE)
    assert data.lens == [6, 5] and len(data) == 11
    for index in range(11):
        sample = data[index]['data_samples']
        assert sample.source == (index >= 6)
        assert sample.has_depth.tolist() == [float(index < 6)]
        assert sample.id == (index if index < 6 else index - 6)
        assert sample.gt_instances.keypoints.shape == (1, 18, 3)
        assert sample.gt_instances.keypoints_visible.shape == (1, 18)
    assert data.metainfo['dataset_name'] == 'h36m18'
    assert data.metainfo['num_keypoints'] == 18


def test_pckh_asks_for_the_head_boxes_of_its_source(h36m, mpii):
    """Before a training starts, when the loop hands out the metainfo."""
    init_default_scope('mmpose')
    parts = [*sources(h36m, mpii), sources(h36m, mpii)[1]]
    parts[1]['headbox_file'] = ''
    metainfo = MixedDataset(parts, PIPELINE).metainfo
    pckh = [dict(type='PCKhCurve', groups=dict(Hip=[1, 4]))]
    with pytest.raises(ValueError, match='no head boxes'):
        PerSourceEvaluator(pckh, [1]).dataset_meta = metainfo
    with pytest.raises(ValueError, match='no head boxes'):
        Evaluator(pckh).dataset_meta = metainfo
    evaluator = PerSourceEvaluator([*pckh, dict(type='IntegralMPJPE')], [2, 1])
    evaluator.dataset_meta = metainfo
    assert all(
        m.dataset_meta['num_keypoints'] == 18 for m in evaluator.metrics
    )
    files = [m.dataset_meta['ann_file'] for m in evaluator.metrics]
    assert files[0] == files[1] and files[0].endswith('.json')


def write_coco(root, write_image):
    """One person of COCO: joint 9 occluded, joints 0, 3 and 15 unlabelled."""
    flags = np.full(17, 2)
    flags[9], flags[[0, 3, 15]] = 1, 0
    points = np.arange(51.0).reshape(17, 3) + 5
    points[:, 2] = flags
    points[flags == 0] = 0
    known = dict(num_keypoints=14, keypoints=points.ravel().tolist())
    image = dict(id=7, file_name='7.jpg', width=100, height=120)
    content = dict(
        CONTENT, images=[image], annotations=[person(1, 7, **known)]
    )
    write_image(root / 'images' / '7.jpg')
    (root / 'coco.json').write_text(json.dumps(content))
    return dict(
        type='CocoCheckedDataset',
        data_root=str(root),
        ann_file='coco.json',
        data_prefix=dict(img='images/'),
        pipeline=[dict(type='ConvertJoints', mapping='coco_to_h36m', dim=3)],
    ), points


def test_coco_as_a_second_2d_source(h36m, mpii, tmp_path):
    """By hand: where each joint of the 18 comes from, and its weight."""
    coco, points = write_coco(tmp_path / 'coco', mpii.write_image)
    data = MixedDataset([*sources(h36m, mpii), coco], PIPELINE)
    assert data.lens == [6, 5, 1]
    info = data.get_data_info(11)
    assert info['source'] == 2 and info['has_depth'].tolist() == [0]
    joints, visible = info['keypoints'][0], info['keypoints_visible'][0]
    assert joints.shape == (18, 3) and not joints[:, 2].any()
    expected = {
        1: 12,  # right hip
        2: 14,
        3: 16,
        4: 11,  # left hip
        5: 13,
        6: 15,  # unlabelled in this picture
        9: 0,  # nose, unlabelled
        11: 5,  # left shoulder
        12: 7,
        13: 9,  # occluded, and labelled
        14: 6,
        15: 8,
        16: 10,
    }
    for joint in range(18):
        source = expected.get(joint)
        if source is None or points[source, 2] == 0:
            assert visible[joint] == 0 and not joints[joint].any()
        else:
            assert visible[joint] == 1
            assert joints[joint, :2].tolist() == points[source, :2].tolist()


def test_metainfo_is_the_mixtures(h36m, mpii):
    data = MixedDataset(sources(h36m, mpii))
    assert data.get_data_info(8)['dataset_name'] == 'h36m18'
    assert len(data.get_data_info(8)['flip_indices']) == 18


def test_builds_from_a_config_with_custom_metainfo(h36m, mpii):
    from integral_mmpose.datasets.joints import H36M18_METAINFO

    data = DATASETS.build(
        dict(
            type='MixedDataset',
            datasets=sources(h36m, mpii),
            metainfo=H36M18_METAINFO,
        )
    )
    assert len(data) == 11


def test_wrong_mixtures(h36m, mpii):
    with pytest.raises(ValueError, match="named 'h36m'"):
        MixedDataset(sources(h36m, mpii), metainfo='h36m')
    with pytest.raises(ValueError, match='at least one source'):
        MixedDataset([])
    for option in (
        dict(indices=3),
        dict(filter_cfg=dict(bbox_score_thr=0.3)),
        dict(sample_ratio_factor=[0.5, 1.0]),
    ):
        with pytest.raises(ValueError, match=f'has no {next(iter(option))}'):
            MixedDataset(sources(h36m, mpii), **option)
    unconverted = sources(h36m, mpii)
    del unconverted[1]['pipeline']
    with pytest.raises(
        ValueError, match='16 joints, the mixture has 18. Put ConvertJoints'
    ):
        MixedDataset(unconverted)[7]


def test_joints_are_converted_in_the_sources(h36m, mpii):
    convert = dict(type='ConvertJoints', mapping='mpii_to_h36m')
    with pytest.raises(ValueError, match='must be in the pipelines of the so'):
        MixedDataset(sources(h36m, mpii), pipeline=[convert])


def test_an_error_in_a_source_names_the_file(h36m, mpii, tmp_path):
    (tmp_path / 'mpii/images/000000010.jpg').unlink()
    data = MixedDataset(sources(h36m, mpii), PIPELINE)
    with pytest.raises(FileNotFoundError, match='000000010.jpg'):
        data[6]
    mpii.write_image(tmp_path / 'mpii/images/000000010.jpg')
    assert np.isfinite(data[6]['inputs'].numpy()).all()


def test_upstreams_sampler_repeats_epoch_0_after_a_resume(h36m, mpii):
    """Negative control: why ShareBatchSampler exists."""
    from mmpose.datasets.samplers import MultiSourceSampler

    from integral_mmpose.datasets import (
        IntegralSeededSampler,
        ShareBatchSampler,
    )

    data = MixedDataset(sources(h36m, mpii))
    upstream, ours = [], []
    for epoch in (0, 3):  # a fresh process each, resumed at that epoch
        sampler = MultiSourceSampler(data, 4, [1, 1], seed=0)
        sampler.set_epoch(epoch)
        upstream.append(list(sampler))
        sampler = ShareBatchSampler(
            IntegralSeededSampler(data, seed=0), 4, [1, 1]
        )
        sampler.sampler.set_epoch(epoch)
        ours.append(list(sampler))
    assert upstream[0] == upstream[1]
    assert ours[0] != ours[1]


def test_sources_augment_apart(h36m):
    """Sample 2 of one source and sample 2 of the other, in one epoch."""
    source = dict(
        type='H36MImageDataset',
        data_root=h36m.root,
        pipeline=[dict(type='SeedSample')],
    )
    pipeline = [
        *PIPELINE[:2],
        dict(type='UniformBBoxTransform'),
        *PIPELINE[3:],
    ]
    data = MixedDataset([source, source], pipeline)
    half = len(data) // 2

    def draw(index):
        return data[SeededIndex(index, (0, 1, 0))]['inputs'].numpy()

    assert (draw(2) == draw(2)).all()
    assert (draw(2) != draw(half + 2)).any()
