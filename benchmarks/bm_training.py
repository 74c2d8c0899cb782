"""Training on two cores: images/s of the whole loop, ResNet-18 at 64 px.

Ours is our small setting (`_base_/schedules/small_*`: fused Adam, channels
last, no loader workers, OMP_WAIT_POLICY=PASSIVE) with the integral loss, run
by mmengine's Runner on synthetic MPII, data included; apart, the same with two
workers. Peers: MMPose's own MpiiDataset, pipeline, HeatmapHead, Adam and two
workers, without the environment variable; and the bare network (loss = mean of
the maps of one fixed batch). Same backbone, deconvolutions (2 x 256) and batch
of 64 everywhere; each in a process of its own, since the setting is one of
the process.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from copy import deepcopy
from pathlib import Path

import common
import numpy as np

#: A row of the paper, at the small scale of the reproduction.
CONFIG = 'istar_res50_4xb32-140e_mpii-256x256'
#: Name to workers and the environment of the process.
FORMULATIONS = {
    'ours': (0, dict(OMP_WAIT_POLICY='PASSIVE')),
    'ours, two workers': (2, dict(OMP_WAIT_POLICY='PASSIVE')),
    'MMPose stock, two workers': (2, {}),
    'bare network': (0, dict(OMP_WAIT_POLICY='PASSIVE')),
}
SIZE = (64, 64)
#: More than a round takes: where an epoch ends mmengine's loop sleeps for 2 s.
IMAGES = 768
WARM_UP = 2
#: The formulations take turns, so that a slow minute falls on all of them.
ROUNDS = 3


def write_data(root):
    """Synthetic people in MPII's layout."""
    from integral_mmpose.synthetic import mpii_writer

    people = [
        mpii_writer.write_image(str(root), 0, 'train', n)
        for n in range(IMAGES)
    ]
    for entry, _ in people:
        # MMPose's MpiiDataset wants numbers for names.
        source = Path(root, 'images', entry['image'])
        entry['image'] = entry['image'].replace('train_', '')
        source.rename(source.with_name(entry['image']))
    mpii_writer.write_annotations(str(root), 'train', people)


def ours(root):
    """Our small config with the whole width at 64 px."""
    from reproduction.plan import scaled

    os.environ['MPII_ROOT'] = str(root)
    config = deepcopy(scaled(CONFIG, 'mpii', 'small'))
    config.model.backbone = dict(type='ResNet', depth=18)
    config.model.head.update(in_channels=512, deconv_out_channels=(256, 256))
    config.model.head.decoder.input_size = SIZE
    for step in config.train_dataloader.dataset.pipeline:
        if 'input_size' in step:
            step.input_size = SIZE
        if 'encoder' in step:
            step.encoder.input_size = SIZE
    return config


def stock(root):
    """Our config with MMPose's own parts in all places."""
    config = ours(root)
    codec = dict(
        type='MSRAHeatmap', input_size=SIZE, heatmap_size=(8, 8), sigma=1
    )
    config.model.head = dict(
        type='HeatmapHead',
        in_channels=512,
        out_channels=16,
        deconv_out_channels=(256, 256),
        deconv_kernel_sizes=(4, 4),
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=codec,
    )
    config.train_dataloader.dataset = dict(
        type='MpiiDataset',
        data_root=str(root),
        ann_file='annotations/mpii_train.json',
        data_prefix=dict(img='images/'),
        pipeline=[
            dict(type='LoadImage'),
            dict(type='GetBBoxCenterScale'),
            dict(type='RandomFlip', direction='horizontal'),
            dict(type='RandomBBoxTransform', shift_prob=0),
            dict(type='TopdownAffine', input_size=SIZE),
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs'),
        ],
    )
    config.train_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
    config.optim_wrapper = dict(optimizer=dict(type='Adam', lr=5e-4))
    config.model.type = 'TopdownPoseEstimator'
    config.custom_hooks = []
    return config


