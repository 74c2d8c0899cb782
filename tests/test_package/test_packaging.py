"""The wheel holds what mim looks for, and asks for nothing harmful."""

import email
import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    'integral_mmpose',
    'configs',
    'demo',
    'tools',
    'requirements',
    'setup.py',
    'pyproject.toml',
    'MANIFEST.in',
    'model-index.yml',
    'README.md',
    'LICENSE',
)


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of the repository: building writes into it."""
    folder = tmp_path_factory.mktemp('source')
    ignored = shutil.ignore_patterns('.mim', '__pycache__', 'work_dirs')
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    return folder


def _build(source, *command):
    done = subprocess.run(
        [sys.executable, *command], cwd=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope='module')
def wheel(source):
    _build(
        source,
        '-m',
        'pip',
        'wheel',
        '.',
        '--no-deps',
        '-q',
        '--no-build-isolation',
        '-w',
        'out',
    )
    return zipfile.ZipFile(next((source / 'out').glob('*.whl')))


def test_wheel_holds_every_module(wheel):
    names = set(wheel.namelist())
    modules = {
        str(path.relative_to(ROOT))
        for path in (ROOT / 'integral_mmpose').rglob('*.py')
        if '.mim' not in path.parts
    }
    assert modules <= names
    assert not [n for n in names if n.startswith(('tests', 'build'))]


@pytest.mark.parametrize('folder', ['configs', 'tools', 'demo'])
def test_wheel_holds_what_mim_runs(wheel, folder):
    names = set(wheel.namelist())
    expected = {
        f'integral_mmpose/.mim/{path.relative_to(ROOT)}'
        for path in (ROOT / folder).rglob('*')
        if path.suffix in ('.py', '.sh', '.yml') and path.is_file()
    }
    assert expected
    assert expected <= names
    assert 'integral_mmpose/.mim/model-index.yml' in names


def test_the_wheel_of_an_sdist_is_the_same(source, wheel, tmp_path):
    """What ``python -m build`` and an index make of it."""
    _build(source, 'setup.py', '-q', 'sdist', '-d', str(tmp_path))
    (archive,) = tmp_path.glob('*.tar.gz')
    shutil.unpack_archive(archive, tmp_path / 'unpacked', filter='data')
    (unpacked,) = (tmp_path / 'unpacked').iterdir()
    _build(unpacked, 'setup.py', '-q', 'bdist_wheel', '-d', str(tmp_path))
    (path,) = tmp_path.glob('*.whl')
    names = set(zipfile.ZipFile(path).namelist())
    assert {n for n in wheel.namelist() if '.dist-info/' not in n} == {
        n for n in names if '.dist-info/' not in n
    }


def test_a_second_build_has_no_file_of_the_first(source, tmp_path):
    config = source / 'configs/old.py'
    config.write_text('')
    for _ in range(2):
        _build(source, 'setup.py', '-q', 'bdist_wheel', '-d', str(tmp_path))
        (path,) = tmp_path.glob('*.whl')
        found = (
            'integral_mmpose/.mim/configs/old.py'
            in zipfile.ZipFile(path).namelist()
        )
        assert found == config.exists()
        path.unlink()
        config.unlink(missing_ok=True)


def test_wheel_asks_for_no_pair_and_no_mmpose(wheel):
    name = next(n for n in wheel.namelist() if n.endswith('METADATA'))
    message = email.message_from_bytes(wheel.read(name))
    plain = [r for r in message.get_all('Requires-Dist') if 'extra' not in r]
    assert plain
    assert not [r for r in plain if r.startswith(('torch', 'mm', 'onedl'))]
    extras = set(message.get_all('Provides-Extra'))
    assert {'train', 'mim', 'web', 'video', 'tests'} <= extras
    assert {re.split(r'[<>=; ]', r)[0] for r in plain} == {
        *('matplotlib', 'numpy', 'onnxruntime', 'opencv-python'),
        *('pillow', 'tqdm'),
    }
    lite, full = _requires(message, 'train'), _requires(message, 'mim')
    assert 'mmcv-lite' in lite and 'mmcv' not in lite
    assert 'mmcv' in full and 'mmcv-lite' not in full
    assert not [r for r in lite | full if r.startswith('onedl')]
    assert message['Version'] == '0.1.0'
    assert 'Apache-2.0' in (message['License-Expression'], message['License'])
    assert message['Home-page'] or message.get_all('Project-URL')


def _requires(message, extra):
    lines = message.get_all('Requires-Dist')
    return {
        re.split(r'[<>=; ]', line)[0]
        for line in lines
        if f'extra == "{extra}"' in line or f"extra == '{extra}'" in line
    }


def test_editable_links_to_the_repository(source):
    """mmpose's own extension does not know ``editable_wheel``."""
    _build(source, 'setup.py', '-q', 'editable_wheel', '--dist-dir', 'out2')
    for name in ('configs', 'tools', 'demo', 'model-index.yml'):
        link = source / 'integral_mmpose' / '.mim' / name
        assert link.is_symlink()
        assert os.path.samefile(link, source / name)


def test_the_page_of_the_index_has_absolute_links(monkeypatch):
    """Where the repository is named: by PROJECT_URL."""
    url = 'https://example.org/owner/name'
    plain = runpy.run_path(ROOT / 'setup.py')['readme']()
    assert plain == (ROOT / 'README.md').read_text('utf-8')
    monkeypatch.setenv('PROJECT_URL', url + '/')
    text = runpy.run_path(ROOT / 'setup.py')['readme']()
    targets = re.findall(r'\]\(([^)]+)\)', text)
    assert all(target.startswith(('https://', '#')) for target in targets)
    assert f'{url}/blob/v0.1.0/docs/install.md' in targets
    assert f'{url}/raw/v0.1.0/docs/images/predictions_istar.png' in targets
    assert 'https://arxiv.org/abs/1711.08229' in targets  # as it was
    assert re.sub(r'\([^)]+\)', '', text) == re.sub(r'\([^)]+\)', '', plain)


def test_metafiles_are_current():
    """mim searches them: .dev_scripts/write_metafiles.py."""
    _build(ROOT, '.dev_scripts/write_metafiles.py', '--check')


@pytest.mark.parametrize(
    'script',
    [
        '.dev_scripts/write_metafiles.py',
        'benchmarks/write_performance.py',
        'benchmarks/write_reliability.py',
    ],
)
def test_a_mistyped_option_writes_nothing(script):
    done = subprocess.run(
        [sys.executable, ROOT / script, '--chekc'], capture_output=True
    )
    assert done.returncode == 2
    assert b'unrecognized arguments: --chekc' in done.stderr


def test_metafiles_name_existing_configs():
    import yaml

    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    configs = []
    for name in index['Import']:
        models = yaml.safe_load((ROOT / name).read_text())['Models']
        configs += [model['Config'] for model in models]
    assert configs
    assert all((ROOT / config).is_file() for config in configs)
