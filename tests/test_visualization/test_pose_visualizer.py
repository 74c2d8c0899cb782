from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.engine.hooks import PoseVisualizationHook
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample

from integral_mmpose.datasets.joints import H36M18_METAINFO
from integral_mmpose.geometry.colors import LEFT, MIDDLE, RIGHT
from integral_mmpose.visualization import (
    rendering,
)
from integral_mmpose.visualization.pose_visualizer import (
    IntegralPoseVisualizer,
)

META = parse_pose_metainfo(H36M18_METAINFO)
LEFT_WRIST, RIGHT_WRIST = 13, 16
SIZE = 256
#: Facing the camera, left arm up; px in a 256-px image, z in mm.
POSE = np.array(
    [
        (128, 128, 0),
        (115, 128, 0),
        (115, 173, 0),
        (115, 218, 0),
        (141, 128, 0),
        (141, 173, -60),
        (141, 218, 0),
        (128, 105, 0),
        (128, 80, 0),
        (128, 70, -120),
        (128, 56, 0),
        (145, 83, 0),
        (158, 59, 0),
        (168, 36, -100),
        (111, 83, 0),
        (107, 111, 40),
        (106, 136, -60),
        (128, 83, 0),
    ],
    np.float32,
)


def _image():
    return np.full((SIZE, SIZE, 3), 90, np.uint8)


def _sample(axes=3, people=1, **instances):
    keypoints = np.stack([POSE[:, :axes]] * people)
    sample = PoseDataSample(
        metainfo=dict(
            input_center=np.array([128.0, 128.0]),
            input_scale=np.array([200.0, 200.0]),
            ori_shape=(SIZE, SIZE),
            input_size=(64, 64),
        )
    )
    sample.pred_instances = InstanceData(
        keypoints=keypoints,
        keypoint_scores=np.ones((people, 18), np.float32),
        keypoints_visible=np.ones((people, 18), np.float32),
        bboxes=np.tile(np.array([[28.0, 28.0, 228.0, 228.0]]), (people, 1)),
        bbox_scores=np.linspace(0.1, 1, people),
        **instances,
    )
    sample.gt_instances = InstanceData(
        keypoints=keypoints[:1] + 2,
        keypoints_visible=np.ones((1, 18)),
        bboxes=np.array([[28.0, 28.0, 228.0, 228.0]]),
        bbox_scores=np.ones(1),
    )
    return sample


@pytest.fixture()
def visualizer(request):
    visualizer = VISUALIZERS.build(
        dict(type='IntegralPoseVisualizer', name=request.node.name)
    )
    assert isinstance(visualizer, IntegralPoseVisualizer)
    visualizer.set_dataset_meta(META)
    return visualizer


def _at(picture, point):
    x, y = np.rint(point[:2]).astype(int)
    return tuple(picture[y, x].tolist())


def _check_overlay(picture):
    assert _at(picture, POSE[0]) == MIDDLE
    assert _at(picture, POSE[LEFT_WRIST]) == LEFT
    assert _at(picture, POSE[RIGHT_WRIST]) == RIGHT


def test_2d_predictions_get_the_overlay_only(visualizer):
    image = _image()
    picture = visualizer.add_datasample('x', image, _sample(2), draw_gt=False)
    assert picture.shape == (SIZE, SIZE, 3)
    _check_overlay(picture)
    assert (image == 90).all()


def test_3d_predictions_get_two_views_beside(visualizer):
    picture = visualizer.add_datasample(
        'x', _image(), _sample(), draw_gt=False
    )
    assert picture.shape == (SIZE, 3 * SIZE + 4, 3)
    _check_overlay(picture)
    views = picture[:, SIZE + 4 :]
    green = (abs(views.astype(int) - (0, 204, 0)) < 12).all(-1)
    assert green[:, :SIZE].any() and green[:, SIZE:].any()


@pytest.fixture()
def rendered(monkeypatch):
    """Arguments of every call of render_views, which still draws."""
    calls = []
    real = rendering.render_views
    monkeypatch.setattr(
        rendering,
        'render_views',
        lambda *args: (calls.append(args), real(*args))[1],
    )
    return calls


def test_the_scale_is_2000_mm_over_the_box(visualizer, rendered):
    """The box has 200 px: 10 mm a pixel; the wrist is 40 px from the root."""
    visualizer.add_datasample('x', _image(), _sample(), draw_gt=False)
    np.testing.assert_allclose(
        rendered[0][0][LEFT_WRIST], [400, -920, -100], rtol=1e-5
    )


def test_the_sample_can_give_the_scale(visualizer, rendered):
    sample = _sample()
    sample.set_metainfo(dict(mm_per_px=np.array([5.0])))
    visualizer.add_datasample('x', _image(), sample, draw_gt=False)
    assert rendered[0][0][LEFT_WRIST, 0] == pytest.approx(200)


def test_camera_space_poses_are_drawn_as_they_are(visualizer, rendered):
    pose = np.arange(54.0).reshape(1, 18, 3)
    sample = _sample(keypoints_cam=pose)
    sample.gt_instances.keypoints_cam = pose + 1
    visualizer.add_datasample('x', _image(), sample)
    np.testing.assert_array_equal(rendered[0][0], pose[0])
    np.testing.assert_array_equal(rendered[0][2], pose[0] + 1)


