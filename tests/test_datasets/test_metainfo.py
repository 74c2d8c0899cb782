"""Flat copies hold what mmpose's deep copies hold."""

import numpy as np
import pytest
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from integral_mmpose.datasets import H36MImageDataset, MpiiExactDataset
from integral_mmpose.datasets.joints import H36M18_METAINFO
from integral_mmpose.datasets.metainfo import (
    METAINFO_KEYS,
    copy_metainfo,
    pick_metainfo,
)


def plain(value):
    """Lists, whatever the containers were."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize('kind', [H36MImageDataset, MpiiExactDataset])
def test_samples_have_mmposes_metainfo(h36m, mpii, kind):
    root = h36m.root if kind is H36MImageDataset else mpii.root
    dataset = kind(data_root=root)
    upstream = BaseCocoStyleDataset.get_data_info(dataset, 1)
    sample = dataset.get_data_info(1)
    for key in METAINFO_KEYS:
        assert plain(sample[key]) == plain(upstream[key]), key
        # Transforms index arrays with them: lists stay lists.
        assert type(sample[key]) is type(upstream[key]), key
    assert sample['sample_idx'] == upstream['sample_idx'] == 1


def test_a_sample_that_is_written_into_changes_no_other(h36m):
    dataset = H36MImageDataset(data_root=h36m.root)
    expected = plain(dataset.get_data_info(0)['flip_indices'])
    sample = dataset.get_data_info(0)
    sample['flip_indices'].reverse()
    sample['flip_pairs'].clear()
    sample['dataset_keypoint_weights'][:] = 0
    again = dataset.get_data_info(0)
    assert again['flip_indices'] == expected
    assert again['flip_pairs'] and again['dataset_keypoint_weights'].all()
    with pytest.raises(TypeError):
        again['flip_pairs'][0][0] = 3


def test_the_joint_set_itself_is_not_shared():
    info = parse_pose_metainfo(H36M18_METAINFO)
    copied = copy_metainfo(pick_metainfo(info))
    assert set(copied) == set(METAINFO_KEYS)
    assert copied['flip_indices'] is not info['flip_indices']
