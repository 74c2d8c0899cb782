"""The tables of README and of the laboratory's pages against the records."""

import re
from pathlib import Path
from statistics import fmean

import pytest

from reproduction.store import KEPT, read_lines

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r'\| (R1|H[123]|I\\\*|I[123]) \|(.+)\|')
#: Data, scale, backbone, and the epochs of one stage and of two.
SETS = {
    'long': ('synthetic', 'long', 'res18w16', 180, '120+60'),
    'scratch': ('lspet', 'small', 'res18w16', 45, '30+15'),
    'photographs': ('lsp', 'photographs', 'mobilenetv2', 32, '24+8'),
}
KEPT_RECORDS = read_lines(KEPT)
#: Columns of README's Table 1.
PARTS = {'long': slice(0, 3), 'photographs': slice(3, 6)}
NOT_TRAINED = '–'


def value(part, row, metric, seeds):
    """A metric of a row of Table 1, the mean of the seeds that were run."""
    data, scale, backbone, whole, halves = SETS[part]
    name = row.replace('\\*', 'star').lower()
    tail = {
        'r1': f'_{whole}e_mpii-128x128',
        'istar': f'-2deconv_{whole}e_mpii-128x128',
    }.get(name, f'-2deconv_{halves}e_mpii-128x128')
    keys = [(data, scale, f'{name}_{backbone}{tail}', seed) for seed in seeds]
    found = [KEPT_RECORDS[key] for key in keys if key in KEPT_RECORDS]
    if not found:
        return None
    return fmean(record['metrics'][f'pckh/{metric}'] for record in found)


def rows(text, columns=slice(0, 3)):
    """Row -> the three numbers of these columns, as written."""
    found = {}
    for name, cells in ROW.findall(text):
        cells = [cell.strip(' *') for cell in cells.split('|')]
        found.setdefault(name, cells[columns])
    return found


def assert_rounded(part, found, seeds):
    assert len(found) == 8
    for name, cells in found.items():
        for metric, cell in zip(('PCKh@0.5', 'PCKh@0.1', 'AUC'), cells):
            digits = len(cell.partition('.')[2])
            # Rounded once, and from the records.
            known = value(part, name, metric, seeds)
            shown = NOT_TRAINED if known is None else f'{known:.{digits}f}'
            assert shown == cell, f'{name}: {metric}'


@pytest.mark.parametrize('part', PARTS)
def test_readme(part):
    text = (ROOT / 'README.md').read_text('utf-8')
    table = text.split('**Table 1, 2D**')[1].split('\n## ')[0]
    assert_rounded(part, rows(table, PARTS[part]), (0, 1))


@pytest.mark.parametrize(
    ('part', 'page', 'title'),
    [
        ('scratch', 'PHOTOGRAPHS', '## Leeds Sports Pose Extended, from scr'),
        (
            'long',
            'EXPERIMENTS',
            '### Measured: Table 1 on synthetic images, f',
        ),
    ],
)
def test_experiments(part, page, title):
    text = (ROOT / f'reproduction/{page}.md').read_text('utf-8')
    found = rows(text.split(title)[1].split('\n## ')[0])
    assert_rounded(part, found, (0,))


def test_a_number_that_is_rounded_twice_is_seen():
    """Negative control: 86.4464 is 86.45 with two digits, not 86.5."""
    others = dict.fromkeys(('R1', 'H1', 'H2', 'H3', 'I2', 'I3', 'I\\*'), [])
    for wrong in ('86.5', NOT_TRAINED):
        with pytest.raises(AssertionError, match='I1: PCKh@0.5'):
            assert_rounded('long', {**others, 'I1': [wrong]}, (0,))