def loop_times(config, workers, batch, steps):
    """Seconds from step to step of mmengine's loop."""
    from mmengine.hooks import Hook
    from mmengine.runner import Runner

    marks = []

    class Watch(Hook):
        def after_train_iter(self, runner, batch_idx, **kwargs):
            marks.append(time.perf_counter())

    config.train_dataloader.update(
        batch_size=batch,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    config.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=steps, val_interval=10**6
    )
    for part in ('val', 'test'):
        for kind in ('cfg', 'dataloader', 'evaluator'):
            config[f'{part}_{kind}'] = None
    config.param_scheduler = []
    config.work_dir = tempfile.mkdtemp(dir=os.environ['MPII_ROOT'])
    config.default_hooks.pop('checkpoint')
    config.log_level = 'ERROR'
    runner = Runner.from_cfg(config)
    runner.register_hook(Watch())
    runner.train()
    return np.diff(marks)


def bare_times(config, batch, steps):
    """Seconds of forward, backward and Adam on one fixed batch."""
    import torch
    from mmpose.registry import MODELS

    model = MODELS.build(config.model).to(memory_format=torch.channels_last)
    model.init_weights()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    images = torch.randn(batch, 3, *SIZE)
    images = images.contiguous(memory_format=torch.channels_last)
    marks = []
    for _ in range(steps):
        features = model.head.deconv_layers(model.backbone(images)[-1])
        loss = model.head.final_layer(features).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        marks.append(time.perf_counter())
    return np.diff(marks)


def child(name, root, batch, steps):
    """Measure one formulation and print the times as JSON."""
    import torch
    from mmengine.registry import init_default_scope

    import integral_mmpose  # noqa: F401  (registers)

    torch.manual_seed(0)
    torch.set_num_threads(2)
    init_default_scope('mmpose')
    workers = FORMULATIONS[name][0]
    config = stock(root) if name.startswith('MMPose') else ours(root)
    if name == 'bare network':
        times = bare_times(config, batch, steps)
    else:
        times = loop_times(config, workers, batch, steps)
    print('\n' + json.dumps(times[WARM_UP:].tolist()))


def measure(name, root, batch, steps):
    """Times of the steps of a formulation, in a process of its own."""
    environment = dict(os.environ, OMP_NUM_THREADS='2')
    environment.pop('OMP_WAIT_POLICY', None)
    environment.update(FORMULATIONS[name][1])
    paths = [str(common.ROOT), environment.get('PYTHONPATH', '')]
    environment['PYTHONPATH'] = os.pathsep.join(filter(None, paths))
    command = [sys.executable, __file__, name, str(root), batch, steps]
    done = subprocess.run(
        [str(part) for part in command],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f'{name}: {done.stderr.strip()[-500:]}')
    return json.loads(done.stdout.strip().splitlines()[-1])


def run(quick: bool) -> list:
    """Measure the formulations in turns."""
    batch, steps, rounds = (16, 6, 1) if quick else (64, 10, ROUNDS)
    times = {name: [] for name in FORMULATIONS}
    with tempfile.TemporaryDirectory() as root:
        write_data(root)
        for _ in range(rounds):
            for name, found in times.items():
                found += measure(name, root, batch, steps)
    rates = {
        name: np.percentile(batch / np.array(found), [25, 50, 75])
        for name, found in times.items()
    }
    means = {n: batch / np.mean(found) for n, found in times.items()}
    rows = []
    for name, (low, middle, high) in rates.items():
        is_target = name == 'ours'
        shares = ', '.join(
            f'{middle / rates[peer][1]:.2f}x {peer}'
            for peer in ('MMPose stock, two workers', 'bare network')
            if peer != name
        )
        rows.append(
            common.figure(
                f'training, ResNet-18, 64 px, batch {batch}, two threads',
                name,
                float(middle),
                'images/s',
                iqr=float(high - low),
                target='>= 80 images/s' if is_target else '',
                reached=bool(middle >= 80) if is_target else None,
                note=f'{shares}; mean {means[name]:.0f} images/s',
            )
        )
    return rows


if __name__ == '__main__':
    child(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
