import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from integral_mmpose.datasets.joints import (
    H36M18_METAINFO,
    MPII_METAINFO,
    build_metainfo,
)
from integral_mmpose.geometry.colors import LEFT, MIDDLE, RIGHT
from integral_mmpose.visualization import skeleton_from_metainfo


def test_bones_and_colours_of_a_small_tree():
    names = ['left_hip', 'root', 'left_knee', 'right_hip']
    metainfo = build_metainfo('hips', names, [(0, 3)], [1, 1, 0, 1])
    skeleton = skeleton_from_metainfo(parse_pose_metainfo(metainfo))
    assert skeleton.links == ((1, 0), (0, 2), (1, 3))
    assert skeleton.link_colors == (LEFT, LEFT, RIGHT)
    assert skeleton.colors == (LEFT, MIDDLE, LEFT, RIGHT)
    assert skeleton.root == 1


def test_joint_sets_of_this_package():
    human, mpii = (
        skeleton_from_metainfo(parse_pose_metainfo(metainfo))
        for metainfo in (H36M18_METAINFO, MPII_METAINFO)
    )
    assert len(human.colors) == 18 and len(human.links) == 17
    assert mpii.root == 6


def test_metainfo_without_bones_is_refused():
    with pytest.raises(ValueError, match='skeleton_links'):
        skeleton_from_metainfo({'dataset_name': 'x'})
