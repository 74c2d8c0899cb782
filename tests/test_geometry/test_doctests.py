"""The examples in the docstrings of geometry/ are true."""

import doctest
from importlib import import_module

import numpy as np
import pytest


@pytest.mark.parametrize(
    'name', ['align', 'camera', 'check', 'depth', 'person']
)
def test_examples(name):
    module = import_module(f'integral_mmpose.geometry.{name}')
    result = doctest.testmod(module, extraglobs=dict(np=np))
    assert result.attempted > 0
    assert result.failed == 0
