"""The examples in the docstrings of functional/ are true."""

import doctest
from importlib import import_module

import numpy as np
import pytest
import torch

import integral_mmpose.functional as functional
from integral_mmpose.functional.fused import AVAILABLE

MODULES = (
    'errors',
    'flip',
    pytest.param(
        'fused',
        marks=pytest.mark.skipif(not AVAILABLE, reason='needs torch 2.6'),
    ),
    'grid',
    'integral',
    'local',
    'readout',
    'targets',
)


@pytest.mark.parametrize('name', MODULES)
def test_examples(name):
    module = import_module(f'{functional.__name__}.{name}')
    names = dict(vars(functional), **vars(module))
    names.update(torch=torch, np=np)
    result = doctest.testmod(module, extraglobs=names)
    assert result.attempted > 0
    assert result.failed == 0


# Not a function with a number to show, or shown by the composite beside it.
WITHOUT_EXAMPLE = {'HeatVectors', 'vectors_to_coordinates'}


@pytest.mark.parametrize(
    'name',
    [
        name
        for name in functional.__all__
        if callable(getattr(functional, name)) and name not in WITHOUT_EXAMPLE
    ],
)
def test_every_function_has_an_example(name):
    assert '>>>' in getattr(functional, name).__doc__
