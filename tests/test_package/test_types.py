"""mypy, as in ``make lint``: what a user imports has right annotations."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def check(tmp_path, *files):
    return subprocess.run(
        [sys.executable, '-m', 'mypy', '--cache-dir', tmp_path, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_types(tmp_path):
    done = check(tmp_path)
    assert done.returncode == 0, done.stdout
    assert 'no issues found' in done.stdout


def test_a_wrong_type_is_seen(tmp_path):
    """Negative control."""
    file = tmp_path / 'wrong.py'
    file.write_text('def count() -> int:\n    return "one"\n')
    done = check(tmp_path, file)
    assert done.returncode == 1 and 'wrong.py:2' in done.stdout
