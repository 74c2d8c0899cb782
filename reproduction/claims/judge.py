"""Claims of the paper as comparisons of cells, and their verdicts.

The claims are the functions of ``in_2d.py``, ``in_3d.py`` and ``in_text.py``.
Each is given a look-up of cells and yields its comparisons. A cell
is named by its row and its column, ``I1.AUC``, and one of another table by
``T5.regression.R1``. Cells remember their names, so that a comparison can say
what it compared.
"""

import math
import operator
import re
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

Cells = Callable[[str, str], Optional[float]]

#: What a claim is judged on, other than the rows of one data set.
COUNTS = 'multiply-adds and parameters'
OTHER_WORKS = 'printed numbers of other works'
TEST_SET = "MPII's test set"
TWO_SETS = 'rows of a 3D and of a 2D data set'

#: All claims by their id, in the order of the paper.
CLAIMS: Dict[str, 'Claim'] = {}
#: Controls for other reasons of a claim, by its number (K26 for C26).
CONTROLS: Dict[str, 'Claim'] = {}


class Comparison(NamedTuple):
    """Two numbers compared; ``holds`` is ``None`` if a cell was not run."""

    text: str
    holds: Optional[bool]
    margin: float

    def __bool__(self) -> bool:
        raise TypeError(
            f'{self.text}: a claim yields each comparison; "a < b < c" and '
            '"and" would drop the first of them'
        )


class Number:
    """A cell, or a number calculated from cells, with its formula.

    ``value`` is NaN if a cell was not run; ``text``, the cell's name or the
    formula, needs brackets in another formula if it is ``compound``.
    """

    def __init__(self, value: float, text: str, compound=False) -> None:
        self.value, self.text, self.compound = value, text, compound

    def __sub__(self, other) -> 'Number':
        return self._calculate(operator.sub, '-', other)

    def __truediv__(self, other) -> 'Number':
        return self._calculate(operator.truediv, '/', other)

    def __abs__(self) -> 'Number':
        return Number(abs(self.value), f'abs({self.text})')

    def __lt__(self, other) -> Comparison:
        return self._compare(operator.lt, '<', other)

    def __gt__(self, other) -> Comparison:
        return self._compare(operator.gt, '>', other)

    def __ge__(self, other) -> Comparison:
        return self._compare(operator.ge, '>=', other)

    def _calculate(self, apply: Callable, sign: str, other) -> 'Number':
        other = _number(other)
        words = [
            f'({n.text})' if n.compound else n.text for n in (self, other)
        ]
        value = apply(self.value, other.value)
        return Number(value, f' {sign} '.join(words), compound=True)

    def _compare(self, apply: Callable, sign: str, other) -> Comparison:
        other = _number(other)
        margin = abs(self.value - other.value)
        holds = None if math.isnan(margin) else apply(self.value, other.value)
        return Comparison(f'{self.text} {sign} {other.text}', holds, margin)


def _number(value) -> Number:
    if isinstance(value, Number):
        return value
    return Number(value, f'{value}')


def largest(*numbers: Number) -> Number:
    """The largest; not run if one of them was not."""
    return _extreme(max, numbers)


def smallest(*numbers: Number) -> Number:
    """The smallest; not run if one of them was not."""
    return _extreme(min, numbers)


def _extreme(of: Callable, numbers: Tuple[Number, ...]) -> Number:
    values = [number.value for number in numbers]
    value = math.nan if any(map(math.isnan, values)) else of(values)
    return Number(
        value, f'{of.__name__}({", ".join(n.text for n in numbers)})'
    )


class Claim(NamedTuple):
    """A claim: its table, what it is judged on, and the function."""

    id: str
    table: str
    basis: str
    function: Callable[[Callable[[str], Number]], Iterator[Comparison]]

    @property
    def text(self) -> str:
        """The claim in words: the first paragraph of the docstring."""
        return ' '.join(self.function.__doc__.split('\n\n')[0].split())


class Verdict(NamedTuple):
    """``holds``, ``does not hold`` or ``not run``, and what decides it.

    ``broken``: comparisons that failed. ``narrowest``: the comparison that
    holds by the least, and by how much, in the unit of its cells.
    """

    answer: str
    broken: List[str] = []
    narrowest: Optional[Tuple[str, float]] = None


NOT_RUN = Verdict('not run')


def claim(key: str, table: str, basis: str = '') -> Callable:
    """Add a function to the claims, or by a key K... to the controls.

    Keys C... are claims of the paper's tables, N... of its text, X... are
    against the numbers of other works. Their cells are in ``table``: 1 to 12,
    X for the text, C for controls. They are judged on the rows of a data set,
    or on ``basis``.
    """

    def add(function: Callable) -> Callable:
        claims = CONTROLS if key.startswith('K') else CLAIMS
        if key in claims:
            raise ValueError(f'two claims are named {key}')
        claims[key] = Claim(key, table, basis, function)
        return function

    return add


def judge(claim: Claim, cells: Cells) -> Verdict:
    """Whether a claim holds.

    A claim of several comparisons does not hold once one of them fails,
    whether the cells of the others were run or not. ``cells`` gives a number
    by (table, name), ``None`` if it was not run.
    """

    def look_up(name: str) -> Number:
        other = re.fullmatch(r'T(\d+)\.(.+)', name)
        value = cells(*(other.groups() if other else (claim.table, name)))
        return Number(math.nan if value is None else value, name)

    try:
        found = list(claim.function(look_up))
    except ZeroDivisionError:  # a factor of no loss at all
        return Verdict('does not hold', ['a division by zero'])
    broken = [each.text for each in found if each.holds is False]
    held = [each for each in found if each.holds]
    answer = 'does not hold' if broken else 'holds'
    if not broken and len(held) < len(found):
        answer = 'not run'
    margins = {each.text: each.margin for each in held}
    least = min(margins.items(), key=lambda item: item[1], default=None)
    return Verdict(answer, broken, least)
