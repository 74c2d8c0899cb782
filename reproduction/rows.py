"""The rows of Tables 1 to 12: config, metric, and where the paper has them.

A row's name is the one that the claims use: ``I1``, ``H1.a``, ``MS-I1.2``,
``Strategy1.I*``. What a row starts from is in its config (``load_from``).
"""

import re
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from integral_mmpose.datasets.actions import ACTIONS

from .experiment import Experiment

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = {
    path.stem: path
    for folder in ('body_2d_keypoint', 'body_3d_keypoint')
    for path in sorted((ROOT / 'configs' / folder).glob('**/*.py'))
}

#: Column of a table -> name of the metric, and its factor.
PCKH = {name: (f'pckh/{name}', 1) for name in ('PCKh@0.5', 'PCKh@0.1', 'AUC')}
PCKH_HALF = {'PCKh@0.5': PCKH['PCKh@0.5']}
AP = {
    'AP': ('coco/AP', 100),
    'AP50': ('coco/AP .5', 100),
    'AP75': ('coco/AP .75', 100),
    'APM': ('coco/AP (M)', 100),
    'APL': ('coco/AP (L)', 100),
    # A control: scores of the boxes alone, not of the maps.
    'AP-bbox': ('coco_bbox/AP', 100),
}
MPJPE = {'MPJPE': ('h36m/MPJPE', 1)}


class Row(NamedTuple):
    """A row of a table.

    ``table``: '1' to '12', 'X' for what the text says without a number, 'C'
    for controls, 'P' for cures on photographs that the paper does not have.
    ``config``: stem of the config at the paper's scale. ``setting``: key of
    the scale files. ``cells``: column -> (metric, factor). ``against``: the
    row that the paper's gain refers to.
    """

    table: str
    name: str
    config: str
    setting: str
    cells: Dict[str, Tuple[str, int]]
    against: Optional[str] = None

    @property
    def lower_is_better(self) -> bool:
        """Errors in mm, not percent."""
        return next(iter(self.cells.values()))[0].startswith('h36m/')


def baseline(name: str) -> Optional[str]:
    """The row to compare with: R1 for I*, H1 for I1, none for R1 and H."""
    found = re.sub(r'\bI(\d)', r'H\1', name.replace('I*', 'R1'))
    return None if found == name else found


def stem(method: str, network: str, data: str) -> str:
    """Name of the config of a method at the paper's scale."""
    first, *variant = method.split('-')
    scratch = first in ('R1', 'I*') or variant == ['joint']
    schedule = '4xb32-140e' if scratch else '4xb32-70+70e'
    prefix = '-'.join([{'I*': 'istar'}.get(first, first.lower()), *variant])
    return Experiment(prefix, network, schedule, data).stem


def actions(metric: str) -> dict:
    """Columns of Tables 10 to 12: the actions in the paper's order, Avg."""
    cells = {action: (f'{metric}/{action}', 1) for action in ACTIONS}
    return dict(cells, Avg=(metric, 1))


def tables_2d() -> List[Row]:
    """Tables 1 to 6."""
    mpii, trainval = 'mpii-256x256', 'mpii-trainval-256x256'
    rows = [
        Row('1', m, stem(m, 'res50', mpii), 'mpii', PCKH, baseline(m))
        for m in ('R1', 'H1', 'H2', 'H3', 'I*', 'I1', 'I2', 'I3')
    ]
    sizes = {
        'a': ('res50-3deconv', mpii),
        'b': ('res50', mpii),
        'c': ('res50-3deconv', 'mpii-128x128'),
        'd': ('res50', 'mpii-128x128'),
    }
    stages = {'1': 'res50', **{str(n): f'ms{n}-res50' for n in (2, 3, 4)}}
    for table, prefix, variants in (
        ('2', '', sizes),
        ('3', '', {f'ResNet-{n}': (f'res{n}', mpii) for n in (18, 50, 101)}),
        ('4', 'MS-', {name: (net, mpii) for name, net in stages.items()}),
    ):
        for method, (name, variant) in product('HI', variants.items()):
            config, name = stem(f'{method}1', *variant), f'{method}1.{name}'
            name = f'{prefix}{name}'
            rows.append(Row(table, name, config, 'mpii', PCKH, baseline(name)))
    for method in ('R1', 'H1', 'MS-H1', 'HG-H1', 'I1', 'MS-I1', 'HG-I1'):
        side = 'heatmap' if 'H1' in method else 'regression'
        network = dict(MS='ms4-res50', HG='hg8').get(method[:2], 'res50')
        config = stem(method[-2:], network, trainval)
        against = baseline(method) and f'heatmap.{baseline(method)}'
        name = f'{side}.{method}'
        rows.append(Row('5', name, config, 'mpii', PCKH_HALF, against))
    for method in ('H1', 'I1'):
        config = stem(method, 'res101', 'coco-256x256')
        rows.append(Row('6', method, config, 'coco', AP, baseline(method)))
    return rows