def test_the_best_people_come_first_each_in_a_row(visualizer, rendered):
    sample = _sample(people=2)
    sample.pred_instances.keypoints[:, LEFT_WRIST, 2] = (10, 20)
    picture = visualizer.add_datasample('x', _image(), sample, draw_gt=False)
    assert [call[0][LEFT_WRIST, 2] for call in rendered] == [20, 10]
    assert picture.shape == (2 * 192, SIZE + 4 + 2 * 192, 3)


def test_everybody_is_shown(visualizer, rendered):
    sample = _sample(people=6)
    visualizer.add_datasample('x', _image(), sample, draw_gt=False)
    assert len(rendered) == 6


def test_small_images_are_enlarged(visualizer):
    sample = _sample(2)
    sample.pred_instances.keypoints = (
        sample.pred_instances.keypoints + 0.5
    ) / 4 - 0.5
    picture = visualizer.add_datasample(
        'x', _image()[:64, :64], sample, draw_gt=False
    )
    assert picture.shape == (SIZE, SIZE, 3)
    _check_overlay(picture)


def test_low_scores_tensors_and_extra_visibility_axes(visualizer):
    sample = _sample(2)
    sample.pred_instances.keypoints = torch.from_numpy(
        sample.pred_instances.keypoints
    )
    visible = torch.ones(1, 18, 2)
    visible[0, LEFT_WRIST] = 0.2
    sample.pred_instances.keypoints_visible = visible
    picture = visualizer.add_datasample('x', _image(), sample, draw_gt=False)
    assert _at(picture, POSE[LEFT_WRIST]) == (90, 90, 90)
    assert _at(picture, POSE[RIGHT_WRIST]) == RIGHT


def test_heat_maps_of_the_crop_land_on_their_joint(visualizer):
    """Cell (x 16, y 48) of 64 over a 200-px box from 28: pixel (78, 178)."""
    sample = _sample(2)
    maps = np.zeros((18, 64, 64), np.float32)
    maps[3, 48, 16] = 1
    sample.pred_fields = PixelData(heatmaps=maps)
    picture = visualizer.add_datasample(
        'x', _image(), sample, draw_gt=False, draw_heatmap=True
    )
    assert picture.shape == (SIZE, 2 * SIZE + 4, 3)
    heat = abs(picture[:, SIZE + 4 :].astype(float) - 90).sum(-1)
    y, x = np.mgrid[:SIZE, :SIZE]
    centre = [(heat * v).sum() / heat.sum() for v in (x, y)]
    np.testing.assert_allclose(centre, [78, 178], atol=0.5)


def test_boxes_and_numbers_can_be_drawn(visualizer):
    plain, full = [
        visualizer.add_datasample(
            'x',
            _image(),
            _sample(2),
            draw_gt=False,
            draw_bbox=b,
            show_kpt_idx=b,
        )
        for b in (False, True)
    ]
    assert _at(plain, (60, 28)) == (90, 90, 90)
    assert _at(full, (60, 28)) == (0, 200, 0)
    bright = [(picture > 160).all(-1).any() for picture in (plain, full)]
    assert bright == [False, True]


def test_samples_without_anything_show_the_image(visualizer):
    picture = visualizer.add_datasample('x', _image(), PoseDataSample())
    assert picture.shape[0] == SIZE and (picture[:, :SIZE] == 90).all()
    empty = _sample()
    empty.pred_instances = empty.pred_instances[:0]
    picture = visualizer.add_datasample('x', _image(), empty, draw_gt=False)
    assert (picture == 90).all()


def test_without_metainfo_joints_are_drawn_without_bones():
    picture = IntegralPoseVisualizer().add_datasample(
        'x', _image(), _sample(), draw_gt=False
    )
    assert _at(picture, POSE[LEFT_WRIST]) == MIDDLE
    assert _at(picture, POSE[[12, 13]].mean(0)) == (90, 90, 90)


@pytest.mark.parametrize('phase', ['val', 'test'])
def test_the_hook_of_mmpose_draws_and_saves(tmp_path, phase):
    cv2.imwrite(str(tmp_path / 'person.png'), _image())
    visualizer = IntegralPoseVisualizer.get_instance(
        f'hook_{phase}',
        vis_backends=[dict(type='LocalVisBackend')],
        save_dir=str(tmp_path),
    )
    sample = _sample()
    sample.set_metainfo(dict(img_path=str(tmp_path / 'person.png')))
    sample.pred_fields = PixelData(
        heatmaps=np.random.default_rng(0).random((18, 64, 64), np.float32)
    )
    evaluator = SimpleNamespace(dataset_meta=META)
    runner = SimpleNamespace(
        val_evaluator=evaluator,
        test_evaluator=evaluator,
        iter=0,
        work_dir=str(tmp_path),
        timestamp='now',
    )
    hook = PoseVisualizationHook(
        enable=True,
        interval=1,
        out_dir='pictures' if phase == 'test' else None,
    )
    assert hook._visualizer is visualizer
    if phase == 'val':
        hook.after_val_iter(runner, 0, dict(data_samples=[sample]), [sample])
        path = tmp_path / 'vis_data' / 'vis_image' / 'val_img_0.png'
        path = path if path.exists() else next(tmp_path.rglob('val_img*'))
    else:
        hook.after_test_iter(runner, 0, {}, [sample])
        path = tmp_path / 'now' / 'pictures' / 'person_0.png'
    picture = cv2.imread(str(path))[..., ::-1]
    assert picture.shape == (SIZE, 4 * SIZE + 8, 3)
    _check_overlay(picture)
