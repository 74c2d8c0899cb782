"""make gpu-check on a CPU: its parts, tiny, and what stops or cuts it."""

import importlib
import json
import sys
import time
import warnings

import pytest
import torch

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason='needs no GPU')


@pytest.fixture(scope='module')
def check():
    return importlib.import_module('gpu_check')


@pytest.fixture
def parts(monkeypatch):
    """The parts; torch.compile, a minute here, has tests of its own."""
    module = importlib.import_module('gpu_parts')
    monkeypatch.setattr(torch, 'compile', lambda function, **_: function)
    return module


def rows_of(parts, name, **size):
    return list(parts.PARTS[name][0](parts.TINY._replace(**size)))


def test_accuracy(parts, monkeypatch):
    rows = rows_of(parts, 'accuracy')
    assert len(rows) == 6
    assert all(row['reached'] for row in rows)
    integral = parts.F.integral
    monkeypatch.setattr(parts.F, 'integral', lambda x: integral(x) + 0.01)
    assert not any(row['reached'] for row in rows_of(parts, 'accuracy'))


def test_integral_beside_the_others(parts):
    rows = rows_of(parts, 'integral')
    assert [row['formulation'] for row in rows] == [
        'ours',
        'official',
        'MMPose',
        'plain form, torch.compile',
    ]
    # Three passes over 4 kB take longer than copying them.
    assert all(0 < row['floor'] < row['median'] for row in rows)


def test_a_step_and_its_loader_cores(parts, check, monkeypatch):
    measure = parts.common.measure
    monkeypatch.setattr(
        parts.common,
        'measure',
        lambda steps, seconds, min_rounds=1: measure(steps, seconds, 1),
    )
    rows = rows_of(parts, 'step')
    times = {
        row['formulation']: row['median']
        for row in rows
        if row['case'].startswith('3D') and row['unit'] == 'ms'
    }
    assert {'ours', 'network alone', 'ours, bfloat16'} <= set(times)
    loader = [parts.common.figure('loader', 'ours', 10.0, 'images/s')]
    cores = check.loader_cores(dict(step=rows, loader=loader))
    by_name = {row['formulation']: row for row in cores}
    assert set(by_name) == set(times)
    rate = 1000 / times['ours']  # a picture a step
    assert by_name['ours']['median'] == pytest.approx(rate, abs=0.06)
    cores = by_name['ours']['note'].removeprefix('ours: ').split(' / ')
    assert [float(n) for n in cores] == [
        pytest.approx(gpus * rate / 10, abs=0.06 + gpus * 0.01)
        for gpus in (1, 4, 8)
    ]


def test_loader(parts):
    threads = torch.get_num_threads()
    try:
        rows = rows_of(parts, 'loader')
    finally:
        torch.set_num_threads(threads)
    assert len(rows) == 2
    assert all(row['median'] > 1 for row in rows)


def test_training(parts):
    rows = rows_of(parts, 'training')
    assert [row['formulation'] for row in rows] == ['float32', 'bfloat16']
    assert rows[1]['reached']


@pytest.mark.slow
@pytest.mark.dist
def test_processes(parts):
    (row,) = rows_of(parts, 'processes')
    assert row['reached']


@pytest.mark.parametrize('name', ['integral', 'step', 'training'])
def test_too_little_memory_is_one_sentence(parts, name, monkeypatch):
    monkeypatch.setattr(parts, 'free_memory', lambda device: 1e3)
    (row,) = rows_of(parts, name)
    assert row['median'] is None
    assert 'GB of the GPU, 0.0 free' in row['note']


def test_a_smaller_gpu_gets_a_smaller_batch(parts, monkeypatch):
    free = 5.5 * parts.BYTES_PER_IMAGE
    monkeypatch.setattr(parts, 'free_memory', lambda device: free)
    step = parts.TINY.step._replace(batch=32)
    settings = []
    for name in ('two', 'three'):
        monkeypatch.setattr(
            parts.bm_step,
            f'{name}_dimensions',
            lambda seconds, setting: settings.append(setting) or [],
        )
    assert rows_of(parts, 'step', step=step) == []
    assert [setting.batch for setting in settings] == [4, 4]


