"""The random numbers of an iteration."""

import random
from types import SimpleNamespace

import numpy as np
import torch

from integral_mmpose.engine import SeedIterationHook
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
