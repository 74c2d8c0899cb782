"""Versions: readable errors, the forks, and no MMPose at all."""

import subprocess
import sys
from pathlib import Path

import pytest

import integral_mmpose
from integral_mmpose import requires
from integral_mmpose.requires import (
    REQUIRED,
    check_versions,
    installed_version,
)

ROOT = Path(__file__).resolve().parents[2]


def test_installed_versions_pass():
    assert check_versions()
    assert integral_mmpose.__version__ == '0.1.0'


@pytest.mark.parametrize('name', list(REQUIRED))
def test_installed_version_is_the_package_s(name):
    assert installed_version(name) == __import__(name).__version__


@pytest.mark.parametrize(
    'wanted', ['>=99.0,<100.0', '>=0.0.1,<0.0.2', '>=2.0.1,<2.1.0']
)
def test_wrong_version_is_a_readable_error(wanted, monkeypatch):
    monkeypatch.setitem(REQUIRED, 'mmcv', wanted)
    with pytest.raises(
        ImportError,
        match=rf'needs mmcv{wanted}, but '
        r".* is installed\. Run: pip install 'mmcv>=",
    ):
        check_versions()


def test_missing_part_is_an_error(monkeypatch):
    monkeypatch.setitem(REQUIRED, 'no_such_part', '>=1.0,<2.0')
    with pytest.raises(ImportError, match='no_such_part.*not installed'):
        check_versions()


def test_a_prerelease_with_a_local_part_is_in_its_range():
    for version in ('2.1.0rc4+cu118', '2.1.0-dirty', '2.0.1rc1'):
        requires._check_one('mmcv', version, REQUIRED['mmcv'])
    with pytest.raises(ImportError, match='but 3.0.0rc1 is installed'):
        requires._check_one('mmcv', '3.0.0rc1', REQUIRED['mmcv'])


def _python(code):
    return subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, text=True, capture_output=True
    )


def test_functional_works_without_mmpose():
    """In an interpreter that cannot find them."""
    code = """
import importlib.util as u, sys
real = u.find_spec
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('mmpose', 'mmengine', 'mmcv', 'mmdet'):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hide())
u.find_spec = lambda name, package=None: None if name.startswith('mm') \\
    else real(name, package)
import integral_mmpose.functional as f, torch
assert f.integral(torch.zeros(1, 2, 3, 5)).shape == (1, 2, 2)
assert not {'mmpose', 'mmengine', 'mmcv', 'mmdet'} & set(sys.modules)
"""
    done = _python(code)
    assert done.returncode == 0, done.stderr


def test_wrong_mmpose_stops_the_import(tmp_path):
    for name in REQUIRED:
        folder = tmp_path / name
        folder.mkdir()
        (folder / '__init__.py').touch()
        (folder / 'version.py').write_text("__version__ = '0.2.0'\n")
    done = _python(
        f'import sys; sys.path.insert(0, {str(tmp_path)!r}); '
        'import integral_mmpose'
    )
    assert done.returncode == 1
    assert (
        'needs mmengine>=0.8.0,<1.0.0, but 0.2.0 is installed' in done.stderr
    )


def test_the_command_starts_beside_a_wrong_mmpose(tmp_path):
    """It imports none; under another name, the same file is refused."""
    _fake_hosts(tmp_path, "__version__ = '0.2.0'\n")
    code = (
        f'import sys\nsys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n'
        'from integral_mmpose.cli.main import main\nmain()\n'
    )
    for name, starts in (('integral-pose', True), ('pose', False)):
        (tmp_path / name).write_text(code)
        done = subprocess.run(
            [sys.executable, str(tmp_path / name), '--help'],
            text=True,
            capture_output=True,
        )
        assert done.stdout.startswith('usage: integral-pose') == starts
        assert ('but 0.2.0 is installed' in done.stderr) != starts


def _fake_hosts(folder, version_py):
    for name in REQUIRED:
        (folder / name).mkdir()
        (folder / name / '__init__.py').touch()
        (folder / name / 'version.py').write_text(version_py)


@pytest.mark.parametrize('name', ['mmpose/__init__.py', 'mmpose.py'])
def test_a_folder_or_file_of_that_name_is_named(tmp_path, name):
    """Such as one of the user's in the working directory."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.touch()
    (tmp_path / 'version.py').write_text("__version__ = '1.3.2'")
    named = str(file).replace('/__init__.py', '')
    done = _python(
        f'import sys; sys.path.insert(0, {str(tmp_path)!r}); '
        'import integral_mmpose'
    )
    assert f'{named} is imported as mmpose' in done.stderr


def test_a_version_that_is_computed_is_read(tmp_path, monkeypatch):
    """As the forks do it."""
    _fake_hosts(
        tmp_path,
        'from importlib.metadata import version\n'
        "__version__ = '9.' + version('numpy')\n",
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in REQUIRED:
        monkeypatch.delitem(sys.modules, name, raising=False)
    import numpy

    assert installed_version('mmcv') == f'9.{numpy.__version__}'


def test_two_distributions_of_one_name_are_named(tmp_path, monkeypatch):
    for name in ('mmengine', 'onedl-mmengine'):
        info = tmp_path / f'{name.replace("-", "_")}-1.0.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(f'Name: {name}\nVersion: 1.0\n')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        ImportError,
        match='mmengine and onedl-mmengine are installed.*pip uninstall '
        'mmengine onedl-mmengine;',
    ):
        check_versions()


def test_setuptools_without_pkg_resources_is_named(monkeypatch):
    real = requires.find_spec
    monkeypatch.setattr(
        requires,
        'find_spec',
        lambda name: None if name == 'pkg_resources' else real(name),
    )
    with pytest.raises(ImportError, match='pip install .setuptools<81'):
        check_versions()


def test_xtcocotools_of_another_numpy_is_named(monkeypatch):
    """As Cython raises it."""
    real = requires.import_module

    def broken(name):
        if name == 'xtcocotools.mask':
            raise ValueError('numpy.dtype size changed')
        return real(name)

    monkeypatch.setattr(requires, 'import_module', broken)
    with pytest.raises(
        ImportError, match=r"another numpy \(numpy.dtype size.*'numpy<2'"
    ):
        check_versions()


def test_assert_of_mmdet_is_translated(tmp_path):
    """mmdet refuses its mmcv with an AssertionError."""
    for name, version in (
        ('mmengine', '0.10.7'),
        ('mmcv', '2.2.0'),
        ('mmdet', '3.3.0'),
        ('mmpose', '1.3.2'),
    ):
        folder = tmp_path / name
        folder.mkdir()
        text = (
            "assert False, 'MMCV is incompatible.'\n"
            if name == 'mmdet'
            else ''
        )
        (folder / '__init__.py').write_text(text)
        (folder / 'version.py').write_text(f"__version__ = '{version}'\n")
    done = _python(
        f'import sys; sys.path.insert(0, {str(tmp_path)!r}); '
        'import integral_mmpose'
    )
    assert done.returncode == 1
    assert 'ImportError: the installed mmdet does not accept' in done.stderr
