"""The hosts' tests are compared by name, and a difference is found."""

import importlib.util
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / '.dev_scripts/check_peers.py'
REPORT = """<testsuites><testsuite>
<testcase classname="a.B" name="one"/>
<testcase classname="a.B" name="two"><failure message="">x</failure></testcase>
<testcase classname="a.B" name="three"><skipped/></testcase>
<testcase classname="" name="a"><error/></testcase>
</testsuite></testsuites>"""


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('check_peers', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def host(tmp_path):
    """A checkout with two tests, one of which asks for this package."""
    tests = tmp_path / 'mmpose/tests/test_codecs'
    tests.mkdir(parents=True)
    (tests / 'test_it.py').write_text(
        'import sys\n\n\ndef test_same():\n    pass\n\n\n'
        'def test_other():\n'
        "    assert 'integral_mmpose' not in sys.modules\n"
    )
    return tmp_path


def run(tool, monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['check_peers.py', *map(str, arguments)])
    return tool.main()


def test_outcomes_are_those_of_the_report(tool):
    assert tool.read_outcomes(REPORT) == {
        'a.B::one': 'passed',
        'a.B::two': 'failure',
        'a.B::three': 'skipped',
        '::a': 'error',
    }


def test_a_difference_is_named(tool, host, monkeypatch, capsys):
    assert run(tool, monkeypatch, host, '--tests', 'test_codecs') == 1
    printed = capsys.readouterr().out
    assert '2 passed; 1 differ' in printed
    assert 'test_other: passed alone, failure with it' in printed
    assert 'test_same' not in printed


def test_a_missing_test_is_a_difference(tool):
    alone, beside = dict(a='passed', b='skipped'), dict(a='passed')
    assert tool.differences(alone, alone) == []
    [line] = tool.differences(alone, beside)
    assert 'b: skipped alone, None with it' in line


def test_no_checkout_and_no_tests_fail(tool, host, monkeypatch):
    with pytest.raises(SystemExit) as stopped:
        run(tool, monkeypatch, host / 'mmpose')
    assert stopped.value.code == 2
    monkeypatch.setattr(tool, 'outcomes', lambda *args: {})
    assert run(tool, monkeypatch, host) == 1
