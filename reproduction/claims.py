"""Does a claim of the paper hold on some numbers?

A claim's ``test`` is a small language: ``T7: for s in A,B for p in X/Y: …``.
The loops fill ``{s}`` and ``{p.0}``, ``{p.1}`` into a comparison of cells;
several parts are joined by ``and for``. A cell is a dotted path in a table,
``T5.regression.R1`` in another one. Operators have spaces around them, names
none (``I*-L1.AUC`` is one name). Nothing is evaluated by Python itself.
"""

import ast
import json
import math
import operator
import re
from itertools import product
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from integral_mmpose.datasets.actions import ACTIONS

FACTS = Path(__file__).with_name('paper_claims.json')
TEST = re.compile(r'T(\d+|X):\s*(.+)')
NAME = re.compile(r'[A-Za-z][^\s(),]*')
WORDS = {'and', 'or', 'not', 'min', 'max', 'abs'}
CALLS = dict(min=min, max=max, abs=abs)
COMPARISONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
Cells = Callable[[str, str], Optional[float]]


class Verdict(NamedTuple):
    """``holds``, ``does not hold`` or ``not run``, and the cells behind it.

    ``missing``: cells that were not run. ``broken``: comparisons that failed,
    with their loops filled in. ``narrowest``: the comparison that holds by
    the least, and by how much, in the unit of its cells.
    """

    answer: str
    missing: List[str] = []
    broken: List[str] = []
    narrowest: Optional[Tuple[str, float]] = None


def read_claims() -> List[dict]:
    """The paper's claims: id, table, claim, test."""
    return json.loads(FACTS.read_text('utf-8'))


def judge(test: str, cells: Cells) -> Verdict:
    """Evaluate a claim's test.

    A claim of several comparisons does not hold once one of them fails,
    whether the cells of the others were run or not.

    Args:
        test (str): In the language above.
        cells (callable): (table, path) -> number, ``None`` if it is not known.

    Raises:
        ValueError: If the test is not in the language; quotes it.
    """
    table, comparisons = comparisons_of(test)
    missing, broken, margins = [], [], {}
    for text in comparisons:
        tree, names = parse(text)
        values = {key: _look_up(cells, table, n) for key, n in names.items()}
        absent = [n for key, n in names.items() if values[key] is None]
        missing += absent
        if absent:
            continue
        if _holds(tree, values):
            margins[text] = _margin(tree.body, values)
        else:
            broken.append(text)
    answer = 'does not hold' if broken else 'not run' if missing else 'holds'
    least = min(margins, key=margins.get, default=None)
    return Verdict(
        answer,
        list(dict.fromkeys(missing)),
        broken,
        least and (least, margins[least]),
    )


def comparisons_of(test: str) -> tuple:
    """The table, and every comparison with its loops filled in.

    Raises:
        ValueError: If the test has another form.
    """
    found = TEST.fullmatch(test)
    if not found:
        raise ValueError(f'claim {test!r} does not start with T and a number')
    texts = []
    for part in re.split(r' and (?=for )', found[2]):
        loops, body = _split_loops(part)
        for values in product(*loops.values()):
            texts.append(_fill(body, dict(zip(loops, values))))
    return found[1], texts


def _split_loops(part: str) -> tuple:
    """``for a in x,y for b in z: body`` -> {a: [x, y], b: [z]}, body."""
    loops = {}
    while found := re.match(r'for (\w+) in (\S+?)(:?) ', part):
        values = found[2].split(',')
        if values[0] == 'ACTIONS':
            values = [*ACTIONS, *values[1:]]
        loops[found[1]] = values
        part = part[found.end() :]
        if found[3]:
            break
    return loops, part


def _fill(body: str, values: Dict[str, str]) -> str:
    for name, value in values.items():
        body = body.replace(f'{{{name}}}', value)
        for place, word in enumerate(value.split('/')):
            body = body.replace(f'{{{name}.{place}}}', word)
    return body


