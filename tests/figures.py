"""The fifteen families of docs/reference/reliability.md: marks and figures.

A file ``tests/test_reliability/test_r*.py`` is a family. It has tests of its
own and names those elsewhere that prove it (``PROVED_BY``) or fail on what
upstream does (``CONTROLS``; its own are called ``test_upstream_*``). Both
lists are parsed, so that a family is known without its imports.
"""

import ast
import datetime
import json
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent


def pytest_addoption(parser):
    group = parser.getgroup('reliability')
    group.addoption(
        '--figures', metavar='FILE', help='write what was measured as JSON'
    )
    group.addoption(
        '--fuzz-seed', type=int, default=0, help='of the damaged files'
    )
    group.addoption(
        '--suite-runs', type=int, default=0, help='R15: of the short suite'
    )


def pytest_configure(config):
    if config.getoption('figures') and not hasattr(config, 'workerinput'):
        config.pluginmanager.register(Recorder(config.getoption('figures')))


def declared(path):
    """The lists of a family's file."""
    lists = dict(PROVED_BY=(), CONTROLS=())
    for node in ast.parse(path.read_text()).body:
        name = getattr(getattr(node, 'targets', [None])[0], 'id', None)
        if name in lists:
            lists[name] = ast.literal_eval(node.value)
    return lists


def family_table():
    """'file' or 'file::test' -> [(family, whether it is a control)]."""
    table = {}
    for path in sorted(TESTS.glob('test_reliability/test_r[0-9]*.py')):
        name = f'R{int(path.stem[6:8])}'
        table[f'test_reliability/{path.name}'] = [(name, False)]
        for key, entries in declared(path).items():
            for entry in entries:
                found = table.setdefault(entry, [])
                found.append((name, key == 'CONTROLS'))
    return table


@pytest.hookimpl(tryfirst=True)  # before pytest selects by -m
def pytest_collection_modifyitems(items):
    table = family_table()
    for item in items:
        file = os.path.relpath(item.path, TESTS)
        name = getattr(item, 'originalname', item.name)
        found = table.get(file, []) + table.get(f'{file}::{name}', [])
        own = file.startswith('test_reliability')
        control = own and name.startswith('test_upstream_')
        for family in sorted({family for family, _ in found}):
            item.add_marker(pytest.mark.family(family))
            is_control = control or (family, True) in found
            item.user_properties.append(('family', [family, is_control]))


@pytest.fixture
def figure(record_property):
    """Assert that a value is within its limit, and record both.

    With ``upstream=True`` it is that of the negative control, which must lie
    beyond the limit.
    """

    def check(family, what, value, limit, upstream=False):
        value = float(value)
        record_property('figure', [family, what, value, limit, upstream])
        good = value > limit if upstream else value <= limit
        assert good, f'{family}, {what}: {value:.3g}, the limit is {limit:g}'

    return check


class Recorder:
    """Keeps the file up to date, whatever comes next."""

    def __init__(self, path):
        self.path = Path(path)
        self.content = dict(where(), finished=False, tests=[])
        self.write()

    def pytest_runtest_logreport(self, report):
        families = [v for k, v in report.user_properties if k == 'family']
        if not families or (report.when != 'call' and report.passed):
            return
        self.content['tests'].append(
            dict(
                test=report.nodeid,
                families=families,
                outcome=report.outcome,
                seconds=round(report.duration, 2),
                figures=[
                    v for k, v in report.user_properties if k == 'figure'
                ],
            )
        )
        self.write()

    def pytest_sessionfinish(self, exitstatus):
        self.content['finished'] = exitstatus in (0, 1)
        self.write()

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f'{self.path.name}.new')
        new.write_text(json.dumps(self.content, indent=1))
        os.replace(new, self.path)


def where():
    """Machine, versions, commit and command of a run."""
    import torch

    commit = subprocess.run(
        ['git', 'rev-parse', '--short=10', 'HEAD'],
        cwd=TESTS,
        capture_output=True,
        text=True,
    )
    gpus = torch.cuda.device_count()
    return dict(
        machine=f'{platform.machine()}, {os.cpu_count()} cores, '
        f'GPU: {torch.cuda.get_device_name() if gpus else "none"}',
        python=platform.python_version(),
        torch=torch.__version__,
        commit=commit.stdout.strip() or 'unknown',
        command=shlex.join(['pytest', *sys.argv[1:]]),
        date=datetime.date.today().isoformat(),
    )
