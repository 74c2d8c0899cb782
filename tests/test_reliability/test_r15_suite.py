"""R15, the suite: what it covers, and that it does not flake."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COVERED = {
    'functional': 'integral_mmpose/functional',
    'codecs': 'integral_mmpose/codecs',
    'losses': 'integral_mmpose/models/losses',
    'evaluation': 'integral_mmpose/evaluation',
}
TESTS = 'test_functional test_codecs test_models/test_losses test_evaluation'


def run(*options):
    command = [sys.executable, *'-m pytest -q -p no:cacheprovider'.split()]
    return subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True
    )


def share(folder, report):
    """Percent of lines and branches of a folder that ran."""
    found = done = 0
    for name, file in report['files'].items():
        if name.startswith(f'{folder}/'):
            counts = file['summary']
            found += counts['num_statements'] + counts['num_branches']
            done += counts['covered_lines'] + counts['covered_branches']
    assert found
    return 100 * done / found


@pytest.mark.slow  # a part of the short suite, with coverage
def test_coverage(tmp_path, figure):
    """By the tests that mirror the folders, and by no other."""
    out = tmp_path / 'coverage.json'
    report = f'--cov-report=json:{out}'
    data = f'--cov-config={ROOT / "pyproject.toml"}'
    folders = [f'tests/{name}' for name in TESTS.split()]
    done = run('--cov', '--cov-branch', data, report, *folders)
    assert done.returncode == 0, done.stdout[-2000:]
    content = json.loads(out.read_text())
    for name, folder in COVERED.items():
        missed = 100 - share(folder, content)
        figure('R15', f'not covered of {name}, percent', missed, 5.0)


@pytest.mark.slow  # --suite-runs times the short suite
def test_no_flake(request, figure):
    count = request.config.getoption('suite_runs')
    if not count:
        pytest.skip('--suite-runs N: each takes the minutes of make test')
    log = ROOT / 'work_dirs/suite_runs.log'
    log.parent.mkdir(exist_ok=True)
    failures = 0
    for _ in range(count):
        done = run('-n', 'auto', '--maxprocesses', '4', '--dist', 'worksteal')
        failures += done.returncode != 0
        lines = done.stdout.splitlines()
        failed = [x for x in lines if x.startswith(('FAILED', 'ERROR'))]
        with open(log, 'a') as file:  # hours of runs, each kept as it ends
            print(*failed, lines[-1], sep='\n', file=file)
    figure('R15', f'failing runs of the short suite, of {count}', failures, 0)


def test_upstream_a_test_that_asserts_a_shape_covers_nothing(tmp_path):
    """The measure sees the branch that a test does not take."""
    (tmp_path / 'part').mkdir()
    (tmp_path / 'part/code_of.py').write_text(
        'def half(x):\n    if x > 0:\n        return x / 2\n    return 0\n'
    )
    (tmp_path / 'test_code.py').write_text(
        'import sys; sys.path.insert(0, "part")\n'
        'from code_of import half\n'
        'def test_half():\n    assert half(2)\n'
    )
    command = [sys.executable, *'-m pytest -q --cov=part --cov-branch'.split()]
    subprocess.run(
        [*command, '--cov-report=json:out.json'],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    content = json.loads((tmp_path / 'out.json').read_text())
    assert share('part', content) < 95
