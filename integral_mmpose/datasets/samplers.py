"""Samplers whose order depends on (seed, epoch) only.

mmpose's MultiSourceSampler hangs on a share of 0 and ignores the epoch, so a
resumed run repeats epoch 0. Here every permutation is made anew from (seed,
epoch, source, pass): nothing needs to be saved to resume.
"""

import itertools
from typing import Iterator, List, Optional, Sequence

import numpy as np
from mmengine.dataset import DefaultSampler
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from integral_mmpose.geometry import check_counts, is_count

from .seeding import SeededIndex


@DATA_SAMPLERS.register_module()
class IntegralSeededSampler(DefaultSampler):
    """mmengine's DefaultSampler, with indices that carry (seed, epoch).

    The arguments are those of ``DefaultSampler``; so is the order.
    """

    def __iter__(self) -> Iterator[SeededIndex]:
        stream = (self.seed, self.epoch)
        return (SeededIndex(index, stream) for index in super().__iter__())


@DATA_SAMPLERS.register_module()
class ShareBatchSampler(Sampler):
    """Batches with an exact number of samples of every source.

    Use it as ``batch_sampler`` of a loader over a ``MixedDataset``, beside
    ``sampler=dict(type='IntegralSeededSampler')``, which carries seed and
    epoch::

        train_dataloader = dict(
            batch_size=128,
            sampler=dict(type='IntegralSeededSampler'),
            batch_sampler=dict(type='ShareBatchSampler', shares=[1, 1]),
            dataset=dict(type='MixedDataset', ...))

    A source is drawn without repetition; when it ends, another permutation
    of it follows. The processes of a distributed run take disjoint pieces of
    the same permutations, and each of their batches has the exact shares.

    Args:
        sampler (Sampler): Gives ``dataset``, ``seed`` and ``epoch``.
        batch_size (int): Samples of a batch, of one process.
        shares (Sequence[int]): Parts of the sources, such as [1, 1].
        num_batches (int, optional): Batches of an epoch, of one process. By
            default as many as it takes to see the first source once.

    Raises:
        ValueError: If a share is not a positive integer, their number is not
            that of the sources, or their sum does not divide the batch size.
    """

    def __init__(
        self,
        sampler: Sampler,
        batch_size: int,
        shares: Sequence[int],
        num_batches: Optional[int] = None,
    ):
        if not hasattr(sampler, 'seed') or not hasattr(sampler, 'epoch'):
            raise ValueError(
                'ShareBatchSampler takes seed and epoch from its sampler; '
                f'{type(sampler).__name__} has neither. Use '
                "sampler=dict(type='IntegralSeededSampler')."
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.lens: List[int] = list(getattr(sampler.dataset, 'lens', []))
        self.counts = _counts(batch_size, shares, self.lens)
        self.rank = getattr(sampler, 'rank', 0)
        self.world_size = getattr(sampler, 'world_size', 1)
        if num_batches is not None:
            check_counts(num_batches=num_batches)
        self.num_batches = num_batches or -(
            -self.lens[0] // (self.counts[0] * self.world_size)
        )

    def __len__(self) -> int:
        """Batches of an epoch, of one process."""
        return self.num_batches

    def __iter__(self) -> Iterator[List[SeededIndex]]:
        streams = [self._stream(n) for n in range(len(self.lens))]
        for _ in range(self.num_batches):
            batch = []
            for stream, count in zip(streams, self.counts):
                piece = list(itertools.islice(stream, count * self.world_size))
                batch += piece[self.rank * count : (self.rank + 1) * count]
            yield batch

    def _stream(self, source: int) -> Iterator[SeededIndex]:
        """Endless permutations of one source, the same in all processes."""
        seed, epoch = self.sampler.seed, self.sampler.epoch
        first = sum(self.lens[:source])
        for number in itertools.count():
            rng = np.random.default_rng([seed, epoch, source, number])
            for index in rng.permutation(self.lens[source]).tolist():
                yield SeededIndex(first + index, (seed, epoch, number))


def _counts(
    batch_size: int, shares: Sequence[int], lens: Sequence[int]
) -> List[int]:
    if len(shares) != len(lens) or not lens:
        raise ValueError(
            f'shares={list(shares)} needs one number for each of the '
            f'{len(lens)} sources of a MixedDataset'
        )
    if not all(map(is_count, shares)):
        raise ValueError(
            f'shares={list(shares)} must be integers of at least 1. Leave a '
            'source out of `datasets` instead of giving it a share of 0.'
        )
    if any(length < 1 for length in lens):
        raise ValueError(f'a source is empty: lengths {list(lens)}')
    total = int(sum(shares))
    check_counts(batch_size=batch_size)
    if batch_size % total:
        raise ValueError(
            f'batch_size={batch_size} cannot be split into shares of '
            f'{list(shares)}. Take a multiple of {total}, such as '
            f'{-(-batch_size // total) * total}.'
        )
    return [int(share) * batch_size // total for share in shares]
