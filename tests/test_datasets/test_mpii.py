import json
import random
import re
from pathlib import Path

import numpy as np
import pytest
from mmpose.datasets.datasets import MpiiDataset
from scipy.io import savemat

from integral_mmpose.datasets import MpiiExactDataset
from integral_mmpose.datasets.body import mpii as module
from integral_mmpose.datasets.joints import MPII_NAMES, build_metainfo
from integral_mmpose.evaluation import PCKhCurve

from .conftest import to_labels
from .damage import damage


def build(root, **kwargs):
    return MpiiExactDataset(data_root=root, **kwargs)


def test_joints_are_0_based_where_upstream_is_1_based(mpii):
    people = mpii.people()
    info = build(mpii.root).get_data_info(3)
    expected = np.float32(people[3]['joints'])
    np.testing.assert_array_equal(info['keypoints'][0], expected - 1)
    with pytest.warns(UserWarning, match='metainfo config file'):
        upstream = MpiiDataset(
            data_root=mpii.root, ann_file='annotations/mpii_train.json'
        )
    np.testing.assert_array_equal(
        upstream.get_data_info(3)['keypoints'][0], expected
    )


def test_box_of_the_official_code(mpii):
    info = build(mpii.root).get_data_info(2)
    person = mpii.people()[2]
    x, y = person['center'][0] - 1, person['center'][1] - 1
    y += 15 * person['scale']
    half = 200 * person['scale'] * 1.25 / 2
    np.testing.assert_allclose(
        info['bbox'], [[x - half, y - half, x + half, y + half]], rtol=1e-6
    )
    assert info['mm_per_px'] == pytest.approx(1000 / half)
    half = build(mpii.root, bbox_padding=1.0).get_data_info(2)['bbox'][0]
    assert half[2] - half[0] == pytest.approx(200 * person['scale'])


def test_keys(mpii):
    info = build(mpii.root, split='train').get_data_info(1)
    assert info['keypoints'].dtype == np.float32
    assert info['keypoints'].shape == (1, 16, 2)
    visible = [1.0] * 16
    visible[1] = 0.0
    assert info['keypoints_visible'].tolist() == [visible]
    assert info['has_depth'].tolist() == [0.0]
    assert info['img_id'] == 10 and info['id'] == 1
    assert Path(info['img_path']).is_file()
    # Person 1 has a head box of 6 x 8: the diagonal is 10.
    assert info['head_size'].tolist() == [6.0]


@pytest.mark.parametrize('mark', [[0, 0], [-1, -1]])
def test_unlabelled_marks_are_invisible_even_if_called_visible(mpii, mark):
    people = mpii.people()
    people[0]['joints'][5] = mark
    people[0]['joints'][6] = [-3.0, 20.0]
    people[0]['joints'][7] = [-4.0, -2.0]  # left of and above the picture
    info = build(mpii.write(people)).get_data_info(0)
    visible = info['keypoints_visible'][0]
    assert visible[5:8].tolist() == [0, 1, 1]


def test_training_skips_people_without_joints_and_tests_do_not(
    mpii, monkeypatch
):
    said = []
    monkeypatch.setattr(module, 'print_log', lambda text, _: said.append(text))
    people = mpii.people()
    people[2]['joints_vis'] = [0] * 16
    root = mpii.write(people)
    ids = [build(root).get_data_info(n)['id'] for n in range(4)]
    assert ids == [0, 1, 3, 4]
    assert '4 of 5 people are used' in said[0]
    assert build(root).get_data_info(2)['head_size'].tolist() == [12.0]
    assert len(build(root, test_mode=True)) == 5


def without(people, *fields):
    return [
        {field: p[field] for field in p if field not in fields} for p in people
    ]


