import doctest
import importlib
import pkgutil

import pytest

import h36m

NAMES = [module.name for module in pkgutil.iter_modules(h36m.__path__)]


@pytest.mark.parametrize('name', NAMES)
def test_examples(name):
    module = importlib.import_module(f'{h36m.__name__}.{name}')
    assert not doctest.testmod(module).failed
