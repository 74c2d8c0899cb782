"""The unpickler for torch 2.1 to 2.3, tried on every torch."""

import pickle
from collections import Counter, OrderedDict
from types import ModuleType

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from integral_mmpose.engine.old_torch import allow_globals
from integral_mmpose.engine.safe_load import allow_history_buffers


class Reduces:
    """Pickles as what it is told."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


def _unpickler(items):
    module = ModuleType('restricted')
    module._get_allowed_globals = (
        torch._weights_only_unpickler._get_allowed_globals
    )
    allow_globals(module, items)
    return module


@pytest.fixture
def load(tmp_path):
    """Write with torch, read with the restricted unpickler."""

    def load(content, items=None, new=True):
        path = tmp_path / 'file.pth'
        torch.save(content, path, _use_new_zipfile_serialization=new)
        items = allow_history_buffers() if items is None else items
        return torch.load(
            path, pickle_module=_unpickler(items), weights_only=False
        )

    return load


@pytest.mark.parametrize('new', [True, False])
def test_a_checkpoint_is_read(load, new):
    history = HistoryBuffer([1.0, 4.0, 9.0], [1, 1, 2])
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    content = dict(
        state_dict=OrderedDict(weight=weight, half=torch.ones(2).half()),
        milestones=Counter([4, 8]),
        scalars=[np.float64(0.5), np.float32(2), np.int64(3)],
        image=np.arange(6, dtype=np.uint8).reshape(2, 3),
        history=history,
    )
    loaded = load(content, new=new)
    assert torch.equal(loaded['state_dict']['weight'], weight)
    assert loaded['state_dict']['half'].dtype == torch.float16
    assert loaded['milestones'] == {4: 1, 8: 1}
    assert loaded['scalars'] == [0.5, 2, 3]
    assert loaded['image'].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert loaded['history'].mean() == history.mean()
    assert loaded['history'].statistics('max') == 9


@pytest.mark.parametrize('new', [True, False])
@pytest.mark.parametrize(
    'attack, message',
    [
        (Reduces(open, ('canary', 'w')), r'unsupported name \w+\.open'),
        (Reduces(eval, ('1',)), 'unsupported name builtins.eval'),
        (Reduces(getattr, (HistoryBuffer, 'update')), 'asks for attribute'),
        (Reduces(Counter, (), {'a': 1}), None),
        (
            Reduces(Reduces, (), (None, {'parts': 1})),
            'unsupported name .*Reduces',
        ),
        (
            Reduces(getattr, (HistoryBuffer, 'min'), (None, {'a': 1})),
            'unsupported state of .*function',
        ),
    ],
)
def test_nothing_else_is_done(
    load, tmp_path, monkeypatch, attack, message, new
):
    monkeypatch.chdir(tmp_path)
    if message is None:
        assert load(attack, new=new).a == 1
        return
    with pytest.raises((pickle.UnpicklingError, ValueError), match=message):
        load(attack, new=new)
    assert not (tmp_path / 'canary').exists()


def test_the_list_decides(load):
    """Negative control: with the real getattr the door is open."""
    attack = Reduces(getattr, (HistoryBuffer, '__init__'))
    assert load(attack, [HistoryBuffer, getattr]) is HistoryBuffer.__init__


def test_modules_are_no_weights(load):
    """torch's oldest format keeps whole modules beside their source."""
    with pytest.raises(
        pickle.UnpicklingError, match='unsupported name torch.nn'
    ):
        load(torch.nn.ReLU(), new=False)
