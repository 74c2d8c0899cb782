"""The pages of the benchmarks: all rows in one, those with a target in one."""

import importlib
import json
import sys

import pytest


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """Run the script on results of its own; returns both texts."""
    module = importlib.import_module('write_performance')

    def write(results, gpu=None):
        for name in ('RESULTS', 'TABLES', 'PAGE', 'GPU'):
            monkeypatch.setattr(module, name, tmp_path / name)
        (tmp_path / 'RESULTS').write_text(json.dumps(results))
        (tmp_path / 'PAGE').write_text(f'a {module.BEGIN} old {module.END} b')
        if gpu:
            (tmp_path / 'GPU').write_text(json.dumps(gpu))
        monkeypatch.setattr(sys, 'argv', ['write_performance.py'])
        assert module.main() == 0
        return [(tmp_path / n).read_text() for n in ('TABLES', 'PAGE')]

    return write


def row(case, formulation, median, unit='ms', **more):
    fields = dict(iqr=0.0, target='', reached=None, floor=None, note='')
    named = dict(case=case, formulation=formulation, median=median, unit=unit)
    return named | fields | more


MACHINE = dict(
    processor='P', cores=2, threads=1, gpu=None, torch='2', load=0.1
)
MACHINE |= dict(date='2026-01-01', commit='abc', python='3.11')


def test_all_rows_and_those_with_a_target(pages):
    goal = dict(target='<= 3 ms', reached=True)
    rows = [
        row('time', 'ours', 2.0, **goal),
        row('time', 'ours, other', 1.0),
        row('time', 'slow peer', 8.0),
        row('time', 'fast peer', 5.0),
        row('rate', 'ours', 50.0, 'images/s', target='>= 60', reached=False),
        row('rate', 'peer', 10.0, 'images/s'),
        row('rate', 'better peer', 20.0, 'images/s'),
        row('without', 'ours', 7.0),
    ]
    gpu = dict(step=dict(machine=MACHINE | dict(gpu='H1'), rows=[rows[0]]))
    tables, page = pages(dict(topic=dict(machine=MACHINE, rows=rows)), gpu)
    assert sum(line.startswith('| ') for line in tables.splitlines()) == 11
    assert '### GPU: step' in tables and 'GPU: H1;' in tables
    assert page.startswith('a ') and page.endswith(' b') and 'old' not in page
    lines = [x for x in page.splitlines() if x.startswith('| ')][1:]
    assert lines == [
        '| time | 2 ms | – | – | <= 3 ms | yes |',
        '| time | 2 ms | fast peer | 2.50× | <= 3 ms | yes |',
        '| rate | 50 images/s | better peer | 2.50× | >= 60 | **no** |',
    ]


def test_the_page_is_short(pages):
    module = importlib.import_module('write_performance')
    page = (module.HERE.parent / 'docs/performance.md').read_text()
    assert len(page.splitlines()) <= 150
