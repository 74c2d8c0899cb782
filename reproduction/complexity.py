"""Multiply-adds and parameters at the paper's scale, for claims about them."""

import json
import sys
from pathlib import Path
from typing import Dict

from .plan import load
from .rows import ROOT, ROWS
from .store import write_json

sys.path.insert(0, str(ROOT / 'tools/analysis_tools'))
FILE = Path(__file__).with_name('complexity.json')


def wanted() -> Dict[str, Dict[str, str]]:
    """Table -> path of a claim's cell without the unit -> config."""
    configs = {(row.table, row.name): row.config for row in ROWS}
    methods = ('R1', 'H1', 'I*', 'I1')
    return {
        '2': {s: configs['2', f'H1.{s}'] for s in 'abcd'},
        'X': {m: configs['1', m] for m in methods},
    }


def read_or_count(path: Path) -> dict:
    """Counts by config: ``GFLOPs`` (multiply-adds) and ``params_M``."""
    counted = json.loads(path.read_text('utf-8')) if path.is_file() else {}
    configs = {c for table in wanted().values() for c in table.values()}
    missing = sorted(configs - set(counted))
    if missing:
        from get_flops import complexity

        for config in missing:
            found = complexity(load(config))
            counted[config] = dict(
                GFLOPs=round(found.multiply_adds / 1e9, 4),
                params_M=round(found.parameters / 1e6, 4),
            )
        write_json(path, dict(sorted(counted.items())))
    return counted


def complexity_cells(path: Path = FILE) -> Dict[str, Dict[str, float]]:
    """Table -> path of a cell, as the claims name it -> number."""
    counted, cells = read_or_count(path), {}
    for table, configs in wanted().items():
        cells[table] = {}
        for name, config in configs.items():
            for unit, value in counted[config].items():
                path = f'{unit}.{name}' if table == '2' else f'{name}.{unit}'
                cells[table][path] = value
    return cells
