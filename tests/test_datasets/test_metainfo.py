"""Flat copies hold what mmpose's deep copies hold."""

import numpy as np
import pytest
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from integral_mmpose.datasets import (
    CocoCheckedDataset,
    H36MImageDataset,
    MixedDataset,
    MpiiExactDataset,
)
from integral_mmpose.datasets.joints import H36M18_METAINFO, build_metainfo
from integral_mmpose.datasets.metainfo import (
    METAINFO_KEYS,
    copy_metainfo,
    parse_metainfo,
)
from integral_mmpose.datasets.transforms import ConvertJoints


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
    copied = copy_metainfo(info)
    assert set(copied) == set(METAINFO_KEYS)
    assert copied['flip_indices'] is not info['flip_indices']


def _two_sides():
    return build_metainfo(
        'pair', ('middle', 'left_end', 'right_end'), [(1, 2)], (0, 0, 0)
    )


@pytest.mark.parametrize(
    'change,message',
    [
        (
            lambda m: m['keypoint_info'][2].update(swap=''),
            "`swap` of 'left_end' is 'right_end', but that of 'right_end' is",
        ),
        (
            lambda m: m['keypoint_info'][0].update(swap='left_end'),
            "`swap` of 'middle' is 'left_end'",
        ),
        (
            lambda m: m['keypoint_info'][0].update(swap='left_wing'),
            "the joint 'left_wing'",
        ),
        (
            lambda m: m['skeleton_info'][0].update(link=('middle', 'tail')),
            "the joint 'tail'",
        ),
        (
            lambda m: m['skeleton_info'][0].update(link=('middle', 'middle')),
            'must name two joints',
        ),
        (lambda m: m.update(joint_weights=[1.0] * 2), '`joint_weights` must'),
        (lambda m: m.update(sigmas=[0.1] * 4), '`sigmas` must hold 3'),
        (lambda m: m.update(sigmas=[0.1, 0.1, 0.0]), '`sigmas` must hold 3'),
        (lambda m: m.update(joint_weights=[1, 1, -1]), '`joint_weights` must'),
        (lambda m: m.update(sigmas=[1, 1, float('nan')]), '`sigmas` must'),
        (
            lambda m: m['keypoint_info'][1].update(name='middle'),
            "'left_end'|repeats",
        ),
        (lambda m: m.pop('sigmas'), 'needs dataset_name'),
        (
            lambda m: m['keypoint_info'][1].update(swap=['right_end']),
            'must be names of joints',
        ),
        (
            lambda m: m['keypoint_info'][1].update(color=[256, 0, 0]),
            'three numbers from 0 to 255',
        ),
        (lambda m: m.update(sigmas=[10**400] * 3), 'OverflowError'),
        (
            lambda m: m.update(
                keypoint_info={n + 1: m['keypoint_info'][n] for n in range(3)}
            ),
            'must be 0..2|keypoint_info',
        ),
    ],
)
def test_a_joint_set_that_contradicts_itself_is_refused(change, message):
    assert parse_metainfo(_two_sides())['flip_indices'] == [0, 2, 1]
    metainfo = _two_sides()
    change(metainfo)
    with pytest.raises(ValueError, match=message) as error:
        parse_metainfo(metainfo)
    assert "joint set 'pair'" in str(error.value)
    for build in (
        lambda: MpiiExactDataset(metainfo=metainfo, lazy_init=True),
        lambda: CocoCheckedDataset(metainfo=metainfo, lazy_init=True),
        lambda: ConvertJoints([0, 1, 2], target=metainfo),
        lambda: MixedDataset([dict()], metainfo=metainfo),
    ):
        with pytest.raises(ValueError, match="joint set 'pair'"):
            build()
