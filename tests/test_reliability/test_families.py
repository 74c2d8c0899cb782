"""The lists of the families, the records of a run and the page of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import TESTS, declared

FILES = sorted(TESTS.glob('test_reliability/test_r[0-9]*.py'))
WRITER = TESTS.parent / 'benchmarks/write_reliability.py'
TEST = """
import pytest

def test_good(figure):
    figure('R1', 'a', 0.5, 1)
    figure('R1', 'a', 2, 1, upstream=True)

def test_bad(figure):
    figure('R1', 'b', float('nan'), 1)

def test_control(figure):
    with pytest.raises(AssertionError):
        figure('R1', 'c', 1, 1, upstream=True)
"""


def test_there_are_fifteen():
    assert [int(path.stem[6:8]) for path in FILES] == list(range(1, 16))


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_what_is_named_exists(path):
    lists = declared(path)
    for entry in (*lists['PROVED_BY'], *lists['CONTROLS']):
        file, _, name = entry.partition('::')
        assert not name or f'\ndef {name}(' in (TESTS / file).read_text()
        assert (TESTS / file).is_file(), entry
    assert lists['CONTROLS'] or '\ndef test_upstream_' in path.read_text()


@pytest.fixture
def recorded(tmp_path):
    """A run of three tests of a family, of which one fails."""
    folder = tmp_path / 'tests/test_reliability'
    folder.mkdir(parents=True)
    (tmp_path / 'tests/conftest.py').write_text(
        (TESTS / 'figures.py').read_text()
    )
    (folder / 'test_r01_a.py').write_text(
        f'CONTROLS = ("test_reliability/test_r01_a.py::test_control",)\n{TEST}'
    )
    out = tmp_path / 'out/figures.json'
    options = '-q -p no:cacheprovider --import-mode=importlib --figures'
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', *options.split(), str(out)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert '1 failed, 2 passed' in done.stdout, done.stdout
    return json.loads(out.read_text())


def test_a_run_is_recorded(recorded):
    assert recorded['finished']
    good, bad, control = recorded['tests']
    assert good['figures'] == [
        ['R1', 'a', 0.5, 1, False],
        ['R1', 'a', 2, 1, True],
    ]
    assert [t['outcome'] for t in (good, bad)] == ['passed', 'failed']
    assert good['families'] == [['R1', False]]
    assert control['families'] == [['R1', True]]


def test_the_page_of_a_run(recorded, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(WRITER.parent))
    import write_reliability as writer

    page, file = tmp_path / 'page.md', Path(tmp_path, 'out/figures.json')
    page.write_text(f'Before\n{writer.BEGIN}\nold\n{writer.END}\nAfter\n')
    monkeypatch.setattr(writer, 'PAGE', page)
    monkeypatch.setattr(sys, 'argv', ['write_reliability.py', str(file)])
    assert writer.main() == 0
    text = page.read_text()
    assert text.startswith('Before') and text.endswith('After\n')
    assert '| a | 0.5 | ≤ 1 | 2 |' in text
    assert '| b | nan (**missed**) | ≤ 1 | – |' in text
    assert 'Tests: 1 passed, 1 failed. Negative controls: 1 passed.' in text
    assert '\n## R15: the suite' in text and 'old' not in text
