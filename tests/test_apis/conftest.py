"""A small 3D model whose answer is known."""

import importlib.util
from pathlib import Path

import pytest
import torch
from mmpose.apis import init_model

from integral_mmpose.apis import IntegralPoseInferencer, TopdownPoseModel

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location(
    'run_demo', ROOT / 'demo/run_demo.py'
)
_run_demo = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_run_demo)
#: The model of `make demo`.
CONFIG = _run_demo.CONFIGS / _run_demo.METHODS['istar']


@pytest.fixture(scope='session')
def network():
    torch.manual_seed(0)
    return init_model(str(CONFIG), None, device='cpu')


@pytest.fixture
def pose_model(network):
    return TopdownPoseModel(network)


@pytest.fixture
def inferencer(pose_model):
    return IntegralPoseInferencer(pose_model)


@pytest.fixture
def peak(network, monkeypatch):
    """Make the head answer bin (x, y, z) = (4, 8, 12) of 16 for all."""

    def forward(feats):
        logits = torch.full((len(feats[-1]), 18, 16, 16, 16), -50.0)
        logits[:, :, 12, 8, 4] = 50.0
        return logits

    monkeypatch.setattr(network.head, 'forward', forward)
