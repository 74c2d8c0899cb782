"""Train small models on one process or two; run as a script for a rank.

Everything goes through mmengine's Runner, as in a real training: it wraps the
model, and the hooks of the configs come after it.
"""

import contextlib
import functools
import os
import subprocess
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import Dataset

import integral_mmpose  # noqa: F401

MODULE = 'tests.test_engine.two_processes'
ROOT = Path(__file__).resolve().parents[2]
SIDE, JOINTS, BATCH, STEPS = 64, 5, 4, 3
# Small: frozen batch norm amplifies what rounding does to the weights.
LR = 1e-6
RESNET = dict(type='ResNet', depth=18, base_channels=8, stem_channels=8)
JOINT = dict(type='JointL1Loss')
MAP = dict(type='VolumeMSELoss')


def integral_head(depth=1, **kwargs):
    return dict(
        type='IntegralHead',
        in_channels=64,
        out_channels=JOINTS,
        depth=depth,
        deconv_out_channels=(8, 8),
        init_cfg=[],
        **kwargs,
    )


def stages(stage, in_channels, **kwargs):
    head = integral_head(joint_loss=JOINT)
    head.pop('depth')
    return dict(
        head,
        type='IntegralMultiStageHead',
        in_channels=in_channels,
        num_stages=2,
        stage=stage,
        **kwargs,
    )


def case(head, backbone=RESNET, neck=None):
    return backbone, neck, head


CASES = dict(
    r1=case(
        dict(
            type='DirectRegressionHead',
            in_channels=64,
            num_joints=JOINTS,
            joint_loss=JOINT,
        ),
        neck=dict(type='GlobalAveragePooling'),
    ),
    h1=case(integral_head(heatmap_loss=MAP, readout='argmax')),
    local=case(
        integral_head(
            heatmap_loss=MAP, joint_loss=dict(type='LocalJointL1Loss')
        )
    ),
    integral=case(integral_head(joint_loss=JOINT)),
    integral_3d=case(integral_head(4, joint_loss=JOINT)),
    multi_stage=case(
        stages(
            dict(type='IntegralResNetStage', depth=18, base_channels=8), 16
        ),
        dict(
            RESNET,
            num_stages=2,
            strides=(1, 2),
            dilations=(1, 1),
            out_indices=(1,),
        ),
    ),
    hourglass=case(
        stages(
            dict(type='HourglassStage'),
            16,
            deconv_out_channels=(),
            depths=(1, 4),
        ),
        dict(type='HourglassStem', channels=16),
    ),
    # Half of the samples are 2D; joint and heat vector losses
    strategy_2=case(
        integral_head(
            4,
            joint_loss=JOINT,
            heatmap_loss=dict(type='MarginalCrossEntropyLoss'),
        )
    ),
)


class FixedSamples(Dataset):
    """Noise images with labels; every second one has no depth."""

    def __init__(self, axes, mixed):
        self.axes, self.mixed = axes, mixed

    def __len__(self):
        return BATCH * STEPS

    def __getitem__(self, index):
        draw = torch.Generator().manual_seed(index)
        labels = torch.rand(1, JOINTS, self.axes, generator=draw)
        weights = (torch.rand(labels.shape, generator=draw) > 0.2).float()
        if self.mixed and index // 2 % 2:
            weights[..., 2] = 0
        sample = PoseDataSample(metainfo=dict(input_size=(SIDE, SIDE)))
        sample.gt_instance_labels = InstanceData(
            keypoint_labels=labels, keypoint_weights=weights
        )
        image = torch.randint(256, (3, SIDE, SIDE), generator=draw)
        return dict(inputs=image.to(torch.uint8), data_samples=sample)


class Bfloat16OptimWrapper(OptimWrapper):
    """AmpOptimWrapper for a CPU, which mmengine's refuses."""

    @contextlib.contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast('cpu'):
            yield


class LateChannelsLastHook(Hook):
    """The conversion after the wrap: what must not be done."""

    def before_run(self, runner):
        runner.model.to(memory_format=torch.channels_last)


