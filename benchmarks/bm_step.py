"""Whole training steps: 2D I* against MMPose's heat map head, and 3D.

2D: the same network, ResNet-50 with two deconvolutions at 256 px, forward,
loss, backward and Adam; MMPose's head gets its Gaussian maps ready made (its
loader makes them). 3D: ResNet-50, 64 x 64 x 64 bins, against the network
alone (loss = mean of the logits).
"""

from typing import NamedTuple, Optional

import common
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

import integral_mmpose  # noqa: F401


class Setting(NamedTuple):
    """Where and how large: the CPU's batch of ``make bench`` by default."""

    device: str = 'cpu'
    batch: int = 4
    depth: int = 50  #: of the ResNet
    size: int = 256  #: px
    bins: int = 64  #: in depth
    amp: Optional[torch.dtype] = None  #: also measured under autocast


ALONE = 'network alone'


def network(head, setting):
    """ResNet without pretrained weights, and a head; in training mode."""
    backbone = dict(type='mmpose.ResNet', depth=setting.depth)
    channels = 2048 if setting.depth > 34 else 512
    model = torch.nn.ModuleDict(dict(backbone=MODELS.build(backbone)))
    model['head'] = MODELS.build(dict(head, in_channels=channels))
    return model.to(setting.device).train()


def samples(setting, joints, axes):
    """Labels for our heads, and heat maps for MMPose's."""
    found = []
    for _ in range(setting.batch):
        sample = PoseDataSample()
        sample.gt_instance_labels = InstanceData(
            keypoint_labels=torch.rand(1, joints, axes),
            keypoint_weights=torch.ones(1, joints, axes),
        )
        sides = (setting.size // 8, setting.size // 8)
        sample.gt_fields = PixelData(heatmaps=torch.rand(joints, *sides))
        found.append(sample.to(setting.device))
    return found


def training_step(model, images, loss_of, amp=None):
    """A closure: forward, backward, Adam."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    device = images.device.type

    def step():
        optimizer.zero_grad()
        with torch.autocast(device, amp, enabled=amp is not None):
            loss = loss_of(model['head'], model['backbone'](images))
        loss.backward()
        optimizer.step()

    return step


def images_of(setting):
    shape = (setting.batch, 3, setting.size, setting.size)
    return torch.randn(shape, device=setting.device)


def where(setting):
    place = ', on a GPU' if setting.device == 'cuda' else ''
    return (
        f'ResNet-{setting.depth}, {setting.size} px, batch {setting.batch}'
        f'{place}'
    )


def total(head, features, batch_samples):
    losses = head.loss(features, batch_samples)
    return sum(value for name, value in losses.items() if 'loss' in name)


def two_dimensions(seconds, setting, joints=16):
    """I* and MMPose's HeatmapHead on one network each."""
    deconvolutions = dict(deconv_out_channels=(256, 256))
    heads = {
        'ours': dict(
            type='IntegralHead',
            out_channels=joints,
            joint_loss=dict(type='JointL1Loss'),
            **deconvolutions,
        ),
        "MMPose's HeatmapHead": dict(
            type='mmpose.HeatmapHead',
            out_channels=joints,
            deconv_kernel_sizes=(4, 4),
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            **deconvolutions,
        ),
    }
    images = images_of(setting)
    labelled, masked = (samples(setting, joints, 2) for _ in heads)
    for sample in masked:  # its weights are one a joint
        weights = torch.ones(1, joints, device=setting.device)
        del sample.gt_instance_labels.keypoint_weights
        sample.gt_instance_labels.keypoint_weights = weights
    labels = dict(zip(heads, (labelled, masked)))
    steps = {
        name: training_step(
            network(head, setting),
            images,
            lambda h, features, s=labels[name]: total(h, features, s),
        )
        for name, head in heads.items()
    }
    found = common.measure(steps, seconds)
    ours, theirs = (found[name].median for name in heads)
    case = f'2D training step, {where(setting)}'
    goal = dict(
        target="<= 1.02x MMPose's heat map head",
        reached=ours <= 1.02 * theirs,
        note=f'{ours / theirs:.3f}x',
    )
    return [
        common.row(case, name, f, **(goal if name == 'ours' else {}))
        for name, f in found.items()
    ]


def three_dimensions(seconds, setting, joints=18):
    """I* on volumes, and the network alone."""
    model = network(
        dict(
            type='IntegralHead',
            out_channels=joints,
            depth=setting.bins,
            deconv_out_channels=(256, 256, 256),
            joint_loss=dict(type='JointL1Loss'),
        ),
        setting,
    )
    images, labels = images_of(setting), samples(setting, joints, 3)
    losses = {
        'ours': lambda h, f: total(h, f, labels),
        ALONE: lambda h, f: h(f).mean(),
    }
    steps = {n: training_step(model, images, of) for n, of in losses.items()}
    if setting.amp:
        kind = f'ours, {str(setting.amp).split(".")[-1]}'
        steps[kind] = training_step(model, images, losses['ours'], setting.amp)
    found = common.measure(steps, seconds, min_rounds=3)
    peaks = {
        n: common.extra_memory(s, setting.device) for n, s in steps.items()
    }
    case = f'3D training step, {where(setting)}, {setting.bins} bins'
    rows = [
        common.row(case, name, f, note=_rate(setting, f))
        for name, f in found.items()
    ]
    if setting.device == 'cuda':
        ratio = found['ours'].median / found[ALONE].median
        rows[0].update(
            target='<= 1.05x the network alone', reached=ratio <= 1.05
        )
        rows[0]['note'] += f', {ratio:.3f}x the network alone'
    for name, peak in peaks.items():
        if peak is not None:
            rows.append(
                common.figure(
                    f'{case}: peak memory of a step above weights, '
                    'gradients and Adam',
                    name,
                    peak / common.MB,
                    'MB',
                )
            )
    return rows


def _rate(setting, measurement):
    return f'{setting.batch / measurement.median:.1f} images/s'


def run(quick: bool) -> list:
    seconds = 4 if quick else 40
    rows = two_dimensions(seconds, Setting(batch=1 if quick else 4))
    return rows + three_dimensions(seconds, Setting(batch=1 if quick else 2))