def test_mmcv_without_cuda_operators(parts, monkeypatch):
    for found, words in (
        ('not available', 'MMCV_OPS=compile FORCE_CUDA=1 make setup'),
        ('12.4', 'for CUDA 12.4'),
    ):
        monkeypatch.setattr(
            parts, 'get_compiling_cuda_version', lambda found=found: found
        )
        (row,) = rows_of(parts, 'detector')
        assert words in row['note']


@NO_GPU
def test_without_a_gpu_one_line(check, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['gpu_check.py'])
    assert check.main() == 1
    out = capsys.readouterr().out
    assert out.startswith('error: ') and out.count('\n') == 1


def old_driver():
    message = 'CUDA initialization: The driver is too old\nUpdate it'
    warnings.warn(message, stacklevel=1)
    return False


@pytest.mark.parametrize(
    'built, available, words',
    [
        (None, lambda: False, 'was built without CUDA'),
        ('12.4', lambda: False, r'no GPU that torch .* \(CUDA 12.4\) can use'),
        ('12.4', old_driver, 'measured: CUDA init.*driver is too old$'),
        ('12.4', lambda: True, 'Tesla K80 cannot run torch .* sm_75: no kern'),
    ],
)
def test_what_stops_it_is_one_sentence(
    check, monkeypatch, built, available, words
):
    def fail(*args, **kwargs):
        raise RuntimeError('no kernel image is available\nCUDA kernel errors')

    monkeypatch.setattr(torch.version, 'cuda', built)
    monkeypatch.setattr(torch.cuda, 'is_available', available)
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda: 'Tesla K80')
    monkeypatch.setattr(torch.cuda, 'get_arch_list', lambda: ['sm_75'])
    monkeypatch.setattr(check.torch, 'ones', fail)
    sentence = check.obstacle()
    assert sentence.count('\n') == 0
    with pytest.raises(ValueError, match=words):
        raise ValueError(sentence)


def run_script(check, monkeypatch, tmp_path, text, limit=60.0):
    """Run a part that is a script, with a record in ``tmp_path``."""
    script = tmp_path / 'part.py'
    row = check.common.figure('a case', 'ours', 1.0, 'ms')
    line = check.ROW + json.dumps(row)
    head = f'import subprocess, sys, time\nrow = {line!r}'
    script.write_text(f'{head}\n{text}\n')
    monkeypatch.setattr(check, 'CHILD', (sys.executable, str(script)))
    record = check.Record(tmp_path / 'out')
    start = time.monotonic()
    ended = check.run_part(
        'step', limit, lambda row: record.keep('step', row), False
    )
    saved = json.loads((tmp_path / 'out/gpu_check.json').read_text())
    assert time.monotonic() - start < 30
    table = (tmp_path / 'out/gpu_check.md').read_text()
    assert '| a case | ours | 1 ms | 1.00× |' in table
    return ended, saved['step']['rows'], record


def test_a_cut_off_keeps_what_was_measured(check, monkeypatch, tmp_path):
    text = 'print(row, flush=True)\ntime.sleep(100)'
    ended, rows, record = run_script(check, monkeypatch, tmp_path, text, 3)
    assert not ended and record.failed == []
    assert [row['case'] for row in rows] == ['a case', 'the rest of step']
    assert 'longer than 3 s' in rows[1]['note']


def test_an_error_is_a_failed_row(check, monkeypatch, tmp_path):
    text = 'print(row)\n1 / 0'
    ended, rows, record = run_script(check, monkeypatch, tmp_path, text)
    assert not ended and record.failed == ['step']
    assert rows[1]['note'] == 'failed, see above'


def test_it_does_not_wait_for_what_a_part_left(check, monkeypatch, tmp_path):
    """Torch's compile workers hold the pipe after the part has ended."""
    text = f"""
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'])
print(row)
print({check.END!r}, flush=True)
"""
    ended, rows, record = run_script(check, monkeypatch, tmp_path, text)
    assert ended and len(rows) == 1 and record.failed == []


def test_the_time_of_all_parts_is_limited(check, tmp_path):
    record = check.check(['step'], tmp_path, minutes=0.01, tiny=True)
    (row,) = record.results['step']
    assert row['note'] == 'not measured: 0.01 minutes were over'


@pytest.mark.slow
def test_a_part_in_a_process_of_its_own(check, tmp_path):
    record = check.check(['detector', 'training'], tmp_path, 5, tiny=True)
    assert record.failed == []
    assert len(record.results['training']) == 2
