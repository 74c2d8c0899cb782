"""The set-up: checks before downloads, torch kept, nothing done twice."""

import importlib.util
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def _load(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


checks = _load('setup_checks')
pip_module = _load('setup_pip')
env = _load('setup_env')


@pytest.fixture
def no_environment(tmp_path):
    return str(tmp_path / 'venv')


@pytest.mark.parametrize('version', [(3, 9), (3, 12), (2, 7)])
def test_other_python_is_refused(no_environment, monkeypatch, version):
    monkeypatch.setattr(
        checks.sys,
        'version_info',
        namedtuple('V', 'major minor micro')(*version, 1),
    )
    with pytest.raises(
        checks.SetupError,
        match=rf'3\.10 or 3\.11 is needed, and .* is {version[0]}\.'
        rf'{version[1]}: install one and say PYTHON=',
    ):
        checks.check_python(no_environment + '/bin/python')


def test_this_python_passes(no_environment):
    checks.check_python(no_environment + '/bin/python')


def test_small_disk_is_refused(no_environment, monkeypatch):
    usage = namedtuple('usage', 'total used free')(100, 0, 9_900_000_000)
    monkeypatch.setattr(checks.shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(checks.SetupError, match=r'10 GB .*9\.9 are free'):
        checks.check_disk(no_environment, env.FULL_GB)
    checks.check_disk(no_environment, env.REST_GB)


def test_no_compiler_is_refused(no_environment, monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    for name in ('CXX', 'PIP_FIND_LINKS', 'MMCV_FIND_LINKS'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(checks.SetupError, match='compiler .*install g'):
        checks.check_compiler(no_environment + '/bin/python')
    version = '{}{}'.format(*sys.version_info[:2])
    wheel = tmp_path / f'mmcv-2.1.0-cp{version}-cp{version}-any.whl'
    wheel.touch()
    monkeypatch.setenv('PIP_FIND_LINKS', f'/nowhere file://{tmp_path}')
    checks.check_compiler(no_environment + '/bin/python')


def test_an_error_is_one_line_and_nothing_is_made(no_environment):
    """As a user sees it: no compiler, nothing downloaded or written."""
    done = subprocess.run(
        [sys.executable, TOOLS / 'setup_env.py', '--venv', no_environment],
        env=dict(PATH='/nowhere'),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout == ''
    assert done.stderr.startswith('set-up: ')
    assert len(done.stderr.splitlines()) == 1
    assert not Path(no_environment).exists()


def test_ready_environment_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['setup_env', '--venv', str(tmp_path)])
    monkeypatch.setattr(env, 'set_up', lambda venv: pytest.fail('set up'))
    (tmp_path / env.STAMP).write_text(env.fingerprint())
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin/python').symlink_to(sys.executable)
    assert env.main() == 0


def test_an_environment_without_its_python_is_set_up_anew(
    tmp_path, monkeypatch
):
    """The Python that it was made from is gone."""
    asked = []
    monkeypatch.setattr(sys, 'argv', ['setup_env', '--venv', str(tmp_path)])
    monkeypatch.setattr(env, 'set_up', asked.append)
    (tmp_path / env.STAMP).write_text(env.fingerprint())
    assert env.main() == 0
    assert asked == [str(tmp_path)]


def test_an_environment_without_pip_gets_it(tmp_path):
    """uv makes such ones; what is in it stays."""
    venv = tmp_path / 'venv'
    subprocess.run(
        [sys.executable, '-m', 'venv', '--without-pip', venv], check=True
    )
    (packages,) = venv.glob('lib/*/site-packages')
    (packages / 'thesis.py').touch()
    python = str(venv / 'bin/python')
    env.make_venv(str(venv), python)
    assert (packages / 'thesis.py').exists()
    assert checks.run_quietly([python, '-m', 'pip', '--version']) == 0
    (venv / 'bin/python').unlink()
    (venv / 'bin/python').symlink_to('gone')
    with pytest.raises(checks.SetupError, match='not an environment that'):
        env.make_venv(str(venv), python)
    assert (packages / 'thesis.py').exists()
    (venv / env.STAMP).touch()  # ours: it can be made again
    env.make_venv(str(venv), python)
    assert checks.run_quietly([python, '-m', 'pip', '--version']) == 0


@pytest.mark.parametrize(
    'wanted, kept',
    [(None, True), ('2.11', True), ('2.11.0', True)]
    + [('2.1', False), ('2.1.1', False), ('2.12.0', False)],
)
def test_another_torch_that_is_asked_for_is_installed(
    monkeypatch, wanted, kept
):
    monkeypatch.delenv('TORCH', raising=False)
    if wanted:
        monkeypatch.setenv('TORCH', wanted)
    pair = ['2.11.0+cu130', '0.26.0+cu130']
    assert env.wanted_pair(pair) == (pair if kept else None)
    assert env.wanted_pair(None) is None


def test_another_python_of_the_environment_is_named(tmp_path):
    other = tmp_path / 'bin/python'
    other.parent.mkdir()
    other.write_text('#!/bin/sh\necho "[3, 12]"\n')
    other.chmod(0o755)
    with pytest.raises(checks.SetupError, match='is 3.12.*remove that'):
        checks.check_python(str(other))


def test_a_place_with_a_space(tmp_path):
    """make lint sets up, then runs what lies in the environment."""
    place = tmp_path / 'with space'
    (place / 'tools').mkdir(parents=True)
    shutil.copy(Path(checks.__file__).parents[1] / 'Makefile', place)
    (place / 'tools/setup_env.py').write_text(
        'import sys; print(sys.argv[1:], flush=True)'
    )
    ruff = place / '.venv/bin/ruff'
    ruff.parent.mkdir(parents=True)
    ruff.write_text('#!/bin/sh\necho "ruff $1"\n')
    ruff.chmod(0o755)
    # Quiet: the tests themselves run under make.
    command = ['make', '-s', '--no-print-directory', 'lint']
    done = subprocess.run(
        [*command, f'PYTHON={sys.executable}'],
        cwd=place,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    arguments = ['--venv', f'{place}/.venv']
    assert done.stdout.splitlines() == [
        str(arguments),
        'ruff check',
        'ruff format',
    ]


def test_changed_requirements_set_up_anew(tmp_path, monkeypatch):
    copy = tmp_path / 'requirements'
    shutil.copytree(pip_module.REQUIREMENTS, copy)
    before = env.fingerprint()
    monkeypatch.setattr(pip_module, 'REQUIREMENTS', str(copy))
    assert env.fingerprint() == before
    with open(copy / 'constraints.txt', 'a') as file:
        file.write('six==1.0\n')
    changed = env.fingerprint()
    assert changed != before
    monkeypatch.setenv('TORCH', '2.1.2')
    assert env.fingerprint() != changed
    monkeypatch.delenv('TORCH')
    monkeypatch.setenv('FORCE_CUDA', '1')
    assert env.fingerprint() != changed


def test_half_made_folder_is_made_anew_and_foreign_one_is_not(tmp_path):
    foreign = tmp_path / 'foreign'
    foreign.mkdir()
    (foreign / 'thesis.txt').touch()
    with pytest.raises(checks.SetupError, match='is not an environment'):
        env.make_venv(str(foreign), str(foreign / 'bin' / 'python'))
    assert (foreign / 'thesis.txt').exists()


@pytest.mark.parametrize(
    'torch, expected',
    [
        (None, ['torch', 'torchvision']),
        ('2.1.2', ['torch==2.1.2', 'torchvision==0.16.*']),
        ('2.11', ['torch==2.11.*', 'torchvision==0.26.*']),
    ],
)
def test_matched_pair(monkeypatch, torch, expected):
    monkeypatch.delenv('TORCH', raising=False)
    if torch:
        monkeypatch.setenv('TORCH', torch)
    assert env.torch_pair() == expected


def test_bad_torch_is_refused(monkeypatch):
    monkeypatch.setenv('TORCH', 'nightly')
    with pytest.raises(checks.SetupError, match='TORCH=nightly'):
        env.torch_pair()


def test_own_torch_takes_the_place_of_the_pins(tmp_path):
    pip = env.Pip(str(tmp_path))
    pip.write_constraints(None)
    assert 'torch==2.11.0\n' in Path(pip.constraints).read_text()
    pip.write_constraints(('2.4.1', '0.19.1'))
    lines = Path(pip.constraints).read_text().splitlines()
    torch = [line for line in lines if line.startswith('torch')]
    assert torch == ['torch==2.4.1', 'torchvision==0.19.1']
    assert 'numpy==1.26.4' in lines


def test_lesser_pins_are_given_up_once(tmp_path):
    """An index without an exact version of a leaf package."""
    (tmp_path / 'bin').mkdir()
    fake = tmp_path / 'bin' / 'python'
    fake.write_text(
        '#!/bin/sh\n'
        f'if grep -q six== {tmp_path}/constraints.txt; then\n'
        'echo "ERROR: No matching distribution found for six"\n'
        'exit 1; fi\n'
        'echo "  [3/9] c++ x.cpp"; echo "Successfully inst"\n'
    )
    fake.chmod(0o755)
    pip = env.Pip(str(tmp_path))
    pip.write_constraints(('2.11.0', '0.26.0'))
    pip.install('six')
    text = Path(pip.constraints).read_text()
    assert 'six==' not in text and 'mmcv==2.1.0' in text
    assert '[3/9]' in Path(pip.log).read_text()


def test_failing_pip_shows_the_end_of_its_output(tmp_path, capsys):
    (tmp_path / 'bin').mkdir()
    fake = tmp_path / 'bin' / 'python'
    fake.write_text('#!/bin/sh\necho "[1/2] c++ a"\necho broken; exit 7\n')
    fake.chmod(0o755)
    pip = env.Pip(str(tmp_path))
    pip.write_constraints(None)
    with pytest.raises(checks.SetupError, match='(?s)setup.log.*broken'):
        pip.install('mmcv')
    assert 'compiled 1 of 2 files' in capsys.readouterr().out
