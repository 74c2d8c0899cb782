"""The examples in the docstrings run."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    'name', ['batching', 'boxes', 'download', 'images', 'tracking', 'yolox']
)
def test_examples(name):
    module = import_module(f'integral_mmpose.inference.{name}')
    result = doctest.testmod(
        module, extraglobs=dict(np=import_module('numpy'))
    )
    assert result.attempted and not result.failed
