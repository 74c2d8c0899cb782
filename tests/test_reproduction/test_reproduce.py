"""The command line; and, slow, a table from end to end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from reproduction import reproduce
from reproduction.store import KEPT, read_lines, write_json

ROOT = Path(__file__).resolve().parents[2]


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, 'argv', ['reproduce.py', *words])
    handler = signal.getsignal(signal.SIGTERM)
    try:
        code = reproduce.main()
    finally:
        signal.signal(signal.SIGTERM, handler)
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ('words', 'text'),
    [
        (['--table', '13'], 'error: there is no Table 13; choose one of 1,'),
        (['--table', '1', '--rows', 'Q1'], 'error: Table 1 has no row Q1'),
        (['--table', '1', '--seeds', '0,x'], 'error: --seeds needs numbers'),
        (
            ['--table', '7', '--data', 'lspet'],
            'error: --data lspet has 2D people',
        ),
        (['--table', '1', '--data', 'real'], 'error: --data real needs MPII'),
        (
            ['--table', '1', '--rows', 'R1', '--job', 'r2'],
            "error: no training is named 'r2'; choose from r1_res18w16_45e_",
        ),
        (
            ['--table', '1', '--rows', 'R1', '--job', ''],
            "error: no training is named ''; choose from r1_res18w16_45e_",
        ),
        (['--list', '--table', ''], 'error: there is no Table ; choose one'),
        (
            ['--table', '1', '--out', __file__],
            f'error: --out: {__file__} is a file: give a folder',
        ),
        (['--list', '--table', '13'], 'error: there is no Table 13'),
        (
            ['--table', '8', '--scale', 'pretrained'],
            'error: no row is left; two_stage_d1_64.I1 is not at the scale '
            'pretrained: the scale has no settings for hourglass; it knows',
        ),
    ],
)
def test_mistakes_are_one_line(words, text, monkeypatch, capsys):
    monkeypatch.delenv('MPII_ROOT', raising=False)
    code, error = run(monkeypatch, capsys, *words)
    assert code == 1
    assert error.startswith(text) and error.count('\n') == 1


@pytest.mark.parametrize(
    ('words', 'text'),
    [
        (['--list', '--rows', 'I1'], '--rows selects rows of one table: give'),
        (['--list', '--table', '1', '--job', 'a'], '--job trains: leave out'),
        (['--table', '1', '--out', ''], '--out is empty: give a folder'),
    ],
)
def test_options_that_would_be_ignored(words, text, capsys):
    with pytest.raises(SystemExit):
        reproduce.parse_arguments(words)
    assert text in capsys.readouterr().err


def test_list_of_one_table(monkeypatch, capsys):
    words = ['reproduce.py', '--list', '--table', '8', '--rows', '*.H1']
    monkeypatch.setattr(sys, 'argv', words)
    assert reproduce.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == [
        'one_stage_d64.H1',
        'two_stage_d1_64.H1',
    ]


def test_a_measured_table_needs_no_data(tmp_path, monkeypatch, capsys):
    """Table 1 on lspet is in records.jsonl: written without lspet."""
    monkeypatch.delenv('INTEGRAL_MMPOSE_DATA', raising=False)
    words = ['--table=1', '--data=lspet', '--scale=small', '--seeds=0,1']
    code, error = run(monkeypatch, capsys, *words, f'--out={tmp_path}')
    assert code == 0 and not error
    path = tmp_path / 'lspet-small/table1.json'
    rows = json.loads(path.read_text())['rows']
    assert all(row['cells']['AUC']['ours'] for row in rows)


def test_the_runs_own_record_comes_first(tmp_path, monkeypatch, capsys):
    """Before the kept one of the same training."""
    (row,) = reproduce.select('1', 'R1')
    name = reproduce.job_of(row, 'small', 0).name
    record = read_lines(KEPT)['lspet', 'small', name, 0]
    record['metrics']['pckh/AUC'] = 99.0
    write_json(tmp_path / 'lspet-small/records/r1.json', record)
    words = ['--table=1', '--rows=R1', '--data=lspet', f'--out={tmp_path}']
    assert run(monkeypatch, capsys, *words) == (0, '')
    text = (tmp_path / 'lspet-small/table1.json').read_text()
    assert 99 in json.loads(text)['rows'][0]['cells']['AUC']['seeds']


def test_rows_that_a_scale_does_not_have_are_left_out(capsys):
    rows = reproduce.rows_at_scale(reproduce.select('3'), 'pretrained')
    assert [row.name for row in rows] == ['H1.ResNet-50', 'I1.ResNet-50']
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 4
    assert said[0].startswith('H1.ResNet-18 is not at the scale pretrained: ')


def test_records_of_another_backbone_are_refused(
    write_fake_record, records_of, tmp_path
):
    (row,) = reproduce.select('1', 'R1')
    write_fake_record(row, 0, {}, scale='pretrained')
    measured = reproduce.Measured('synthetic', 'pretrained', records_of())
    reproduce.check_records(measured, [row], {})
    file = tmp_path / 'other.pth'
    torch.save(dict(weight=torch.ones(2)), file)
    with pytest.raises(ValueError, match='from the backbone None, and BACKBO'):
        reproduce.check_records(
            measured, [row], {'BACKBONE_CHECKPOINT': str(file)}
        )


def test_anew_does_not_look_at_the_kept_records(monkeypatch, capsys, tmp_path):
    """It would train the row, and so needs the data."""
    monkeypatch.delenv('INTEGRAL_MMPOSE_DATA', raising=False)
    words = ['--table=1', '--rows=R1', '--data=lspet', f'--out={tmp_path}']
    assert run(monkeypatch, capsys, *words) == (0, '')
    code, error = run(monkeypatch, capsys, *words, '--anew')
    assert code == 1
    assert error.startswith('error: --data lspet needs INTEGRAL_MMPOSE_DATA')


def start(out, *words):
    command = [
        sys.executable,
        str(ROOT / 'reproduction/reproduce.py'),
        '--table=1',
        '--data=synthetic',
        '--scale=tiny',
        f'--out={out}',
        *words,
    ]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, OMP_NUM_THREADS='1'),
    )


@pytest.mark.slow
def test_a_table_from_end_to_end_with_a_kill(tmp_path):
    """Stopped in the middle; the same command goes on and writes the table."""
    process = start(tmp_path, '--rows=H1,I1')
    runs = tmp_path / 'synthetic-tiny/runs'
    for _ in range(3000):
        if list(runs.glob('h1_*_1e_*/seed0/epoch_1.pth')):
            break
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 130, output
    assert 'stopped; the same command continues' in output
    (half,) = runs.glob('h1_*_1e_*/seed0/epoch_1.pth')
    written = half.stat().st_mtime_ns
    process = start(tmp_path, '--rows=H1,I1')
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    assert half.stat().st_mtime_ns == written
    folder = tmp_path / 'synthetic-tiny'
    table = json.loads((folder / 'table1.json').read_text())
    cells = {row['row']: row['cells']['AUC'] for row in table['rows']}
    assert 0 <= cells['I1']['ours'] <= 100 and 0 <= cells['H1']['ours'] <= 100
    assert cells['I1']['our_gain'] and cells['R1']['ours'] is None
    assert (folder / 'table1.png').stat().st_size > 1000
    records = list((folder / 'records').glob('*-seed0.json'))
    assert len(records) == 2
    for path in records:
        record = json.loads(path.read_text())
        assert len(record['curve']) == 51
        assert record['history'] and record['training']['seconds'] > 0


@pytest.mark.slow
@pytest.mark.dist
def test_two_processes_train_a_row(tmp_path):
    process = start(tmp_path, '--rows=R1', '--launcher=pytorch')
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    (log,) = (tmp_path / 'synthetic-tiny/runs').glob('r1_*/seed0/train.log')
    text = log.read_text()
    assert 'Distributed training: True' in text
    assert "dist_cfg: {'backend': 'gloo'}" in text
    # Two times 32 pictures: one iteration an epoch, and the rate follows.
    assert 'the current batch size is 64' in text
    assert 'Scaling the original LR by 2.0' in text
    assert 'Epoch(train) [1][1/1]' in text
