"""Evaluate each source of a mixture by its own metrics.

A model for photographs and for 3D data is validated on both at once: a
``MixedDataset`` of the test sets, in the joints of the model, and metrics of
which each sees one source only. mmpose's ``MultiDatasetEvaluator`` takes one
metric a data set and tells data sets apart by their names, which are the same
once the joints are converted.
"""

from typing import Any, Optional, Sequence

from mmengine.evaluator import Evaluator
from mmpose.registry import EVALUATORS


@EVALUATORS.register_module()
class PerSourceEvaluator(Evaluator):
    """Metrics of the sources of a ``MixedDataset``.

    List ``source`` in ``meta_keys`` of ``PackPoseInputs``.

    Args:
        metrics (Sequence[dict]): Configs of metrics; those of the same class
            need prefixes of their own.
        sources (Sequence[int]): For each metric the number of its source in
            ``MixedDataset(datasets=...)``.

    Raises:
        ValueError: If metrics and sources are not equally many.
    """

    def __init__(
        self, metrics: Sequence[dict], sources: Sequence[int]
    ) -> None:
        if len(metrics) != len(sources):
            raise ValueError(
                f'PerSourceEvaluator: {len(metrics)} metrics need a source '
                f'each, got sources={list(sources)}'
            )
        self.sources = list(sources)
        super().__init__(metrics)

    @property
    def dataset_meta(self) -> Optional[dict]:
        """The metainfo of the mixture.

        When it is set, each metric gets it with the ``head_boxes``, the
        ``ann_file`` and the ``file_joints`` of its source: ``PCKhCurve``
        misses head boxes before a training starts, ``FiniteCocoMetric`` reads
        the truth of its source and converts its joints.
        """
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, metainfo: Optional[dict]) -> None:
        self._dataset_meta = metainfo
        known = dict(enumerate((metainfo or {}).get('sources') or ()))
        wrong = sorted(set(self.sources).difference(known))
        if known and wrong:
            raise ValueError(
                f'PerSourceEvaluator: sources={self.sources}: there is no '
                f'source {wrong[0]} in the mixture, whose sources are '
                f'{list(known)}'
            )
        for metric, source in zip(self.metrics, self.sources):
            own = known.get(source)
            try:
                metric.dataset_meta = {**metainfo, **own} if own else metainfo
            except ValueError as error:
                raise ValueError(f'source {source}: {error}') from error

    def process(
        self, data_samples: Sequence, data_batch: Optional[Any] = None
    ) -> None:
        """Give each metric the samples of its source.

        Raises:
            ValueError: If a sample does not say which source it is of.
        """
        samples = [sample.to_dict() for sample in data_samples]
        if any('source' not in sample for sample in samples):
            raise ValueError(
                'PerSourceEvaluator: a sample has no `source`: take a '
                "MixedDataset and list 'source' in meta_keys of "
                'PackPoseInputs'
            )
        for metric, source in zip(self.metrics, self.sources):
            found = [s for s in samples if s['source'] == source]
            if found:
                metric.process(data_batch, found)
