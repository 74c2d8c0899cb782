"""The random numbers of an iteration."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from torch.utils.data import Dataset

from integral_mmpose.engine import SeedIterationHook
from integral_mmpose.engine import seed_iteration as seed_module
from integral_mmpose.engine.seed_iteration import seed_iteration


def _draw(*args):
    seed_iteration(*args)
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_same_iteration_same_numbers():
    assert _draw(3, 17, 0) == _draw(3, 17, 0)


def test_seed_iteration_and_rank_count():
    streams = [
        _draw(*args)
        for args in (
            (3, 17, 0),
            (4, 17, 0),
            (3, 18, 0),
            (3, 17, 1),
            (17, 3, 0),
        )
    ]
    for numbers in zip(*streams):
        assert len(set(numbers)) == len(streams)


def test_every_iteration_of_an_epoch_draws_anew():
    def draw(iteration):
        runner = SimpleNamespace(seed=3, iter=iteration, epoch=0)
        SeedIterationHook().before_train_iter(runner, iteration)
        return torch.rand(1).item()

    assert draw(16) == _draw(3, 16, 0)[2] != draw(17) == _draw(3, 17, 0)[2]


class Parts(Dataset):
    """Two sources of eight points, as a MixedDataset says it."""

    lens = (8, 8)

    def __len__(self):
        return 16

    def __getitem__(self, index):
        x = torch.tensor([index / 16.0])
        return dict(inputs=x, data_samples=2 * x + 1)


def _loader():
    return dict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='IntegralSeededSampler', shuffle=True),
        collate_fn=dict(type='default_collate'),
        dataset=Parts(),
    )


@pytest.mark.parametrize(
    'batch_sampler', [None, dict(type='ShareBatchSampler', shares=[1, 1])]
)
def test_the_sampler_resumes_with_a_seed_that_nobody_set(
    make_runner, batch_sampler
):
    """mmengine draws one for each start, and restores it too late."""
    loader = _loader()
    if batch_sampler:
        loader['batch_sampler'] = batch_sampler
    seeds, streams = [], []
    for epochs in (1, 2):
        runner = make_runner(
            max_epochs=epochs,
            resume=True,
            randomness=dict(seed=None),
            train_dataloader=loader,
            custom_hooks=[dict(type='SeedIterationHook')],
        )
        drawn = runner.seed
        runner.train()
        seeds.append((drawn, runner.seed))
        batches = runner.train_dataloader.batch_sampler
        streams += [index.stream[0] for batch in batches for index in batch]
    (first, _), (drawn, resumed) = seeds
    assert drawn != first == resumed
    assert set(streams) == {first}


class Seen(Hook):
    """The data of every iteration."""

    def __init__(self):
        self.batches = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        inputs = data_batch['inputs'].flatten()
        self.batches[runner.iter] = inputs.tolist()


@pytest.mark.parametrize('workers', [0, 2])
def test_a_loop_of_iterations_resumes_in_the_order_of_its_seed(
    make_runner, tmp_path, workers
):
    """Workers have begun to read when mmengine restores the seed."""
    loader = dict(_loader(), num_workers=workers)
    hooks = dict(type='CheckpointHook', by_epoch=False, interval=1)
    runs = []
    for resume in (False, True):
        seen = Seen()
        runner = make_runner(
            train_cfg=dict(by_epoch=False, max_iters=4),
            resume=resume,
            randomness=dict(seed=None),
            train_dataloader=loader,
            param_scheduler=None,
            default_hooks=dict(checkpoint=hooks),
            custom_hooks=[dict(type='SeedIterationHook'), seen],
        )
        runner.train()
        runs.append(seen.batches)
        note = tmp_path / 'work/last_checkpoint'
        note.write_text(str(tmp_path / 'work/iter_1.pth'))
    whole, resumed = runs
    assert list(resumed) == [1, 2, 3]
    assert all(resumed[i] == whole[i] for i in resumed)


@pytest.mark.parametrize('diff_rank_seed', [False, True])
def test_all_ranks_permute_alike(make_runner, monkeypatch, diff_rank_seed):
    """With diff_rank_seed mmengine's seed of a rank is the seed + rank."""
    seeds = []
    for rank in (0, 1):
        runner = make_runner(
            max_epochs=1,
            randomness=dict(seed=7),
            train_dataloader=_loader(),
            custom_hooks=[],
        )
        runner._randomness_cfg.update(diff_rank_seed=diff_rank_seed)
        runner._seed = 7 + rank * diff_rank_seed
        assert runner.train_loop  # builds the loader
        monkeypatch.setattr(seed_module, 'get_rank', lambda rank=rank: rank)
        SeedIterationHook().before_train(runner)
        seeds.append(runner.train_dataloader.sampler.seed)
    assert seeds == [7, 7]
