"""The pages of docs/ and the API as HTML: ``make docs`` gives no warning."""

import os
import subprocess
import sys

from .pages import ROOT


def build(pages, out):
    """Run the command of ``make docs``."""
    command = [sys.executable, '-m', 'sphinx', '-W', '--keep-going', '-q']
    return subprocess.run(
        [*command, str(pages), str(out)],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )


def test_no_warning(tmp_path):
    done = build(ROOT / 'docs', tmp_path)
    assert done.returncode == 0, done.stderr
    api = (tmp_path / 'api.html').read_text('utf-8')
    assert 'integral_mmpose.models.IntegralHead' in api


def test_a_warning_is_seen(tmp_path):
    """Negative control: a heading that leaves out a level."""
    pages = tmp_path / 'pages'
    pages.mkdir()
    (pages / 'conf.py').write_text((ROOT / 'docs/conf.py').read_text())
    (pages / 'index.md').write_text('# Title\n\n### Part\n')
    done = build(pages, tmp_path / 'out')
    assert done.returncode == 1
    assert 'Non-consecutive header level' in done.stderr
