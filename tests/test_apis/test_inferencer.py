"""The inferencer from end to end, with a model whose answer is known."""

import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmpose.registry import INFERENCERS

from integral_mmpose.apis import IntegralPoseInferencer
from integral_mmpose.apis import inferencer as module
from integral_mmpose.inference import Pose
from integral_mmpose.visualization import skeleton_from_metainfo

from .conftest import CONFIG

BOXES = np.array([[40, 30, 90, 130, 0.9], [10, 10, 60, 60, 0.5]], np.float32)


@pytest.fixture(autouse=True)
def logged(monkeypatch):
    """What was logged as a warning."""
    messages = []
    monkeypatch.setattr(module.logger, 'warning', messages.append)
    return messages


class Stand:
    """A stand-in for the model: the shade of the crop's image is its x."""

    depth_range_mm = 2000.0

    def __init__(self, dataset_meta, side=200.0):
        self.joint_names = list(dataset_meta['keypoint_id2name'].values())
        self.skeleton = skeleton_from_metainfo(dataset_meta)
        self.name = 'stand-in'
        self.side, self.batches = side, []

    def crop(self, image, box, mm_per_px=None):
        return float(image[0, 0, 0]), box

    def predict(self, crops):
        self.batches.append(len(crops))
        joints = len(self.joint_names)
        points = np.zeros((joints, 3))
        return [
            Pose(points + [shade, box[1], 0], np.ones(joints), self.side)
            for shade, box in crops
        ]


@pytest.fixture
def stand(network):
    return Stand(network.dataset_meta)


def test_is_registered():
    assert INFERENCERS.get('IntegralPoseInferencer') is IntegralPoseInferencer


def test_contract_of_the_result(inferencer, image, peak):
    """By hand: a box of 50 x 100 px, padded 125 px, stands for 2000 mm."""
    camera = dict(fx=1000, fy=1000, cx=100, cy=80)
    [result] = inferencer(image, boxes=BOXES, camera=camera, return_vis=True)
    json.dumps(result['predictions'])
    [people], [picture] = result['predictions'], result['visualization']
    assert picture.dtype == np.uint8 and picture.shape[1] > 200
    assert [p['bbox_score'] for p in people] == pytest.approx([0.9, 0.5])
    person = people[0]
    assert person['bbox'] == [40, 30, 90, 130]
    x, y = 65 - 62.5 + 125 / 4, 80 - 62.5 + 125 / 2
    np.testing.assert_allclose(person['keypoints'], [[x, y]] * 18, atol=1e-3)
    depth = 2000 * 1000 / 125
    assert person['root_depth_mm'] == pytest.approx(depth)
    # All joints are at one place, the root's.
    np.testing.assert_allclose(person['keypoints_mm'], 0, atol=1e-6)
    np.testing.assert_allclose(
        person['keypoints_camera_mm'],
        [[(x - 100) / 1000 * depth, (y - 80) / 1000 * depth, depth]] * 18,
        rtol=1e-4,
    )


def test_without_a_camera_mm_are_relative(inferencer, image):
    [result] = inferencer(image, boxes=BOXES)
    for person in result['predictions'][0]:
        assert set(person) == {
            'bbox',
            'bbox_score',
            'keypoints',
            'keypoint_scores',
            'keypoints_mm',
        }
        assert np.isfinite(person['keypoints_mm']).all()
    assert result['visualization'] == []


def test_people_of_all_images_share_batches(inferencer, image):
    """One by one, in batches of 3 and of 8: the same people."""
    shades = [np.roll(image, n, 0) for n in range(4)]
    found = [
        [r['predictions'][0] for r in inferencer(shades, n, boxes=BOXES)]
        for n in (1, 3, 8)
    ]
    for people in found[1:]:
        for one, other in zip(found[0], people, strict=True):
            assert len(one) == len(other) == 2
            for a, b in zip(one, other):
                for key in a:
                    np.testing.assert_allclose(a[key], b[key], atol=1e-2)


