"""A sentence for an option that a class of a config does not take.

Python's own error names the class that has the ``__init__``, often a base of
the class that the config names. mmengine's ``build_from_cfg``, a frame of the
traceback, knows the class and its options.
"""

import inspect
import re
import traceback
from typing import Callable, List, Optional, Sequence

_WRONG = re.compile(
    r'(\w+)(?:\.__init__)?\(\) (?:takes no arguments'
    r"|(got an unexpected keyword argument '\w+'|missing .*))"
)


def wrong_option(error: Exception) -> Optional[str]:
    """The class of the config, what is wrong, and the options that it has.

    Python's own text where no config has built the class; None for another
    error.
    """
    wrong = _WRONG.search(str(error))
    if not (wrong and isinstance(error, TypeError)):
        return None
    owner, what = wrong.groups()
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        if frame.f_code.co_name != 'build_from_cfg':
            continue
        if 'obj_cls' not in frame.f_locals:
            return str(error)  # of the module that has the class
        named, built, given = (
            frame.f_locals[local] for local in ('obj_type', 'obj_cls', 'args')
        )
        named = getattr(named, '__name__', named)  # a class, or its name
        if owner not in [base.__name__ for base in bases_of(built)]:
            return f'{named}: {error}'  # it has handed options on
        # Python does not name the option of a class without an __init__.
        what = what or f'unexpected option {next(iter(given))!r}'
        takes = ', '.join(options_of(built)) or 'none'
        return f'{named}: {what}. Its options are: {takes}'
    return str(error) if '.__init__()' in str(error) else None


def bases_of(built: Callable) -> Sequence[Callable]:
    """A class and its bases; a function alone."""
    return getattr(built, '__mro__', (built, object))[:-1]


def options_of(built: Callable) -> List[str]:
    """The arguments of a class, and of its bases as far as they reach."""
    found = {}
    for base in bases_of(built):
        init = vars(base).get('__init__') if inspect.isclass(base) else base
        if init is None:
            continue
        of_base = inspect.signature(init).parameters.values()
        found.update({p.name: p for p in of_base})
        if all(p.kind != p.VAR_KEYWORD for p in of_base):
            break
    return [
        name
        for name, p in found.items()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and name != 'self'
    ]
