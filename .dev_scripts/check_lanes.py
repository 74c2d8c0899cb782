#!/usr/bin/env python3
"""Make the environment of each lane, run its tests, write the table.

A lane is a Python with versions of torch, numpy and the OpenMMLab packages.
The table in docs/install.md holds what was run, with its counts. Lanes that
are not named keep their line; with --tests, all do.

Example: .dev_scripts/check_lanes.py --dir /tmp/lanes --lanes 3.12 3.13-onedl
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / 'docs/install.md'
LANES = {  # the Python, and the settings of .dev_scripts/setup_env.py
    '3.10': ('3.10', {}),
    '3.11': ('3.11', {}),
    '3.12': ('3.12', {}),
    '3.13': ('3.13', {}),
    '3.13-onedl': ('3.13', {'HOSTS': 'onedl'}),
    '3.11-torch2.1': ('3.11', {'TORCH': '2.1.2'}),
    '3.12-torch2.4': ('3.12', {'TORCH': '2.4.1'}),
    '3.13-newest': ('3.13', {'TORCH': 'newest'}),
}
CORE = ('functional', 'codecs', 'models', 'evaluation', 'engine', 'datasets')
COUNT = re.compile(r'(\d+) (passed|failed|errors?|skipped)')
VERSIONS = (
    'import mmcv, mmengine, numpy, torch; print(torch.__version__, '
    'numpy.__version__, mmengine.__version__, mmcv.__version__)'
)


def main():
    """Run the lanes; returns 1 if one has failed."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--dir', default='/tmp/lanes', help='environments')
    parser.add_argument('--lanes', nargs='+', choices=LANES, default=LANES)
    parser.add_argument('--tests', nargs='+', default=CORE, help='folders')
    parser.add_argument('--minutes', type=float, default=30, help='a lane')
    args = parser.parse_args()
    failed = False
    for name in args.lanes:
        row, good = run_lane(name, Path(args.dir, name), args)
        failed |= not good
        if tuple(args.tests) == CORE:
            page = PAGE.read_text('utf-8')
            PAGE.write_text(with_row(page, name, row), 'utf-8')
        print(row, flush=True)
    return int(failed)


def run_lane(name, venv, args):
    """Set up, test; returns the line of the table, and whether all is good."""
    version, settings = LANES[name]
    python = find_python(version)
    if not python:
        return f'| {name} | no Python {version} here | | | | | |', False
    environment = dict(os.environ, **settings)
    command = [python, ROOT / '.dev_scripts/setup_env.py', '--venv', venv]
    start = time.time()
    if subprocess.run(command, env=environment).returncode:
        return f'| {name} | the set-up failed | | | | | |', False
    minutes = (time.time() - start) / 60
    python = venv / 'bin/python'
    found = subprocess.check_output([python, '-c', VERSIONS], text=True)
    torch, numpy, mmengine, mmcv = found.split()[-4:]
    folders = [f'tests/test_{folder}' for folder in args.tests]
    counts = run_tests(python, folders, args.minutes, environment)
    passed, failed, skipped = counts or (f'> {args.minutes:.0f} min', '', '')
    row = (
        f'| {name} | {torch} | {numpy} | mmengine {mmengine}, mmcv {mmcv} | '
        f'{passed} | {failed} | {skipped} | {minutes:.1f} |'
    )
    return row, bool(passed) and failed == 0


def find_python(version):
    """An interpreter: on PATH, or one of pyenv's, or uv's."""
    root = os.environ.get('PYENV_ROOT', os.path.expanduser('~/.pyenv'))
    names = [shutil.which(f'python{version}')]
    names += glob.glob(f'{root}/versions/{version}.*/bin/python')
    if shutil.which('uv'):
        command = ['uv', 'python', 'find', version]
        done = subprocess.run(command, capture_output=True, text=True)
        names.append(done.stdout.strip())
    code = f'import ensurepip, sys, venv; assert "{version}" in sys.version'
    for name in filter(None, names):
        done = subprocess.run([name, '-c', code], capture_output=True)
        if not done.returncode:
            return name
    return None


def run_tests(python, folders, minutes, environment):
    """The counts of pytest; None if it was not finished in time."""
    command = [python, '-m', 'pytest', '-q', '--tb=line', *folders]
    environment = dict(environment, OMP_NUM_THREADS='1')
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60 * minutes,
        )
    except subprocess.TimeoutExpired:
        return None
    return counts_of(done.stdout)


def counts_of(output):
    """How many passed, failed, and were skipped, by pytest's closing line."""
    last = output.strip().rpartition('\n')[2]
    found = dict.fromkeys(('passed', 'failed', 'skipped'), 0)
    for number, word in COUNT.findall(last):
        word = 'failed' if word.startswith('error') else word
        found[word] += int(number)
    return tuple(found.values())


def with_row(text, name, row):
    """The page with the line of one lane replaced."""
    return re.sub(rf'(?m)^\| {re.escape(name)} \|.*$', lambda _: row, text)


if __name__ == '__main__':
    sys.exit(main())
