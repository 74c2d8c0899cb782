"""torch 2.1 to 2.3: ``weights_only`` with the classes of others.

torch 2.4 brought ``add_safe_globals``. The unpickler of ``weights_only``
before it knows tensors alone; the one here replaces it, with torch's list
and ours. It can be deleted with the support of these versions.
"""

import pickle
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter
from types import ModuleType
from typing import Any, Sequence


def allow_globals(unpickler: ModuleType, items: Sequence[Any]) -> None:
    """Let ``torch.load(..., weights_only=True)`` read more classes.

    Args:
        unpickler: ``torch._weights_only_unpickler``, or a stand-in.
        items: Functions and classes, as for ``add_safe_globals``.
    """
    allowed = dict(unpickler._get_allowed_globals())
    allowed.update((f'{i.__module__}.{i.__name__}', i) for i in items)
    allowed['collections.Counter'] = Counter  # milestones of a schedule
    classes = [item for item in allowed.values() if isinstance(item, type)]

    class Unpickler(pickle._Unpickler):
        """Python's, with a list of names and of what may get a state."""

        dispatch = dict(pickle._Unpickler.dispatch)

        def find_class(self, module, name):
            if self.proto < 3:
                known = NAME_MAPPING.get((module, name), (module, name))
                module, name = IMPORT_MAPPING.get(known[0], known[0]), known[1]
            if f'{module}.{name}' in allowed:
                return allowed[f'{module}.{name}']
            raise pickle.UnpicklingError(f'unsupported name {module}.{name}')

        def load_build(self):
            kind = type(self.stack[-2])
            if kind not in classes:
                raise pickle.UnpicklingError(f'unsupported state of {kind}')
            super().load_build()

        dispatch[pickle.BUILD[0]] = load_build

    def load(file, **kwargs):
        return Unpickler(file, **kwargs).load()

    unpickler.Unpickler, unpickler.load = Unpickler, load
