"""The demos as modules, and a random model of `make demo` for them."""

import importlib.util
from pathlib import Path

import pytest
import torch
from mmpose.apis import init_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='session')
def load():
    """A demo's module by its name."""

    def load(name):
        spec = importlib.util.spec_from_file_location(
            name, ROOT / f'demo/{name}.py'
        )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope='session')
def config(load):
    run_demo = load('run_demo')
    return str(run_demo.CONFIGS / run_demo.METHODS['istar'])


@pytest.fixture(scope='session')
def checkpoint(config, tmp_path_factory):
    model = init_model(config, None, device='cpu')
    path = tmp_path_factory.mktemp('weights') / 'weights.pth'
    meta = dict(dataset_meta=model.dataset_meta)
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return str(path)
