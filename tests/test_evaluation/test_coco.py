"""The guard in front of pycocotools, and why it is there."""

import copy
import json
from pathlib import Path

import mmpose
import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import CocoMetric
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from integral_mmpose.evaluation import FiniteCocoMetric

COCO_META = (
    Path(mmpose.__file__).parent / '.mim/configs/_base_/datasets/coco.py'
)


@pytest.fixture
def ann_file(tmp_path):
    joints = [[10 + 7 * j, 20 + 5 * j, 2] for j in range(17)]
    annotation = dict(
        id=1,
        image_id=1,
        category_id=1,
        iscrowd=0,
        area=5000.0,
        num_keypoints=17,
        bbox=[5, 5, 120, 110],
        keypoints=[v for joint in joints for v in joint],
    )
    content = dict(
        info={},
        licenses=[],
        images=[dict(id=1, file_name='1.jpg', width=200, height=200)],
        annotations=[annotation],
        categories=[dict(id=1, name='person', keypoints=[], skeleton=[])],
    )
    path = tmp_path / 'coco.json'
    path.write_text(json.dumps(content))
    return str(path), np.array(joints, np.float32)[None, :, :2]


def sample(keypoints):
    return dict(
        id=1,
        img_id=1,
        category_id=1,
        img_path='1.jpg',
        pred_instances=dict(
            keypoints=keypoints,
            keypoint_scores=np.ones((1, 17)),
            bbox_scores=np.ones(1),
        ),
        gt_instances=dict(
            bbox_scales=np.array([[120.0, 110.0]]), bbox_scores=np.ones(1)
        ),
    )


def evaluate(cls, ann_file, keypoints):
    metric = cls(ann_file=ann_file)
    metric.dataset_meta = parse_pose_metainfo(dict(from_file=str(COCO_META)))
    metric.process([{}], [sample(keypoints)])
    return metric.evaluate(1)['coco/AP']


def test_nan_scores_perfectly_upstream_and_raises_here(ann_file):
    path, joints = ann_file
    assert evaluate(FiniteCocoMetric, path, joints) == pytest.approx(1.0)
    assert evaluate(FiniteCocoMetric, path, joints + 500) == 0
    broken = np.full_like(joints, np.nan)
    # The negative control: what the guard is for.
    assert evaluate(CocoMetric, path, broken) == pytest.approx(1.0)
    with pytest.raises(ValueError, match='1.jpg.*not finite'):
        evaluate(FiniteCocoMetric, path, broken)


def crowd(tmp_path, count=12):
    """Annotations of several images, and noisy detections with scores."""
    rng = np.random.default_rng(3)
    joints = rng.uniform(10, 150, size=(count, 17, 2))
    seen = rng.integers(0, 3, size=(count, 17, 1))
    seen[:, 0] = 2
    annotations = [
        dict(
            id=n + 1,
            image_id=n + 1,
            category_id=1,
            iscrowd=0,
            area=float(rng.uniform(2000, 20000)),
            bbox=[5, 5, 150, 150],
            num_keypoints=int((seen[n] > 0).sum()),
            keypoints=np.concatenate([joints[n], seen[n]], -1)
            .ravel()
            .tolist(),
        )
        for n in range(count)
    ]
    content = dict(
        info={},
        licenses=[],
        images=[
            dict(id=n + 1, file_name=f'{n}.jpg', width=200, height=200)
            for n in range(count)
        ],
        annotations=annotations,
        categories=[dict(id=1, name='person', keypoints=[], skeleton=[])],
    )
    path = tmp_path / 'crowd.json'
    path.write_text(json.dumps(content))
    noise = rng.normal(size=joints.shape) * rng.uniform(0, 9, (count, 1, 1))
    return str(path), joints + noise, rng.random(count)


def test_ap_equals_pycocotools(tmp_path):
    path, joints, scores = crowd(tmp_path)
    metric = FiniteCocoMetric(
        ann_file=path, nms_mode='none', score_mode='bbox'
    )
    metric.dataset_meta = parse_pose_metainfo(dict(from_file=str(COCO_META)))
    for n, points in enumerate(joints):
        one = sample(points[None])
        one.update(id=n + 1, img_id=n + 1)
        one['pred_instances']['bbox_scores'] = scores[n : n + 1]
        metric.process([{}], [one])
    found = metric.evaluate(len(joints))

    truth = COCO(path)
    detections = truth.loadRes(
        [
            dict(
                image_id=n + 1,
                category_id=1,
                score=float(scores[n]),
                keypoints=np.concatenate([points, np.ones((17, 1))], -1)
                .ravel()
                .tolist(),
            )
            for n, points in enumerate(joints)
        ]
    )
    reference = COCOeval(truth, detections, 'keypoints')
    reference.evaluate()
    reference.accumulate()
    reference.summarize()
    assert 0.1 < reference.stats[0] < 0.9
    names = (
        'AP',
        'AP .5',
        'AP .75',
        'AP (M)',
        'AP (L)',
        'AR',
        'AR .5',
        'AR .75',
        'AR (M)',
        'AR (L)',
    )
    assert [found[f'coco/{name}'] for name in names] == pytest.approx(
        reference.stats.tolist(), abs=1e-12
    )


@pytest.mark.parametrize(
    'field',
    [
        'id',
        'img_id',
        'pred_instances',
        'gt_instances',
        'pred_instances.keypoints',
        'pred_instances.keypoint_scores',
    ],
)
def test_missing_field_is_named(ann_file, field):
    path, joints = ann_file
    broken = copy.deepcopy(sample(joints))
    *parts, last = field.split('.')
    del (broken[parts[0]] if parts else broken)[last]
    with pytest.raises(ValueError, match='1.jpg'):
        FiniteCocoMetric(ann_file=path).process([{}], [broken])


@pytest.mark.parametrize('name', ['keypoint_scores', 'bbox_scores'])
def test_scores_are_finite(ann_file, name):
    path, joints = ann_file
    broken = sample(joints)
    broken['pred_instances'][name][..., 0] = np.nan
    with pytest.raises(ValueError, match=f'1.jpg: {name} are not finite'):
        FiniteCocoMetric(ann_file=path).process([{}], [broken])


def test_3d_keypoints_are_rejected(ann_file):
    path, joints = ann_file
    points = np.concatenate([joints, joints[..., :1]], -1)
    with pytest.raises(ValueError, match='needs 2D keypoints'):
        FiniteCocoMetric(ann_file=path).process([{}], [sample(points)])
    with pytest.raises(ValueError, match=r'axes \(N, K, C\)'):
        FiniteCocoMetric(ann_file=path).process([{}], [sample(joints[0])])
