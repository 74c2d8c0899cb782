"""The table of lanes says what pytest said, and changes one line."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location(
    'check_lanes', ROOT / '.dev_scripts/check_lanes.py'
)
lanes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(lanes)


@pytest.mark.parametrize(
    'closing, expected',
    [
        ('66 passed in 68.12s', (66, 0, 0)),
        (
            '= 2 failed, 9 passed, 3 skipped, 1 error in 1.0s =',
            (9, 3, 3),
        ),
        ('no tests ran in 0.1s', (0, 0, 0)),
    ],
)
def test_counts_are_of_the_closing_line(closing, expected):
    assert lanes.counts_of(f'E 7 passed\n{closing}\n') == expected


def test_one_line_of_the_page_changes():
    page = lanes.PAGE.read_text('utf-8')
    changed = lanes.with_row(page, '3.13', '| 3.13 | \\1 |')
    old, new = page.splitlines(), changed.splitlines()
    (different,) = [n for o, n in zip(old, new) if o != n]
    assert different == '| 3.13 | \\1 |'
    assert len(old) == len(new)


def test_a_part_of_the_tests_changes_no_line(tmp_path, monkeypatch):
    page, row = tmp_path / 'install.md', '| 3.12 | new |'
    monkeypatch.setattr(lanes, 'PAGE', page)
    monkeypatch.setattr(lanes, 'run_lane', lambda *_: (row, True))
    for more, line in ((['--tests', 'codecs'], '| 3.12 | old |'), ([], row)):
        page.write_text('| 3.12 | old |\n')
        command = ['check_lanes.py', '--lanes', '3.12', *more]
        monkeypatch.setattr(sys, 'argv', command)
        assert lanes.main() == 0
        assert page.read_text() == f'{line}\n'


@pytest.mark.parametrize(
    ('counts', 'good'),
    [((9, 0, 1), True), ((9, 1, 0), False), ((0, 0, 0), False), (None, False)],
)
def test_a_lane_is_good_if_tests_ran_and_passed(
    tmp_path, monkeypatch, counts, good
):
    args = SimpleNamespace(tests=['codecs'], minutes=1)
    monkeypatch.setattr(lanes, 'find_python', lambda version: 'python')
    run = SimpleNamespace(returncode=0)
    monkeypatch.setattr(lanes.subprocess, 'run', lambda *_, **__: run)
    monkeypatch.setattr(
        lanes.subprocess, 'check_output', lambda *_, **__: '2.1 1.26 0.10 2.1'
    )
    monkeypatch.setattr(lanes, 'run_tests', lambda *_: counts)
    row, found = lanes.run_lane('3.12', tmp_path, args)
    assert found is good and row.count('|') == 9


def test_every_lane_has_its_line_in_the_page():
    page = lanes.PAGE.read_text('utf-8')
    assert all(f'\n| {name} |' in page for name in lanes.LANES)


def test_this_python_is_found_and_another_is_not():
    version = '{}.{}'.format(*sys.version_info[:2])
    assert lanes.find_python(version)
    assert lanes.find_python('3.1') is None
