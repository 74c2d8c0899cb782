"""torch 2.1 to 2.3: ``weights_only`` with the classes of others.

torch 2.4 brought ``add_safe_globals``. The unpickler of ``weights_only``
before it knows tensors alone; the one here replaces it, with torch's list
and ours. It can be deleted with the support of these versions.
"""

import pickle
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict
from types import ModuleType
from typing import Any, Sequence

import torch

_DICTS = (dict, OrderedDict, Counter)
# What newer versions of torch read, too.
_VALUES = (set, complex, bytearray, Counter, torch.device)
# Opcodes that torch.save does not write.
_REFUSED = (
    'INST', 'OBJ', 'EXT1', 'EXT2', 'EXT4', 'STACK_GLOBAL', 'NEWOBJ_EX',
    'PERSID', 'NEXT_BUFFER', 'READONLY_BUFFER', 'ADDITEMS', 'FROZENSET',
)  # fmt: skip


def allow_globals(unpickler: ModuleType, items: Sequence[Any]) -> None:
    """Let ``torch.load(..., weights_only=True)`` read more classes.

    The unpickler is ``torch._weights_only_unpickler``, or a stand-in.
    """
    allowed = dict(unpickler._get_allowed_globals())
    for item in (*_VALUES, *items, _rebuild_from_type_v2):
        allowed[f'{item.__module__}.{item.__name__}'] = item

    class Unpickler(pickle._Unpickler):
        """Python's, with torch's rules of what may be done to what."""

        dispatch = dict(pickle._Unpickler.dispatch)

        def find_class(self, module, name):
            if self.proto < 3:
                known = NAME_MAPPING.get((module, name), (module, name))
                module, name = IMPORT_MAPPING.get(known[0], known[0]), known[1]
            if f'{module}.{name}' in allowed:
                return allowed[f'{module}.{name}']
            raise pickle.UnpicklingError(f'unsupported name {module}.{name}')

    def restrict(opcode: str, rule) -> None:
        code = getattr(pickle, opcode)[0]
        original = Unpickler.dispatch[code]

        def load(self):
            if not rule(self):
                raise pickle.UnpicklingError(f'unsupported use of {opcode}')
            original(self)

        Unpickler.dispatch[code] = load

    def is_allowed(thing) -> bool:
        return any(thing is item for item in allowed.values())

    for opcode in ('REDUCE', 'NEWOBJ'):
        restrict(opcode, lambda self: is_allowed(self.stack[-2]))
    restrict('BUILD', lambda self: is_allowed(type(self.stack[-2])))
    restrict('SETITEM', lambda self: type(self.stack[-3]) in _DICTS)
    restrict('SETITEMS', lambda self: type(self.metastack[-1][-1]) in _DICTS)
    restrict('APPEND', lambda self: type(self.stack[-2]) is list)
    restrict('APPENDS', lambda self: type(self.metastack[-1][-1]) is list)
    restrict('BINPERSID', lambda self: _is_storage(self.stack[-1]))
    for opcode in _REFUSED:
        restrict(opcode, lambda self: False)

    def load(file, **kwargs):
        return Unpickler(file, **kwargs).load()

    unpickler.Unpickler, unpickler.load = Unpickler, load


def _is_storage(pid) -> bool:
    """Files before torch 1.6 could hold modules beside their source."""
    decode = torch.serialization._maybe_decode_ascii
    return type(pid) is int or (
        type(pid) is tuple and bool(pid) and decode(pid[0]) == 'storage'
    )


def _rebuild_from_type_v2(function, kind, args, state):
    """torch's, for tensors only."""
    name = getattr(function, '__name__', '')
    if getattr(torch._utils, name, None) is not function or not (
        isinstance(kind, type) and issubclass(kind, torch.Tensor)
    ):
        raise pickle.UnpicklingError(f'unsupported tensor of {kind}')
    return torch._tensor._rebuild_from_type_v2(function, kind, args, state)


_rebuild_from_type_v2.__module__ = 'torch._tensor'
