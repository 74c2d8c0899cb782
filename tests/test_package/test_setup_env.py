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


@pytest.mark.parametrize('version', [(3, 9), (3, 14), (2, 7)])
def test_other_python_is_refused(no_environment, monkeypatch, version):
    monkeypatch.setattr(
        checks.sys,
        'version_info',
        namedtuple('V', 'major minor micro')(*version, 1),
    )
    with pytest.raises(
        checks.SetupError,
        match=rf'3\.10 to 3\.13 is needed, and .* is {version[0]}\.'
        rf'{version[1]}: install one and say PYTHON=',
    ):
        checks.check_python(no_environment + '/bin/python')


def test_this_python_passes(no_environment):
    checks.check_python(no_environment + '/bin/python')


def _fake_python(folder, script):
    """An environment whose Python answers what a shell script prints."""
    python = folder / 'bin/python'
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(f'#!/bin/sh\n{script}\n')
    python.chmod(0o755)
    return str(python)


def _free(monkeypatch, free):
    usage = namedtuple('usage', 'total used free')(100, 0, free)
    monkeypatch.setattr(checks.shutil, 'disk_usage', lambda path: usage)


def test_small_disk_is_refused(no_environment, monkeypatch):
    _free(monkeypatch, 7_900_000_000)
    with pytest.raises(checks.SetupError, match=r'8 GB .*7\.9 are free'):
        checks.check_disk(no_environment, env.FULL_GB)
    assert checks.check_disk(no_environment, env.REST_GB) == 7.9


@pytest.mark.parametrize('free, kept', [(11.9, False), (12.1, True)])
def test_pip_keeps_no_cache_on_a_small_disk(tmp_path, monkeypatch, free, kept):
    """The arguments that pip gets, where torch is still to be installed."""
    _free(monkeypatch, int(free * 1e9))
    # It has pip, no torch, and nothing installs.
    _fake_python(
        tmp_path,
        f'echo "$@" >> {tmp_path}/calls\n'
        'case "$*" in\n'
        '*version_info*) echo "[3, 11]";;\n'
        '*--version) ;;\n'
        '*ensurepip*) ;;\n'
        '*) exit 1;;\n'
        'esac',
    )
    with pytest.raises(checks.SetupError, match='pip install'):
        env.set_up(str(tmp_path))
    last = (tmp_path / 'calls').read_text().splitlines()[-1]
    assert ' install ' in last
    assert ('--no-cache-dir' not in last) == kept


def test_no_compiler_is_refused(no_environment, monkeypatch, tmp_path):
    """Where something has to be compiled, and nowhere else."""
    version = namedtuple('V', 'major minor micro')(3, 11, 1)
    monkeypatch.setattr(checks.sys, 'version_info', version)
    monkeypatch.setenv('PATH', str(tmp_path))
    for name in ('CXX', 'PIP_FIND_LINKS', 'MMCV_OPS'):
        monkeypatch.delenv(name, raising=False)
    python = no_environment + '/bin/python'
    checks.check_compiler(python)  # a wheel of everything
    monkeypatch.setenv('MMCV_OPS', 'compile')
    with pytest.raises(checks.SetupError, match='compile mmcv: install g'):
        checks.check_compiler(python)
    (tmp_path / 'mmcv-2.1.0-cp311-cp311-any.whl').touch()
    monkeypatch.setenv('PIP_FIND_LINKS', f'/nowhere file://{tmp_path}')
    checks.check_compiler(python)
    monkeypatch.setattr(checks.sys, 'version_info', version._replace(minor=12))
    with pytest.raises(checks.SetupError, match='mmcv and xtcocotools:'):
        checks.check_compiler(python)
    (tmp_path / 'g++').write_text('#!/bin/sh\n')
    (tmp_path / 'g++').chmod(0o755)
    checks.check_compiler(python)


def test_an_environment_of_another_checkout_is_left(tmp_path):
    mine, other = tmp_path / 'mine', tmp_path / 'other'
    mine.mkdir()
    other.mkdir()
    python = _fake_python(tmp_path / 'venv', f'echo \'"file://{other}"\'')
    with pytest.raises(
        checks.SetupError,
        match=f'{tmp_path}/venv is the environment of {other}: say VENV=',
    ):
        checks.check_checkout(python, str(mine))
    checks.check_checkout(python, str(other))
    checks.check_checkout(str(tmp_path / 'none/bin/python'), str(mine))
    other.rmdir()  # a checkout that was moved
    checks.check_checkout(python, str(mine))


def test_the_checkout_of_this_environment_is_read():
    """Negative control: the probe answers in a real environment."""
    url = checks.probe(sys.executable, checks.PROBE_EDITABLE)
    assert url is None or url.startswith('file:///')
    names = checks.probe(sys.executable, checks.PROBE_NAMES)
    assert 'numpy' in names