def test_sizes_of_the_batches(stand):
    images = [np.full((140, 99, 3), n, np.uint8) for n in range(5)]
    results = list(IntegralPoseInferencer(stand)(images, 4, boxes=BOXES))
    assert stand.batches == [4, 4, 2]
    for number, result in enumerate(results):
        for person, box in zip(result['predictions'][0], BOXES):
            assert person['keypoints'][0] == [number, box[1]]


def test_a_folder_with_bad_files_finishes(stand, tmp_path, logged):
    """3 of 30 images are bad: no picture, torn, of another kind."""
    for number in range(30):
        pixels = np.full((8, 8, 3), number, np.uint8)
        cv2.imwrite(str(tmp_path / f'{number:02d}.png'), pixels)
    good = (tmp_path / '05.png').read_bytes()
    (tmp_path / '05.png').write_bytes(b'no picture')
    (tmp_path / '14.png').write_bytes(good[: len(good) // 3])
    (tmp_path / '23.png').write_bytes(b'')
    inferencer = IntegralPoseInferencer(stand)
    results = list(inferencer(tmp_path, boxes='whole_image'))
    assert len(results) == 30
    bad = [n for n, r in enumerate(results) if r['errors'][0]]
    assert bad == [5, 14, 23]
    assert [len(r['predictions'][0]) for r in results] == [
        int(n not in bad) for n in range(30)
    ]
    assert [name[-6:] for name in inferencer.failed] == [
        '05.png',
        '14.png',
        '23.png',
    ]
    assert logged[-1].startswith('no result for 3 inputs')
    for name in inferencer.failed:
        assert f'{name}: cannot be decoded' in logged[-1]
    list(inferencer(np.zeros((8, 8, 3), np.uint8)))
    assert inferencer.failed == {}


def test_images_without_boxes_are_named(stand, tmp_path, logged):
    for name in 'ab':
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.zeros((8, 8, 3)))
    inferencer = IntegralPoseInferencer(stand)
    results = list(inferencer(tmp_path, boxes={'a.png': []}))
    assert [r['predictions'] for r in results] == [[[]], [[]]]
    assert 'b.png: boxes: no entry for b.png' in results[1]['errors'][0]
    assert 'a.png' in logged[0] and 'no person was found in 1' in logged[0]
    assert 'no entry for b.png' in logged[1]


def test_a_camera_that_does_not_fit_is_told_for_each_image(stand):
    images = [np.zeros((8, size, 3), np.uint8) for size in (8, 10)]
    camera = dict(f=[9, 9], c=[4, 4], w=8, h=8)
    inferencer = IntegralPoseInferencer(stand)
    errors = [r['errors'][0] for r in inferencer(images, camera=camera)]
    assert errors[0] == '' and 'of 8 x 8 px but the image has 10' in errors[1]


def test_a_root_depth_in_metres_is_told(stand):
    inferencer = IntegralPoseInferencer(stand)
    stand.predict = lambda crops: [
        Pose(np.linspace(1, -1, 54).reshape(18, 3) * 500, np.ones(18), 9.0)
    ]
    image = np.zeros((8, 8, 3), np.uint8)
    for depth, reason in (
        (4, '4 mm for a box that suggests 1386 mm'),
        (400, '400 mm puts joints behind'),
    ):
        [result] = inferencer(image, camera=dict(fov=60), root_depth=depth)
        assert result['predictions'] == [[]]
        assert reason in result['errors'][0]


def test_an_image_too_large_to_cut_stops_nothing(inferencer, image):
    wide = np.zeros((8, 2**15 - 1, 3), np.uint8)
    inputs = [image, wide, wide[:, 1:], image]
    results = list(inferencer(inputs, boxes='whole_image'))
    assert [len(r['predictions'][0]) for r in results] == [1, 0, 1, 1]
    errors = [r['errors'][0] for r in results]
    assert [bool(error) for error in errors] == [False, True, False, False]
    assert '32767 x 8 px' in errors[1]


def test_a_camera_file_is_not_overwritten(stand, write_video, tmp_path):
    camera = tmp_path / 'walk.json'
    content = json.dumps(dict(f=[90, 90], c=[48, 32], w=96, h=64))
    camera.write_text(content)
    results = list(
        IntegralPoseInferencer(stand)(
            write_video(2),
            boxes=BOXES,
            camera=str(camera),
            pred_out_dir=str(tmp_path),
        )
    )
    assert camera.read_text() == content
    assert [r['stems'] for r in results] == [['walk_2']] * 2
    content = json.loads((tmp_path / 'walk_2.json').read_text())
    assert len(content['frames']) == 2


def test_whole_image_is_said(stand, logged):
    image = np.zeros((8, 12, 3), np.uint8)
    [result] = IntegralPoseInferencer(stand)(image)
    assert result['predictions'][0][0]['bbox'] == [0, 0, 12, 8]
    assert 'no detector and no boxes' in logged[0]
    asked = IntegralPoseInferencer(stand, det_model='whole_image')
    assert list(asked(image)) and len(logged) == 1


@pytest.mark.parametrize(
    ('kwargs', 'reason'),
    [
        (dict(batch_size=0), 'batch_size'),
        (dict(camera=dict(fov=0)), 'fov'),
        (dict(root_depth=3000), 'needs a camera'),
        (dict(smooth='none'), 'one_euro'),
        (dict(boxes=[[3, 2, 1, 4]]), 'left < right'),
    ],
)
def test_wrong_arguments_are_told_at_the_call(stand, kwargs, reason):
    image = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match=reason):
        IntegralPoseInferencer(stand)(image, **kwargs)


