import json

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from integral_mmpose.datasets import (
    CocoCheckedDataset,
    MpiiExactDataset,
    joints,
)


@pytest.mark.parametrize(
    'name,count', [('h36m18', 18), ('h36m17', 17), ('mpii', 16)]
)
def test_metainfo_is_what_mmpose_parses(name, count):
    info = parse_pose_metainfo(joints.METAINFO[name])
    assert info['num_keypoints'] == count == len(info['sigmas'])
    flips = np.array(info['flip_indices'])
    np.testing.assert_array_equal(flips[flips], np.arange(count))
    for index, mirrored in enumerate(flips):
        a, b = (info['keypoint_id2name'][i] for i in (index, mirrored))
        assert b == a.replace('left', '?').replace('right', 'left').replace(
            '?', 'right'
        )
    assert len(info['skeleton_links']) == count - 1


def test_names_flips_and_colours_are_mmposes():
    for name, ours in (('h36m', 'h36m17'), ('mpii', 'mpii')):
        with pytest.warns(UserWarning):
            upstream = parse_pose_metainfo(
                dict(from_file=f'configs/_base_/datasets/{name}.py')
            )
        info = parse_pose_metainfo(joints.METAINFO[ours])
        assert info['keypoint_id2name'] == upstream['keypoint_id2name']
        assert info['flip_indices'] == upstream['flip_indices']
        assert (info['keypoint_colors'] == upstream['keypoint_colors']).all()


def test_tree_has_one_root():
    names = ('H36M18_PARENTS', 'H36M17_PARENTS', 'MPII_PARENTS')
    for parents in (getattr(joints, name) for name in names):
        for joint in range(len(parents)):
            for _ in parents:
                joint = parents[joint]
            assert parents[joint] == joint
        assert sum(i == p for i, p in enumerate(parents)) == 1


def _side(name):
    return name.split('_')[0] if name[:4] in ('left', 'righ') else ''


# Same place, another name.
SAME = {
    ('pelvis', 'root'),
    ('upper_neck', 'thorax'),
    ('head_top', 'head'),
    ('ankle', 'foot'),
    ('nose', 'neck_base'),
    ('thorax', 'thorax_mid'),
}


COCO = CocoCheckedDataset._load_metainfo()['keypoint_id2name']


@pytest.mark.parametrize(
    'table,source',
    [('mpii_to_h36m', joints.MPII_NAMES), ('coco_to_h36m', COCO)],
)
def test_tables_join_the_same_places(table, source):
    count, target, indices = joints.MAPPINGS[table]
    assert count == len(source)
    names = joints.H36M18_NAMES
    assert target == 'h36m18' and len(indices) == len(names)
    for name, index in zip(names, indices):
        if index < 0:
            continue
        assert _side(source[index]) == _side(name)
        a, b = (
            n.replace('left_', '').replace('right_', '')
            for n in (source[index], name)
        )
        assert a == b or (a, b) in SAME


def test_mpi_inf_3dhp_by_name():
    count, target, table = joints.MAPPINGS['mpi_inf_3dhp_to_h36m']
    names = joints.MPI_INF_3DHP_NAMES
    assert count == len(names) == len(set(names)) == 28
    assert target == 'h36m17'
    other = dict(
        root='pelvis',
        right_foot='right_ankle',
        left_foot='left_ankle',
        thorax='neck',
        neck_base='head',
        head='head_top',
    )
    assert [names[i] for i in table] == [
        other.get(name, name) for name in joints.H36M17_NAMES
    ]


def test_build_metainfo_says_what_is_wrong():
    with pytest.raises(ValueError, match='repeats'):
        joints.build_metainfo('x', ['a', 'a'], [], [0, 0])
    with pytest.raises(ValueError, match='2 names need'):
        joints.build_metainfo('x', ['a', 'b'], [], [0])
    with pytest.raises(ValueError, match=r'must lie in 0\.\.1'):
        joints.build_metainfo('x', ['a', 'b'], [(0, 2)], [0, 0])


def test_groups_of_mpiis_benchmark():
    assert list(joints.pckh_groups(joints.MPII_NAMES).items()) == [
        ('Head', (8, 9)),
        ('Shoulder', (12, 13)),
        ('Elbow', (11, 14)),
        ('Wrist', (10, 15)),
        ('Hip', (2, 3)),
        ('Knee', (1, 4)),
        ('Ankle', (0, 5)),
    ]


def test_flip_pairs_of_the_official_code():
    info = parse_pose_metainfo(joints.H36M18_METAINFO)
    rest = [7, 8, 9, 10, 14, 15, 16, 11, 12, 13, 17]
    assert info['flip_indices'] == [0, 4, 5, 6, 1, 2, 3, *rest]


def four_joints(path, **kwargs):
    """Two wrists and two ankles, of COCO's or MPII's file."""
    target = joints.build_metainfo('four', 'abcd', (), [1, 0, 3, 2])
    kind, mapping = CocoCheckedDataset, [9, 10, 15, 16]
    if 'data_root' in kwargs:
        kind, mapping = MpiiExactDataset, [15, 10, 5, 0]
    convert = dict(type='ConvertJoints', mapping=mapping, target=target)
    return dict(type=kind, ann_file=path, pipeline=[convert], **kwargs)


def test_converted_sets_are_joined_by_mmengine(tmp_path, mpii):
    """ConcatDataset compares all that the data sets say of their joints."""
    files = []
    for name in 'ab':
        points = np.c_[np.arange(34).reshape(17, 2), np.full(17, 2)]
        person = dict(
            id=1,
            image_id=1,
            category_id=1,
            iscrowd=0,
            area=99,
            bbox=[0, 0, 40, 40],
            num_keypoints=17,
            keypoints=points.ravel().tolist(),
        )
        content = dict(
            images=[dict(id=1, file_name='1.jpg', width=60, height=60)],
            annotations=[person],
            categories=[dict(id=1, name='person')],
        )
        files.append(tmp_path / f'{name}.json')
        files[-1].write_text(json.dumps(content))
    coco = [four_joints(str(file)) for file in files]
    joined = ConcatDataset(coco)
    assert len(joined) == 2
    assert joined.metainfo['num_keypoints'] == 4
    # Of the metrics, and different with every layout.
    notes = ['CLASSES', 'person_category', 'head_boxes']
    other = four_joints('annotations/mpii_train.json', data_root=mpii.root)
    joined = ConcatDataset([*coco, other], ignore_keys=notes)
    assert len(joined) == 2 + len(joined.datasets[-1])
    assert [joined[n]['keypoints'].shape[1] for n in (0, 1, 2)] == [4] * 3
    # One file, as of a test set whose parts are read apart.
    joined = ConcatDataset([dict(coco[0], test_mode=True)] * 2)
    assert joined.metainfo['file_joints']['sources'] == [9, 10, 15, 16]
