"""The random numbers of an iteration depend on (seed, iteration, rank) only.

mmengine restores the seed when it resumes, not the state of the generators:
dropout and every draw of the main process then differ from a run that was
not killed. Seeding anew before each iteration needs no saved state and costs
microseconds. The data have the same property by ``IntegralSeededSampler`` and
``SeedSample``.
"""

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmpose.registry import HOOKS


@HOOKS.register_module()
class SeedIterationHook(Hook):
    """Seed Python, numpy and torch before every training iteration.

    And give the sampler the runner's seed: where a config sets none, mmengine
    draws one, builds the loader with it, and only then restores the seed of
    the checkpoint that it resumes.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        """Set the seed of the sampler, within a batch sampler or alone.

        All ranks permute alike: ``diff_rank_seed`` adds the rank to the
        runner's seed.
        """
        seed = runner.seed
        if runner._randomness_cfg.get('diff_rank_seed'):
            seed -= get_rank()
        loader = runner.train_dataloader
        for sampler in (
            loader.sampler,
            getattr(loader.batch_sampler, 'sampler', None),
        ):
            if getattr(sampler, 'seed', seed) != seed:
                sampler.seed = seed
                _read_anew(runner.train_loop)

    def before_train_iter(
        self, runner, batch_idx: int, data_batch=None
    ) -> None:
        """See :func:`seed_iteration`."""
        seed_iteration(runner.seed, runner.iter, get_rank())


def _read_anew(loop) -> None:
    """A loop of iterations has begun to read in the order of another seed."""
    batches = getattr(loop, 'dataloader_iterator', None)
    if batches is not None:
        loop.dataloader_iterator = type(batches)(loop.dataloader)


def seed_iteration(seed: int, iteration: int, rank: int) -> None:
    """Seed the three generators of a process for one iteration."""
    sequence = np.random.SeedSequence([seed, iteration, rank])
    state = sequence.generate_state(4)
    np.random.seed(state)
    random.seed(state.tobytes())
    torch.manual_seed(int(state[:2].view(np.uint64)[0]) >> 1)
