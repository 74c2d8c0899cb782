import doctest
import importlib
import pkgutil

import pytest

from integral_mmpose.datasets import prepare

NAMES = [module.name for module in pkgutil.iter_modules(prepare.__path__)]


@pytest.mark.parametrize('name', NAMES)
def test_examples(name):
    module = importlib.import_module(f'{prepare.__name__}.{name}')
    assert not doctest.testmod(module).failed