def parse(text: str) -> tuple:
    """The syntax tree of a comparison, and its names for cells.

    Raises:
        ValueError: If it holds anything but cells, numbers, comparisons,
            arithmetic, ``and``, ``or``, ``min``, ``max`` and ``abs``.
    """
    names = {}

    def replace(match):
        if match[0] in WORDS:
            return match[0]
        key = f'_{len(names)}'
        names[key] = match[0]
        return key

    try:
        tree = ast.parse(NAME.sub(replace, text), mode='eval')
        # Powers of pi stand in for the cells: no sum of them is zero.
        _value(tree.body, {key: math.pi**n for n, key in enumerate(names, 1)})
    except (SyntaxError, KeyError, TypeError, ZeroDivisionError):
        raise ValueError(f'claim {text!r} is not understood') from None
    if not _compares(tree.body):
        raise ValueError(f'claim {text!r} compares nothing')
    return tree, names


def _compares(node: ast.AST) -> bool:
    """Whether it is a comparison, or made of them by ``and`` and ``or``."""
    if isinstance(node, ast.BoolOp):
        return all(map(_compares, node.values))
    return isinstance(node, ast.Compare)


def _holds(tree: ast.Expression, values: Dict[str, float]) -> bool:
    try:
        return bool(_value(tree.body, values))
    except ZeroDivisionError:  # a factor of no loss at all
        return False


def _margin(node: ast.AST, values: Dict[str, float]) -> float:
    """How far the closest sides of a comparison that holds are apart."""
    if isinstance(node, ast.BoolOp):
        parts = [_margin(p, values) for p in node.values if _value(p, values)]
        return min(parts) if isinstance(node.op, ast.And) else max(parts)
    sides = [_value(n, values) for n in (node.left, *node.comparators)]
    return min(abs(a - b) for a, b in zip(sides, sides[1:]))


def _value(node: ast.AST, values: Dict[str, float]):
    """The value of a node of the few kinds that claims have."""
    if isinstance(node, ast.BoolOp):
        parts = [_value(part, values) for part in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.Compare):
        sides = [_value(n, values) for n in (node.left, *node.comparators)]
        return all(
            COMPARISONS[type(op)](*pair)
            for op, pair in zip(node.ops, zip(sides, sides[1:]))
        )
    if isinstance(node, ast.BinOp):
        sides = _value(node.left, values), _value(node.right, values)
        return ARITHMETIC[type(node.op)](*sides)
    if isinstance(node, ast.Call) and not node.keywords:
        return CALLS[node.func.id](*(_value(n, values) for n in node.args))
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.Name):
        return values[node.id]
    raise TypeError(type(node).__name__)


def _look_up(cells: Cells, table: str, name: str) -> Optional[float]:
    other = re.match(r'T(\d+)\.(.+)', name)
    return cells(*(other.groups() if other else (table, name)))


def paper_lookup(tables: dict) -> Cells:
    """Cells of ``paper_tables.json``, by the names that the claims use."""
    flat = {}
    for key, table in tables.items():
        if isinstance(table, dict):
            number = key.removeprefix('table')
            _flatten(table, '', flat.setdefault(number, {}))
    return lambda table, name: flat.get(table, {}).get(name)


def _flatten(node: dict, prefix: str, out: dict) -> None:
    """Dotted paths; ``rows`` and spaces are left out, as in the claims."""
    for key, value in node.items():
        # 'Mask R-CNN[25] R50-FPN' is written together, 'H1 R101 256x256'
        # by its first word.
        for name in (key.replace(' ', ''), key.split(' ')[0]):
            path = prefix if key == 'rows' else f'{prefix}{name}'
            if isinstance(value, dict):
                dot = '' if path in ('', prefix) else '.'
                _flatten(value, path + dot, out)
            elif isinstance(value, (int, float)):
                out[path] = value