def test_test_people_without_labels_have_invisible_joints(mpii):
    people = without(mpii.people(), 'joints', 'joints_vis')
    for n, person in enumerate(people):
        person.update(image_index=n // 2 + 1, annorect_index=n % 2 + 1)
    root = mpii.write(people, split='test', heads=False)
    data = build(root, split='test', test_mode=True)
    assert len(data) == 5
    info = data.get_data_info(3)
    assert info['keypoints'].shape == (1, 16, 2)
    assert np.isfinite(info['keypoints']).all()
    assert info['keypoints_visible'].tolist() == [[0.0] * 16]
    assert (info['image_index'], info['annorect_index']) == (2, 2)
    labelled = build(mpii.root).get_data_info(3)
    np.testing.assert_array_equal(info['bbox'], labelled['bbox'])
    with pytest.raises(ValueError, match='id 0: field `joints` is missing'):
        build(root, split='test')  # to train on it


@pytest.mark.parametrize('field', ['joints', 'joints_vis'])
def test_some_people_without_labels_are_an_error_in_every_mode(mpii, field):
    people = mpii.people()
    people[2:] = without(people[2:], 'joints', 'joints_vis')
    root = mpii.write(people)
    with pytest.raises(ValueError, match='id 2: field `joints` is missing'):
        build(root, test_mode=True)
    root = mpii.write(without(mpii.people(), field))
    with pytest.raises(ValueError, match=f'id 0: field `{field}` is missing'):
        build(root, test_mode=True)


@pytest.mark.parametrize('value', [0, -1, 1.0, True, '1', None, [1]])
def test_a_place_that_is_no_index(mpii, value):
    people = mpii.people()
    people[3]['image_index'] = value
    expect_error(mpii, people, 3, 'image_index')


def test_layout_with_files_at_the_root(mpii, tmp_path):
    folder = tmp_path / 'other'
    folder.mkdir()
    for split, count in (('train', 5), ('val', 3)):
        (folder / f'other_{split}.json').write_text(
            json.dumps(mpii.people(count))
        )
        savemat(
            folder / f'other_gt_{split}.mat',
            dict(
                headboxes_src=np.ones((2, 2, count))
                * np.array([0, 5.0]).reshape(2, 1, 1)
            ),
        )
    assert len(build(str(folder))) == 5
    data = build(str(folder), split='val')
    assert len(data) == 3
    assert data.get_data_info(0)['head_size'][0] == pytest.approx(
        0.6 * 50**0.5
    )


def test_head_boxes_are_optional_unless_named(mpii, tmp_path):
    root = mpii.write(split='val', heads=False)
    assert 'head_size' not in build(root, split='val').get_data_info(0)
    with pytest.raises(FileNotFoundError, match='heads.mat'):
        build(root, headbox_file='heads.mat')
    assert 'head_size' not in build(mpii.root, headbox_file='').get_data_info(
        0
    )


def test_pckh_asks_for_head_boxes_before_a_training(mpii):
    """The metric gets the metainfo when the loop of validation is built."""
    metric = PCKhCurve()
    metric.dataset_meta = build(mpii.write(split='train')).metainfo
    bare = build(mpii.write(split='val', heads=False), split='val')
    with pytest.raises(ValueError, match='mpii_gt_{split}.mat'):
        metric.dataset_meta = bare.metainfo


def test_head_boxes_are_those_of_the_file_that_is_named(mpii):
    """Two splits of as many people: only the name tells them apart."""
    from scipy.io import loadmat, savemat

    root = mpii.write(split='val')
    mpii.write(split='train')
    path = Path(root, 'annotations/mpii_gt_train.mat')
    boxes = loadmat(path)['headboxes_src'].astype(float)
    savemat(path, dict(headboxes_src=boxes * 2))
    expected = build(root, split='val').get_data_info(0)['head_size']
    named = build(root, ann_file='annotations/mpii_val.json')
    assert named.get_data_info(0)['head_size'] == expected
    other = build(root, ann_file='annotations/mpii_val.json', split='train')
    assert other.get_data_info(0)['head_size'] == 2 * expected


def test_names_of_images_need_not_be_numbers(mpii):
    people = mpii.people(3)
    for person, name in zip(people, ('a', 'b', 'a')):
        person['image'] = f'{name}.jpg'
    data = build(mpii.write(people))
    assert [data.get_data_info(n)['img_id'] for n in range(3)] == [0, 1, 0]


def test_two_files_fit(mpii):
    Path(mpii.root, 'annotations', 'old_train.json').write_text('[]')
    with pytest.raises(ValueError, match='2 files fit'):
        build(mpii.root)


@pytest.mark.parametrize(
    'kwargs,name',
    [
        (dict(split='trainval'), r'\*_trainval.json'),
        (dict(ann_file='annotations/x.json'), 'x.json'),
    ],
)
def test_missing_file(mpii, kwargs, name):
    with pytest.raises(FileNotFoundError, match=name):
        build(mpii.root, **kwargs)


def test_an_interval_that_would_be_ignored(mpii):
    with pytest.raises(ValueError, match='sample_interval=5 is not supp'):
        build(mpii.root, sample_interval=5)


def test_missing_root(tmp_path):
    for kwargs in (dict(), dict(ann_file='annotations/mpii_train.json')):
        with pytest.raises(FileNotFoundError, match='data root .*nowhere'):
            build(str(tmp_path / 'nowhere'), **kwargs)


@pytest.mark.parametrize('text', ['', '{"a": 1}', '[1', '[]', '3'])
def test_wrong_annotation_file(mpii, text):
    Path(mpii.root, 'annotations', 'mpii_train.json').write_text(text)
    with pytest.raises(ValueError, match='mpii_train.json'):
        build(mpii.root)


def test_nobody_to_train_on(mpii):
    people = [dict(p, joints_vis=[0] * 16) for p in mpii.people()]
    root = mpii.write(people, heads=False)
    with pytest.raises(ValueError, match='mpii_train.json: none of its'):
        build(root)


def write_heads(mpii, sides=20.0, **content):
    """Boxes from (0, 0) with sides in px, and what else is in the file."""
    boxes = np.zeros((2, 2, 5))
    boxes[1] = sides
    path = Path(mpii.root, 'annotations', 'mpii_gt_train.mat')
    savemat(path, dict(dict(headboxes_src=boxes), **content))


def expect_error(mpii, people, id_, field):
    with pytest.raises(ValueError) as error:
        build(mpii.write(people, heads=False))
    pattern = rf'mpii_train\.json: id {id_}: field `{field}`'
    assert re.search(pattern, str(error.value)), error.value


FIELDS = ('image', 'center', 'scale', 'joints', 'joints_vis')


BAD = (
    'delete',
    None,
    [],
    {},
    [None],
    [[1, [2]]],
    float('nan'),
    -1e9,
    10**30,
    'text',
    'a\0.jpg',
    '\ud800.jpg',
)


@pytest.mark.parametrize(
    'field,value',
    [
        (field, value)
        for field in FIELDS
        for value in BAD
        if (field, value) != ('image', 'text')
    ],
)
def test_every_field_with_bad_values(mpii, field, value):
    people = mpii.people()
    if value == 'delete':
        del people[3][field]
    else:
        people[3][field] = value
    expect_error(mpii, people, 3, field)


def test_a_person_that_is_no_dict(mpii):
    expect_error(mpii, [*mpii.people(2), 'x'], 2, 'image')


@pytest.mark.parametrize(
    'boxes,message',
    [
        (np.ones((2, 2, 4)), r'numbers of the shape \(2, 2, 5\), got .*4\)'),
        (np.zeros((2, 2, 5)), 'id 0: field `headboxes_src`'),
        (np.full((2, 2, 5), np.nan), 'id 0: field `headboxes_src`'),
    ],
)
def test_wrong_head_boxes(mpii, boxes, message):
    write_heads(mpii, headboxes_src=boxes)
    with pytest.raises(ValueError, match=message) as error:
        build(mpii.root)
    assert 'mpii_gt_train.mat' in str(error.value)


@pytest.mark.parametrize(
    ('order', 'wrong'), [([0, 1, 2, 3, 4], None), ([0, 1, 3, 2, 4], 2)]
)
def test_head_boxes_in_another_order(mpii, order, wrong):
    """2 and 3 are on one image. Negative control: without the joints."""
    people = mpii.people()
    joints = np.array([person['joints'] for person in people])
    joints[1, 5:8] += 60  # a few may differ: the median counts
    sides = 20 + np.array(order)
    write_heads(mpii, sides)
    build(mpii.root)
    write_heads(mpii, sides, pos_gt_src=joints[order].transpose(1, 2, 0))
    if wrong is None:
        sizes = [build(mpii.root).get_data_info(0)['head_size'][0]]
        assert sizes == pytest.approx([0.6 * 20 * 2**0.5])
        return
    with pytest.raises(ValueError, match='are in another order') as error:
        build(mpii.root)
    assert f'mpii_gt_train.mat: id {wrong}: ' in str(error.value)
    assert 'mpii_train.json' in str(error.value)
    # Joints of other names may stand in another order in each file.
    names = [f'joint_{number}' for number in range(16)]
    own = build_metainfo('own', names, [], range(16))
    assert len(build(mpii.root, metainfo=own)) == 5


@pytest.mark.parametrize(
    ('joints', 'message'),
    [
        ('text', r'id all: .* shape \(16, 2, 5\), got <U4'),
        (np.zeros((16, 2, 4)), r'id all: .* shape \(16, 2, 5\), got float'),
        (np.zeros((2, 16, 5)), r'id all: .* shape \(16, 2, 5\), got float'),
        (np.full((16, 2, 5), np.nan), r'id 0: .* shape \(16, 2, 5\) has no'),
    ],
)
def test_joints_that_cannot_show_the_order_are_refused(mpii, joints, message):
    write_heads(mpii, pos_gt_src=joints)
    with pytest.raises(ValueError, match=message) as error:
        build(mpii.root)
    assert 'mpii_gt_train.mat: ' in str(error.value)
    assert '`pos_gt_src`' in str(error.value)
    assert 'Write both files anew' in str(error.value)


@pytest.mark.parametrize('order', [[0, 1, 2, 3, 4], [1, 0, 2, 3, 4]])
def test_a_joint_without_numbers_hides_no_other_order(mpii, order):
    """Negative control: the people's order, each with a NaN joint."""
    joints = np.array([person['joints'] for person in mpii.people()])
    joints = joints[order].astype(float).transpose(1, 2, 0)
    joints[5] = np.nan  # everybody has a label of it
    write_heads(mpii, pos_gt_src=joints)
    if order[0] == 0:
        assert len(build(mpii.root)) == 5
        return
    with pytest.raises(ValueError, match='id 0: .* are in another order'):
        build(mpii.root)


@pytest.mark.parametrize('content', [b'', b'not a mat file' * 20])
def test_broken_head_box_file(mpii, content):
    Path(mpii.root, 'annotations', 'mpii_gt_train.mat').write_bytes(content)
    with pytest.raises(ValueError, match='mpii_gt_train.mat'):
        build(mpii.root)


def test_fuzzed_annotations_are_accepted_and_finite_or_a_named_error(mpii):
    data = MpiiExactDataset(data_root=mpii.root, lazy_init=True)
    rng = random.Random(0)
    person = mpii.people()[0]
    accepted = 0
    for _ in range(10_000):
        try:
            info = data._person(damage(person, rng), 7)
        except ValueError as error:
            assert re.search(
                r'mpii_train\.json: id 7: field `\w+`', str(error)
            )
            continue
        accepted += 1
        for key in ('bbox', 'keypoints', 'keypoints_visible', 'mm_per_px'):
            assert np.isfinite(info[key]).all()
    assert 0 < accepted < 5000


#: Right and left foot, knee, hip, hand, elbow and shoulder of MPII.
TWELVE = [0, 5, 1, 4, 2, 3, 10, 15, 11, 14, 12, 13]
TWELVE_METAINFO = build_metainfo(
    'twelve',
    [MPII_NAMES[joint] for joint in TWELVE],
    [(n, n + 1) for n in range(0, 12, 2)],
    [2, 3, 4, 5, 4, 5, 8, 9, 10, 11, 10, 11],
)


def test_converted_joints_are_those_of_metrics_and_checkpoints(mpii):
    """The file has 16, read by its own joint set; what comes out has 12."""
    convert = dict(
        type='ConvertJoints', mapping=TWELVE, target=TWELVE_METAINFO
    )
    pipeline = to_labels()
    plain = build(mpii.root, metainfo=TWELVE_METAINFO, lazy_init=True)
    data = build(mpii.root, pipeline=[convert, *pipeline])
    for key, value in plain.metainfo.items():
        np.testing.assert_equal(data.metainfo[key], value)
    assert data[2]['keypoint_labels'].shape == (1, 12, 2)
    expected = build(mpii.root, pipeline=pipeline)[2]['keypoint_labels']
    np.testing.assert_array_equal(
        data[2]['keypoint_labels'], expected[:, TWELVE]
    )
    # A copy, and that of the file where nothing converts.
    data.metainfo['flip_indices'].clear()
    assert len(data.metainfo['flip_indices']) == 12
    assert build(mpii.root).metainfo['num_keypoints'] == 16


def test_another_joint_set_in_mpiis_layout(mpii):
    """metainfo alone: 12 joints go through the pipeline and the metric."""
    people = mpii.people()
    for person in people:
        for field in ('joints', 'joints_vis'):
            person[field] = [person[field][joint] for joint in TWELVE]
    root = mpii.write(people)
    pipeline = to_labels()
    pipeline.insert(2, dict(type='RandomFlip', prob=1.0))
    data = build(root, metainfo=TWELVE_METAINFO, pipeline=pipeline)
    # The fixture hides joint n of person n; a mirror swaps neighbours.
    hidden = TWELVE.index(2)
    weights = data[2]['keypoint_weights']
    assert weights.shape == (1, 12, 2)
    assert (weights[0, hidden ^ 1] == 0).all()
    # Everything is right, but for one wrist that is far off.
    metric = PCKhCurve()
    metric.dataset_meta = data.metainfo
    right = total = 0
    for n in range(len(data)):
        info = data.get_data_info(n)
        found = info['keypoints'].copy()
        found[0, 6] += 1000
        seen = info['keypoints_visible'][0]
        right += sum(seen) - seen[6]
        total += sum(seen)
        # Of the sample's fields the truth is read, too.
        sample = dict(info, pred_instances=dict(keypoints=found))
        metric.process({}, [sample])
    scores = metric.evaluate(len(data))
    assert scores['pckh/PCKh@0.5'] == pytest.approx(100 * right / total)
    assert scores['pckh/PCKh@0.5/Knee'] == 100
    with pytest.raises(ValueError, match='id 0: field `joints`.*12'):
        build(root)


@pytest.mark.parametrize(
    'field,value',
    [
        ('scale', 0),
        ('scale', [1, 1]),
        ('scale', 1e-40),
        ('scale', 99999),
        ('scale', -5.5),
        ('scale', True),
        ('scale', '1'),
        ('scale', 10**400),
        ('center', [1, 2, 3]),
        ('center', [99999, 3]),
        ('center', [True, 3]),
        ('joints', [[1, 2]] * 15),
        ('joints', [[1, 2]] * 17),
        ('joints', [[1, 2]] * 15 + [[1, 2, 3]]),
        ('joints', [[float('inf'), 1]] * 16),
        ('joints', [[None, 1]] * 16),
        ('joints', [[99999, 1]] * 16),
        ('joints', [[True, 1]] * 16),
        ('joints_vis', [1] * 15),
        ('joints_vis', [-5.5] * 16),
        ('joints_vis', [99999] * 16),
        ('joints_vis', ['1'] * 16),
        ('joints_depth', [1.0] * 15),
        ('joints_depth', [float('nan')] * 16),
        ('joints_depth', [None] * 16),
        ('joints_depth', None),
        ('image', ['a.jpg']),
    ],
)
def test_absurd_values_are_named(mpii, field, value):
    people = mpii.people()
    people[2][field] = value
    expect_error(mpii, people, 2, field)


@pytest.mark.parametrize('size', [0.0, 1e-40, 1e9, np.inf])
def test_an_absurd_head_is_named(mpii, size):
    write_heads(mpii, [20.0, 20.0, 20.0, size, 20.0])
    with pytest.raises(ValueError, match='id 3: field `headboxes_src`'):
        build(mpii.root)


@pytest.mark.parametrize('padding', [-1.25, 0, float('nan'), '1.25', None])
def test_a_padding_that_is_no_factor(mpii, padding):
    with pytest.raises(ValueError, match='bbox_padding must be a number'):
        build(mpii.root, bbox_padding=padding)


@pytest.mark.parametrize('field', ['joints', 'center'])
def test_joints_in_shares_of_the_image_are_refused(mpii, field):
    """They would train nothing: joints outside the box have no weight."""
    people = mpii.people()
    for one in people:
        for name in ('joints', 'center'):
            one[name] = (np.array(one[name]) + 300).tolist()
    build(mpii.write(people))
    for one in people:
        one[field] = (np.array(one[field]) / 1000).tolist()
    mpii.write(people)
    with pytest.raises(ValueError, match='lie outside the box of their'):
        MpiiExactDataset(data_root=mpii.root)