def test_mmcv_twice_is_refused(tmp_path):
    python = _fake_python(tmp_path, """echo '["MMCV", "mmcv-lite", "six"]'""")
    with pytest.raises(
        checks.SetupError, match='mmcv and mmcv-lite are .*uninstall mmcv '
    ):
        checks.check_twins(python)
    checks.check_twins(_fake_python(tmp_path, """echo '["mmcv", "six"]'"""))


def test_an_error_is_one_line_and_nothing_is_made(no_environment):
    """As a user sees it: no compiler, nothing downloaded or written."""
    done = subprocess.run(
        [sys.executable, TOOLS / 'setup_env.py', '--venv', no_environment],
        env=dict(PATH='/nowhere', MMCV_OPS='compile'),
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


@pytest.mark.slow  # installs pip twice, 20 s
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
    [(None, True), ('newest', True), ('2.11.0', True)]
    + [('2.1.1', False), ('2.12.0', False)],
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
    other = _fake_python(tmp_path, 'echo "[3, 9]"')
    with pytest.raises(checks.SetupError, match='is 3.9.*remove that'):
        checks.check_python(other)


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


def test_own_torch_takes_the_place_of_the_pins(tmp_path):
    pip = env.Pip(str(tmp_path))
    pip.write_constraints(None)
    assert 'torch==2.11.0\n' in Path(pip.constraints).read_text()
    pip.write_constraints(('2.4.1', '0.19.1'))
    lines = Path(pip.constraints).read_text().splitlines()
    torch = [line for line in lines if line.startswith('torch')]
    assert torch == ['torch==2.4.1', 'torchvision==0.19.1']
    assert [line for line in lines if line.startswith('numpy==1.26.4')]


def test_another_numpy_takes_the_place_of_the_pin(tmp_path, monkeypatch):
    monkeypatch.setenv('NUMPY', '2.3.5')
    pip = env.Pip(str(tmp_path))
    pip.write_constraints(None)
    lines = Path(pip.constraints).read_text().splitlines()
    assert [n for n in lines if n.startswith('numpy')] == ['numpy==2.3.5']


@pytest.mark.parametrize(
    'path, expected',
    [('/x/mmcv/_ext.cpython-311-x86_64-linux-gnu.so', True)]
    + [('/x/mmcv/_ext.py', False), (None, False)],
)
def test_a_compiled_mmcv_is_told_from_the_stand_in(path, expected):
    assert env.is_compiled(path) is expected


def _recording_pip(monkeypatch, tmp_path, answers):
    """What is installed where the probes answer so."""
    folder = tmp_path / 'mmcv'
    folder.mkdir()
    answers[env.PROBE_FOLDER] = str(folder)
    monkeypatch.setattr(env, 'probe', lambda python, code: answers.get(code))
    pip = env.Pip(str(tmp_path))
    calls = []
    monkeypatch.setattr(pip, 'install', lambda *a, **k: calls.append(a))
    return pip, calls, folder / '_ext.py'


def test_the_default_lane_gets_the_stand_in(monkeypatch, tmp_path):
    pip, calls, link = _recording_pip(monkeypatch, tmp_path, {})
    link.symlink_to('/of/a/checkout/that/is/gone')
    env.install_requirements(pip)
    assert 'mmcv-lite==2.1.0' in calls[0]
    assert link.resolve() == Path(env.STAND_IN).resolve()
    assert 'torchvision' in link.read_text()


def test_the_fork_of_mmcv_is_built_without_torch(monkeypatch, tmp_path):
    """With it, which only isolation hides, it compiles for 17 minutes."""
    monkeypatch.setenv('HOSTS', 'onedl')
    pip, calls, _ = _recording_pip(monkeypatch, tmp_path, {})
    env.install_requirements(pip)
    first = calls[0]
    assert any(a.startswith('onedl-mmcv') for a in first)
    assert '--no-build-isolation' not in first and '--no-deps' in first
    assert any(a.startswith('onedl-mmengine') for a in calls[1])


def test_a_compiled_mmcv_is_kept(monkeypatch, tmp_path):
    answers = {env.PROBE_MMCV: '/x/mmcv/_ext.cpython-311.so'}
    pip, calls, link = _recording_pip(monkeypatch, tmp_path, answers)
    env.install_requirements(pip)
    assert not [a for a in calls[0] if 'mmcv' in a]
    assert 'mmdet==3.3.0' in calls[0]
    assert not link.exists()


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


def test_an_index_that_is_not_reached_is_named(tmp_path):
    (tmp_path / 'bin').mkdir()
    _fake_python(
        tmp_path,
        'echo "WARNING: Retrying after connection broken by '
        "'NewConnectionError'\"; echo 'ERROR: No matching distribution found "
        "for six'; exit 1",
    )
    pip = env.Pip(str(tmp_path))
    pip.write_constraints(None)
    with pytest.raises(checks.SetupError, match='index cannot be reached'):
        pip.install('six')


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
