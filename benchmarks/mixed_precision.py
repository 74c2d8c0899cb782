"""Losses of the same training in float32 and in half precision.

The model and the optimiser of a config, from the same weights, on the same
pictures: a dot of its own colour for every joint of a pose that is shifted,
scaled and mirrored in depth at random. Only the precision differs.
"""

from contextlib import contextmanager
from typing import List, Optional

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

import integral_mmpose  # noqa: F401  (registers)

#: Largest relative difference of the mean loss of the second half. Measured
#: on a tiny model over three seeds: bfloat16 5 %, float32 from weights that
#: differ by 1e-6 2 %, a third of the learning rate 100 %.
TOLERANCE = 0.1


class AutocastOptimWrapper(OptimWrapper):
    """AmpOptimWrapper in bfloat16 on a CPU, which mmengine's refuses."""

    @contextmanager
    def optim_context(self, model):
        with (
            super().optim_context(model),
            torch.autocast('cpu', torch.bfloat16),
        ):
            yield


def losses(
    config: str,
    device: str,
    dtype: Optional[str],
    batch: int = 8,
    steps: int = 200,
) -> List[float]:
    """The losses of a training.

    Args:
        config (str): Its model, codec and ``optim_wrapper`` are taken.
        device (str): ``'cuda'``, or ``'cpu'`` for bfloat16.
        dtype (str, optional): ``'bfloat16'``, ``'float16'``; None: float32.
        batch (int): Pictures a step.
        steps (int): How many.
    """
    init_default_scope('mmpose')
    MMLogger.get_current_instance().setLevel('WARNING')
    cfg = Config.fromfile(config)
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    model = model.to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    wrapper = wrap(optimizer, cfg.optim_wrapper, device, dtype)
    joints = cfg.model.head.out_channels
    data = Pictures(cfg.codec.input_size[0], joints, batch)
    found = []
    for _ in range(steps):
        found.append(model.train_step(data.draw(), wrapper)['loss'].detach())
    return torch.stack(found).tolist()


def wrap(optimizer, cfg, device: str, dtype: Optional[str]) -> OptimWrapper:
    """The wrapper that ``tools/train.py`` builds, with and without --amp."""
    clip = cfg.get('clip_grad')
    if dtype is None:
        return OptimWrapper(optimizer, clip_grad=clip)
    if device == 'cpu':
        return AutocastOptimWrapper(optimizer, clip_grad=clip)
    amp = dict(type='AmpOptimWrapper', dtype=dtype, loss_scale='dynamic')
    return OPTIM_WRAPPERS.build(dict(amp, optimizer=optimizer, clip_grad=clip))


class Pictures:
    """Batches of dots with labels, as a loader hands them to the model."""

    def __init__(self, size: int, joints: int, batch: int) -> None:
        self.size, self.batch = size, batch
        self.rng = np.random.default_rng(0)
        self.pose = self.rng.uniform(-0.3, 0.3, (joints, 3))
        self.colours = self.rng.uniform(0, 255, (joints, 3))

    def draw(self) -> dict:
        """A batch."""
        pairs = [self._sample() for _ in range(self.batch)]
        images, samples = zip(*pairs)
        return dict(inputs=list(images), data_samples=list(samples))

    def _sample(self):
        scale = self.rng.uniform(0.7, 1.1)
        labels = 0.5 + scale * self.pose + self.rng.uniform(-0.1, 0.1, (1, 3))
        at = np.arange(self.size) / self.size
        # The size of its dot tells how near a joint is.
        width = 0.02 + 0.04 * (1 - labels[:, 2])
        x, y = (
            np.exp(-(((at - c[:, None]) / width[:, None]) ** 2))
            for c in labels[:, :2].T
        )
        image = (self.colours.T[:, None] * y.T) @ x  # (3, H, K) @ (K, W)
        sample = PoseDataSample(metainfo=dict(input_size=(self.size,) * 2))
        sample.gt_instance_labels = InstanceData(
            keypoint_labels=torch.tensor(labels[None], dtype=torch.float32),
            keypoint_weights=torch.ones(1, *labels.shape),
        )
        image = torch.from_numpy(image.clip(0, 255).astype(np.uint8))
        return image, sample


def deviation(expected: List[float], got: List[float]) -> float:
    """Relative difference of the mean losses of the second half."""
    half = len(expected) // 2
    return abs(float(np.mean(got[half:]) / np.mean(expected[half:])) - 1)
