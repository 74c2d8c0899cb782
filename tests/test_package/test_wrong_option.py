"""The sentence about a wrong option of a config."""

import importlib.util
from pathlib import Path

import mmpose.registry
import pytest
from mmengine.registry import Registry

import integral_mmpose  # noqa: F401
from integral_mmpose.functional.local import check_window

TOOL = Path(__file__).resolve().parents[2] / 'tools/wrong_option.py'
OURS = [
    pytest.param(registry, name, id=name)
    for registry in vars(mmpose.registry).values()
    if isinstance(registry, Registry)
    for name, kind in registry.module_dict.items()
    if kind.__module__.startswith('integral_mmpose')
]
CODEC = dict(type='IntegralLabel', input_size=(64, 48))
HEAD = dict(
    type='IntegralHead',
    in_channels=4,
    out_channels=3,
    joint_loss=dict(type='JointL1Loss'),
)
MODELS = mmpose.registry.MODELS


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('wrong_option', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def error_of(function, *args, **kwargs):
    with pytest.raises(TypeError) as raised:
        function(*args, **kwargs)
    return raised.value


@pytest.mark.parametrize(('registry', 'name'), OURS)
def test_every_class_is_named_as_in_the_config(tool, registry, name):
    config = dict(type=name, of_none=1)
    if registry is mmpose.registry.VISUALIZERS:
        config['name'] = 'of a test'
    sentence = tool.wrong_option(error_of(registry.build, config))
    assert sentence.startswith(
        (
            f"{name}: got an unexpected keyword argument 'of_none'. ",
            f"{name}: unexpected option 'of_none'. ",
            f'{name}: missing ',  # Python looks for this first
        )
    )
    listed = sentence.partition('Its options are: ')[2].split(', ')
    assert listed == (tool.options_of(registry.get(name)) or ['none'])


@pytest.mark.parametrize(
    'name', ['MpiiExactDataset', 'FiniteCocoMetric', 'RandomFlipLabels']
)
def test_python_names_a_base(name):
    """Negative control of the test above."""
    registry = next(p.values[0] for p in OURS if p.id == name)
    error = error_of(registry.build, dict(type=name, of_none=1))
    assert name not in str(error)


def test_options_by_hand(tool):
    class Base:
        def __init__(self, a, *rest, b=1):
            pass

    class Open(Base):
        def __init__(self, c=2, **kwargs):
            pass

    class Child(Open):
        """Has no __init__ of its own."""

    class Closed(Open):
        def __init__(self, d=3):
            pass

    assert tool.options_of(Base) == ['a', 'b']
    assert tool.options_of(Child) == ['c', 'a', 'b']
    assert tool.options_of(Closed) == ['d']
    assert tool.options_of(object) == []
    assert tool.options_of(lambda e, **kwargs: None) == ['e']


def test_a_missing_option(tool):
    codecs = mmpose.registry.KEYPOINT_CODECS
    error = error_of(codecs.build, dict(type='IntegralLabel'))
    assert tool.wrong_option(error) == (
        "IntegralLabel: missing 1 required positional argument: 'input_size'. "
        'Its options are: input_size, depth_range_mm, depth_unit, '
        'use_dataset_keypoint_weights'
    )


class HandsOn:
    """A class whose option is the arguments of a function."""

    def __init__(self, window):
        check_window(**window)


@pytest.mark.parametrize(
    ('config', 'start'),
    [
        (
            dict(type=HandsOn, window=dict(of_none=1)),
            'HandsOn: check_window() got an',
        ),
        (
            dict(HEAD, decoder=dict(CODEC, of_none=1)),
            'IntegralLabel: got an',
        ),
    ],
    ids=['function', 'class'],
)
def test_an_option_within_an_option(tool, config, start):
    """The innermost class that the config names."""
    sentence = tool.wrong_option(error_of(MODELS.build, config))
    assert sentence.startswith(start) and "'of_none'" in sentence
    assert ('options are' in sentence) == ('decoder' in config)


def test_an_error_of_the_module_that_has_the_class(
    tool, tmp_path, monkeypatch
):
    (tmp_path / 'my_head.py').write_text(
        'from torch import nn\nnn.Linear(3, 4, bia=False)\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    error = error_of(MODELS.build, dict(type='my_head.MyHead'))
    assert isinstance(error, TypeError)
    assert tool.wrong_option(error) == str(error)


def test_other_errors(tool):
    def function():
        pass

    class Plain:
        def __init__(self, a):
            pass

    assert tool.wrong_option(error_of(len, 3)) is None
    assert tool.wrong_option(error_of(function, a=1)) is None
    assert tool.wrong_option(ValueError('X.__init__() missing a')) is None
    error = error_of(Plain, b=1)  # such as torch's DataLoader
    assert tool.wrong_option(error) == str(error)
