"""Results are on the disk as they come."""

import json
import os
import signal
import subprocess
import sys

import pytest

from integral_mmpose.inference.growing import GrowingJson

KILLED = """
import sys, time
from integral_mmpose.inference.growing import GrowingJson
growing = GrowingJson(sys.argv[1])
for n in range(3):
    growing.add({'n': n})
print('written', flush=True)
time.sleep(600)
"""


def test_a_list(tmp_path):
    growing = GrowingJson(tmp_path / 'a.json')
    growing.finish()
    assert list(tmp_path.iterdir()) == []
    growing = GrowingJson(tmp_path / 'a.json')
    for entry in ({'x': 'ä\n'}, [1], 2):
        growing.add(entry)
    assert len((tmp_path / 'a.json.partial').read_text().splitlines()) == 3
    assert not (tmp_path / 'a.json').exists()
    growing.finish()
    assert json.loads((tmp_path / 'a.json').read_text()) == [
        {'x': 'ä\n'},
        [1],
        2,
    ]
    assert [p.name for p in tmp_path.iterdir()] == ['a.json']


def test_a_killed_run_leaves_its_entries(tmp_path):
    path = tmp_path / 'a.json'
    process = subprocess.Popen(
        [sys.executable, '-c', KILLED, str(path)], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b'written\n'
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    lines = (tmp_path / 'a.json.partial').read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{'n': n} for n in range(3)]
    assert not path.exists()


def test_a_full_disk_names_the_file(tmp_path):
    growing = GrowingJson(tmp_path / 'a.json')
    growing._file = open('/dev/full', 'w')
    with pytest.raises(OSError, match='kept.*a.json.partial'):
        growing.add({})
    with pytest.raises(OSError, match='kept.*a.json.partial'):
        growing.finish()
    assert not (tmp_path / 'a.json').exists()


def test_two_runs_do_not_write_one_file(tmp_path):
    """The second would leave something that is no JSON."""
    path = tmp_path / 'a.json'
    command = [sys.executable, '-c', KILLED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        before = (tmp_path / 'a.json.partial').read_text()
        with pytest.raises(ValueError, match='another run is writing it'):
            GrowingJson(path).add(2)
        assert (tmp_path / 'a.json.partial').read_text() == before
        other.kill()
    again = GrowingJson(path)
    again.add(4)
    again.finish()
    assert json.loads(path.read_text()) == [4]
    left = GrowingJson(path)  # by a call that was broken off
    left.add(5)
    again = GrowingJson(path)
    again.add(6)
    again.finish()
    assert json.loads(path.read_text()) == [6]
