#!/usr/bin/env python3
"""Set up the environment of the plugin; do nothing where it is ready.

Called by ``make``. Needs nothing but Python's standard library and never
writes outside the environment's folder. pip installs all that it can from
requirements/. This script adds what pip cannot do: a matched torch and
torchvision that are there are kept, xtcocotools is built where it has no
wheel (Python 3.12 and later), mmpose comes without its dependencies, and
mmcv-lite gets a stand-in for its compiled operators. A stamp with the hash
of what decides says that an environment is ready.

Settings, by environment variable: pip's own (PIP_FIND_LINKS, ...);
MMCV_OPS=compile for mmcv with its compiled operators (17 minutes on two
cores where there is no wheel; FORCE_CUDA=1 for those of CUDA, too);
TORCH=2.4.1 (or newest) and NUMPY=2.5.5 for other versions; HOSTS=onedl for
the forks.
"""

import argparse
import glob
import hashlib
import os
import shutil
import sys
import time

from setup_checks import (
    SETTINGS,
    SetupError,
    check_checkout,
    check_compiler,
    check_disk,
    check_python,
    check_settings,
    check_twins,
    probe,
    run_quietly,
)
from setup_pip import ROOT, Pip, read_text, requirement, say

STAMP = '.integral_mmpose-ready'
FULL_GB, REST_GB = 8, 3  # with and without torch's own 6 GB
CACHE_GB = 4  # what pip keeps beside it
GB_PER_JOB = 1.5  # memory that one compiler needs
FILES = ('constraints', 'build', 'runtime', 'train', 'tests', 'hosts', 'onedl')
# The operator nms proves that torchvision fits torch.
PROBE_TORCH = (
    'import json, torchvision; torchvision.ops.nms; '
    'from importlib.metadata import version as v; '
    'print(json.dumps([v("torch"), v("torchvision")]))'
)
PROBE_MMCV = 'import json, mmcv._ext as e; print(json.dumps(e.__file__))'
PROBE_FOLDER = 'import json, mmcv; print(json.dumps(mmcv.__path__[0]))'
PROBE_ALL = 'import integral_mmpose, mmcv.ops, mmdet, mmpose.models'
STAND_IN = os.path.join(ROOT, 'integral_mmpose/mmcv_stand_in/_ext.py')


