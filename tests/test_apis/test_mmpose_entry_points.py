"""MMPose's own ways to run a model work with ours, 2D and 3D."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmengine.visualization import Visualizer
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model
from mmpose.engine.hooks import PoseVisualizationHook

from integral_mmpose.visualization.pose_visualizer import (
    IntegralPoseVisualizer,
)

from .conftest import CONFIG, ROOT

CONFIG_2D = ROOT / (
    'configs/body_2d_keypoint/integral/mpii/'
    'i1_res50_4xb32-70+70e_mpii-128x128.py'
)
MODELS = {CONFIG_2D: (16, 2), CONFIG: (18, 3)}
BOX = np.array([[40.0, 30.0, 90.0, 130.0]], np.float32)

pytestmark = pytest.mark.filterwarnings('ignore')


@pytest.mark.parametrize('config', MODELS, ids=['2D', '3D'])
def test_init_model_and_inference_topdown(config, image):
    model = init_model(str(config), None, device='cpu')
    [sample] = inference_topdown(model, image, BOX)
    joints, axes = MODELS[config]
    assert sample.pred_instances.keypoints.shape == (1, joints, axes)
    points = sample.pred_instances.keypoints[0, :, :2]
    # Expectations lie in the crop: a square of 100 px around the box.
    assert (abs(points - [65, 80]) <= 50).all()


@pytest.mark.parametrize('config', MODELS, ids=['2D', '3D'])
def test_mmpose_inferencer(config, image, tmp_path):
    path = str(tmp_path / 'photo.png')
    cv2.imwrite(path, image)
    inferencer = MMPoseInferencer(
        pose2d=str(config), device='cpu', det_model='whole_image'
    )
    [result] = inferencer(path, return_vis=True, vis_out_dir=str(tmp_path))
    [people], [picture] = result['predictions'], result['visualization']
    joints, axes = MODELS[config]
    assert np.shape(people[0]['keypoints']) == (joints, axes)
    # Enlarged twice; in 3D two square views of that height beside it.
    width = 400 + (4 + 2 * 320 if axes == 3 else 0)
    assert picture.shape == (320, width, 3)


def test_validation_pictures_of_3d_poses(network, image, tmp_path):
    """What the runner hands to the hook after a step of validation."""
    path = str(tmp_path / 'photo.png')
    cv2.imwrite(path, image)
    [sample] = inference_topdown(network, path, BOX)
    visualizer = IntegralPoseVisualizer.get_instance(
        tmp_path.name,
        vis_backends=[dict(type='LocalVisBackend')],
        save_dir=str(tmp_path),
    )
    assert Visualizer.get_current_instance() is visualizer
    hook = PoseVisualizationHook(enable=True, interval=1)
    meta = SimpleNamespace(dataset_meta=network.dataset_meta)
    runner = SimpleNamespace(iter=0, val_evaluator=meta)
    hook.after_val_iter(runner, 0, dict(data_samples=[sample]), [sample])
    [file] = tmp_path.rglob('val_img*')
    picture = cv2.imread(str(file))
    assert picture.shape == (320, 400 + 4 + 2 * 320, 3)
    views = picture[:, 404:].reshape(2, -1, 3)
    assert (views.min(-1) < 250).any(1).all()
