"""The set-up: checks before downloads, torch kept, nothing done twice."""

import importlib.util
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / '.dev_scripts'


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


@pytest.mark.parametrize(
    'link',
    ['file:{}', 'file://{}', 'file://localhost{}', '{}/{wheel}', '~', '{}/'],
)
def test_a_wheel_at_hand_needs_no_compiler(
    no_environment, monkeypatch, tmp_path, link
):
    """Every form of PIP_FIND_LINKS that pip takes; "%20" in an address."""
    wheel = 'mmcv-2.1.0-cp{}{}-any.whl'.format(*sys.version_info)
    folder = tmp_path / ('a b' if link.startswith('file') else 'ab')
    folder.mkdir()
    monkeypatch.delenv('CXX', raising=False)
    monkeypatch.setenv('HOME', str(folder))
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setenv('MMCV_OPS', 'compile')
    link = link.format(str(folder).replace(' ', '%20'), wheel=wheel)
    monkeypatch.setenv('PIP_FIND_LINKS', '/nowhere ' + link)
    with pytest.raises(checks.SetupError, match='compile mmcv'):
        checks.check_compiler(no_environment)
    (folder / wheel).touch()
    monkeypatch.setattr(checks, 'version_of', lambda _: sys.version_info[:2])
    if sys.version_info < (3, 12):
        checks.check_compiler(no_environment)
    else:  # xtcocotools alone
        with pytest.raises(checks.SetupError, match='compile xtcocotools'):
            checks.check_compiler(no_environment)


def test_a_compiler_is_all_the_words_of_its_command(
    no_environment, monkeypatch, tmp_path
):
    monkeypatch.delenv('PIP_FIND_LINKS', raising=False)
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setenv('MMCV_OPS', 'compile')
    for name in ('ccache', 'own-g++'):
        for compiler in (' ', 'ccache own-g++ -m64'):
            monkeypatch.setenv('CXX', compiler)
            with pytest.raises(checks.SetupError, match='or set CXX'):
                checks.check_compiler(no_environment)
        (tmp_path / name).write_text('#!/bin/sh\n')
        (tmp_path / name).chmod(0o755)
    checks.check_compiler(no_environment)


@pytest.mark.parametrize(
    'name, value, fix',
    [
        ('HOSTS', 'nonsense', 'say hosts or onedl'),
        ('HOSTS', 'tests', 'say hosts or onedl'),
        ('MMCV_OPS', '1', 'say compile'),
        ('TORCH', 'latest', 'say a version such as'),
        ('TORCH', '>=2', 'say a version such as'),
        ('NUMPY', 'newest', 'say a version such as'),
        ('FORCE_CUDA', 'yes', 'say 0 or 1'),
    ],
)
def test_a_setting_that_is_not_known_is_refused(
    no_environment, monkeypatch, name, value, fix
):
    monkeypatch.setattr(env, 'Pip', lambda venv: pytest.fail('not refused'))
    monkeypatch.setenv(name, value)
    with pytest.raises(checks.SetupError, match=f'^{name}={value} .*{fix}'):
        env.set_up(no_environment)


def test_settings_that_are_known(monkeypatch):
    """Those of the lanes and of pre-releases; empty is not set."""
    for name in checks.SETTINGS:
        monkeypatch.setenv(name, '')
    checks.check_settings()
    for version in ('2', '2.4.1', '2.11.0+cpu', '2.12.0.dev20260101+cu130'):
        monkeypatch.setenv('TORCH', version)
        checks.check_settings()
    for name, value in dict(HOSTS='onedl', TORCH='newest').items():
        monkeypatch.setenv(name, value)
        checks.check_settings()


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


@pytest.mark.parametrize(
    'text', ['', 'not a program', '#!/bin/sh\n', '#!/bin/sh\necho hello\n']
)
@pytest.mark.parametrize('mode', [0o755, 0o644])
def test_a_python_that_does_not_answer(tmp_path, text, mode):
    python = _fake_python(tmp_path, '')
    Path(python).write_text(text)
    Path(python).chmod(mode)
    with pytest.raises(checks.SetupError, match='python is broken: .* VENV='):
        checks.check_python(python)


def test_a_python_that_is_a_folder(tmp_path):
    (tmp_path / 'bin/python').mkdir(parents=True)
    python = str(tmp_path / 'bin/python')
    assert checks.run_quietly([python, '-c', '']) == 127
    with pytest.raises(checks.SetupError, match='python is broken: .* VENV='):
        checks.check_python(python)


@pytest.mark.parametrize(
    'error, sentence',
    [
        (KeyboardInterrupt, 'interrupted: the same command continues'),
        (OSError(28, 'No space left'), 'No space left: make room'),
    ],
)
def test_what_stops_the_set_up_is_told_in_one_line(
    tmp_path, monkeypatch, capsys, error, sentence
):
    def stop(*arguments):
        raise error

    monkeypatch.setattr(sys, 'argv', ['setup_env', '--venv', str(tmp_path)])
    monkeypatch.setattr(env, 'set_up', stop)
    assert env.main() == 1
    err = capsys.readouterr().err
    assert sentence in err and 'the same command continues' in err
    assert err.startswith('set-up: ') and len(err.splitlines()) == 1
    assert not (tmp_path / env.STAMP).exists()


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
    + [('', True), ('2.11.0+cu130', True), ('2.11.0+cpu', False)]
    + [('2.1.1', False), ('2.12.0', False)],
)
def test_another_torch_that_is_asked_for_is_installed(
    monkeypatch, wanted, kept
):
    monkeypatch.delenv('TORCH', raising=False)
    if wanted is not None:
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
    (place / '.dev_scripts').mkdir(parents=True)
    shutil.copy(Path(checks.__file__).parents[1] / 'Makefile', place)
    (place / '.dev_scripts/setup_env.py').write_text(
        'import sys; print(sys.argv[1:], flush=True)'
    )
    (place / '.venv/bin').mkdir(parents=True)
    for name in ('ruff', 'mypy'):
        tool = place / '.venv/bin' / name
        tool.write_text(f'#!/bin/sh\necho "{name} $1"\n')
        tool.chmod(0o755)
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
        'mypy ',
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


def test_an_mmcv_that_does_not_import_is_told(monkeypatch, tmp_path):
    pip, _, _ = _recording_pip(monkeypatch, tmp_path, {})
    monkeypatch.setattr(env, 'probe', lambda python, code: None)
    with pytest.raises(checks.SetupError, match='mmcv does not import .*run'):
        env.install_requirements(pip)


def test_a_file_in_the_place_of_the_stand_in_is_told(
    monkeypatch, tmp_path, capsys
):
    pip, _, link = _recording_pip(monkeypatch, tmp_path, {})
    link.write_text('own')
    monkeypatch.setattr(sys, 'argv', ['setup_env', '--venv', str(tmp_path)])
    monkeypatch.setattr(env, 'set_up', lambda _: env.install_requirements(pip))
    assert env.main() == 1
    assert f"'{link}': make room, remove" in capsys.readouterr().err
    assert link.read_text() == 'own'


@pytest.mark.parametrize('hosts', ['', 'hosts'])
def test_hosts_may_be_empty(monkeypatch, tmp_path, hosts):
    monkeypatch.setenv('HOSTS', hosts)
    pip, calls, _ = _recording_pip(monkeypatch, tmp_path, {})
    env.install_requirements(pip)
    assert 'mmengine==0.10.7' in calls[0]


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
