"""The main job in ten minutes on two cores: train, evaluate, show.

Makes the synthetic data, trains the 3D integral model (I*, Strategy 2: half
3D, half 2D images) and its heat map baseline (H1) with the same budget,
evaluates both under Protocol 2, and writes ``summary.json``, ``summary.md``
and pictures. Finished steps are not repeated.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

import integral_mmpose  # noqa: F401
from integral_mmpose.geometry import (
    Person,
    back_project,
    joint_distances,
    rigid_align,
    root_align,
)
from integral_mmpose.visualization import (
    draw_people,
    plot_curves,
    save_contact_sheet,
    skeleton_from_metainfo,
)
from integral_mmpose.visualization.overlay import write_labels
from integral_mmpose.visualization.panel import beside
from integral_mmpose.visualization.rendering import draw_views

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs/body_3d_keypoint/integral/h36m'
METHODS = {
    'istar': 'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py',
    'h1': 'h1_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py',
}
NAMES = {'istar': 'I*', 'h1': 'H1', 'mean_pose': 'mean pose'}
METRICS = ('MPJPE', 'PA-MPJPE')
NUM_PICTURES = 6


def shown(*command) -> list:
    """Print a command; returns it as strings."""
    print('\n$', *command, flush=True)
    return [str(part) for part in command]


def make_data(out: Path, seed: int) -> Path:
    """Write the synthetic data unless it is there."""
    data = out / 'data'
    command = shown(
        sys.executable,
        ROOT / 'tools/dataset_converters/make_synthetic.py',
        *('--out', data, '--seed', seed, '--scale', 'tiny'),
    )
    subprocess.run(command, check=True)
    os.environ['H36M_ROOT'] = str(data / 'h36m')
    os.environ['MPII_ROOT'] = str(data / 'mpii')
    return data


def train(name: str, out: Path, seed: int) -> float:
    """Train one model through tools/train.py; returns the seconds it took.

    Only lines with a loss or a metric are shown: the whole log is in
    ``train.log`` beside the checkpoints.
    """
    work_dir = out / name
    done = work_dir / 'seconds.json'
    if done.is_file():
        print(f'{NAMES[name]}: trained already ({work_dir})')
        return json.loads(done.read_text())
    command = shown(
        sys.executable,
        ROOT / 'tools/train.py',
        CONFIGS / METHODS[name],
        *('--work-dir', work_dir, '--resume'),
        *('--cfg-options', f'randomness.seed={seed}'),
    )
    work_dir.mkdir(parents=True, exist_ok=True)
    start = time.time()
    with (
        subprocess.Popen(
            command,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
        open(work_dir / 'train.log', 'w') as log,
    ):
        for line in process.stdout:
            log.write(line)
            if re.search(r'Epoch\((train|val)\).*(loss|MPJPE)', line):
                text = line.split('INFO - ')[-1]
                print(f'  {NAMES[name]:3} {text}', end='', flush=True)
    if process.returncode:
        raise SystemExit(
            f'training {NAMES[name]} failed, see {work_dir / "train.log"}'
        )
    seconds = time.time() - start
    done.write_text(json.dumps(seconds))
    return seconds


def evaluate(name: str, out: Path) -> tuple:
    """Metrics of the last checkpoint, and predictions for the pictures."""
    work_dir = out / name
    cfg = Config.fromfile(CONFIGS / METHODS[name])
    cfg.work_dir = str(work_dir / 'test')
    cfg.load_from = (work_dir / 'last_checkpoint').read_text().strip()
    cfg.log_level = 'WARNING'
    runner = Runner.from_cfg(cfg)
    metrics = runner.test()
    dataset = runner.test_dataloader.dataset
    chosen = np.linspace(0, len(dataset) - 1, NUM_PICTURES).astype(int)
    batch = pseudo_collate([dataset[int(i)] for i in chosen])
    with torch.no_grad():
        samples = runner.model.test_step(batch)
    return {m: float(metrics[f'h36m/{m}']) for m in METRICS}, samples, dataset


def mean_pose(dataset, train_file: Path) -> dict:
    """The metrics of predicting the mean training pose everywhere."""
    with np.load(train_file, allow_pickle=False) as arrays:
        subject = np.array([name.split('/')[0] for name in arrays['imgname']])
        seen = np.isin(subject, ['S1', 'S5', 'S6', 'S7', 'S8'])
        poses = arrays['S'][seen, :, :3] * 1000
    mean = root_align(poses).mean(0)
    mean = np.concatenate([mean, mean[[11, 14]].mean(0, keepdims=True)])
    rows = map(dataset.get_data_info, range(len(dataset)))
    truth = np.concatenate([row['keypoints_cam'] for row in rows])
    answer = np.broadcast_to(mean, truth.shape)
    aligned = dict(zip(METRICS, (answer, rigid_align(answer, truth))))
    errors = {
        name: joint_distances(root_align(pose), root_align(truth))
        for name, pose in aligned.items()
    }
    return {name: float(e[:, :17].mean()) for name, e in errors.items()}


def camera_pose(sample) -> np.ndarray:
    """Camera-space pose (18, 3) in mm of one prediction."""
    meta, points = sample.metainfo, sample.pred_instances.keypoints[0].copy()
    points[:, 2] += meta['root_depth']
    return back_project(
        points, np.asarray(meta['focal']), np.asarray(meta['principal'])
    )


def draw_predictions(samples: dict, metainfo: dict, out: Path) -> None:
    """Input and 2D joints beside predicted and true 3D skeletons."""
    skeleton = skeleton_from_metainfo(metainfo)
    for name, predictions in samples.items():
        panels = []
        for sample in predictions:
            found, truth = sample.pred_instances, sample.gt_instances
            image = cv2.imread(sample.metainfo['img_path'])[..., ::-1]
            person = Person(
                found.bboxes[0],
                1.0,
                found.keypoints[0, :, :2],
                found.keypoint_scores[0],
                camera_pose(sample),
            )
            plain = draw_people(image, [], skeleton)
            title = f'{NAMES[name]}, {sample.metainfo["action"]}'
            write_labels(plain, np.array([[2.0, 20.0]]), [title])
            overlay = draw_people(image, [person], skeleton)
            views = draw_views(
                [person], skeleton, len(plain), 0.0, truth.keypoints_cam
            )
            panels.append(beside([plain, overlay, *views]))
        save_contact_sheet(panels, str(out / f'predictions_{name}.png'))


def write_summary(summary: dict, out: Path) -> str:
    """Write summary.json and summary.md; returns the table."""
    (out / 'summary.json').write_text(json.dumps(summary, indent=2))
    lines = ['| method | MPJPE (mm) | PA-MPJPE (mm) |', '|---|---|---|']
    for name, title in NAMES.items():
        row = summary[name]
        lines.append(
            f'| {title} | {row["MPJPE"]:.1f} | {row["PA-MPJPE"]:.1f} |'
        )
    ratio_h1 = summary['istar']['MPJPE'] / summary['h1']['MPJPE']
    ratio_mean = summary['istar']['MPJPE'] / summary['mean_pose']['MPJPE']
    total = sum(summary['seconds'].values())
    lines += [
        '',
        f'I* has {ratio_h1:.2f} of the error of H1 and {ratio_mean:.2f} '
        'of that of the mean pose.',
        '',
        'Synthetic data (tiny), Protocol 2: every 64th frame of S9 and S11; '
        'box 2000 mm from ground truth, root depth from ground truth, 17 '
        'joints, no flip test; PA without scale. ResNet-18 of half the width, '
        f'64 px, seed {summary["seed"]}, {total:.0f} s in all '
        f'({torch.get_num_threads()} threads).',
        '',
    ]
    (out / 'summary.md').write_text('\n'.join(lines))
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', default='work_dirs/demo')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    out = Path(args.out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    init_default_scope('mmpose')
    summary = {'seed': args.seed, 'seconds': {}}
    start = time.time()
    data = make_data(out, args.seed)
    summary['seconds']['data'] = time.time() - start
    samples = {}
    for name in METHODS:
        summary['seconds'][name] = train(name, out, args.seed)
    start = time.time()
    for name in METHODS:
        print(f'evaluating {NAMES[name]} ...', flush=True)
        summary[name], samples[name], dataset = evaluate(name, out)
    summary['mean_pose'] = mean_pose(
        dataset, data / 'h36m/annotations/h36m_train.npz'
    )
    draw_predictions(samples, dataset.metainfo, out)
    plot_curves(
        {NAMES[n]: out / n for n in METHODS}, str(out / 'training_curves.png')
    )
    summary['seconds']['evaluation'] = time.time() - start
    print('\n' + write_summary(summary, out))
    print(f'pictures, summary.md and summary.json are in {out}')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        print('interrupted; run it again to go on', file=sys.stderr)
        sys.exit(130)