def tables_3d() -> List[Row]:
    """Tables 7 to 12."""
    rows = []
    for number, data in ((1, 'h36m-256x256'), (2, 'h36m-mpii-256x256')):
        for m in ('R1', 'H1', 'H2', 'I*', 'I1', 'I2'):
            name, config = f'Strategy{number}.{m}', stem(m, 'res50', data)
            rows.append(Row('7', name, config, 'h36m', MPJPE, baseline(name)))
    hourglass = dict(one_stage_d64='hg1', two_stage_d1_64='hg2')
    for (name, network), m in product(hourglass.items(), ('H1', 'I1')):
        config, name = stem(m, network, 'h36m-256x256'), f'{name}.{m}'
        rows.append(Row('8', name, config, 'hourglass', MPJPE, baseline(name)))
    sizes = {
        'a': ('res50', 'h36m-mpii-256x256'),
        'b': ('res50-2deconv', 'h36m-mpii-256x256'),
        'c': ('res50', 'h36m-mpii-128x128'),
        'd': ('res50-2deconv', 'h36m-mpii-128x128'),
    }
    for m, (name, variant) in product(('H2', 'I2'), sizes.items()):
        config, name = stem(m, *variant), f'{m}.{name}'
        rows.append(
            Row('9', name, config, 'resolution', MPJPE, baseline(name))
        )
    per_action = actions('h36m/MPJPE')
    protocol_1 = stem('I*', 'res50', 'h36m-p1-mpii-256x256')
    istar = stem('I*', 'res50', 'h36m-mpii-256x256')
    hg2 = stem('I1', 'hg2', 'h36m-256x256')
    return rows + [
        Row('10', 'Ours', protocol_1, 'h36m', actions('h36m/PA-MPJPE')),
        Row('11', 'Ours', istar, 'h36m', per_action),
        Row('12', 'Ours', hg2, 'hourglass', per_action),
    ]


#: Claims of the text without a number, as far as there are configs.
TEXT = [
    Row('X', name, stem(method, 'res50', 'mpii-256x256'), 'mpii', PCKH)
    for name, method in (
        ('I1', 'I1'),
        ('I1-joint', 'I1-joint'),
        ('I2', 'I2'),
        ('I2-joint', 'I2-joint'),
        ('I3', 'I3'),
        ('I3-joint', 'I3-joint'),
        ('I*-L1', 'I*'),
        ('I*-L2', 'I*-l2'),
    )
]
#: Controls for other reasons of a difference: Strategy 1 with as many steps
#: as Strategy 2, which takes two for a step of the same epochs; L2 in 3D.
CONTROLS = [
    Row('C', name, stem(method, 'res50', 'h36m-256x256'), setting, MPJPE)
    for name, method, setting in (
        *(
            (f'Strategy1x2.{m}', m, 'h36m_double')
            for m in ('R1', 'H1', 'H2', 'I*', 'I1', 'I2')
        ),
        ('Strategy1.I*-L1', 'I*', 'h36m'),
        ('Strategy1.I*-L2', 'I*-l2', 'h36m'),
    )
]
#: Integral rows that are not in the paper: after H1 as I1 is, or from scratch
#: as I*. readouts.py reads the maps of H1 in other ways.
CURES = [
    Row('P', m, stem(m, 'res50', 'mpii-256x256'), 'mpii', PCKH, against)
    for against, methods in (
        (None, 'H1'),
        ('H1', 'I1 I1-sharp I1-ce I1-js I1-mjs I1-expected I1-local'),
        ('H1', 'I1-debiased I* I*-prior'),
    )
    for m in methods.split()
]
#: Tables that the paper does not number.
TITLES = {'X': 'Text', 'C': 'Controls', 'P': 'Extra'}
ROWS = tables_2d() + tables_3d() + TEXT + CONTROLS + CURES
TABLES = tuple(dict.fromkeys(row.table for row in ROWS))


def select(table: str, names: Optional[str] = None) -> List[Row]:
    """Rows of a table, all or those named (``I*,H1.a,Strategy1.*``).

    A name stands for itself first, and for a pattern only where no row has
    it: ``I*`` is a method of the paper.
    """
    rows = [row for row in ROWS if row.table == table]
    if not rows:
        raise ValueError(
            f'there is no Table {table}; choose one of {", ".join(TABLES)}'
        )
    if names is None:
        return rows
    known, chosen = [row.name for row in rows], set()
    for name in names.split(','):
        found = [k for k in known if k == name]
        found = found or [k for k in known if fnmatchcase(k, name)]
        if not found:
            raise ValueError(
                f'Table {table} has no row {name}; choose from '
                f'{", ".join(known)}'
            )
        chosen.update(found)
    return [row for row in rows if row.name in chosen]
