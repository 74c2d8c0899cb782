"""What mmpose's transforms want to know of the joint set, without deep copies.

mmpose copies seven nested lists deeply into every sample, which takes longer
than the sample itself. Here their lists are copied, flat, and the tuples in
them are shared: a transform that reorders its ``flip_indices`` reaches its own
sample only, and nothing can write into what is shared.
"""

from copy import copy, deepcopy
from itertools import chain
from typing import Optional

import numpy as np
from mmengine.dataset import BaseDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from .checks import shown

METAINFO_KEYS = (
    'dataset_name',
    'upper_body_ids',
    'lower_body_ids',
    'flip_pairs',
    'flip_indices',
    'dataset_keypoint_weights',
    'skeleton_links',
)


def copy_metainfo(metainfo: dict) -> dict:
    """:data:`METAINFO_KEYS` of mmpose's ``parse_pose_metainfo``, copied flat.

    Nobody can write into the pairs.
    """
    copied = {key: copy(metainfo[key]) for key in METAINFO_KEYS}
    for key in ('flip_pairs', 'skeleton_links'):
        copied[key] = [tuple(pair) for pair in copied[key]]
    return copied


def parse_metainfo(metainfo: dict) -> dict:
    """mmpose's ``parse_pose_metainfo`` of a joint set that is consistent.

    mmpose itself accepts a ``swap`` of one side only, by which a mirror
    copies one joint over the other.

    Raises:
        ValueError: If a field is missing, a name repeats or is unknown,
            ``swap`` is not mutual, or ``joint_weights`` and ``sigmas`` are
            not one for each joint. It names the joint set and the joint.
    """
    name = metainfo.get('dataset_name', metainfo.get('from_file'))
    start = f'metainfo of the joint set {name!r}:'
    try:
        _check_colors(metainfo)
        with np.errstate(over='ignore'):  # inf is refused below
            parsed = parse_pose_metainfo(metainfo)
    except KeyError as error:
        raise ValueError(
            f'{start} `swap` or `link` names the joint {error}, which '
            'keypoint_info does not have, or an entry lacks this field'
        ) from error
    except (
        AssertionError,
        AttributeError,
        OverflowError,
        TypeError,
        ValueError,
    ) as error:
        raise ValueError(
            f'{start} needs dataset_name, keypoint_info, skeleton_info, '
            "joint_weights and sigmas in mmpose's form "
            f'({type(error).__name__}: {error!s:.200})'
        ) from error
    count = parsed['num_keypoints']
    _one_per_joint(
        parsed['dataset_keypoint_weights'], 'joint_weights', count, start
    )
    _one_per_joint(parsed['sigmas'], 'sigmas', count, start)
    names = list(parsed['keypoint_id2name'].values())
    if list(parsed['keypoint_id2name']) != list(range(len(names))):
        raise ValueError(
            f'{start} the keys of keypoint_info must be 0..{len(names) - 1} '
            f'in order, got {list(parsed["keypoint_id2name"])}'
        )
    if len(parsed['keypoint_name2id']) != len(names):
        raise ValueError(f'{start} a joint name repeats: {names}')
    swaps = parsed['flip_indices']
    links = parsed['skeleton_links']
    if not all(isinstance(joint, int) for joint in chain(swaps, *links)):
        raise ValueError(f'{start} `swap` and `link` must be names of joints')
    for joint, swap in enumerate(swaps):
        if swaps[swap] != joint:
            raise ValueError(
                f'{start} the `swap` of {names[joint]!r} is {names[swap]!r}, '
                f'but that of {names[swap]!r} is {names[swaps[swap]]!r}: '
                'write both sides of every pair'
            )
    for link in links:
        if len(link) != 2 or link[0] == link[1]:
            raise ValueError(
                f'{start} a `link` of skeleton_info must name two joints, '
                f'got {[names[joint] for joint in link]}'
            )
    return parsed


