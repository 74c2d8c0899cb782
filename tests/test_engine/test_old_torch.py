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

from .conftest import Reduces


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


def test_values_that_newer_torch_reads(load):
    values = dict(
        device=torch.device('cpu'),
        set={1, 2},
        complex=1 + 2j,
        bytes=b'abc',
        array=bytearray(b'abc'),
        flag=np.bool_(True),
        size=torch.Size([2, 3]),
    )
    assert load(values) == values
    with_attribute = torch.ones(2)
    with_attribute.note = 'kept'
    assert load(with_attribute).note == 'kept'


@pytest.mark.parametrize('new', [True, False])
@pytest.mark.parametrize(
    'attack, message',
    [
        (Reduces(open, ('canary', 'w')), r'unsupported name \w+\.open'),
        (Reduces(eval, ('1',)), 'unsupported name builtins.eval'),
        (Reduces(getattr, (HistoryBuffer, 'update')), 'asks for attribute'),
        (Reduces(Reduces, ()), 'unsupported name .*Reduces'),
        (Reduces(*np.float64(1).__reduce__(), {'a': 1}), 'use of BUILD'),
        (Reduces(list, ((1,),), None, [2]), 'unsupported name .*list'),
        (
            Reduces(Counter, (), None, [2]),
            'unsupported use of APPEND',
        ),
        (
            Reduces(set, ((1,),), None, None, [(2, 3)]),
            'unsupported use of SETITEM',
        ),
        (
            Reduces(
                torch._tensor._rebuild_from_type_v2,
                (Counter, torch.Tensor, ((1,),), {}),
            ),
            'unsupported tensor',
        ),
        (
            Reduces(
                torch._tensor._rebuild_from_type_v2,
                (torch._utils._rebuild_tensor_v2, Counter, ((1,),), {}),
            ),
            'unsupported tensor',
        ),
    ],
)
def test_nothing_else_is_done(
    load, tmp_path, monkeypatch, attack, message, new
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((pickle.UnpicklingError, ValueError), match=message):
        load(attack, new=new)
    assert not (tmp_path / 'canary').exists()


def test_the_list_decides(load):
    """Negative control: with the real getattr the door is open."""
    attack = Reduces(getattr, (HistoryBuffer, '__init__'))
    assert load(attack, [HistoryBuffer, getattr]) is HistoryBuffer.__init__


class Marked:
    """Pickles as a persistent id."""

    def __init__(self, pid):
        self.pid = pid


@pytest.mark.parametrize(
    'pid', [('module', Counter, 'a.py', 'text'), ('other',), (), 'a', 1.5]
)
def test_storages_are_the_only_persistent_ids(tmp_path, pid):
    """torch writes a file for a module of other source than here."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return value.pid if isinstance(value, Marked) else None

    path = tmp_path / 'a.pth'
    info = dict(protocol_version=1001, little_endian=True, type_sizes={})
    with open(path, 'wb') as file:
        for head in (
            torch.serialization.MAGIC_NUMBER,
            torch.serialization.PROTOCOL_VERSION,
            info,
        ):
            pickle.dump(head, file, protocol=2)
        Pickler(file, protocol=2).dump(dict(weight=Marked(pid)))
        pickle.dump([], file, protocol=2)
    restricted = _unpickler(allow_history_buffers())
    with pytest.raises(pickle.UnpicklingError, match='use of BINPERSID'):
        torch.load(path, pickle_module=restricted, weights_only=False)


def test_modules_are_no_weights(load):
    with pytest.raises(
        pickle.UnpicklingError, match='unsupported name torch.nn'
    ):
        load(torch.nn.ReLU(), new=False)
