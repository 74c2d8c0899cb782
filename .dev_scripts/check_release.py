#!/usr/bin/env python3
"""Install the built wheel on each Python, run it, and write the table.

Each Python gets an environment of its own with nothing but the wheel and what
pip adds to it: no torch, no OpenMMLab. There the four lines of the README and
the command run on a picture. The table in docs/install.md holds what was run.

Example: .dev_scripts/check_release.py --dir /tmp/release --pythons 3.12 3.13
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from check_lanes import PAGE, find_python, with_row

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = tuple(f'3.{minor}' for minor in range(10, 15))
PICTURE = ROOT / 'docs/images/person.png'
PROGRAM = """
import importlib.util
import sys

from integral_mmpose.inference import PoseInferencer

infer = PoseInferencer()
for person in infer(sys.argv[1])[0]:
    assert person.keypoints_2d.shape == (len(infer.joint_names), 2)
    assert person.keypoints_3d_mm.shape == (len(infer.joint_names), 3)
assert not importlib.util.find_spec('torch')
assert not importlib.util.find_spec('mmpose')
import cv2, numpy, onnxruntime
print(numpy.__version__, cv2.__version__, onnxruntime.__version__)
"""


def main() -> int:
    """Check every Python; 1 if one has failed."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--dir', default='/tmp/release', help='environments')
    parser.add_argument('--pythons', nargs='+', default=PYTHONS)
    args = parser.parse_args()
    folder = Path(args.dir)
    shutil.rmtree(folder, ignore_errors=True)
    build = [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps']
    subprocess.run([*build, '-w', folder, ROOT], check=True)
    [wheel] = folder.glob('*.whl')
    megabytes = wheel.stat().st_size / 1e6
    print(f'{wheel.name}: {megabytes:.1f} MB')
    failed = False
    for version in args.pythons:
        row = check(version, folder / version, wheel)
        failed |= '| failed' in row
        name = f'runtime {version}'
        PAGE.write_text(with_row(PAGE.read_text('utf-8'), name, row), 'utf-8')
        print(row, flush=True)
    return int(failed)


def check(version: str, venv: Path, wheel: Path) -> str:
    """Install and run; the line of the table."""
    name = f'runtime {version}'
    python = find_python(version)
    if not python:
        return f'| {name} | no Python {version} on this machine | | |'
    try:
        start = time.time()
        subprocess.run([python, '-m', 'venv', venv], check=True)
        own = venv / 'bin/python'
        install = [own, '-m', 'pip', 'install', '-q', wheel]
        subprocess.run(install, check=True)
        installed = time.time()
        found = subprocess.check_output(
            [own, '-c', PROGRAM, PICTURE], text=True, cwd=venv
        )
        out = venv / 'poses'
        command = [venv / 'bin/integral-pose', PICTURE, '--out', out]
        subprocess.run(command, check=True, cwd=venv)
        if not (out / 'poses.json').exists():
            raise FileNotFoundError(out / 'poses.json')
    except (subprocess.CalledProcessError, OSError) as error:
        return f'| {name} | failed: {error} | | |'
    done = time.time()
    numpy, opencv, onnxruntime = found.split()
    return (
        f'| {name} | numpy {numpy}, opencv {opencv}, onnxruntime '
        f'{onnxruntime} | {installed - start:.0f} s | '
        f'{done - installed:.0f} s |'
    )


if __name__ == '__main__':
    sys.exit(main())
