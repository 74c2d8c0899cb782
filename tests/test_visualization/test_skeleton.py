import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from integral_mmpose.datasets.joints import (
    H36M18_METAINFO,
    H36M18_NAMES,
    H36M18_PARENTS,
    MPII_METAINFO,
)
from integral_mmpose.visualization import (
    skeleton_from_metainfo,
    skeleton_from_parents,
)
from integral_mmpose.visualization.skeleton import LEFT, MIDDLE, RIGHT


def test_bones_and_colours_of_a_small_tree():
    skeleton = skeleton_from_parents(
        [1, 1, 0, 1], ['left_hip', 'root', 'left_knee', 'right_hip']
    )
    assert skeleton.links == ((1, 0), (0, 2), (1, 3))
    assert skeleton.link_colors == (LEFT, LEFT, RIGHT)
    assert skeleton.colors == (LEFT, MIDDLE, LEFT, RIGHT)
    assert skeleton.root == 1


def test_without_names_all_joints_are_blue():
    assert set(skeleton_from_parents([0, 0, 1]).colors) == {MIDDLE}


def test_metainfo_as_written_and_as_mmpose_parsed_it_are_the_same():
    skeleton = skeleton_from_parents(H36M18_PARENTS, H36M18_NAMES)
    assert skeleton_from_metainfo(H36M18_METAINFO) == skeleton
    assert (
        skeleton_from_metainfo(parse_pose_metainfo(H36M18_METAINFO))
        == skeleton
    )
    assert skeleton_from_metainfo(MPII_METAINFO).root == 6


@pytest.mark.parametrize(
    'parents, names, message',
    [
        ([0, 0], ['a'], '2 parents but 1 names'),
        ([1, 0], None, 'its own parent'),
    ],
)
def test_broken_trees_are_refused(parents, names, message):
    with pytest.raises(ValueError, match=message):
        skeleton_from_parents(parents, names)


def test_metainfo_without_bones_is_refused():
    with pytest.raises(ValueError, match='skeleton_info'):
        skeleton_from_metainfo({'dataset_name': 'x'})
