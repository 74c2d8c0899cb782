"""R12, versions: functional without mm*, the wheel in a clean environment."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PROVED_BY = (
    'test_package/test_layers.py',
    'test_package/test_packaging.py',
    'test_package/test_requires.py',
)
ROOT = Path(__file__).resolve().parents[2]
SITE = Path(sysconfig.get_path('purelib'))
OURS = ('integral_mmpose', '__editable__')
HOST = ('mmpose', 'mmengine', 'mmcv', 'mmdet', 'onedl')
READ_ALL = """
import sys
from pathlib import Path
import integral_mmpose
from mmengine.config import Config
root = Path(integral_mmpose.__file__).parent
assert root.is_relative_to(sys.prefix), root
paths = sorted((root / '.mim/configs').glob('*/**/*.py'))
for path in paths:
    Config.fromfile(path)
print(len(paths))
"""


def make_environment(folder, without):
    """A virtual environment with this one's packages but for some."""
    command = [sys.executable, '-m', 'venv', '--without-pip', str(folder)]
    subprocess.run(command, check=True)
    site = next(folder.glob('lib/python*/site-packages'))
    for path in SITE.iterdir():
        if not path.name.lower().startswith(without):
            (site / path.name).symlink_to(path)
    return folder / 'bin/python'


def run(python, *command, cwd):
    hidden = ('PYTHONPATH', 'PYTEST_ADDOPTS')
    return subprocess.run(
        [str(python), *command],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k not in hidden},
        capture_output=True,
        text=True,
        timeout=1200,
    )


@pytest.mark.slow  # builds a wheel and reads every config
def test_the_wheel_reads_every_config(tmp_path, figure):
    build = 'pip wheel -q --no-deps --no-build-isolation -w'.split()
    source = tmp_path / 'source'
    clone = ['git', 'clone', '-q', str(ROOT), str(source)]
    subprocess.run(clone, check=True)
    built = run(sys.executable, '-m', *build, str(tmp_path), '.', cwd=source)
    assert built.returncode == 0, built.stderr[-2000:]
    python = make_environment(tmp_path / 'env', OURS)
    (wheel,) = tmp_path.glob('*.whl')
    command = 'pip --isolated install -q --no-deps --no-index'.split()
    done = run(python, '-m', *command, str(wheel), cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    done = run(python, '-c', READ_ALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    missing = len([*(ROOT / 'configs').glob('*/**/*.py')]) - int(done.stdout)
    figure('R12', 'configs that the wheel does not read', missing, 0)


@pytest.mark.slow  # the tests of functional, once more
def test_functional_alone(tmp_path, figure):
    """Its tests where nothing of OpenMMLab is installed."""
    python = make_environment(tmp_path / 'env', (*OURS, *HOST))
    done = run(python, '-c', 'import mmengine', cwd=tmp_path)
    assert 'No module named' in done.stderr  # the environment is as meant
    done = run(
        python,
        *'-m pytest -q -p no:cacheprovider tests/test_functional'.split(),
        cwd=ROOT,
    )
    lines = done.stdout.splitlines()
    assert 'passed' in lines[-1], done.stdout[-2000:]
    failed = sum(line.startswith(('FAILED', 'ERROR')) for line in lines)
    figure('R12', 'tests of functional that fail without mm*', failed, 0)
    assert done.returncode == 0


def test_upstream_needs_all_of_its_parts(tmp_path):
    """mmpose itself does not import where mmcv is not."""
    code = "import sys; sys.modules['mmcv'] = None; import mmpose.codecs"
    done = run(sys.executable, '-c', code, cwd=tmp_path)
    assert 'mmcv' in done.stderr and done.returncode == 1
