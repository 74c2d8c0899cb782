"""What must be true before the set-up downloads anything.

Each check raises SetupError with one clear sentence. Python's standard library
only, and the syntax of every Python 3, so that an old Python gets its
sentence, too.
"""

import fnmatch
import glob
import json
import os
import re
import shutil
import subprocess
import sys
from urllib.parse import urlparse
from urllib.request import url2pathname

PYTHONS = ((3, 10), (3, 13))
VERSION = r'\d+(\.\d+)*(\.\*|\.?(a|b|rc|dev|post)\d+)*(\+[\w.]+)?'
# What each setting may be; empty is not set.
SETTINGS = {
    'TORCH': (VERSION + '|newest', 'a version such as 2.4.1, or newest'),
    'NUMPY': (VERSION, 'a version such as 2.3.5'),
    'HOSTS': ('hosts|onedl', 'hosts or onedl (files of requirements/)'),
    'MMCV_OPS': ('compile', 'compile'),
    'FORCE_CUDA': ('0|1', '0 or 1'),
}
PROBE_EDITABLE = (
    'import importlib.metadata as m, json; print(json.dumps(json.loads('
    'm.distribution("integral_mmpose").read_text("direct_url.json"))["url"]))'
)
PROBE_NAMES = (
    'import importlib.metadata as m, json; '
    'print(json.dumps([d.metadata["Name"] for d in m.distributions()]))'
)


class SetupError(Exception):
    """One sentence for the user."""


def check_settings():
    """Every setting is one that the set-up knows."""
    for name, (pattern, known) in SETTINGS.items():
        value = os.environ.get(name)
        if value and not re.fullmatch(pattern, value):
            raise SetupError(
                '{0}={1} is not known: say {2}, or leave {0} out'.format(
                    name, value, known
                )
            )


def check_python(python):
    """Python 3.10 to 3.13, with the means to make an environment."""
    fix = 'remove that environment, or say VENV=/another/place'
    if not os.path.exists(python):
        python, fix = sys.executable, 'say PYTHON=/path/to/python3.11'
    version = version_of(python)
    if not PYTHONS[0] <= version <= PYTHONS[1]:
        raise SetupError(
            'Python 3.10 to 3.13 is needed, and {} is {}: install one and '
            '{}'.format(python, '.'.join(map(str, version)) or 'broken', fix)
        )
    if run_quietly([python, '-c', 'import ensurepip, venv']):
        raise SetupError(
            '{0} cannot make environments: install the package '
            'python{1}.{2}-venv'.format(python, *version)
        )


def version_of(python):
    """Of an environment, () if it is broken; of this Python if it is none."""
    if python == sys.executable or not os.path.exists(python):
        return sys.version_info[:2]
    code = 'import json, sys; print(json.dumps(sys.version_info[:2]))'
    return tuple(probe(python, code) or ())


def check_checkout(python, root):
    """An environment is of one checkout, and is not turned to another."""
    url = probe(python, PROBE_EDITABLE) or ''
    folder = url.replace('file://', '', 1)
    if os.path.isdir(folder) and not os.path.samefile(folder, root):
        raise SetupError(
            '{} is the environment of {}: say VENV=/another/place'.format(
                os.path.dirname(os.path.dirname(python)), folder
            )
        )


def check_twins(python):
    """No two distributions of one import name."""
    names = {name.lower() for name in probe(python, PROBE_NAMES) or ()}
    both = sorted(names & {'mmcv', 'mmcv-lite', 'onedl-mmcv'})
    if len(both) > 1:
        raise SetupError(
            '{0} are installed, and share one folder: run "{1} -m pip '
            'uninstall {2}"'.format(' and '.join(both), python, ' '.join(both))
        )


def check_compiler(python):
    """A compiler, where something has to be compiled.

    That is mmcv with MMCV_OPS=compile and no wheel at hand, and xtcocotools
    on Python 3.12 and later.
    """
    version = version_of(python)
    needed = []
    if os.environ.get('MMCV_OPS') == 'compile':
        wheel = 'mmcv-*cp{}{}-*.whl'.format(*version)
        needed += ['mmcv'] * (not fnmatch.filter(_linked_files(), wheel))
    needed += ['xtcocotools'] * (version >= (3, 12))
    needed = [n for n in needed if not probe(python, _works(n))]
    compilers = [os.environ.get('CXX', ''), 'c++', 'g++', 'clang++']
    if needed and not any(map(_runs, compilers)):
        raise SetupError(
            'a C++ compiler is needed to compile {}: install g++ (Debian: '
            'build-essential) or set CXX'.format(' and '.join(needed))
        )


def _linked_files():
    """Names of the files of PIP_FIND_LINKS that are on this machine."""
    names = []
    for link in os.environ.get('PIP_FIND_LINKS', '').split():
        path = os.path.expanduser(link)
        if link.startswith('file:'):
            path = url2pathname(urlparse(link).path)
        path = glob.escape(path)
        names += glob.glob(path) + glob.glob(os.path.join(path, '*'))
    return [os.path.basename(name) for name in names]


def _runs(compiler):
    """Whether all programs of a command such as ``ccache g++ -m64`` exist."""
    words = [word for word in compiler.split() if not word.startswith('-')]
    return bool(words) and all(map(shutil.which, words))


def _works(name):
    module = {'mmcv': 'mmcv._ext', 'xtcocotools': 'xtcocotools.mask'}[name]
    code = 'import {0}, json; print(json.dumps(not {0}.__file__'.format(module)
    return code + ('.endswith("_ext.py")))')


def check_disk(venv, needed_gb):
    """Enough free space where the environment will be; returns it in GB."""
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
    return free_gb


def probe(python, code):
    """What a line of Python prints as JSON, or None if it fails."""
    command = [python, '-c', code]
    try:
        printed = subprocess.check_output(command, stderr=subprocess.DEVNULL)
        return json.loads(printed.decode())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def run_quietly(command, **variables):
    """Run without output; returns the exit status, 127 for no program."""
    try:
        return subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ, **variables),
        ).returncode
    except OSError:
        return 127
