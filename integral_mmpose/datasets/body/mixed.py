"""2D and 3D data in one data set.

Every source keeps its own pipeline, in which ``ConvertJoints`` brings it to
the joint set of the mixture; a common pipeline follows. ``ShareBatchSampler``
sets the shares of the sources in a batch.
"""

from typing import Sequence, Union

from mmpose.datasets import CombinedDataset
from mmpose.registry import DATASETS

from ..joints import METAINFO
from ..metainfo import copy_metainfo, parse_metainfo
from ..seeding import SeededIndex
from ..transforms import ConvertJoints

#: mmpose's CombinedDataset ignores the first two, and draws the samples of
#: the third anew at every access: no worker would agree with another.
ELSEWHERE = dict(
    indices='Give it to the sources.',
    filter_cfg='Give it to the sources.',
    sample_ratio_factor="Take ShareBatchSampler's shares.",
)


@DATASETS.register_module()
class MixedDataset(CombinedDataset):
    """Several data sets behind one index, source after source.

    Args:
        datasets (Sequence[dict]): Configs of the sources.
        pipeline (Sequence): Transforms after those of the source.
        metainfo (str | dict): The common joint set: a name of
            ``joints.METAINFO`` or its content.
        **kwargs: Of mmengine's ``BaseDataset``, but for a selection of
            samples: that is the business of the sources.

    Raises:
        ValueError: If there is no source, a source is empty, a sample has
            other joints than the mixture, or the mixture selects samples.
    """

    #: What MMPose's init_model takes where a checkpoint has no metadata.
    METAINFO = METAINFO['h36m18']

    def __init__(
        self,
        datasets: Sequence[dict],
        pipeline: Sequence = (),
        metainfo: Union[str, dict] = 'h36m18',
        **kwargs,
    ):
        if isinstance(metainfo, str):
            if metainfo not in METAINFO:
                raise ValueError(
                    f'no joint set is named {metainfo!r}. Choose '
                    f'from {sorted(METAINFO)} or give a dict.'
                )
            metainfo = METAINFO[metainfo]
        parse_metainfo(metainfo)
        if not datasets:
            raise ValueError('MixedDataset needs at least one source')
        for option, fix in ELSEWHERE.items():
            if kwargs.get(option):
                raise ValueError(
                    f'MixedDataset has no {option}, got {kwargs[option]}. '
                    f'{fix}'
                )
        super().__init__(metainfo, list(datasets), list(pipeline), **kwargs)
        if any(isinstance(t, ConvertJoints) for t in self.pipeline.transforms):
            raise ValueError(
                'MixedDataset: ConvertJoints must be in the pipelines of the '
                'sources: the joints of the mixture are those of its metainfo'
            )
        self._metainfo['sources'] = sources = [  # PerSourceEvaluator's
            dict(
                head_boxes=source.metainfo.get('head_boxes'),
                person_category=source.metainfo.get('person_category'),
                file_joints=source.metainfo.get('file_joints'),
                test_mode=source.metainfo.get('test_mode'),
                tested=source.metainfo.get('tested'),
                ann_file=getattr(source, 'ann_file', None),
                sources=source.metainfo.get('sources'),  # of a mixture
            )
            for source in self.datasets
        ]
        if any(source['head_boxes'] is False for source in sources):
            self._metainfo['head_boxes'] = False  # of a metric of all sources
        empty = [n for n, length in enumerate(self._lens) if not length]
        if empty:
            raise ValueError(
                f'source {empty[0]} of MixedDataset is empty. '
                'Correct its selection or leave it out.'
            )

    def get_data_info(self, idx: int) -> dict:
        """The sample after the pipeline of its source."""
        source, local = self._get_subset_index(idx)
        if isinstance(idx, SeededIndex):
            local = SeededIndex(local, (*idx.stream, source))
        info = self.datasets[source][local]
        info.pop('dataset', None)
        expected = self._metainfo['num_keypoints']
        if info['keypoints'].shape[1] != expected:
            raise ValueError(
                f'source {source} ({type(self.datasets[source]).__name__}) '
                f'gives {info["keypoints"].shape[1]} joints, the mixture has '
                f'{expected}. Put ConvertJoints into its pipeline.'
            )
        info.update(copy_metainfo(self._metainfo))
        info['source'] = source
        return info