def main():
    """Run the steps; returns the exit status, 1 after a sentence."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--venv', default=os.path.join(ROOT, '.venv'))
    venv = os.path.abspath(parser.parse_args().venv)
    try:
        make_ready(venv)
        return 0
    except SetupError as error:
        problem = error
    except KeyboardInterrupt:
        problem = 'interrupted: the same command continues'
    except OSError as error:
        problem = (
            '{}: make room, remove what is in the way or say VENV='
            '/another/place; the same command continues'.format(error)
        )
    print('set-up: {}'.format(problem), file=sys.stderr)
    return 1


def make_ready(venv):
    """Set up an environment unless its stamp says that it is ready."""
    stamp = os.path.join(venv, STAMP)
    works = not run_quietly([os.path.join(venv, 'bin', 'python'), '-c', ''])
    if works and read_text(stamp) == fingerprint():
        return
    start = time.time()
    set_up(venv)
    with open(stamp, 'w') as file:
        file.write(fingerprint())
    print('set-up: ready after {:.0f} s: {}'.format(time.time() - start, venv))


def set_up(venv):
    """All steps, checks first: nothing is downloaded before they pass."""
    check_settings()
    pip = Pip(venv)
    check_python(pip.python)
    check_checkout(pip.python, ROOT)
    check_twins(pip.python)
    pair = wanted_pair(probe(pip.python, PROBE_TORCH))
    needed = REST_GB if pair else FULL_GB
    pip.cache = check_disk(venv, needed) >= needed + CACHE_GB
    check_compiler(pip.python)
    make_venv(venv, pip.python)
    pip.write_constraints(pair)
    say('1 of 5, build tools')
    pip.install('-r', requirement('build'))
    say('2 of 5, torch and torchvision' + ' (large)' * (not pair))
    if not pair:
        # torchvision asks for its torch exactly: pip finds the pair.
        version = os.environ.get('TORCH') or 'newest'
        exact = '' if version == 'newest' else '==' + version
        pip.install('torch' + exact, 'torchvision')
        pair = probe(pip.python, PROBE_TORCH)
        if not pair:
            raise SetupError(
                'torch and torchvision in {} do not import together; '
                'see {}'.format(venv, pip.log)
            )
        pip.write_constraints(pair)
    say('3 of 5, OpenMMLab and the other requirements')
    if os.environ.get('MMCV_OPS') == 'compile':
        compile_mmcv(pip)
    install_requirements(pip)
    say('4 of 5, xtcocotools and mmpose')
    install_xtcocotools(pip)
    pip.install('--no-deps', 'mmpose')
    say('5 of 5, integral_mmpose')
    pip.install('--no-build-isolation', '--no-deps', '-e', ROOT)
    if run_quietly([pip.python, '-c', PROBE_ALL]):
        raise SetupError(does_not_import('mmpose', pip, PROBE_ALL))


def does_not_import(name, pip, code):
    """The sentence for it, with the command that shows the traceback."""
    return '{} does not import in {}; run "{} -c \'{}\'" to see why'.format(
        name, pip.venv, pip.python, code
    )


def make_venv(venv, python):
    """Make the environment, or make a half-made one anew.

    One that somebody made without pip (uv does) gets pip. Raises SetupError
    if the folder is something else.
    """
    if not run_quietly([python, '-m', 'pip', '--version']):
        return
    if not run_quietly([python, '-m', 'ensurepip']):
        return
    ours = os.path.exists(os.path.join(venv, 'pyvenv.cfg')) and (
        os.path.exists(os.path.join(venv, STAMP))
        or os.path.exists(Pip(venv).log)
        or not glob.glob(os.path.join(venv, 'lib', '*', 'site-packages', '*'))
    )
    if os.path.isdir(venv) and os.listdir(venv) and not ours:
        raise SetupError(
            '{} is not an environment that works: remove it or say '
            'VENV=/another/place'.format(venv)
        )
    say('making {}'.format(venv))
    if run_quietly([sys.executable, '-m', 'venv', '--clear', venv]):
        raise SetupError('{} -m venv {} failed'.format(sys.executable, venv))


def wanted_pair(pair):
    """The torch and torchvision that are there, unless TORCH wants others."""
    wanted = os.environ.get('TORCH') or 'newest'
    kept = pair and wanted in ('newest', pair[0], pair[0].split('+')[0])
    return pair if kept else None


def install_requirements(pip):
    """All that pip can; a compiled mmcv that is there is kept."""
    hosts = requirement(os.environ.get('HOSTS') or 'hosts')
    lines = read_text(hosts).splitlines()
    if is_compiled(probe(pip.python, PROBE_MMCV)):
        lines = [line for line in lines if 'mmcv' not in line]
    for line in lines:
        if line.startswith('onedl-mmcv'):
            # It compiles its operators where its build can import torch.
            pip.install('--no-deps', line)
    pip.install(
        '--no-build-isolation',
        *[line for line in lines if not line.startswith('#')],
        *['-r', requirement('runtime'), '-r', requirement('train')],
        *['-r', requirement('tests')],
        environment=dict(os.environ, MMCV_WITH_OPS='0'),
    )
    if not probe(pip.python, PROBE_MMCV):
        folder = probe(pip.python, PROBE_FOLDER)
        if not folder:
            raise SetupError(does_not_import('mmcv', pip, PROBE_FOLDER))
        target = os.path.join(folder, '_ext.py')
        if os.path.islink(target):  # of a checkout that is gone
            os.remove(target)
        os.symlink(STAND_IN, target)


def is_compiled(path):
    """Whether ``mmcv._ext`` is an extension module."""
    return bool(path) and not path.endswith('.py')


def compile_mmcv(pip):
    """Install mmcv with its operators; compile where no wheel fits."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9
    jobs = max(1, min(os.cpu_count() or 1, int(memory / GB_PER_JOB)))
    environment = dict(os.environ, MMCV_WITH_OPS='1')
    environment.setdefault('MAX_JOBS', str(jobs))
    if environment.get('FORCE_CUDA') != '1':
        environment['CUDA_VISIBLE_DEVICES'] = ''
    run_quietly([pip.python, '-m', 'pip', 'uninstall', '-y', 'mmcv-lite'])
    say('mmcv is compiled if there is no wheel of it: 17 minutes on 2 cores')
    command = ['-v', '--no-build-isolation', 'mmcv']
    pip.install(*command, environment=environment)
    cuda = (
        'from mmcv.ops import get_compiling_cuda_version as version; '
        "assert version() != 'not available'"
    )
    if run_quietly(
        [pip.python, '-c', cuda * (environment.get('FORCE_CUDA') == '1')]
    ) or not is_compiled(probe(pip.python, PROBE_MMCV)):
        say('the mmcv that is there was made for another torch: compiling')
        command += ['--no-deps', '--no-cache', '--force-reinstall']
        pip.install(*command, '--no-binary', 'mmcv', environment=environment)


def install_xtcocotools(pip):
    """Its wheel, or its source: built with the numpy that it runs with.

    On Python 3.13 its setup.py does not find what its ``exec`` has set in
    ``locals()``, so that pip alone cannot build it.
    """
    if not run_quietly([pip.python, '-c', 'import xtcocotools.mask']):
        return
    say('building xtcocotools from its source')
    folder = os.path.join(pip.venv, 'xtcocotools')
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    options = ['--no-deps', '--no-build-isolation', '--no-binary', ':all:']
    command = [pip.python, '-m', 'pip', 'download', '--no-clean', *options]
    command += ['-d', folder, '-c', pip.constraints, 'xtcocotools']
    run_quietly(command, TMPDIR=folder)  # leaves the source, may fail
    found = glob.glob(os.path.join(folder, '*', 'xtcocotools*', 'setup.py'))
    if not found:
        raise SetupError('"{}" failed'.format(' '.join(command)))
    text = read_text(found[0])
    text = text.replace("'exec'))", "'exec'), scope)")
    text = text.replace("locals()['", "scope['")
    text = text.replace('def get_version():', 'scope = {}\ndef get_version():')
    with open(found[0], 'w') as file:
        file.write(text)
    options = ['--no-deps', '--no-build-isolation', '--force-reinstall']
    pip.install(*options, os.path.dirname(found[0]))


def fingerprint():
    """A hash of all that decides what gets installed."""
    own = [os.environ.get(name, '') for name in SETTINGS]
    own += [ROOT]  # it is installed from there
    own += [read_text(requirement(name)) for name in FILES]
    return hashlib.sha256('\n'.join(own).encode()).hexdigest()


if __name__ == '__main__':
    sys.exit(main())