def test_the_detector_is_asked(stand, monkeypatch, logged):
    boxes = BOXES[:1]
    model = SimpleNamespace(dataset_meta={})
    monkeypatch.setattr(module, 'load_detector', lambda *args: model)
    monkeypatch.setattr(
        module.MMDetector, 'detect', lambda *args: [boxes.copy()]
    )
    inferencer = IntegralPoseInferencer(stand, det_model='d', det_cat_ids=3)
    assert inferencer.inferencer.detector.labels == 3
    image = np.zeros((140, 99, 3), np.uint8)
    [result] = inferencer(image)
    found = [p['bbox'] for p in result['predictions'][0]]
    np.testing.assert_allclose(found, boxes[:, :4])
    boxes = boxes[:0]
    [result] = inferencer(image)
    assert result['predictions'] == [[]] and not result['errors'][0]
    assert 'no person was found in 1 inputs: 00000000' in logged


def test_unknown_arguments(stand):
    with pytest.raises(TypeError, match='colour'):
        IntegralPoseInferencer(stand)(np.zeros((8, 8, 3), np.uint8), colour=1)


def test_video(stand, write_video, tmp_path):
    """The shade of frame n is 20 n, and so is x of its person."""
    inferencer = IntegralPoseInferencer(stand)
    results = list(
        inferencer(
            write_video(6), 4, out_dir=str(tmp_path / 'out'), boxes=BOXES[:1]
        )
    )
    xs = [r['predictions'][0][0]['keypoints'][0][0] for r in results]
    np.testing.assert_allclose(xs, np.arange(6) * 20, atol=3)
    saved = json.loads((tmp_path / 'out/predictions/walk.json').read_text())
    assert saved['fps'] == 20 and len(saved['keypoint_names']) == 18
    np.testing.assert_allclose(
        [f['time_ms'] for f in saved['frames']], np.arange(6) * 50, atol=1
    )
    assert {
        p['track_id'] for f in saved['frames'] for p in f['instances']
    } == {0}
    assert [f['instances'] for f in saved['frames']] == [
        r['predictions'][0] for r in results
    ]
    movie = cv2.VideoCapture(str(tmp_path / 'out/visualizations/walk.mp4'))
    assert movie.get(cv2.CAP_PROP_FRAME_COUNT) == 6
    movie.release()


