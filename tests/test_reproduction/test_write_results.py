"""RESULTS.md: tables, pictures and verdicts, all from the records."""

import json
import sys
from functools import partial
from itertools import zip_longest

import pytest

from reproduction import write_results
from reproduction.complexity import complexity_cells
from reproduction.rows import select
from reproduction.tables import Measured, paper_cells


@pytest.fixture
def results(tmp_path):
    """Counts that are known, so that no network is built."""
    folder = tmp_path / 'results'
    folder.mkdir()
    counts = {}
    for row in select('1') + select('2'):
        giga = {'a': 7.2, 'b': 6.1, 'c': 1.8, 'd': 1.5}[
            row.name[-1:] if row.table == '2' else 'b'
        ]
        millions = 23.6 if row.name == 'R1' else 33.0
        counts[row.config] = dict(GFLOPs=giga, params_M=millions)
    (folder / 'complexity.json').write_text(json.dumps(counts))
    return folder


def record_table(number, write_fake_record, change=lambda row, cells: cells):
    """Records with the paper's own numbers, but for ``change``."""
    for row in select(number):
        cells = change(row, paper_cells(row))
        metrics = {
            row.cells[name][0]: value / row.cells[name][1]
            for name, value in cells.items()
            if value is not None
        }
        write_fake_record(row, 0, metrics)


def answers(results):
    (measured,) = write_results.measured_sets(results)
    assert measured == Measured('synthetic', 'small', results)
    found = write_results.verdicts([measured], results)
    return found['synthetic-small'], found[write_results.COUNTED]


def test_the_papers_numbers_hold(results, write_fake_record):
    record_table('7', write_fake_record)
    found, counted = answers(results)
    for key in ('C25', 'C26', 'C27'):
        assert found[key].answer == 'holds', key
    for key in ('C01', 'C34', 'X28', 'C13'):
        assert found[key].answer == 'not run'
    assert counted['C13'].answer == 'holds' == counted['N41'].answer
    # 23.6 M parameters are not more than 33.0 M.
    assert counted['N42'].answer == 'does not hold'
    assert counted['C01'].answer == 'not run'


def test_a_claim_over_two_tables_and_two_data_sets(results, write_fake_record):
    """C34: Table 9 on synthetic data beside Table 2 on photographs."""
    record_table('9', write_fake_record)
    sets = write_results.measured_sets(results)
    found = write_results.verdicts(sets, results)['synthetic-small']
    assert found['C34'].answer == 'not run'
    assert 'T2.H1.c.AUC' in found['C34'].missing
    record_table('2', partial(write_fake_record, data='lspet'))
    sets = write_results.measured_sets(results)
    found = write_results.verdicts(sets, results)
    assert found['synthetic-small']['C34'].answer == 'holds'
    assert found['lspet-small']['C34'].answer == 'not run'


def test_only_that_claim_takes_cells_of_another_data_set(
    results, write_fake_record
):
    """C21, Table 5 less Table 1, is of MPII's test set and one data set."""
    record_table('5', write_fake_record)
    record_table('1', partial(write_fake_record, data='real'))
    sets = write_results.measured_sets(results)
    found = write_results.verdicts(sets, results)
    assert found['synthetic-small']['C20'].answer == 'holds'
    assert found['synthetic-small']['C21'].answer == 'not run'
    record_table('5', partial(write_fake_record, data='real'))
    found = write_results.verdicts(sets, results)['real-small']['C21']
    assert found.answer == 'not run'
    assert found.missing == ['T4.MS-H1.4.PCKh@0.5', 'T4.MS-I1.4.PCKh@0.5']


def test_a_smaller_loss_is_no_gain(results, write_fake_record):
    """C02: every I behind its H, by less on PCKh@0.1 than on PCKh@0.5."""

    def behind(row, cells):
        down = {'PCKh@0.5': 5, 'PCKh@0.1': 1, 'AUC': 3}
        if row.name[0] != 'I' or row.name == 'I*':
            return cells
        base = paper_cells(select('1', row.name.replace('I', 'H'))[0])
        return {name: base[name] - down[name] for name in cells}

    record_table('1', write_fake_record, behind)
    found, _ = answers(results)
    assert found['C02'].answer == 'does not hold'


