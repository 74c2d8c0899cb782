"""Persons by an MMDetection model: which boxes stay, names, scopes."""

from pathlib import Path
from types import SimpleNamespace

import mmdet
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData

from integral_mmpose.apis import (
    MMDetector,
    load_detector,
)
from integral_mmpose.apis import detector as module

TINY = 'rtmdet_tiny_8xb32-300e_coco'
CONFIG = Path(mmdet.__file__).parent / f'.mim/configs/rtmdet/{TINY}.py'


@pytest.fixture
def detector():
    """Answers three boxes, whatever the image."""
    found = InstanceData(
        bboxes=torch.tensor(
            [
                [1.0, 2.0, 3.0, 4.0],
                [5.0, 6.0, 7.0, 8.0],
                [9.0, 10.0, 11.0, 12.0],
            ]
        ),
        labels=torch.tensor([1, 0, 1]),
        scores=torch.tensor([0.8, 0.9, 0.2]),
    )
    sample = DetDataSample(pred_instances=found)
    return SimpleNamespace(
        cfg=Config.fromfile(CONFIG),
        dataset_meta=dict(classes=('car', 'person')),
        test_step=lambda batch: [sample] * len(batch['inputs']),
    )


@pytest.fixture(autouse=True)
def _detector_scope():
    """The pipeline of the stand-in has no scope of its own."""
    from mmengine.registry import init_default_scope

    init_default_scope('mmdet')
    yield
    init_default_scope('mmpose')


def test_persons_above_the_threshold(detector, image):
    both = MMDetector(detector).detect([image, image], 0.3)
    for boxes in both:
        np.testing.assert_allclose(boxes, [[1, 2, 3, 4, 0.8]])


def test_other_classes_can_be_asked_for(detector, image):
    [boxes] = MMDetector(detector, [0]).detect([image], 0.1)
    np.testing.assert_allclose(boxes, [[5, 6, 7, 8, 0.9]])
    [boxes] = MMDetector(detector, [0, 1]).detect([image], 0.1)
    assert len(boxes) == 3


def test_as_the_detector_of_an_inferencer(detector, image):
    """All scores: the threshold is that of the call."""
    for boxes in MMDetector(detector).detect([image, image]):
        np.testing.assert_allclose(boxes[:, 4], [0.8, 0.2])
    [boxes] = MMDetector(detector, [0]).detect([image])
    np.testing.assert_allclose(boxes, [[5, 6, 7, 8, 0.9]])


def test_a_detector_of_other_things(detector):
    detector.dataset_meta = dict(classes=('car',))
    with pytest.raises(ValueError, match='no class "person"'):
        MMDetector(detector)


@pytest.mark.filterwarnings('ignore')
def test_a_detector_by_name_survives_the_pose_model(
    pose_model, image, tmp_path
):
    """By MMDetection's name; MMPose changes the default scope in between."""
    torch.manual_seed(0)
    by_file = load_detector(str(CONFIG), None)
    path = tmp_path / 'weights.pth'
    torch.save(dict(state_dict=by_file.state_dict()), path)
    by_name = load_detector(TINY, str(path))
    box = np.array([40.0, 30.0, 90.0, 130.0])
    [expected] = MMDetector(by_file, range(80)).detect([image])
    assert len(expected) > 0
    assert len(pose_model.predict([pose_model.crop(image, box)])) == 1
    [found] = MMDetector(by_name, range(80)).detect([image])
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_unknown_names():
    with pytest.raises(ValueError, match='no-such-detector'):
        load_detector('no-such-detector', None)
    with pytest.raises(FileNotFoundError, match='none.py'):
        load_detector('none.py', None)


def test_a_gpu_needs_operators_for_it(monkeypatch):
    """The CUDA error of NMS would come with the first image."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(ValueError, match='no CUDA GPU'):
        load_detector('human', None, 'cuda:0')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(
        module, 'get_compiling_cuda_version', lambda: 'not available'
    )
    fix = 'MMCV_OPS=compile FORCE_CUDA=1 make setup'
    with pytest.raises(ValueError, match=fix):
        load_detector('human', None, 'cuda:0')
