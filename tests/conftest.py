"""A picture, videos, a web server and a random model of `make demo`."""

import gc
import http.server
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

# The hooks and the fixture of the fifteen families of reliability.
from tests.figures import (  # noqa: F401
    figure,
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
)

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_finish():
    """What is imported stays: mmengine collects garbage at every dataset."""
    gc.freeze()


@pytest.fixture(autouse=True)
def manager_lock_is_free():
    """Release what mmengine keeps where a visualizer could not be built.

    Its ``get_instance`` then keeps its lock, and every other thread that asks
    for a logger waits for ever.
    """
    yield
    manager = sys.modules.get('mmengine.utils.manager')
    while manager and manager._lock._is_owned():
        manager._lock.release()


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (160, 200, 3), dtype=np.uint8)


@pytest.fixture
def write_video(tmp_path):
    """Write a video of grey frames; the shade is 20 times the number."""

    def write(count, name='walk.avi', size=(96, 64), fps=20):
        path = str(tmp_path / name)
        code = cv2.VideoWriter_fourcc(*'MJPG')
        writer = cv2.VideoWriter(path, code, fps, size)
        for number in range(count):
            writer.write(
                np.full((size[1], size[0], 3), 20 * number % 256, np.uint8)
            )
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


@pytest.fixture(scope='session')
def config():
    """The config of `make demo`."""
    folder = 'configs/body_3d_keypoint/integral/h36m'
    name = 'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py'
    return str(ROOT / folder / name)


@pytest.fixture(scope='session')
def checkpoint(config, tmp_path_factory):
    """Random weights for it."""
    from mmpose.apis import init_model

    model = init_model(config, None, device='cpu')
    path = tmp_path_factory.mktemp('weights') / 'weights.pth'
    meta = dict(dataset_meta=model.dataset_meta)
    import torch

    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return str(path)


@pytest.fixture(scope='session')
def onnx_model(config, checkpoint, tmp_path_factory):
    """The same model as an ONNX file."""
    from integral_mmpose.apis import load_pose_model
    from integral_mmpose.export import (
        PoseGraph,
        describe_model,
        export_program,
        write_onnx,
    )

    model = load_pose_model(config, checkpoint)
    path = str(tmp_path_factory.mktemp('onnx') / 'pose.onnx')
    write_onnx(
        export_program(PoseGraph(model)), path, describe_model(model, 'a.py')
    )
    return path


@pytest.fixture
def autocast():
    """torch.autocast on the CPU; torch before 2.3 has no float16 there."""
    torch = pytest.importorskip('torch')

    def autocast(dtype):
        try:
            return torch.autocast('cpu', dtype=dtype)
        except UserWarning as warning:
            if 'dtype is not supported' not in str(warning):
                raise
            return pytest.skip(f'torch {torch.__version__}: {warning}')

    return autocast
