"""Multiply-adds and parameters at the paper's scale, for claims about them."""

import json
import sys
from pathlib import Path
from typing import Dict, Iterable

from .plan import load
from .rows import ROOT, ROWS
from .store import write_json

sys.path.insert(0, str(ROOT / 'tools/analysis_tools'))
FILE = Path(__file__).with_name('complexity.json')


def read_or_count(path: Path, configs: Iterable[str]) -> dict:
    """Counts by config: ``GFLOPs`` (multiply-adds) and ``params_M``."""
    counted = json.loads(path.read_text('utf-8')) if path.is_file() else {}
    missing = sorted(set(configs) - set(counted))
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
    configs = {(row.table, row.name): row.config for row in ROWS}
    sizes = {size: configs['2', f'H1.{size}'] for size in 'abcd'}
    methods = {name: configs['1', name] for name in ('R1', 'H1', 'I*', 'I1')}
    counted = read_or_count(path, [*sizes.values(), *methods.values()])
    return {
        '2': {f'GFLOPs.{s}': counted[c]['GFLOPs'] for s, c in sizes.items()},
        'X': {
            f'{name}.{unit}': number
            for name, config in methods.items()
            for unit, number in counted[config].items()
        },
    }
