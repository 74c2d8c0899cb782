"""R7, determinism: the seed decides, and nothing else."""

import pytest
import torch

from tests.test_reliability.training import only_train, small_config, train

PROVED_BY = (
    'test_datasets/test_seeding.py',
    'test_datasets/test_samplers.py'
    '::test_order_depends_on_seed_and_epoch_only',
    'test_engine/test_seed_iteration.py',
    'test_functional/test_fused.py::test_is_deterministic',
)
CONTROLS = (
    'test_datasets/test_seeding.py::test_without_the_seeding_the_past_matters',
    'test_datasets/test_mixed.py'
    '::test_upstreams_sampler_repeats_epoch_0_after_a_resume',
)


def weights(data, folder, steps, workers=0, seed=3):
    options = {
        'train_dataloader.num_workers': workers,
        'train_dataloader.persistent_workers': workers > 0,
        'randomness.seed': seed,
    }
    cfg = only_train(small_config(data, folder, options), steps)
    return train(cfg).model.state_dict()


def different(first, second):
    """The number of tensors that are not equal to the bit."""
    assert first.keys() == second.keys()
    return sum(not torch.equal(first[k], second[k]) for k in first)


def test_ten_steps_of_one_seed(data, tmp_path, figure):
    one = weights(data, tmp_path / '1', 10)
    two = weights(data, tmp_path / '2', 10)
    figure('R7', 'tensors that differ, 10 steps', different(one, two), 0)
    other = weights(data, tmp_path / '3', 10, seed=4)
    assert different(one, other) > 50


@pytest.mark.slow  # five trainings of 100 steps
def test_100_steps_whatever_the_workers(data, tmp_path, figure):
    """Augmented, mixed; workers that stay have a past of their own."""
    first = weights(data, tmp_path / 'first', 100)
    for workers in (0, 2, 4):
        other = weights(data, tmp_path / str(workers), 100, workers)
        what = f'tensors that differ, 100 steps, {workers} workers'
        figure('R7', what, different(first, other), 0)
    other = weights(data, tmp_path / 'other', 100, seed=4)
    assert different(first, other) > 50
