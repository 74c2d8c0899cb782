"""Randomness that depends on (seed, epoch, sample) only.

The augmentation of a sample must not depend on which worker draws it, nor on
what was drawn before: then any number of workers gives the same batches, and
a resumed run continues exactly. The sampler knows seed and epoch, the
transforms run in a worker; what travels between them is the index. So the
index carries its random stream: :class:`SeededIndex` is an int, mmengine puts
it into the sample as ``sample_idx``, and the transform ``SeedSample`` reads
it. No state is shared, so persistent workers and prefetching cannot be late.
"""

import random
from typing import Tuple

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS


class SeededIndex(int):
    """An index with the entropy of its sample's random numbers.

    Args:
        value (int): The index.
        stream (tuple[int]): Non-negative integers, such as (seed, epoch).

    Example:
        >>> SeededIndex(7, (0, 3)) == 7, SeededIndex(7, (0, 3)).stream
        (True, (0, 3))
    """

    stream: Tuple[int, ...]

    def __new__(cls, value: int, stream: Tuple[int, ...] = ()):
        index = super().__new__(cls, value)
        index.stream = tuple(int(part) for part in stream)
        return index

    def __reduce__(self):
        return type(self), (int(self), self.stream)

    # mmengine's RepeatDataset takes `index % length`, its ConcatDataset
    # `index - first`: the stream stays, and tells repeats and parts apart.

    def __mod__(self, length: int) -> 'SeededIndex':
        turn, local = divmod(int(self), length)
        return type(self)(local, (*self.stream, turn))

    def __sub__(self, first: int) -> 'SeededIndex':
        return type(self)(int(self) - first, (*self.stream, first))


def seed_sample(index: SeededIndex) -> None:
    """Seed numpy's and Python's global generators for one sample.

    The transforms of mmpose draw from these two. torch's generator is left
    alone: without workers it is the model's.
    """
    sequence = np.random.SeedSequence([*index.stream, int(index)])
    state = sequence.generate_state(4)
    np.random.seed(state)
    random.seed(int.from_bytes(state.tobytes(), 'little'))


@TRANSFORMS.register_module()
class SeedSample(BaseTransform):
    """Make all that follows depend on (seed, epoch, sample) only.

    Reads the stream that ``IntegralSeededSampler`` or ``ShareBatchSampler``
    put into the index; a plain index (``dataset[3]``) changes nothing. In a
    ``MixedDataset`` put it first into the pipeline of every source: the
    common pipeline continues the same stream.
    """

    def transform(self, results: dict) -> dict:
        """Seed numpy's and Python's generators."""
        index = results.get('sample_idx')
        if isinstance(index, SeededIndex):
            seed_sample(index)
        return results
