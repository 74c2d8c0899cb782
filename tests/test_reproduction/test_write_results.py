"""RESULTS.md: tables, pictures and verdicts, all from the records."""

import json
import sys
from functools import partial
from itertools import zip_longest

import pytest

from reproduction import verdicts, write_results
from reproduction.claims.judge import CLAIMS, CONTROLS, Verdict
from reproduction.complexity import complexity_cells
from reproduction.rows import select
from reproduction.store import write_lines
from reproduction.tables import paper_cells


@pytest.fixture
def counts(tmp_path):
    """Counts that are known, so that no network is built."""
    counted = {}
    for row in select('1') + select('2'):
        giga = {'a': 7.2, 'b': 6.1, 'c': 1.8, 'd': 1.5}[
            row.name[-1:] if row.table == '2' else 'b'
        ]
        millions = 23.6 if row.name == 'R1' else 33.0
        counted[row.config] = dict(GFLOPs=giga, params_M=millions)
    path = tmp_path / 'complexity.json'
    path.write_text(json.dumps(counted))
    return path


@pytest.fixture
def judged(counts, records_of):
    """Judges what ``write_fake_record`` wrote."""

    def judge():
        sets = verdicts.measured_sets(records_of())
        return verdicts.verdicts(sets, counts)

    return judge


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


def test_the_papers_numbers_hold(judged, write_fake_record):
    record_table('7', write_fake_record)
    answers = judged()
    assert list(answers) == ['synthetic-small', 'counted']
    found, counted = answers.values()
    for key in ('C25', 'C26', 'C27'):
        assert found[key].answer == 'holds', key
    for key in ('C01', 'C34', 'X28', 'C13'):
        assert found[key].answer == 'not run'
    assert counted['C13'].answer == 'holds' == counted['N41'].answer
    # 23.6 M parameters are not more than 33.0 M.
    assert counted['N42'].answer == 'does not hold'
    assert counted['C01'].answer == 'not run'


def test_a_claim_over_two_tables_and_two_data_sets(judged, write_fake_record):
    """C34: Table 9 on synthetic data beside Table 2 on photographs."""
    record_table('9', write_fake_record)
    assert judged()['synthetic-small']['C34'].answer == 'not run'
    record_table('2', partial(write_fake_record, data='lspet'))
    found = judged()
    assert found['synthetic-small']['C34'].answer == 'holds'
    assert found['lspet-small']['C34'].answer == 'not run'


def test_only_that_claim_takes_cells_of_another_data_set(
    judged, write_fake_record
):
    """C21, Table 5 less Table 1, is of MPII's test set and one data set."""
    record_table('5', write_fake_record)
    real = partial(write_fake_record, data='real')
    record_table('1', real)
    record_table('4', real)
    found = judged()
    assert found['synthetic-small']['C20'].answer == 'holds'
    assert found['synthetic-small']['C21'].answer == 'not run'
    assert found['real-small']['C21'].answer == 'not run'
    record_table('5', real)
    found = judged()
    assert found['real-small']['C21'].answer == 'holds'
    assert found['synthetic-small']['C21'].answer == 'not run'


def test_a_smaller_loss_is_no_gain(judged, write_fake_record):
    """C02: every I behind its H, by less on PCKh@0.1 than on PCKh@0.5."""

    def behind(row, cells):
        down = {'PCKh@0.5': 5, 'PCKh@0.1': 1, 'AUC': 3}
        if row.name[0] != 'I' or row.name == 'I*':
            return cells
        base = paper_cells(select('1', row.name.replace('I', 'H'))[0])
        return {name: base[name] - down[name] for name in cells}

    record_table('1', write_fake_record, behind)
    found = judged()['synthetic-small']
    assert found['C02'].answer == 'does not hold'


def test_a_number_of_ours_breaks_a_claim(judged, write_fake_record):
    def worse(row, cells):
        bad = row.name == 'Strategy2.I*'
        return dict(MPJPE=60.0) if bad else cells

    record_table('7', write_fake_record, worse)
    found = judged()['synthetic-small']
    assert found['C25'].answer == 'does not hold'
    assert found['C25'].broken == ['Strategy2.I* < Strategy2.R1']
    assert found['C26'].answer == 'holds'
    assert found['C27'].answer == 'does not hold'
    text = verdicts.claims_section({'synthetic-small': found})
    assert 'Failed: `Strategy2.I* < Strategy2.R1`' in text


def test_counts_follow_the_claims_names(counts):
    cells = complexity_cells(counts)
    assert cells['2']['GFLOPs.a'] == 7.2 and cells['2']['GFLOPs.d'] == 1.5
    assert cells['X']['R1.params_M'] == 23.6


def test_the_page(write_fake_record, records_of, tmp_path, monkeypatch):
    record_table('1', write_fake_record)
    kept = tmp_path / 'records.jsonl'
    write_lines(kept, records_of())
    page = tmp_path / 'reproduction/RESULTS.md'
    page.parent.mkdir()
    monkeypatch.setattr(
        sys,
        'argv',
        ['x', '--records', str(kept), '--out', str(page)],
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
    assert all(f'| {key} |' in text for key in CLAIMS)
    assert 'synthetic-small: 8 of 8 that were run (100 %)' in text
    # C13 and N41 hold; N42 does not.
    assert 'counted: 2 of 3 that were run (67 %)' in text


def test_a_claim_of_two_sets_counts_once():
    """C01 holds on both, C02 on one, C03 on neither, C04 was run on one."""
    answers = dict(
        one=('holds', 'holds', 'does not hold', 'not run'),
        two=('holds', 'does not hold', 'does not hold', 'holds'),
    )
    found = {
        name: {
            i: Verdict(answer)
            for i, answer in zip_longest(
                [*CLAIMS, *CONTROLS], given, fillvalue='not run'
            )
        }
        for name, given in answers.items()
    }
    # A control has a line, but is no claim of the paper.
    found['one']['K26'] = Verdict('does not hold', ['a < b'])
    text = verdicts.claims_section(found)
    assert '- one: 2 of 3 that were run (67 %)' in text
    assert '- two: 2 of 4 that were run (50 %)' in text
    strict = (
        '**Claims that hold on every data set on which they were tested: 2 '
        'of 4 that were run (50 %).**'
    )
    assert strict in text
    assert text.index(strict) < text.index('- one: ')  # it leads
    assert '<summary>one, K26: ' in text


def test_a_claim_that_holds_narrowly_is_listed(judged, write_fake_record):
    """C08: I1 leads I2 by 0.4 points of PCKh@0.5, and is level on AUC."""
    record_table('1', write_fake_record)
    found = judged()['synthetic-small']
    text = verdicts.claims_section({'synthetic-small': found})
    assert '- synthetic-small, C08: `I1.AUC >= I2.AUC`, by 0\n' in text
    # I3 - H3 is 3.6 points of PCKh@0.5 and 16.5 of PCKh@0.1.
    assert 'C02' not in text.split('### What holds narrowly')[1]


def test_without_records(tmp_path, monkeypatch, capsys):
    words = ['x', '--records', str(tmp_path / 'records.jsonl')]
    monkeypatch.setattr(sys, 'argv', words)
    assert write_results.main() == 1
    assert 'has no records: run reproduction' in capsys.readouterr().err


def test_explanations_are_of_claims_that_exist():
    known = json.loads(verdicts.EXPLANATIONS.read_text())
    keys = CLAIMS.keys() | CONTROLS.keys()
    assert all(lines.keys() <= keys for lines in known.values())
