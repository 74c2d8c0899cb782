"""Packaging. The tools' settings are in pyproject.toml.

Configs, tools and demos lie outside the package in the repository, as in
every OpenMMLab project, and inside it (in ``.mim``) once installed: mim and
``mmpose::``-like paths look for them there.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import setuptools
from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
PACKAGE = 'integral_mmpose'
PYTHONS = range(10, 15)
SETUPTOOLS = int(setuptools.__version__.split('.')[0])
# requirements/NAME.txt each. mmpose is in [mim] only: its metadata asks for a
# package (chumpy) that does not build, see docs/install.md.
EXTRAS = ('mim', 'web', 'video', 'optional', 'tests', 'docs')
# The repository, where a release comes from: https://github.com/OWNER/NAME.
PROJECT_URL = os.environ.get('PROJECT_URL', '').rstrip('/')
PAPER = 'https://arxiv.org/abs/1711.08229'
LINK = r'(!?\[[^\]]*\])\((?!https?:|#)([^)]+)\)'
# An SPDX expression has a field of its own since setuptools 77.
LICENSE = 'license_expression' if SETUPTOOLS >= 77 else 'license'
MIM_NAMES = ('tools', 'configs', 'demo', 'model-index.yml')
# With these the package is used from the repository: links, not copies.
EDITABLE = ('develop', 'editable_wheel')
# With these the package's files are collected: copies.
COPYING = ('sdist', 'bdist_wheel', 'build', 'build_py', 'install')


def add_mim_extension():
    """Put configs, tools and demos into ``integral_mmpose/.mim``."""
    if any(word in sys.argv for word in EDITABLE):
        place = _link
    elif any(word in sys.argv for word in COPYING):
        place = _copy
    else:
        return
    folder = ROOT / PACKAGE / '.mim'
    if not (ROOT / 'configs').is_dir():  # an sdist holds them in .mim alone
        return
    # What an earlier build has left would be collected, too.
    for old in (folder, *ROOT.glob(f'build/lib*/{PACKAGE}/.mim')):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir()
    for name in MIM_NAMES:
        if (ROOT / name).exists():
            place(ROOT / name, folder / name)


def _link(source, target):
    try:
        target.symlink_to(Path('..', '..', source.name))
    except OSError:  # Windows without the right to make links
        _copy(source, target)


def _copy(source, target):
    if source.is_dir():
        ignored = shutil.ignore_patterns('__pycache__', '*.pyc')
        shutil.copytree(source, target, ignore=ignored)
    else:
        shutil.copyfile(source, target)


def requirements(name):
    """The lines of a requirement file, without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text('utf-8')
    return [
        line.strip()
        for line in lines.splitlines()
        if line.strip() and not line.startswith(('#', '-'))
    ]


def version():
    """The version, read without importing the package."""
    text = (ROOT / PACKAGE / 'version.py').read_text('utf-8')
    return re.search(r"__version__ = '([^']+)'", text).group(1)


def readme():
    """The long description, with absolute links if PROJECT_URL is set."""
    path = ROOT / 'README.md'
    text = path.read_text('utf-8') if path.exists() else ''
    return re.sub(LINK, _absolute, text) if PROJECT_URL else text


def _absolute(link):
    start, target = link.groups()
    kind = 'raw' if start.startswith('!') else 'blob'
    return f'{start}({PROJECT_URL}/{kind}/v{version()}/{target})'


if __name__ == '__main__':
    add_mim_extension()
    setup(
        name=PACKAGE,
        version=version(),
        description='Integral Human Pose Regression (Sun et al., ECCV 2018) '
        'for MMPose: 2D and 3D',
        long_description=readme(),
        long_description_content_type='text/markdown',
        url=PROJECT_URL or PAPER,
        project_urls=dict(Paper=PAPER),
        keywords='human pose estimation, soft-argmax, MMPose, Human3.6M',
        packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
        include_package_data=True,
        **{LICENSE: 'Apache-2.0'},
        author='The authors of integral_mmpose',
        classifiers=[
            'Development Status :: 4 - Beta',
            'Intended Audience :: Science/Research',
            'Operating System :: POSIX',
            *[f'Programming Language :: Python :: 3.{n}' for n in PYTHONS],
            'Topic :: Scientific/Engineering :: Image Recognition',
            'Typing :: Typed',
        ],
        # The runtime; the plugin ends with Python 3.13, as mmengine 0.10.7.
        python_requires=f'>=3.{PYTHONS[0]},<3.{PYTHONS[-1] + 1}',
        package_data={PACKAGE: ['py.typed', 'inference/*.onnx']},
        entry_points=dict(
            console_scripts=['integral-pose=integral_mmpose.cli.main:main']
        ),
        install_requires=requirements('runtime'),
        extras_require={
            'train': requirements('train') + requirements('hosts'),
            **{name: requirements(name) for name in EXTRAS},
        },
        zip_safe=False,
    )