class Record(Hook):
    """Frozen batch norm; losses and gradients of every iteration."""

    def __init__(self):
        self.losses, self.gradients = [], []

    def before_train(self, runner):
        optimizer = runner.optim_wrapper.optimizer
        optimizer.register_step_pre_hook(lambda *_: self.keep(runner))
        model = getattr(runner.model, 'module', runner.model)
        self.norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
        # The statistics that are frozen are of the data, the same everywhere.
        for norm in self.norms:
            norm.momentum = 1.0
        dataset = runner.train_dataloader.dataset
        data = pseudo_collate([dataset[n] for n in range(len(dataset))])
        with torch.no_grad():
            model(**model.data_preprocessor(data, True), mode='tensor')

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for norm in self.norms:
            norm.eval()

    def keep(self, runner):
        self.gradients.append(
            {
                name.removeprefix('module.'): p.grad.detach().clone()
                for name, p in runner.model.named_parameters()
                if p.grad is not None
            }
        )

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        loss = outputs['loss'].detach().clone()
        if dist.is_initialized():
            dist.all_reduce(loss)
            loss /= dist.get_world_size()
        self.losses.append(float(loss))


def train(case, folder, optimizer='SGD', late=False, amp=False, unused=False):
    """Train ``STEPS`` iterations; returns losses, gradients and weights."""
    init_default_scope('mmpose')
    backbone, neck, head = CASES[case]
    ranks = dist.get_world_size() if dist.is_initialized() else 1
    is_3d = 'depths' in head or head.get('depth', 1) > 1
    head = dict(
        head,
        decoder=dict(
            type='IntegralLabel',
            input_size=(SIDE, SIDE),
            depth_range_mm=2000.0 if is_3d else None,
        ),
    )
    record = Record()
    kind = 'TopdownPoseEstimator' if late else 'ChannelsLastPoseEstimator'
    wrapper = dict(type=Bfloat16OptimWrapper if amp else 'OptimWrapper')
    torch.manual_seed(0)
    runner = Runner(
        model=dict(
            type=kind,
            data_preprocessor=dict(
                type='PoseDataPreprocessor', mean=[128] * 3, std=[64] * 3
            ),
            backbone=backbone,
            neck=neck,
            head=head,
        ),
        work_dir=str(folder),
        launcher='pytorch' if ranks > 1 else 'none',
        train_dataloader=dict(
            batch_size=BATCH // ranks,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=FixedSamples(3 if is_3d else 2, case == 'strategy_2'),
            collate_fn=pseudo_collate,
        ),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(wrapper, optimizer=dict(type=optimizer, lr=LR)),
        default_hooks=dict(checkpoint=None, logger=None),
        cfg=dict(
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel',
                device_ids=None,
                broadcast_buffers=False,
                find_unused_parameters=unused,
            )
        )
        if ranks > 1
        else None,
        default_scope='mmpose',
        experiment_name=f'{Path(folder).name}-{case}-{ranks}-{optimizer}'
        f'-{late}-{amp}-{unused}',
        log_level='ERROR',
        randomness=dict(seed=0),
        custom_hooks=[record] + ([LateChannelsLastHook()] if late else []),
    )
    runner.train()
    weights = {
        name.removeprefix('module.'): value.clone()
        for name, value in runner.model.state_dict().items()
    }
    return dict(
        losses=record.losses, gradients=record.gradients, weights=weights
    )


def run_two(folder, jobs):
    """Run jobs (lists of keyword dicts of ``train``) on two processes.

    Returns:
        list[tuple[dict, dict]]: The results of the two ranks, for each job.
    """
    torch.save(jobs, f'{folder}/jobs.pt')
    ranks = [
        subprocess.Popen(
            [sys.executable, '-m', MODULE, str(rank), str(folder)], cwd=ROOT
        )
        for rank in range(2)
    ]
    codes = [rank.wait(timeout=600) for rank in ranks]
    assert codes == [0, 0]
    results = [
        torch.load(f'{folder}/{rank}.pt', weights_only=True)
        for rank in range(2)
    ]
    return list(zip(*results))


def run_rank(rank, folder):
    os.environ['LOCAL_RANK'] = str(rank)  # mmengine's wrapper reads it
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2
    )
    jobs = torch.load(f'{folder}/jobs.pt', weights_only=True)
    run = functools.partial(train, folder=f'{folder}/work')
    torch.save([run(**job) for job in jobs], f'{folder}/{rank}.pt')
    dist.destroy_process_group()


if __name__ == '__main__':
    torch.set_num_threads(1)
    run_rank(int(sys.argv[1]), sys.argv[2])
