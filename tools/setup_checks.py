"""What must be true before the set-up downloads anything.

Each check raises one clear sentence. Python's standard library only, and the
syntax of every Python 3, so that an old Python gets its sentence, too.
"""

import glob
import json
import os
import shutil
import subprocess
import sys

PYTHONS = ((3, 10), (3, 11))
PROBE_MMCV = 'import mmcv.ops'  # proves that mmcv is compiled and fits torch
PROBE_MMCV_CUDA = (
    'from mmcv.ops import get_compiling_cuda_version as version; '
    "assert version() != 'not available'"
)


class SetupError(Exception):
    """One sentence for the user."""


def check_python(python):
    """Python 3.10 or 3.11, with the means to make an environment.

    Raises:
        SetupError: If it is another one.
    """
    version, fix = sys.version_info[:2], 'say PYTHON=/path/to/python3.11'
    if os.path.exists(python):
        fix = 'remove that environment, or say VENV=/another/place'
        version = tuple(
            probe(
                python,
                'import json, sys; print(json.dumps(sys.version_info[:2]))',
            )
            or ()
        )
    else:
        python = sys.executable
    if version not in PYTHONS:
        raise SetupError(
            'Python 3.10 or 3.11 is needed, and {} is {}: install one and '
            '{}'.format(python, '.'.join(map(str, version)) or 'broken', fix)
        )
    if run_quietly([python, '-c', 'import ensurepip, venv']):
        raise SetupError(
            '{0} cannot make environments: install the package '
            'python{1}.{2}-venv'.format(python, *version)
        )


def check_disk(venv, needed_gb):
    """Enough free space where the environment will be.

    Raises:
        SetupError: If there is less.
    """
    folder = venv
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < needed_gb:
        raise SetupError(
            '{} GB of free disk are needed in {}, and {:.1f} are '
            'free: make room or say VENV=/another/place'.format(
                needed_gb, folder, free_gb
            )
        )


def check_compiler(python):
    """A C++ compiler, unless mmcv is there or comes as a wheel.

    Raises:
        SetupError: If mmcv has to be compiled and nothing can do it.
    """
    links = os.environ.get('PIP_FIND_LINKS', '').replace('file://', '')
    wheel = 'mmcv-*cp{}{}-*.whl'.format(*sys.version_info[:2])
    if os.environ.get('MMCV_FIND_LINKS') or any(
        glob.glob(os.path.join(link, wheel)) for link in links.split()
    ):
        return
    if probe(python, PROBE_MMCV + '; print(1)'):
        return
    compilers = [os.environ.get('CXX', ''), 'c++', 'g++', 'clang++']
    if not any(name and shutil.which(name.split()[0]) for name in compilers):
        raise SetupError(
            'a C++ compiler is needed to compile mmcv: install '
            'g++ (Debian: build-essential) or set CXX'
        )


def probe(python, code):
    """What a line of Python prints as JSON, or None if it fails."""
    if not os.path.exists(python):
        return None
    done = subprocess.run(
        [python, '-c', code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return json.loads(done.stdout.decode()) if not done.returncode else None


def run_quietly(command):
    """Run without output; returns the exit status, 127 for no such file."""
    if not os.path.exists(command[0]):
        return 127
    return subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ).returncode
