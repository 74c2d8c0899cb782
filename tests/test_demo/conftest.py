"""A random 3D model with its checkpoint, and pictures."""

from pathlib import Path

import pytest
import torch
from mmpose.apis import init_model

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / (
    'configs/body_3d_keypoint/integral/h36m/'
    'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py'
)


@pytest.fixture(scope='session')
def config():
    return str(CONFIG)


@pytest.fixture(scope='session')
def checkpoint(tmp_path_factory):
    model = init_model(str(CONFIG), None, device='cpu')
    path = tmp_path_factory.mktemp('weights') / 'weights.pth'
    meta = dict(dataset_meta=model.dataset_meta)
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return str(path)
