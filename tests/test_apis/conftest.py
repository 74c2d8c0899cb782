"""A small 3D model whose answer is known, and a picture."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmpose.apis import init_model

from integral_mmpose.apis import IntegralPoseInferencer, TorchPoseModel

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / (
    'configs/body_3d_keypoint/integral/h36m/'
    'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py'
)


@pytest.fixture(scope='session')
def network():
    torch.manual_seed(0)
    return init_model(str(CONFIG), None, device='cpu')


@pytest.fixture
def pose_model(network):
    return TorchPoseModel(network)


@pytest.fixture
def inferencer(pose_model):
    return IntegralPoseInferencer(pose_model)


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (160, 200, 3), dtype=np.uint8)


@pytest.fixture
def peak(network, monkeypatch):
    """Make the head answer bin (x, y, z) = (4, 8, 12) of 16 for all."""

    def forward(feats):
        logits = torch.full((len(feats[-1]), 18, 16, 16, 16), -50.0)
        logits[:, :, 12, 8, 4] = 50.0
        return logits

    monkeypatch.setattr(network.head, 'forward', forward)


@pytest.fixture
def write_video(tmp_path):
    """Write a video of grey frames; the shade is 20 times the number."""

    def write(count, name='walk.avi', size=(96, 64), fps=20):
        path = str(tmp_path / name)
        code = cv2.VideoWriter_fourcc(*'MJPG')
        writer = cv2.VideoWriter(path, code, fps, size)
        for number in range(count):
            writer.write(np.full((size[1], size[0], 3), 20 * number, np.uint8))
        writer.release()
        return path

    return write
