"""Tables: means, spreads, gains by hand; files beside the paper's."""

import json
import re

import pytest

from reproduction.rows import select
from reproduction.tables import (
    Cell,
    Measured,
    gain,
    how,
    markdown,
    table_of,
    tables_with,
    write_table,
)


@pytest.fixture
def measured(records_of):
    return lambda: Measured('synthetic', 'small', records_of())


def test_cell():
    """1, 2, 3, 6: mean 3, sample variance (4 + 1 + 0 + 9) / 3."""
    cell = Cell(5.0, [1.0, 2.0, 3.0, 6.0])
    assert cell.mean == 3
    assert cell.spread == pytest.approx((14 / 3) ** 0.5)
    assert Cell(None, [4.0]).spread is None
    assert Cell(1.0, []).mean is None


def test_a_row_that_the_scale_does_not_have_was_not_run():
    measured = Measured('lspet', 'pretrained', {})
    (row,) = select('3', 'I1.ResNet-18')
    assert measured.records(row) == []
    assert measured.cells(row)['AUC'] == Cell(55.6, [])
    assert tables_with(measured) == []


def test_gains_are_the_papers():
    """Table 1 prints points, the text of Table 7 percent of mm."""
    (i1,) = select('1', 'I1')
    assert gain(i1, 58.3, 52.9) == '↑5.4'
    assert gain(i1, 52.9, 58.3) == '↓5.4'
    assert gain(i1, 1.0, 1.0) == '=0.0'
    (istar,) = select('7', 'Strategy2.I*')
    assert gain(istar, 49.6, 56.2) == '↓11.7%'
    assert gain(istar, None, 56.2) == '' == gain(istar, 49.6, None)


def test_table(measured, write_fake_record, tmp_path):
    h1, i1 = select('7', 'Strategy1.H1,Strategy1.I1')
    for seed, value in ((0, 100.0), (1, 110.0)):
        write_fake_record(h1, seed, {'h36m/MPJPE': value})
    write_fake_record(i1, 0, {'h36m/MPJPE': 84.0})
    (r1,) = select('7', 'Strategy1.R1')
    write_fake_record(r1, 0, {'h36m/MPJPE': 3.456})
    write_fake_record(r1, 1, {'h36m/MPJPE': 3.476})
    measured = measured()
    assert tables_with(measured) == ['7']
    table = table_of('7', measured)
    rows = {row['row']: row['cells']['MPJPE'] for row in table['rows']}
    assert rows['Strategy1.H1']['ours'] == 105
    assert rows['Strategy1.H1']['spread'] == pytest.approx(50**0.5)
    assert rows['Strategy1.I1']['our_gain'] == '↓20.0%'
    assert rows['Strategy1.I1']['paper_gain'] == '↓13.2%'
    assert rows['Strategy2.R1']['ours'] is None
    lines = markdown(table).splitlines()
    assert '| Strategy1.H1 | 99.5 | 105.0 ± 7.1 |' in lines
    assert '| Strategy1.I1 | 86.4 ↓13.2% | 84.0 ↓20.0% |' in lines
    assert '| Strategy1.R1 | 106.6 | 3.47 ± 0.01 |' in lines
    assert '| Strategy2.R1 | 56.2 | – |' in lines
    path = write_table('7', measured, tmp_path / 'out')
    text = path.read_text()
    assert 'commit abc' in text and 'torch 2' in text and 'CPU' in text
    for seed in (0, 1):  # each seed was a training of its own
        assert len(re.findall(rf'- h1_\S+, seed {seed}: 12 ep', text)) == 1
    written = json.loads(path.with_suffix('.json').read_text())
    assert written == json.loads(json.dumps(table))


def test_a_row_of_two_tables_is_in_both(measured, write_fake_record):
    (row,) = select('1', 'H1')
    metrics = {'pckh/PCKh@0.5': 1.0, 'pckh/PCKh@0.1': 2.0, 'pckh/AUC': 3.0}
    write_fake_record(row, 0, metrics)
    measured = measured()
    assert tables_with(measured) == ['1', '2', '3', '4', 'P']
    cells = measured.cells(select('3', 'H1.ResNet-50')[0])
    assert {k: c.ours for k, c in cells.items()} == {
        'PCKh@0.5': [1.0],
        'PCKh@0.1': [2.0],
        'AUC': [3.0],
    }


def test_a_single_row_stands_upright(measured, write_fake_record):
    (row,) = select('12', 'Ours')
    metrics = {'h36m/MPJPE/WalkDog': 70.0, 'h36m/MPJPE': 60.0}
    write_fake_record(row, 0, metrics)
    lines = markdown(table_of('12', measured())).splitlines()
    assert lines[0] == '| row | Ours (paper) | Ours (here) |'
    assert '| WalkDog | 63.2 | 70.0 |' in lines
    assert '| Eating | 56.9 | – |' in lines
    assert lines[-1] == '| Avg | 64.1 | 60.0 |'


def test_ap_is_in_percent(measured, write_fake_record):
    (row,) = select('6', 'I1')
    write_fake_record(row, 0, {'coco/AP': 0.335, 'coco/AP .75': 0.175})
    cells = measured().cells(row)
    assert cells['AP'].mean == pytest.approx(33.5)
    assert cells['AP75'].mean == pytest.approx(17.5)
    assert cells['APL'].mean is None


def test_the_line_of_a_run_is_about_its_training(write_fake_record):
    """It was trained by one commit on one device, evaluated by another."""
    (h1,) = select('7', 'Strategy1.H1')
    path = write_fake_record(h1, 0, {'h36m/MPJPE': 100.0})
    record = dict(json.loads(path.read_text()), starts_from=None)
    training = dict(
        record['evaluation'], commit='def', device='H100', seconds=59.7
    )
    line = how(dict(record, training=training))
    assert ', 60 s, H100, 1 threads, commit def, ' in line
    assert 'abc' not in line and 'CPU' not in line
    line = how(dict(record, training=dict(training, killed=1)))
    assert ', at least 60 s, H100' in line
    line = how(dict(record, starts_from='h1', training=training))
    assert ', 60 s after its first half, H100' in line