def test_smoothing_a_video(stand, write_video):
    """A jump of 20 px a frame: the smoothed joints lag behind."""
    inferencer = IntegralPoseInferencer(stand)
    smooth = dict(type='one_euro', min_cutoff=1.0, beta=0.0)
    plain, smoothed = (
        [
            r['predictions'][0][0]['keypoints'][0][0]
            for r in inferencer(write_video(6), boxes=BOXES[:1], smooth=s)
        ]
        for s in (None, smooth)
    )
    weight = 1 / (1 + 20 / (2 * np.pi))  # 20 frames a second, 1 Hz
    assert smoothed[0] == plain[0]
    assert smoothed[1] == pytest.approx(weight * plain[1], rel=1e-3, abs=0.1)
    assert (np.array(smoothed[1:]) < np.array(plain[1:])).all()


def test_a_webcam_is_answered_frame_by_frame(stand, write_video):
    inferencer = IntegralPoseInferencer(stand)
    results = inferencer(f'webcam:{write_video(4)}', 8, boxes=BOXES)
    next(results)
    assert stand.batches == [2]
    assert len(list(results)) == 3 and stand.batches == [2] * 4


def test_files_are_complete_when_the_caller_stops(
    stand, write_video, tmp_path
):
    results = IntegralPoseInferencer(stand)(
        write_video(6), 1, boxes=BOXES, pred_out_dir=str(tmp_path)
    )
    next(results), next(results)
    results.close()
    content = json.loads((tmp_path / 'walk.json').read_text())
    assert len(content['frames']) == 2


@pytest.mark.filterwarnings('ignore')
def test_from_config_and_checkpoint(network, tmp_path, image):
    """The files give what the model in memory gives."""
    path = tmp_path / 'weights.pth'
    meta = dict(dataset_meta=network.dataset_meta)
    torch.save(dict(state_dict=network.state_dict(), meta=meta), path)
    inferencer = IntegralPoseInferencer(
        str(CONFIG), str(path), show_progress=True, half=False
    )
    [result] = inferencer(image, boxes=BOXES)
    assert len(result['predictions'][0]) == 2
    with pytest.raises(FileNotFoundError, match='none.pth'):
        IntegralPoseInferencer(str(CONFIG), str(tmp_path / 'none.pth'))
    with pytest.raises(FileNotFoundError, match='no-such-model'):
        IntegralPoseInferencer('no-such-model')


def test_a_built_model_of_mmpose_is_taken(network, pose_model, image):
    """``init_model`` gives it; the answer is that of its two steps."""
    [result] = IntegralPoseInferencer(network)(image, boxes=BOXES[:1])
    [person] = result['predictions'][0]
    [pose] = pose_model.predict([pose_model.crop(image, BOXES[0, :4])])
    np.testing.assert_allclose(
        person['keypoints'], pose.keypoints[:, :2], atol=1e-3
    )
    with pytest.raises(ValueError, match='the model is built already'):
        IntegralPoseInferencer(network, 'weights.pth')


def test_half_is_not_ignored(network, stand):
    assert IntegralPoseInferencer(network, half=True).pose_model._half
    with pytest.raises(ValueError, match='`half` is not supported for Stand'):
        IntegralPoseInferencer(stand, half=True)


def test_inputs_that_are_none_are_named(stand):
    image = np.zeros((140, 99, 3), np.uint8)
    inferencer = IntegralPoseInferencer(stand)
    results = list(inferencer([image, None, image], boxes=BOXES))
    assert [len(r['predictions'][0]) for r in results] == [2, 0, 2]
    assert 'input 1 is NoneType' in results[1]['errors'][0]


@pytest.mark.parametrize(
    'box', [[99, 0, 120, 50], [-40, 10, 0, 60], [5, 140, 50, 150]]
)
def test_a_box_outside_the_image_is_an_error(stand, box):
    image = np.zeros((140, 99, 3), np.uint8)
    inferencer = IntegralPoseInferencer(stand)
    [inside, result] = inferencer(
        [image, image],
        boxes={'00000000': [[5, 5, 50, 60]], '00000001': [box]},
    )
    assert len(inside['predictions'][0]) == 1
    assert result['predictions'] == [[]]
    assert 'lies outside the image of 99 x 140 px' in result['errors'][0]
