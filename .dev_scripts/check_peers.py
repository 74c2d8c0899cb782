#!/usr/bin/env python3
"""Run the hosts' own tests with and without this package, and compare.

FOLDER holds checkouts of the hosts, ``mmpose`` or ``mmengine`` or both, at
the installed versions: their tests are in the repositories alone. They run
against the installed packages. A test must have the same outcome whether or
not integral_mmpose is imported before it; which outcome is the hosts' matter.

Example: .dev_scripts/check_peers.py ~/hosts --tests test_codecs --hosts mmpose
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

TESTS = dict(
    mmpose=(
        *('test_codecs', 'test_models/test_heads', 'test_models/test_losses'),
        *('test_evaluation', 'test_structures'),
    ),
    mmengine=(
        *('test_registry', 'test_config', 'test_runner/test_checkpoint.py'),
        *('test_hooks/test_checkpoint_hook.py', 'test_logging', 'test_hub'),
    ),
)
NOT_PASSED = ('failure', 'error', 'skipped')


def main() -> int:
    """Compare each host; 1 if an outcome differs or no test has passed."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('--hosts', nargs='+', choices=TESTS, default=TESTS)
    parser.add_argument('--tests', nargs='+', help='below tests/')
    parser.add_argument('--minutes', type=float, default=10, help='of a run')
    args = parser.parse_args()
    hosts = [h for h in args.hosts if (args.folder / h / 'tests').is_dir()]
    if not hosts:
        parser.error(f'{args.folder} has no mmpose/tests or mmengine/tests')
    failed = False
    for host in hosts:
        tests = args.tests or TESTS[host]
        checkout = args.folder / host
        alone, beside = (
            outcomes(checkout, tests, options, args.minutes)
            for options in ([], ['-p', 'integral_mmpose'])
        )
        different = differences(alone, beside)
        failed |= bool(different) or 'passed' not in alone.values()
        counts = ', '.join(
            f'{n} {w}' for w, n in Counter(alone.values()).items()
        )
        print(f'{host}: {counts}; {len(different)} differ')
        print(*different, sep='\n', end='\n' if different else '', flush=True)
    return int(failed)


def outcomes(checkout: Path, tests, options, minutes: float) -> dict:
    """The outcome of each test, by its name; {} where time has run out.

    ``tests`` are files and folders below ``tests`` of the checkout, which is
    copied with ``configs``: beside the package of the checkout the installed
    one would not be imported.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in ('tests', 'configs'):
            if (checkout / name).is_dir():
                shutil.copytree(checkout / name, Path(folder, name))
        command = [sys.executable, '-m', 'pytest', '-q', '--tb=no', *options]
        command += ['--continue-on-collection-errors', '--junitxml=out.xml']
        command += [*(f'tests/{name}' for name in tests)]
        try:
            subprocess.run(
                command,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                timeout=60 * minutes,
            )
        except subprocess.TimeoutExpired:
            print(f'{checkout.name}: not finished in {minutes:.0f} min')
            return {}
        report = Path(folder, 'out.xml')
        return read_outcomes(report.read_text()) if report.exists() else {}


def read_outcomes(report: str) -> dict:
    """``passed``, ``failure``, ``error`` or ``skipped`` of a JUnit report."""
    found = {}
    for case in ElementTree.fromstring(report).iter('testcase'):
        wrong = [child.tag for child in case if child.tag in NOT_PASSED]
        name = f'{case.get("classname")}::{case.get("name")}'
        found[name] = wrong[0] if wrong else 'passed'
    return found


def differences(alone: dict, beside: dict) -> list:
    """A line for each test whose outcome is not the same in both."""
    return [
        f'  {name}: {alone.get(name)} alone, {beside.get(name)} with it'
        for name in sorted(alone.keys() | beside.keys())
        if alone.get(name) != beside.get(name)
    ]


if __name__ == '__main__':
    sys.exit(main())
