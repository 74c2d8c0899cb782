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
    skeleton = skeleton_from_metainfo(
        build_metainfo('hips', names, [(0, 3)], [1, 1, 0, 1])
    )
    assert skeleton.links == ((1, 0), (0, 2), (1, 3))
    assert skeleton.link_colors == (LEFT, LEFT, RIGHT)
    assert skeleton.colors == (LEFT, MIDDLE, LEFT, RIGHT)
    assert skeleton.root == 1


def test_metainfo_as_written_and_as_mmpose_parsed_it_are_the_same():
    skeleton = skeleton_from_metainfo(H36M18_METAINFO)
    assert len(skeleton.colors) == 18 and len(skeleton.links) == 17
    assert (
        skeleton_from_metainfo(parse_pose_metainfo(H36M18_METAINFO))
        == skeleton
    )
    assert skeleton_from_metainfo(MPII_METAINFO).root == 6


def test_metainfo_without_bones_is_refused():
    with pytest.raises(ValueError, match='skeleton_info'):
        skeleton_from_metainfo({'dataset_name': 'x'})
