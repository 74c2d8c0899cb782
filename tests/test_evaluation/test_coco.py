"""The guard in front of pycocotools, and why it is there."""

import json
from pathlib import Path

import mmpose
import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import CocoMetric

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
