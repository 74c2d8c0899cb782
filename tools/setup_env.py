#!/usr/bin/env python3
"""Set up the reference environment; do nothing where it is ready.

Called by ``make``. Needs nothing but Python's standard library and never
writes outside the environment's folder. Steps: an environment, torch and
torchvision (kept if there is a matched pair), mmengine and mmcv (compiled if
there is no wheel of it), the other requirements, mmpose without its
dependencies, this package. A stamp with the hash of all requirement files
says that an environment is ready; without it every step runs again, and pip
skips what is there.

Settings, by environment variable: PIP_FIND_LINKS and pip's other settings;
TORCH=2.1.2 for another version of torch; MMCV_FIND_LINKS=URL for a wheel of
mmcv (OpenMMLab's index, for torch 2.1); FORCE_CUDA=1 to compile mmcv's CUDA
operators: no model here has one, MMDetection's detectors on a GPU do.
"""

import argparse
import glob
import hashlib
import os
import re
import sys
import time

from setup_checks import (
    PROBE_MMCV,
    PROBE_MMCV_CUDA,
    SetupError,
    check_compiler,
    check_disk,
    check_python,
    probe,
    run_quietly,
)
from setup_pip import ROOT, Pip, read_text, requirement, say

STAMP = '.integral_mmpose-ready'
FULL_GB, REST_GB = 10, 3  # with and without torch's own 6 GB
MINUTES_TIMES_CORES = 34  # compiling mmcv: 17 minutes on two cores
GB_PER_JOB = 1.5  # memory that one compiler needs
# The operator nms proves that torchvision fits torch.
PROBE_TORCH = (
    'import json, torch, torchvision; torchvision.ops.nms; '
    'print(json.dumps([torch.__version__, torchvision.__version__]'
    '))'
)
PROBE_ALL = 'import mmcv.ops, mmdet, mmpose.models'


def main():
    """Run the steps; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--venv', default=os.path.join(ROOT, '.venv'))
    venv = os.path.abspath(parser.parse_args().venv)
    stamp = os.path.join(venv, STAMP)
    works = not run_quietly([os.path.join(venv, 'bin', 'python'), '-c', ''])
    if works and read_text(stamp) == fingerprint():
        return 0
    start = time.time()
    try:
        set_up(venv)
    except SetupError as error:
        print('set-up: {}'.format(error), file=sys.stderr)
        return 1
    with open(stamp, 'w') as file:
        file.write(fingerprint())
    print('set-up: ready after {:.0f} s: {}'.format(time.time() - start, venv))
    return 0


def set_up(venv):
    """All steps, checks first: nothing is downloaded before they pass."""
    pip = Pip(venv)
    pair = wanted_pair(probe(pip.python, PROBE_TORCH))
    check_python(pip.python)
    check_disk(venv, REST_GB if pair else FULL_GB)
    check_compiler(pip.python)
    make_venv(venv, pip.python)
    pip.write_constraints(pair)
    say('1 of 6, build tools')
    pip.install('-r', requirement('build'))
    say(
        '2 of 6, torch and torchvision'
        + (': {} and {} are kept'.format(*pair) if pair else ' (large)')
    )
    if not pair:
        pip.install(*torch_pair())
        pair = probe(pip.python, PROBE_TORCH)
        if not pair:
            raise SetupError(
                'torch and torchvision in {} do not import '
                'together; see {}'.format(venv, pip.log)
            )
    say('3 of 6, mmengine and mmcv')
    install_mmcv(pip)
    say('4 of 6, the other requirements')
    for name in ('runtime', 'mmpose_leaves', 'tests'):
        pip.install('--no-build-isolation', '-r', requirement(name))
    say('5 of 6, mmdet and mmpose')
    pip.install('mmdet')
    pip.install('--no-deps', 'mmpose')
    say('6 of 6, integral_mmpose')
    pip.install('--no-build-isolation', '--no-deps', '-e', ROOT)
    if run_quietly([pip.python, '-c', PROBE_ALL]):
        raise SetupError(
            'mmpose does not import in {}; run "{} -c \'{}\'" '
            'to see why'.format(venv, pip.python, PROBE_ALL)
        )


def make_venv(venv, python):
    """Make the environment, or make a half-made one anew.

    One that somebody made without pip (uv does) gets pip.

    Raises:
        SetupError: If the folder is something else.
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
    wanted = os.environ.get('TORCH')
    there = pair[0].split('+')[0] if pair else ''
    if wanted and not (there + '.').startswith(wanted + '.'):
        return None
    return pair


def torch_pair():
    """The requirements of a matched pair: torch 2.n, torchvision 0.(n+15)."""
    version = os.environ.get('TORCH')
    if not version:
        return ['torch', 'torchvision']
    match = re.match(r'2\.(\d+)(\.\d+)?$', version)
    if not match:
        raise SetupError('TORCH={} must look like 2.1.2'.format(version))
    return [
        'torch=={}'.format(version) + ('' if match.group(2) else '.*'),
        'torchvision==0.{}.*'.format(int(match.group(1)) + 15),
    ]


def install_mmcv(pip):
    """Install mmengine and mmcv; compile where no wheel of mmcv fits."""
    cores = os.cpu_count() or 1
    jobs = max(1, min(cores, int(memory_gb() / GB_PER_JOB)))
    environment = dict(os.environ, MMCV_WITH_OPS='1')
    environment.setdefault('MAX_JOBS', str(jobs))
    if environment.get('FORCE_CUDA') != '1':
        environment['CUDA_VISIBLE_DEVICES'] = ''
    minutes = MINUTES_TIMES_CORES / jobs
    if run_quietly([pip.python, '-c', PROBE_MMCV]):
        say(
            'mmcv is compiled if there is no wheel of it: about {:.0f} '
            'minutes on {} cores, once'.format(max(1, minutes), jobs)
        )
    arguments = ['-v', '--no-build-isolation', 'mmengine', 'mmcv']
    links = os.environ.get('MMCV_FIND_LINKS')
    if links:
        arguments += ['--find-links', links]
    pip.install(*arguments, environment=environment)
    cuda = environment.get('FORCE_CUDA') == '1'
    needed = PROBE_MMCV_CUDA if cuda else PROBE_MMCV
    if run_quietly([pip.python, '-c', needed]):
        say(
            'the mmcv that is there was made for another torch'
            + ', or without CUDA' * cuda
            + ': compiling'
        )
        pip.install(
            '-v',
            '--no-build-isolation',
            '--no-deps',
            '--no-cache',
            '--force-reinstall',
            '--no-binary',
            'mmcv',
            'mmcv',
            environment=environment,
        )


def memory_gb():
    """Memory of the machine."""
    return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9


def fingerprint():
    """A hash of all that decides what gets installed."""
    own = [os.environ.get('TORCH', ''), ROOT]  # it is installed from there
    own += ['CUDA'] * (os.environ.get('FORCE_CUDA') == '1')
    digest = hashlib.sha256('\n'.join(own).encode())
    names = ('constraints', 'build', 'runtime', 'mmpose_leaves', 'tests')
    for path in [requirement(n) for n in names]:
        digest.update(read_text(path).encode())
    return digest.hexdigest()


if __name__ == '__main__':
    sys.exit(main())
