"""What mmpose's transforms want to know of the joint set, without deep copies.

mmpose copies seven nested lists deeply into every sample, which takes longer
than the sample itself. Here their lists are copied, flat, and the tuples in
them are shared: a transform that reorders its ``flip_indices`` reaches its own
sample only, and nothing can write into what is shared.
"""

from typing import Dict

import numpy as np
from mmengine.dataset import BaseDataset

METAINFO_KEYS = (
    'dataset_name',
    'upper_body_ids',
    'lower_body_ids',
    'flip_pairs',
    'flip_indices',
    'dataset_keypoint_weights',
    'skeleton_links',
)


def pick_metainfo(metainfo: dict) -> dict:
    """The part that samples carry, with pairs that nobody can write into.

    Args:
        metainfo (dict): As mmpose's ``parse_pose_metainfo`` gives it.

    Returns:
        dict: A value for each of :data:`METAINFO_KEYS`.
    """
    return {key: _freeze(metainfo[key]) for key in METAINFO_KEYS}


def copy_metainfo(picked: Dict) -> dict:
    """Copies of the outer lists and arrays of :func:`pick_metainfo`."""
    return {
        key: value if isinstance(value, str) else value.copy()
        for key, value in picked.items()
    }


class FlatMetainfo:
    """Mixin before mmpose's ``BaseCocoStyleDataset``: flat copies, not deep.

    The samples are those of mmpose but for the type of the pairs (tuples).
    """

    def get_data_info(self, idx: int) -> dict:
        """The annotation and the joint set of sample number ``idx``."""
        info = BaseDataset.get_data_info(self, idx)
        if not hasattr(self, '_picked_metainfo'):
            self._picked_metainfo = pick_metainfo(self._metainfo)
        info.update(copy_metainfo(self._picked_metainfo))
        return info


def _freeze(value):
    if isinstance(value, (str, np.ndarray)):
        return value
    return [
        tuple(item) if isinstance(item, (list, tuple)) else item
        for item in value
    ]
