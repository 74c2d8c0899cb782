"""Rows: all of the paper's, with configs that exist."""

import json

import pytest

from reproduction import reproduce
from reproduction.plan import starts_from
from reproduction.rows import CONFIGS, ROWS, TITLES, baseline, select
from reproduction.tables import FACTS, paper_cells

#: Methods of the paper itself in the keys of its tables.
OTHERS = '['


def own_cells(node):
    """Numbers of the paper's own methods, counted independently."""
    if isinstance(node, (int, float)):
        return 1
    if not isinstance(node, dict):
        return 0
    return sum(
        own_cells(value)
        for key, value in node.items()
        if OTHERS not in key
        and key not in ('GFLOPs', 'params_M')
        and not key.startswith('_')
    )


@pytest.mark.parametrize('number', range(1, 13))
def test_every_cell_of_the_paper_has_its_row(number):
    facts = json.loads(FACTS.read_text())[f'table{number}']
    printed = [
        value
        for row in select(str(number))
        for value in paper_cells(row).values()
        if value is not None
    ]
    assert len(printed) == own_cells(facts)


def test_paper_cells():
    cells = {(r.table, r.name): paper_cells(r) for r in ROWS}
    assert cells['1', 'I*']['PCKh@0.1'] == 28.3
    assert cells['2', 'H1.d'] == {
        'PCKh@0.5': 75.4,
        'PCKh@0.1': 5.6,
        'AUC': 34.1,
    }
    assert set(cells['3', 'H1.ResNet-18'].values()) == {None}
    assert cells['5', 'regression.MS-I1'] == {'PCKh@0.5': 90.7}
    assert cells['6', 'H1']['AP'] == 66.3 and cells['6', 'H1']['APL'] is None
    assert cells['7', 'Strategy2.I*'] == {'MPJPE': 49.6}
    assert cells['8', 'two_stage_d1_64.I1'] == {'MPJPE': 64.1}
    assert cells['10', 'Ours']['SittingDown'] == 59.4
    assert cells['12', 'Ours']['Avg'] == 64.1


def test_configs_exist_and_say_their_numbers():
    """The first line of a config has the numbers of its row."""
    for row in ROWS:
        first = CONFIGS[row.config].read_text().splitlines()[0]
        numbers = [v for v in paper_cells(row).values() if v is not None]
        if row.table in ('1', '5', '6', '8'):
            assert all(f'{value}' in first for value in numbers), row


def test_list_has_a_line_for_every_row(capsys):
    reproduce.list_rows(ROWS)
    lines = capsys.readouterr().out.splitlines()
    figure = [line for line in lines if line.startswith('Figure 2')]
    assert len(figure) == 8
    assert len(lines) == len(ROWS) + len(figure)
    for row in ROWS:
        first = starts_from(row.config)
        (line,) = (
            line
            for line in lines
            if line.split()[:3] == ['Table', row.table, row.name]
            or line.split()[:2] == [TITLES.get(row.table), row.name]
        )
        assert f'{row.config}.py' in line
        assert (f'after {first}.py' if first else 'in one stage') in line


def test_select():
    assert [r.name for r in select('1', 'I*')] == ['I*']
    assert [r.name for r in select('1', 'H?,I1')] == ['H1', 'H2', 'H3', 'I1']
    assert len(select('7', 'Strategy1.*')) == 6
    with pytest.raises(ValueError, match='no row H9; choose from R1, H1'):
        select('1', 'H9')
    with pytest.raises(ValueError, match='no Table 13'):
        select('13')


def test_baseline():
    names = ['R1', 'H2', 'I*', 'I3', 'MS-I1', 'MS-H1']
    assert list(map(baseline, names)) == [
        None,
        None,
        'R1',
        'H3',
        'MS-H1',
        None,
    ]
    known = {(r.table, r.name) for r in ROWS}
    assert all((r.table, r.against) in known for r in ROWS if r.against)
