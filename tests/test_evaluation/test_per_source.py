"""Each source of a mixture has its own metrics, and sees no other's."""

import numpy as np
import pytest
from mmengine.evaluator import BaseMetric
from mmengine.registry import init_default_scope
from mmpose.registry import EVALUATORS, METRICS
from mmpose.structures import PoseDataSample

import integral_mmpose  # noqa: F401

from .conftest import pckh_sample


@METRICS.register_module()
class NamesSeen(BaseMetric):
    """Keeps the names of the samples that it is given."""

    def process(self, data_batch, data_samples):
        self.results += [sample['name'] for sample in data_samples]

    def compute_metrics(self, results):
        return dict(seen=sorted(results))


def samples(sources):
    return [
        PoseDataSample(metainfo=dict(source=source, name=f'{number}'))
        for number, source in enumerate(sources)
    ]


def build(sources, **kwargs):
    init_default_scope('mmpose')
    metrics = [
        dict(type='NamesSeen', prefix=f'm{n}') for n in range(len(sources))
    ]
    return EVALUATORS.build(
        dict(
            type='PerSourceEvaluator',
            metrics=metrics,
            sources=sources,
            **kwargs,
        )
    )


def test_every_metric_sees_its_source_only():
    evaluator = build([0, 0, 1])
    evaluator.dataset_meta = dict(dataset_name='h36m18')
    assert all(m.dataset_meta for m in evaluator.metrics)
    evaluator.process(samples([0, 1, 0]), None)
    evaluator.process(samples([1, 1]), None)
    found = evaluator.evaluate(5)
    assert found['m0/seen'] == found['m1/seen'] == ['0', '2']
    assert found['m2/seen'] == ['0', '1', '1']


def test_every_metric_gets_the_files_of_its_source():
    evaluator = build([1, 0])
    files = [dict(ann_file='a.json'), dict(ann_file='b.json')]
    evaluator.dataset_meta = dict(dataset_name='coco', sources=files)
    found = [metric.dataset_meta['ann_file'] for metric in evaluator.metrics]
    assert found == ['b.json', 'a.json']


def test_pckh_of_photographs_beside_mpjpe_of_3d():
    """Two real metrics, each with fields that the other's samples lack."""
    init_default_scope('mmpose')
    evaluator = EVALUATORS.build(
        dict(
            type='PerSourceEvaluator',
            metrics=[
                dict(type='PCKhCurve', groups=dict(Hip=[1, 4])),
                dict(type='IntegralMPJPE', per_action=False),
            ],
            sources=[0, 1],
        )
    )
    names = {n: f'joint {n}' for n in range(18)}
    evaluator.dataset_meta = dict(
        dataset_name='h36m18', keypoint_id2name=names
    )
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 100, (1, 18, 3))
    shifted = truth + [6.0, 0.0, 0.0]
    photograph = pckh_sample(
        shifted, truth, 10.0, source=0, img_path='a.jpg', id=1
    )
    # A camera of focal length 1000 px at 5 m: 6 px are 30 mm of the joints
    # in its plane, z of the root.
    depth = truth[0, :, 2:] + 5000
    cam = np.concatenate([truth[0, :, :2] / 1000 * depth, depth], -1)[None]
    frame = dict(
        source=1,
        img_path='b.jpg',
        id=1,
        action='all',
        focal=np.array([1000.0, 1000.0]),
        principal=np.zeros(2),
        root_depth=5000.0,
        depth_source='gt',
        pred_instances=dict(keypoints=truth),
        gt_instances=dict(keypoints_cam=cam),
    )

    class Sample(dict):
        to_dict = dict.copy

    evaluator.process([Sample(frame), Sample(photograph)], None)
    metrics = evaluator.evaluate(2)
    # 0.6 of a head: right at no threshold up to 0.5.
    assert metrics['pckh/PCKh@0.5'] == 0
    assert metrics['h36m/MPJPE'] < 1e-3


def test_errors():
    with pytest.raises(ValueError, match='1 metrics need a source each'):
        EVALUATORS.build(
            dict(
                type='PerSourceEvaluator',
                metrics=[dict(type='NamesSeen')],
                sources=[0, 1],
            )
        )
    with pytest.raises(ValueError, match="list 'source' in meta_keys"):
        build([0]).process([PoseDataSample(metainfo=dict(name='a'))], None)


@pytest.mark.parametrize('wrong', [2, -1])
def test_a_source_that_there_is_not_is_named_before_a_training(wrong):
    evaluator = build([0, wrong])
    mixture = dict(dataset_name='h36m18', sources=[dict(), dict()])
    message = rf'no source {wrong} in the mixture, whose sources are \[0, 1\]'
    with pytest.raises(ValueError, match=message):
        evaluator.dataset_meta = mixture
    build([0, 1]).dataset_meta = mixture
