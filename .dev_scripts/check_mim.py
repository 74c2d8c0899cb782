#!/usr/bin/env python3
"""Install the built wheel by mim in a clean environment and use each command.

The environment is that of .dev_scripts/setup_env.py, with its settings, from
which the link to this repository is removed: with MMCV_OPS=compile it has
mmcv's own operators, as where ``mim install mmpose`` was run before. mim
lists, searches, runs a tool, trains, tests, and downloads a weight file that
is served on this machine: the checkpoint that was trained here, which is
tested again beside its downloaded, flattened config.

Example: .dev_scripts/check_mim.py --dir /tmp/mim --python python3.11
"""

import argparse
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE, LISTED = 'integral_mmpose', 'integral-mmpose'
CONFIG = 'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64'
METAFILE = '.mim/configs/metafile.yml'
MIM = 'openmim==0.3.9'
# Without opendatalab, for data sets, which wants setuptools 60.
MIM_NEEDS = (
    *('click', 'colorama', 'model-index', 'pandas<3', 'requests', 'rich'),
    'tabulate',
)
LONGEST = 600  # seconds of a command


def main() -> int:
    """Run the steps; 1 if one has failed."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--dir', default='/tmp/mim', help='environment, work')
    parser.add_argument('--python', default=sys.executable)
    args = parser.parse_args()
    folder = Path(args.dir).resolve()
    venv, work = folder / 'venv', folder / 'work'
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    prepare(args.python, venv, work)
    failed = []
    mim = Mim(venv, work)
    for step in STEPS:
        name = step.__name__.removeprefix('check_')
        try:
            found = step(mim)
        except Exception as error:
            failed.append(name)
            found = f'failed: {error}'
        print(f'mim {name:9} {found}', flush=True)
    return int(bool(failed))


def prepare(python: str, venv: Path, work: Path) -> None:
    """Make the environment without this package, and the wheel in work."""
    setup = [python, ROOT / '.dev_scripts/setup_env.py', '--venv', venv]
    subprocess.run(setup, check=True)
    pip = [venv / 'bin/python', '-m', 'pip']
    subprocess.run([*pip, 'uninstall', '-qy', PACKAGE], check=True)
    subprocess.run([*pip, 'install', '-q', *MIM_NEEDS], check=True)
    subprocess.run([*pip, 'install', '-q', '--no-deps', MIM], check=True)
    build = [*pip, 'wheel', '-q', '--no-deps', '--no-build-isolation']
    subprocess.run([*build, '-w', work, ROOT], check=True)


class Mim:
    """Runs mim of an environment in a folder outside the repository."""

    def __init__(self, venv: Path, work: Path) -> None:
        self.venv, self.work = venv, work
        self.run_dir, self.data = work / 'run', work / 'data'
        self.env = dict(
            os.environ,
            PATH=f'{venv / "bin"}{os.pathsep}{os.environ["PATH"]}',
            H36M_ROOT=str(self.data / 'h36m'),
            MPII_ROOT=str(self.data / 'mpii'),
        )
        self.env.pop('PYTHONPATH', None)

    def __call__(self, *args) -> str:
        """What the command prints; its end as an error if it fails."""
        done = subprocess.run(
            [self.venv / 'bin/mim', *map(str, args)],
            cwd=self.work,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
        )
        if done.returncode:
            raise AssertionError(done.stdout[-2000:])
        return done.stdout


def check_install(mim) -> str:
    """The wheel, and nothing of OpenMMLab beside what is there."""
    [wheel] = mim.work.glob('*.whl')
    before = packages(mim)
    mim('install', wheel)
    added = packages(mim).keys() - before.keys()
    assert added == {LISTED}, added
    return wheel.name


def check_list(mim) -> str:
    """The line with version and address."""
    version, address = packages(mim)[LISTED]
    assert address.startswith('https://'), address
    return f'{version} {address}'


def check_search(mim) -> str:
    """Every config of the repository."""
    found = mim('search', PACKAGE, '--valid-config')
    configs = [p.stem for p in ROOT.glob('configs/body_*/*/*/*.py')]
    missing = [name for name in configs if f"'{name}'" not in found]
    assert configs and not missing, missing
    assert 'human3.6m' in mim('search', PACKAGE, '--config', CONFIG)
    return f'{len(configs)} configs'


def check_run(mim) -> str:
    """A tool: it writes the data for the next steps."""
    options = ('--out', mim.data, '--seed', 0, '--scale', 'tiny')
    mim('run', PACKAGE, 'make_synthetic', *options)
    return ', '.join(sorted(p.name for p in mim.data.iterdir()))


def check_train(mim) -> str:
    """An epoch of a config, found by its name alone."""
    options = ('--gpus', 0, '--work-dir', mim.run_dir)
    epoch = ('train_cfg.max_epochs=1', 'train_cfg.val_interval=1')
    command = ('train', PACKAGE, f'{CONFIG}.py', '-y')
    mim(*command, *options, '--cfg-options', *epoch)
    return checkpoint(mim).name


def check_test(mim) -> str:
    """The metrics of the checkpoint."""
    return metrics(mim, f'{CONFIG}.py', checkpoint(mim))


def check_download(mim) -> str:
    """The weight file and the flattened config, which give the same."""
    expected = metrics(mim, f'{CONFIG}.py', checkpoint(mim))
    handler = partial(SimpleHTTPRequestHandler, directory=mim.run_dir)
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{server.server_port}/{checkpoint(mim).name}'
    [site] = mim.venv.glob('lib/*/site-packages')
    metafile = site / PACKAGE / METAFILE
    name = f"- Name: '{CONFIG}'\n"
    text = metafile.read_text('utf-8')
    assert name in text
    metafile.write_text(text.replace(name, f'{name}  Weights: {url}\n'))
    downloads = mim.work / 'downloads'
    try:
        mim('download', PACKAGE, '--config', CONFIG, '--dest', downloads)
    finally:
        metafile.write_text(text, 'utf-8')
        server.shutdown()
    weights = downloads / checkpoint(mim).name
    assert weights.read_bytes() == checkpoint(mim).read_bytes()
    found = metrics(mim, downloads / f'{CONFIG}.py', weights)
    assert found == expected, f'{found}, expected {expected}'
    return f'{weights.name} and {CONFIG}.py: {found}'


def packages(mim) -> dict:
    """Version and address of each package that ``mim list`` prints."""
    rows = [line.split() for line in mim('list').splitlines()]
    rows = [row for row in rows if len(row) == 3 and row[0].strip('-')]
    return {name: values for name, *values in rows}


def checkpoint(mim) -> Path:
    """The checkpoint of the training."""
    return Path((mim.run_dir / 'last_checkpoint').read_text().strip())


def metrics(mim, config, weights: Path) -> str:
    """The MPJPE that ``mim test`` prints."""
    options = ('--checkpoint', weights, '--gpus', 0, '-y')
    printed = mim('test', PACKAGE, config, *options)
    [*_, line] = [li for li in printed.splitlines() if 'h36m/MPJPE' in li]
    return line[line.index('h36m/MPJPE') :].split('  ')[0]


STEPS = (
    *(check_install, check_list, check_search, check_run, check_train),
    *(check_test, check_download),
)

if __name__ == '__main__':
    sys.exit(main())