def test_a_number_of_ours_breaks_a_claim(results, write_fake_record):
    def worse(row, cells):
        bad = row.name == 'Strategy2.I*'
        return dict(MPJPE=60.0) if bad else cells

    record_table('7', write_fake_record, worse)
    found, _ = answers(results)
    assert found['C25'].answer == 'does not hold'
    assert found['C25'].broken == ['Strategy2.I* < Strategy2.R1']
    assert found['C26'].answer == 'holds'
    assert found['C27'].answer == 'does not hold'
    text = write_results.claims_section({'synthetic-small': found})
    assert 'C25: not so: `Strategy2.I* < Strategy2.R1`' in text


def test_counts_follow_the_claims_names(results):
    cells = complexity_cells(results)
    assert cells['2']['GFLOPs.a'] == 7.2 and cells['2']['GFLOPs.d'] == 1.5
    assert cells['X']['R1.params_M'] == 23.6


def test_the_page(results, write_fake_record, tmp_path, monkeypatch, capsys):
    record_table('1', write_fake_record)
    page = tmp_path / 'reproduction/RESULTS.md'
    page.parent.mkdir()
    monkeypatch.setattr(
        sys,
        'argv',
        ['x', '--results', str(results), '--out', str(page)],
    )
    assert write_results.main() == 0
    text = page.read_text()
    assert '| I1 | 87.3 ↑0.5 | 87.3 ↑0.5 | 29.3 ↑12.1 | 29.3 ↑12.1 |' in text
    picture = 'images/synthetic-small_table1.png'
    assert f'({picture})' in text
    assert (page.parent / picture).stat().st_size > 1000
    # Tables 2 to 4 have nothing but the rows that Table 1 shares with them.
    assert [p.name for p in page.parent.glob('images/*')] == [
        'synthetic-small_table1.png'
    ]
    for claim in write_results.read_claims():
        assert f'| {claim["id"]} |' in text
    assert 'synthetic-small: 8 of 8 that were run (100 %)' in text
    # C13 and N41 hold; N42 does not.
    assert 'counted: 2 of 3 that were run (67 %)' in text


def test_a_claim_of_two_sets_counts_once():
    """C01 holds on both, C02 on one, C03 on neither, C04 was run on one."""
    answers = dict(
        one=('holds', 'holds', 'does not hold', 'not run'),
        two=('holds', 'does not hold', 'does not hold', 'holds'),
    )
    ids = [claim['id'] for claim in write_results.read_claims()]
    found = {
        name: {
            i: write_results.Verdict(answer)
            for i, answer in zip_longest(ids, given, fillvalue='not run')
        }
        for name, given in answers.items()
    }
    text = write_results.claims_section(found)
    assert '- one: 2 of 3 that were run (67 %)' in text
    assert '- two: 2 of 4 that were run (50 %)' in text
    assert 'on every set it was run on: 2 of 4 that were run (50 %)' in text
    assert 'on at least one set: 3 of 4 that were run (75 %)' in text


def test_a_claim_that_holds_narrowly_is_listed(results, write_fake_record):
    """C08: I1 leads I2 by 0.4 points of PCKh@0.5, and is level on AUC."""
    record_table('1', write_fake_record)
    found, _ = answers(results)
    text = write_results.claims_section({'synthetic-small': found})
    lead = 'I1.PCKh@0.5 > I2.PCKh@0.5'
    assert (
        f'- synthetic-small, C08: `{lead} and I1.AUC >= I2.AUC`, by 0\n'
        in text
    )
    # I3 - H3 is 3.6 points of PCKh@0.5 and 16.5 of PCKh@0.1.
    assert 'C02' not in text.split('### What holds narrowly')[1]


def test_without_records(results, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['x', '--results', str(results)])
    assert write_results.main() == 1
    assert 'has no records: run reproduction' in capsys.readouterr().err


def test_explanations_are_of_claims_that_exist():
    known = json.loads(write_results.EXPLANATIONS.read_text())
    ids = {claim['id'] for claim in write_results.read_claims()}
    assert all(set(lines) <= ids for lines in known.values())
