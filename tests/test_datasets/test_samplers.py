from collections import Counter
from itertools import islice

import numpy as np
import pytest
from mmengine.dataset import DefaultSampler
from mmengine.runner import Runner
from torch.utils.data import RandomSampler

from integral_mmpose.datasets import IntegralSeededSampler, ShareBatchSampler


class Sources:
    """As much of a MixedDataset as a sampler sees."""

    def __init__(self, *lens):
        self.lens = list(lens)

    def __len__(self):
        return sum(self.lens)

    def __getitem__(self, index):
        return index


def make(
    lens=(12, 30),
    batch_size=4,
    shares=(1, 1),
    seed=3,
    rank=0,
    world_size=1,
    **kwargs,
):
    sampler = IntegralSeededSampler(Sources(*lens), seed=seed)
    sampler.rank, sampler.world_size = rank, world_size
    return ShareBatchSampler(sampler, batch_size, list(shares), **kwargs)


def source_of(index, lens):
    return int(np.searchsorted(np.cumsum(lens), index, side='right'))


@pytest.mark.parametrize(
    'lens,batch_size,shares',
    [
        ((12, 30), 4, (1, 1)),
        ((12, 5), 6, (2, 1)),
        ((7, 3, 50), 8, (1, 2, 1)),
        ((5,), 2, (1,)),
        ((3, 1000), 10, (1, 4)),
        ((1, 1), 8, (1, 1)),
    ],
)
def test_every_batch_has_the_exact_shares(lens, batch_size, shares):
    batches = list(make(lens, batch_size, shares))
    part = batch_size // sum(shares)
    for batch in batches:
        counts = Counter(source_of(index, lens) for index in batch)
        assert counts == {n: part * s for n, s in enumerate(shares)}
    # An epoch sees the first source once (and wraps to fill the last batch).
    assert len(batches) == -(-lens[0] // (part * shares[0]))
    assert {i for b in batches for i in b if i < lens[0]} == set(
        range(lens[0])
    )


def test_order_depends_on_seed_and_epoch_only():
    def order(seed, epoch):
        sampler = make(seed=seed)
        sampler.sampler.set_epoch(epoch)
        return list(sampler)

    assert order(3, 5) == order(3, 5)
    assert order(3, 5) != order(3, 6)
    assert order(3, 5) != order(4, 5)
    sampler = make()
    for epoch in range(5):  # with a past, the same
        sampler.sampler.set_epoch(epoch)
        list(sampler)
    sampler.sampler.set_epoch(5)
    assert list(sampler) == order(3, 5)


def test_a_source_that_ends_is_permuted_anew():
    batches = list(make(lens=(40, 10), batch_size=2))
    second = [batch[1] - 40 for batch in batches]
    passes = [second[n : n + 10] for n in range(0, 40, 10)]
    assert all(sorted(p) == list(range(10)) for p in passes)
    assert len({tuple(p) for p in passes}) == 4


@pytest.mark.parametrize('world_size', [2, 3])
def test_processes_share_an_epoch(world_size):
    lens = (36, 100)
    ranks = [
        list(make(lens, 4, rank=rank, world_size=world_size))
        for rank in range(world_size)
    ]
    assert {len(batches) for batches in ranks} == {36 // (2 * world_size)}
    for batches in ranks:
        assert all(sum(i < 36 for i in batch) == 2 for batch in batches)
    everything = [i for batches in ranks for batch in batches for i in batch]
    assert len(everything) == len(set(everything))
    assert {i for i in everything if i < 36} == set(range(36))
    # Together they make the batches of one process with their batch size.
    one = list(make(lens, 4 * world_size))
    for n, batch in enumerate(one):
        parts = [i for batches in ranks for i in batches[n]]
        assert sorted(parts) == sorted(batch)


def test_num_batches():
    sampler = make(num_batches=50)
    assert len(sampler) == 50 == len(list(sampler))
    with pytest.raises(ValueError, match='num_batches'):
        make(num_batches=0)


@pytest.mark.parametrize(
    'kwargs,message',
    [
        (dict(batch_size=5), 'multiple of 2, such as 6'),
        (dict(shares=(1, 0)), 'at least 1. Leave a source out'),
        (dict(shares=(1, -1)), 'at least 1'),
        (dict(shares=(0.5, 0.5)), 'must be integers'),
        (dict(batch_size=0), 'batch_size must be a whole number'),
        (dict(batch_size=-4), 'batch_size must be a whole number'),
        (dict(batch_size=4.0), 'batch_size must be a whole number'),
        (dict(num_batches=2.5), 'num_batches must be a whole number'),
        (dict(shares=(1,)), 'one number for each of the 2 sources'),
        (dict(lens=(12, 0)), 'a source is empty'),
    ],
)
def test_wrong_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(**kwargs)


def test_other_samplers_and_datasets_are_refused():
    with pytest.raises(ValueError, match='IntegralSeededSampler'):
        ShareBatchSampler(RandomSampler(Sources(4, 4)), 4, [1, 1])
    with pytest.raises(ValueError, match='0 sources'):
        ShareBatchSampler(
            IntegralSeededSampler(list(range(9)), seed=0), 4, [1, 1]
        )


def test_seeded_sampler_has_mmengines_order_and_a_stream():
    data = list(range(11))
    ours, theirs = (
        c(data, seed=2) for c in (IntegralSeededSampler, DefaultSampler)
    )
    for epoch in (0, 3):
        ours.set_epoch(epoch)
        theirs.set_epoch(epoch)
        assert list(ours) == list(theirs)
        assert next(iter(ours)).stream == (2, epoch)


def test_loader_of_mmengine_and_its_hook():
    from mmengine.hooks import DistSamplerSeedHook

    class FakeRunner:
        epoch = 4

        class train_loop:  # noqa: N801 (an attribute of the runner)
            dataloader = Runner.build_dataloader(
                dict(
                    batch_size=4,
                    num_workers=0,
                    dataset=Sources(12, 30),
                    sampler=dict(type='IntegralSeededSampler'),
                    batch_sampler=dict(
                        type='ShareBatchSampler', shares=[1, 1]
                    ),
                ),
                seed=3,
            )

    loader = FakeRunner.train_loop.dataloader
    expected = make()
    assert [b for b in loader] == list(expected)
    DistSamplerSeedHook().before_train_epoch(FakeRunner)
    expected.sampler.set_epoch(4)
    assert [b for b in loader] == list(expected)
    assert len(loader) == 6


def test_iterating_does_not_draw_from_global_generators():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    list(islice(make(), 3))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_sources_of_one_length_have_an_order_each():
    batches = list(make((20, 20), 4, (1, 1)))
    first = [int(i) for batch in batches for i in batch if i < 20]
    second = [int(i) - 20 for batch in batches for i in batch if i >= 20]
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second


def test_a_second_pass_of_an_epoch_augments_anew():
    """A source of 3 beside one of 15: its samples come five times each."""
    streams = {}
    for index in (i for batch in make((15, 3), 2, (1, 1)) for i in batch):
        streams.setdefault(int(index), []).append(index.stream)
    for index in (15, 16, 17):
        assert len(streams[index]) == len(set(streams[index])) == 5
