"""The first transform of a reproducible training pipeline."""

from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from ..seeding import SeededIndex, seed_sample


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