def _check_colors(metainfo: dict) -> None:
    """mmpose stores them as bytes, in which 256 is 0."""
    for part in ('keypoint_info', 'skeleton_info'):
        for info in metainfo.get(part, {}).values():
            color = np.asarray(info.get('color', (0, 0, 0)))
            if color.shape != (3,) or not ((color >= 0) & (color < 256)).all():
                raise ValueError(
                    '`color` must be three numbers from 0 to 255, got '
                    f'{shown(info["color"])}'
                )


def _one_per_joint(
    values: np.ndarray, field: str, count: int, start: str
) -> None:
    low = 0 if field == 'joint_weights' else np.finfo(np.float32).tiny
    good = np.isfinite(values) & (values >= low)
    if values.shape != (count,) or not good.all():
        sign = '>=' if field == 'joint_weights' else '>'
        raise ValueError(
            f'{start} `{field}` must hold {count} numbers {sign} 0, one for '
            f'each joint, got {values.tolist()!r:.80}'
        )


class FlatMetainfo:
    """Mixin before mmpose's ``BaseCocoStyleDataset``.

    The joint set is checked, and the samples have flat copies of it, not
    deep ones: those of mmpose but for the type of the pairs (tuples).

    mmpose's data sets take every n-th sample by ``sample_interval``; these
    do not.
    """

    def __init__(self, *args, sample_interval: int = 1, **kwargs):
        if sample_interval != 1:
            raise ValueError(
                f'sample_interval={sample_interval} is not supported: select '
                'samples with frame_step (H36MImageDataset) or indices'
            )
        super().__init__(*args, **kwargs)

    @classmethod
    def _load_metainfo(cls, metainfo: Optional[dict] = None) -> dict:
        metainfo = cls.METAINFO if metainfo is None else metainfo
        if not isinstance(metainfo, dict):
            raise TypeError(
                f'metainfo must be a dict, got {type(metainfo).__name__}'
            )
        return parse_metainfo(metainfo) if metainfo else {}

    @property
    def metainfo(self) -> dict:
        """The joint set of the samples: that of a ConvertJoints if there is.

        It is what metrics count and checkpoints keep. With ``test_mode``,
        ``file_joints`` says how it follows from the joints of the file, for
        COCO's metric. Without, the joints of several files do not differ by
        it, so that mmengine's ConcatDataset joins them. While the annotations
        are read, the joint set is that of the file.
        """
        from .transforms.joints import ConvertJoints  # it imports this file

        found = super().metainfo
        for step in (
            self.pipeline.transforms if self._fully_initialized else ()
        ):
            if isinstance(step, ConvertJoints):
                found = _converted(found, step)
        if not self.test_mode:
            found.pop('file_joints', None)
        return dict(found, test_mode=self.test_mode)

    def _get_unserialized_subset(self, indices) -> list:
        """The samples that ``indices`` names; there is one at least."""
        count = len(self.data_list)
        places = [] if isinstance(indices, int) else list(indices)
        wrong = [i for i in places if not -count <= i < count]
        if wrong or not (places or indices):
            raise ValueError(
                f'{type(self).__name__}: indices={indices!r:.60}: '
                + (f'there is no {wrong[0]} of' if wrong else 'none of')
                + f' {count} samples. Give how many of the first ones '
                '(negative: of the last), or a list of places'
            )
        return super()._get_unserialized_subset(indices)

    def get_data_info(self, idx: int) -> dict:
        """The annotation and the joint set of sample number ``idx``."""
        info = BaseDataset.get_data_info(self, idx)
        info.update(copy_metainfo(self._metainfo))
        return info


def _converted(metainfo: dict, step) -> dict:
    """The joint set after a ConvertJoints, after which others may follow."""
    file = metainfo.get('file_joints') or dict(
        names=list(metainfo['keypoint_id2name'].values()),
        sigmas=metainfo['sigmas'].tolist(),
        sources=list(range(metainfo['num_keypoints'])),
    )
    sources = [
        -1 if source < 0 else file['sources'][source]
        for source in step.mapping.tolist()
    ]
    joints = deepcopy(step.metainfo)
    return dict(metainfo, **joints, file_joints=dict(file, sources=sources))
