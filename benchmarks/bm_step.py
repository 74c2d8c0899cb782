"""Whole training steps: 2D I* against MMPose's heat map head, and 3D.

2D: the same network, ResNet-50 with two deconvolutions at 256 px, batch 4,
forward, loss, backward and Adam; MMPose's head gets its Gaussian maps ready
made (its loader makes them). 3D: ResNet-50, 64 x 64 x 64 bins, batch 2,
against the network alone (loss = mean of the logits), and with the joints in
groups of six.
"""

import common
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

import integral_mmpose  # noqa: F401

SIZE = 256


def network(head):
    """ResNet-50 without pretrained weights, and a head; in training mode."""
    backbone = MODELS.build(dict(type='mmpose.ResNet', depth=50))
    model = torch.nn.ModuleDict(dict(backbone=backbone))
    model['head'] = MODELS.build(dict(head, in_channels=2048))
    return model.train()


def samples(batch, joints, axes, map_size):
    """Labels for our heads, and heat maps for MMPose's."""
    found = []
    for _ in range(batch):
        sample = PoseDataSample()
        sample.gt_instance_labels = InstanceData(
            keypoint_labels=torch.rand(1, joints, axes),
            keypoint_weights=torch.ones(1, joints, axes),
        )
        sample.gt_fields = PixelData(heatmaps=torch.rand(joints, *map_size))
        found.append(sample)
    return found


def training_step(model, images, loss_of):
    """A closure: forward, backward, Adam."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)

    def step():
        features = model['backbone'](images)
        optimizer.zero_grad()
        loss_of(model['head'], features).backward()
        optimizer.step()

    return step


def total(head, features, batch_samples, train_cfg=None):
    losses = head.loss(features, batch_samples, train_cfg or {})
    return sum(value for name, value in losses.items() if 'loss' in name)


def two_dimensions(seconds, batch, joints=16):
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
    images = torch.randn(batch, 3, SIZE, SIZE)
    labelled = samples(batch, joints, 2, (SIZE // 8, SIZE // 8))
    masked = samples(batch, joints, 2, (SIZE // 8, SIZE // 8))
    for sample in masked:  # its weights are one a joint
        weights = torch.ones(1, joints)
        del sample.gt_instance_labels.keypoint_weights
        sample.gt_instance_labels.keypoint_weights = weights
    labels = dict(zip(heads, (labelled, masked)))
    steps = {
        name: training_step(
            network(head),
            images,
            lambda h, features, s=labels[name]: total(h, features, s),
        )
        for name, head in heads.items()
    }
    found = common.measure(steps, seconds)
    ours, theirs = (found[name].median for name in heads)
    case = f'2D training step, ResNet-50, {SIZE} px, batch {batch}'
    goal = dict(
        target="<= 1.02x MMPose's heat map head",
        reached=ours <= 1.02 * theirs,
    )
    return [
        common.row(case, name, f, **(goal if name == 'ours' else {}))
        for name, f in found.items()
    ]


def three_dimensions(seconds, batch, joints=18, depth=64):
    """I* at 64^3, in groups of joints too, and the network alone."""
    model = network(
        dict(
            type='IntegralHead',
            out_channels=joints,
            depth=depth,
            deconv_out_channels=(256, 256, 256),
            joint_loss=dict(type='JointL1Loss'),
        )
    )
    images = torch.randn(batch, 3, SIZE, SIZE)
    labels = samples(batch, joints, 3, (1, 1))
    steps = {
        'ours': training_step(model, images, lambda h, f: total(h, f, labels)),
        'ours, chunk_joints=6': training_step(
            model,
            images,
            lambda h, f: total(h, f, labels, dict(chunk_joints=6)),
        ),
        'network alone': training_step(
            model, images, lambda h, f: h(f).mean()
        ),
    }
    found = common.measure(steps, seconds, min_rounds=3)
    case = f'3D training step, ResNet-50, 64^3 bins, batch {batch}'
    rows = [common.row(case, name, f) for name, f in found.items()]
    rows[0]['note'] = 'no target on the CPU'
    for name, step in steps.items():
        peak = common.extra_memory(step)
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


def run(quick: bool) -> list:
    seconds = 4 if quick else 40
    rows = two_dimensions(seconds, 1 if quick else 4)
    rows += three_dimensions(seconds, 1 if quick else 2)
    if not torch.cuda.is_available():
        rows.append(
            common.not_measured(
                '3D training step, 64^3 bins, on a GPU',
                '<= 1.05x the network alone',
            )
        )
    return rows
