"""A small 3D model whose answer is known, and a picture."""

import http.server
import importlib.util
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmpose.apis import init_model

from integral_mmpose.inference import IntegralPoseInferencer, TopdownPoseModel

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


@pytest.fixture
def server(tmp_path):
    """A web server on this machine; gives its address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as http_:
        thread = threading.Thread(target=http_.serve_forever)
        thread.start()
        yield f'http://127.0.0.1:{http_.server_port}'
        http_.shutdown()
        thread.join()
