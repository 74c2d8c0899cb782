"""Image -> boxes -> poses, with a model whose answer is known."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import mmdet
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.apis import init_model

from integral_mmpose.apis import (
    detect_persons,
    estimate_poses,
    load_boxes,
    load_detector,
    poses_to_json,
    read_image,
)

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / (
    'configs/body_3d_keypoint/integral/h36m/'
    'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py'
)
PERSON = np.array([[40.0, 30.0, 90.0, 130.0]], np.float32)


@pytest.fixture(scope='module')
def model():
    return init_model(str(CONFIG), None, device='cpu')


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (160, 200, 3), dtype=np.uint8)


@pytest.fixture
def peak(model, monkeypatch):
    """Make the head answer bin (x, y, z) = (4, 8, 12) of 16 for all."""

    def forward(feats):
        logits = torch.full((len(feats[-1]), 18, 16, 16, 16), -50.0)
        logits[:, :, 12, 8, 4] = 50.0
        return logits

    monkeypatch.setattr(model.head, 'forward', forward)


def test_bins_become_image_px_and_mm(model, image, peak):
    """By hand: a 50 x 100 box, padded by 1.25, made square: 125 px."""
    boxes = np.concatenate([PERSON, [[0.9]]], 1).astype(np.float32)
    samples = estimate_poses(model, image, boxes)
    found = samples[0].pred_instances
    corner = np.array([65.0, 80.0]) - 62.5
    expected = [
        *(corner + np.array([4, 8]) / 16 * 125),
        (12 / 16 - 0.5) * 2000,
    ]
    np.testing.assert_allclose(found.keypoints[0, 5], expected, atol=1e-3)
    assert found.keypoint_scores.shape == (1, 18)
    assert found.bbox_scores == pytest.approx(0.9)


def test_json_has_px_and_weak_perspective_mm(model, image, peak):
    samples = estimate_poses(model, image, PERSON)
    samples[0].pred_instances.keypoints[0, 3] += [5, -10, 40]
    person = poses_to_json(samples, 2000.0)[0]
    json.dumps(person)
    # 2000 mm over 125 px are 16 mm a pixel.
    np.testing.assert_allclose(
        person['keypoints_mm'][3], [80, -160, 40], atol=1e-2
    )
    assert person['keypoints_mm'][0] == [0, 0, 0]
    assert 'keypoints_mm' not in poses_to_json(samples, None)[0]


def test_whole_image_is_one_unpadded_person(model, image, peak):
    found = estimate_poses(model, image)[0].pred_instances
    # 200 x 160 made square: side 200, from y = 80 - 100.
    np.testing.assert_allclose(
        found.keypoints[0, 0, :2], [50.0, 80.0], atol=1e-3
    )


def test_no_box_is_an_empty_result(model, image):
    assert estimate_poses(model, image, np.zeros((0, 5))) == []
    assert poses_to_json([], 2000.0) == []


def test_detector_keeps_persons_above_the_threshold(monkeypatch, image):
    import mmdet.apis

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
    monkeypatch.setattr(
        mmdet.apis,
        'inference_detector',
        lambda detector, image: SimpleNamespace(pred_instances=found),
    )
    detector = SimpleNamespace(dataset_meta=dict(classes=('car', 'person')))
    boxes = detect_persons(detector, image)
    np.testing.assert_allclose(boxes, [[1, 2, 3, 4, 0.8]])
    detector.dataset_meta = dict(classes=('car',))
    with pytest.raises(ValueError, match='no class "person"'):
        detect_persons(detector, image)


@pytest.mark.filterwarnings('ignore')
def test_a_detector_survives_the_pose_model(model, image, peak):
    """MMPose changes the default scope between two detections."""
    config = Path(mmdet.__file__).parent / (
        '.mim/configs/rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
    )
    detector = load_detector(str(config), None)
    for _ in range(2):
        boxes = detect_persons(detector, image, threshold=0.0)
        assert boxes.shape[1] == 5
        assert len(estimate_poses(model, image, PERSON)) == 1


def test_the_box_comes_back_as_it_was_given(model, image, peak):
    boxes = np.concatenate([PERSON, [[0.9]]], 1).astype(np.float32)
    person = poses_to_json(estimate_poses(model, image, boxes), 2000.0)[0]
    assert person['bbox'] == PERSON[0].tolist()
    assert person['bbox_score'] == pytest.approx(0.9)


def test_boxes_file(tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps({'a.jpg': [[1, 2, 30, 40]], 'b.jpg': []}))
    boxes = load_boxes(str(path))
    assert boxes['a.jpg'].tolist() == [[1, 2, 30, 40, 1]]
    assert boxes['b.jpg'].shape == (0, 5)
    for bad in ([[1, 2, 3]], [[30, 2, 1, 40]], [[1, 2, float('nan'), 4]]):
        path.write_text(json.dumps({'c.jpg': bad}))
        with pytest.raises(ValueError, match='boxes.json: c.jpg'):
            load_boxes(str(path))


def test_unreadable_images_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.jpg'):
        read_image(str(tmp_path / 'nowhere.jpg'))
    path = tmp_path / 'broken.jpg'
    path.write_bytes(b'not an image')
    with pytest.raises(ValueError, match='broken.jpg'):
        read_image(str(path))


@pytest.mark.filterwarnings('ignore')
def test_command_line_finishes_and_lists_bad_files(model, tmp_path, image):
    """Good, grey and broken files in one folder; exit status 1."""
    folder = tmp_path / 'in'
    folder.mkdir()
    cv2.imwrite(str(folder / 'good.png'), image)
    cv2.imwrite(str(folder / 'grey.png'), image[..., 0])
    (folder / 'broken.jpg').write_bytes(b'no')
    checkpoint = tmp_path / 'weights.pth'
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / 'demo/image_to_pose.py'),
            str(folder),
            '--config',
            str(CONFIG),
            '--checkpoint',
            str(checkpoint),
            '--out',
            str(tmp_path / 'out'),
        ],
        capture_output=True,
        text=True,
        env={**__import__('os').environ, 'PYTHONPATH': str(ROOT)},
    )
    assert done.returncode == 1, done.stderr[-2000:]
    assert 'broken.jpg' in done.stderr
    result = json.loads((tmp_path / 'out/poses.json').read_text())
    assert len(result['images']) == 2 and len(result['failed']) == 1
    for people in result['images'].values():
        assert np.isfinite(people[0]['keypoints_mm']).all()
        assert len(result['keypoint_names']) == len(people[0]['keypoints'])
    assert cv2.imread(str(tmp_path / 'out/good.png')) is not None


def test_config_of_the_demo_is_the_one_tested():
    assert CONFIG.name in (ROOT / 'demo/run_demo.py').read_text()
    assert Config.fromfile(CONFIG).codec.depth_range_mm == 2000
