"""The demos as modules."""

import importlib.util
from pathlib import Path

import pytest

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
