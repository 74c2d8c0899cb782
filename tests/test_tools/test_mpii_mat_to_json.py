"""MPII's own .mat in miniature, converted and loaded again."""

import copy
import doctest
import hashlib
import json
import re
import sys
from pathlib import Path

import mmcv
import mpii_mat_to_json as tool
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, METRICS
from scipy.io import loadmat, savemat

from integral_mmpose.datasets import MpiiExactDataset, mat_files
from mpii import split as mpii_split
from mpii.release import read_release
from mpii.split import KNOWN_IMAGES, split_people
from mpii.val_list import read_val_list

ROOT = Path(__file__).resolve().parents[2]
init_default_scope('mmpose')
EMPTY = np.empty((0, 0))
TEXT = np.empty((0,), '<U1')  # MATLAB's ''


def structs(items):
    """A struct array as savemat takes it, by hand: (1, n), object fields."""
    names = list(dict.fromkeys(name for item in items for name in item))
    array = np.empty((1, len(items)), [(name, object) for name in names])
    for n, item in enumerate(items):
        for name in names:
            array[name][0, n] = item.get(name, EMPTY)
    return array


def cells(values):
    array = np.empty((len(values), 1), object)
    for n, value in enumerate(values):
        array[n, 0] = value
    return array


def person(place, scale, head=(), points=(), visible=()):
    """A rectangle; points are (id, x, y), visible what each is said to be."""
    rect = dict(zip(('x1', 'y1', 'x2', 'y2'), head))
    if points:
        marks = [
            dict(x=x, y=y, id=id_, **({} if v is None else dict(is_visible=v)))
            for (id_, x, y), v in zip(points, visible)
        ]
        rect['annopoints'] = structs([dict(point=structs(marks))])
    if scale is not None:
        rect['scale'] = scale
    if place is not None:
        rect['objpos'] = structs([dict(x=place[0], y=place[1])])
    return rect


def all_points(start):
    return [(j, start + j + 0.5, start + 2 * j) for j in range(16)]


def release():
    """Six images: 0, 2, 4 for training, 1, 3, 5 for the test.

    Image 0: two complete persons and one without annopoints. Image 1: a
    single person, one in a group, one without objpos. Image 2: one person, a
    lone struct whose points are 3 of 16. Image 3: nobody (`annorect` is
    empty). Image 4: a person without scale, one with empty annopoints, one
    without a head box. Image 5: two single persons.
    """
    few = [(9, 40.5, 11.0), (0, 30.0, 90.25), (6, 33.0, 52.0)]
    people = [
        [
            person((50, 60), 1.5, (40, 10, 52, 26), all_points(5), [1] * 16),
            person(
                (150, 61.5),
                1.25,
                (140, 12, 146, 20),
                all_points(100),
                [1, 0, '1', '0', EMPTY, TEXT] + [np.uint8(1)] * 10,
            ),
            person((250, 62), 1.0, (240, 12, 246, 20)),
        ],
        [
            person((20, 21), 2.0),
            person((120, 121), 2.5),
            person(None, 2.5),
        ],
        [person((35, 55), 0.5, (38, 8, 44, 16), few, [None, None, None])],
        [],
        [
            person((1, 2), None, (1, 1, 4, 5), all_points(9), [1] * 16),
            dict(
                person((3, 4), 1.0, (1, 1, 4, 5)),
                annopoints=structs([dict(point=EMPTY)]),
            ),
            person((5, 6), 1.0, (), all_points(3), [1] * 16),
        ],
        [person((70, 71), 3.0), person((170, 171), 3.5)],
    ]
    return dict(
        annolist=structs(
            [
                dict(
                    image=structs([dict(name=f'{n:09d}.jpg')]),
                    annorect=structs(rects) if rects else EMPTY,
                    frame_sec=EMPTY,
                    vididx=EMPTY,
                )
                for n, rects in enumerate(people)
            ]
        ),
        img_train=np.uint8([[1, 0, 1, 0, 1, 0]]),
        version='12',
        single_person=cells(
            [EMPTY, 1.0, 1.0, EMPTY, EMPTY, np.array([[1.0], [2.0]])]
        ),
        act=structs([dict(cat_name=EMPTY, act_name=EMPTY, act_id=-1)] * 6).T,
        video_list=cells(['abc']),
    )


@pytest.fixture
def write(tmp_path):
    def write_(content=None, name='mpii_human_pose_v1_u12_1.mat'):
        path = tmp_path / name
        savemat(path, dict(RELEASE=release() if content is None else content))
        return str(path)

    return write_


@pytest.fixture
def val_list(tmp_path):
    """The first person of image 0, its joints half a pixel off."""

    def write_(entries=None):
        joints = [[x + 0.5, y] for _, x, y in all_points(5)]
        entry = dict(image='000000000.jpg', center=[9, 9], joints=joints)
        path = tmp_path / 'known_val.json'
        path.write_text(json.dumps([entry] if entries is None else entries))
        return str(path)

    return write_


def load(out, name):
    path = Path(out, 'annotations', name)
    return json.loads(path.read_text()) if path.exists() else None


def test_every_number_of_the_training_people(write, val_list, tmp_path):
    tool.convert(write(), str(tmp_path / 'mpii'), val_list())
    (val,) = load(tmp_path / 'mpii', 'mpii_val.json')
    assert val['image'] == '000000000.jpg'
    assert (val['center'], val['scale']) == ([50.0, 60.0], 1.5)
    assert val['joints'] == [[x, y] for _, x, y in all_points(5)]
    assert val['joints_vis'] == val['is_visible'] == [1] * 16
    (train,) = load(tmp_path / 'mpii', 'mpii_train.json')
    assert (train['center'], train['scale']) == ([35.0, 55.0], 0.5)
    expected = [[-1.0, -1.0]] * 16
    expected[9], expected[0], expected[6] = [40.5, 11], [30, 90.25], [33, 52]
    assert train['joints'] == expected
    assert np.flatnonzero(train['joints_vis']).tolist() == [0, 6, 9]
    assert train['is_visible'] == [-1] * 16
    trainval = load(tmp_path / 'mpii', 'mpii_trainval.json')
    # The second person of image 0 is beside a validation person.
    assert [p['center'][0] for p in trainval] == [50, 150, 35]
    assert trainval[1]['is_visible'] == [1, 0, 1, 0, -1, -1] + [1] * 10
    assert trainval[1]['joints_vis'] == [1] * 16


def test_head_boxes_and_joints_of_the_mat_file(write, val_list, tmp_path):
    tool.convert(write(), str(tmp_path / 'mpii'), val_list())
    truth = loadmat(tmp_path / 'mpii/annotations/mpii_gt_trainval.mat')
    boxes = truth['headboxes_src']
    assert boxes.shape == (2, 2, 3)
    assert boxes[..., 0].tolist() == [[40, 10], [52, 26]]
    assert boxes[..., 2].tolist() == [[38, 8], [44, 16]]
    assert truth['pos_gt_src'].shape == (16, 2, 3)
    assert truth['pos_gt_src'][9, :, 2].tolist() == [40.5, 11]
    assert truth['jnt_missing'].sum(0).tolist() == [0, 0, 13]
    # The public codes look joints up so: np.where(names == 'head')[1][0].
    names = truth['dataset_joints']
    assert np.where(names == 'head')[1][0] == 9
    assert np.where(names == 'lwri')[1][0] == 15


def test_the_dataset_reads_every_split(write, val_list, tmp_path):
    root = str(tmp_path / 'mpii')
    tool.convert(write(), root, val_list())
    train = MpiiExactDataset(data_root=root, split='train')
    assert len(train) == 1
    info = train.get_data_info(0)
    # 1-based (40.5, 11) is 0-based (39.5, 10); the head box is 6 x 8.
    assert info['keypoints'][0, 9].tolist() == [39.5, 10]
    assert info['keypoints_visible'].sum() == 3
    assert info['head_size'].tolist() == [pytest.approx(6.0)]
    val = MpiiExactDataset(data_root=root, split='val', test_mode=True)
    # 12 x 16: 20 px.
    assert val.get_data_info(0)['head_size'].tolist() == [12.0]
    assert len(MpiiExactDataset(data_root=root, split='trainval')) == 3
    test = MpiiExactDataset(data_root=root, split='test', test_mode=True)
    assert [
        (
            Path(test.get_data_info(n)['img_path']).name,
            test.get_data_info(n)['image_index'],
            test.get_data_info(n)['annorect_index'],
        )
        for n in range(len(test))
    ] == [
        ('000000001.jpg', 1, 1),
        ('000000005.jpg', 3, 1),
        ('000000005.jpg', 3, 2),
    ]
    # Centre (70, 71) - 1 + (0, 15 * 3), side 200 * 3 * 1.25 = 750.
    np.testing.assert_allclose(
        test.get_data_info(1)['bbox'], [[-306, -260, 444, 490]]
    )


def test_the_test_list_has_everybody(write, tmp_path):
    tool.convert(write(), str(tmp_path / 'mpii'))
    assert load(tmp_path / 'mpii', 'mpii_test_images.json') == [
        dict(
            image='000000001.jpg',
            people=[
                dict(center=[20, 21], scale=2.0, predict=True),
                dict(center=[120, 121], scale=2.5, predict=False),
                dict(center=None, scale=2.5, predict=False),
            ],
        ),
        dict(image='000000003.jpg', people=[]),
        dict(
            image='000000005.jpg',
            people=[
                dict(center=[70, 71], scale=3.0, predict=True),
                dict(center=[170, 171], scale=3.5, predict=True),
            ],
        ),
    ]


def test_nobody_is_left_out_in_silence(write, val_list, tmp_path, capsys):
    tool.convert(write(), str(tmp_path / 'mpii'), val_list())
    left_out = load(tmp_path / 'mpii', 'mpii_left_out.json')
    assert left_out == {
        'training: no annopoints': [
            '000000000.jpg person 3',
            '000000004.jpg person 2',
        ],
        'training: no scale': ['000000004.jpg person 1'],
        'training: no head box x1, y1, x2, y2': ['000000004.jpg person 3'],
        'in trainval only: beside a validation person': [
            '000000000.jpg person 2'
        ],
        'test: not in single_person': ['000000001.jpg person 2'],
        'test: no objpos, not in single_person': ['000000001.jpg person 3'],
        'test image without persons': ['000000003.jpg'],
    }
    out, err = capsys.readouterr()
    for reason, names in left_out.items():
        assert f'left out, {reason}: {len(names)} ({names[0]}' in out
    assert 'persons: 1 train, 1 val, 3 test, 3 trainval' in out
    assert 'no --val-list' not in out
    assert f'6 images: not the release u12_1, which has {KNOWN_IMAGES}' in err


def test_without_a_val_list_trainval_and_test_only(write, tmp_path, capsys):
    tool.convert(write(), str(tmp_path / 'mpii'))
    assert sorted(
        path.name for path in (tmp_path / 'mpii/annotations').iterdir()
    ) == [
        'mpii_gt_trainval.mat',
        'mpii_left_out.json',
        'mpii_test.json',
        'mpii_test_images.json',
        'mpii_trainval.json',
    ]
    out = capsys.readouterr().out
    assert 'mpii_train and mpii_val are not' in out


def test_the_same_release_gives_the_same_bytes(write, tmp_path, monkeypatch):
    path = write()
    tool.convert(path, str(tmp_path / 'a'))
    monkeypatch.setattr('time.asctime', lambda: 'Tue Jan  1 00:00:00 2030')
    tool.convert(path, str(tmp_path / 'b'))
    names = [p.name for p in (tmp_path / 'a/annotations').iterdir()]
    assert len(names) == 5
    for name in names:
        first = (tmp_path / 'a/annotations' / name).read_bytes()
        assert first == (tmp_path / 'b/annotations' / name).read_bytes()


def test_printed_hashes_are_sha256(write, tmp_path, capsys):
    path = write()
    tool.convert(path, str(tmp_path / 'mpii'))
    out = capsys.readouterr().out
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() in out
    for file in (tmp_path / 'mpii/annotations').iterdir():
        assert hashlib.sha256(file.read_bytes()).hexdigest() in out


def test_val_lists_of_every_kind(write, tmp_path, val_list):
    images = read_release(write())
    assert read_val_list(val_list(), images).people == {(0, 0)}
    by_centre = val_list([dict(image='000000000.jpg', center=[151, 61.5])])
    assert read_val_list(by_centre, images).people == {(0, 1)}
    tompson = tmp_path / 'detections.mat'
    savemat(
        tompson,
        dict(
            RELEASE_img_index=np.array([[1, 3, 2, 9]]),
            RELEASE_person_index=np.array([[2, 1, 1, 1]]),
        ),
    )
    found = read_val_list(str(tompson), images)
    assert found.people == {(0, 1), (2, 0)}
    assert found.unknown == ['image 2 person 1', 'image 9 person 1']
    names = tmp_path / 'val.txt'
    # Editors of Windows write a byte order mark.
    names.write_text('000000000.jpg\n\n000000001.jpg\n', 'utf-8-sig')
    found = read_val_list(str(names), images)
    assert found.people == {(0, 0), (0, 1), (0, 2)}
    assert found.unknown == ['000000001.jpg']  # a test image
    split = split_people(images, found.people).people
    assert split['train'] == [(2, 0)]
    assert split['val'] == [(0, 0), (0, 1)]


def test_entries_that_fit_nobody_are_named(write, val_list, tmp_path, capsys):
    path = val_list(
        [
            dict(image='000000000.jpg', center=[50, 60]),
            dict(image='000000002.jpg', center=[50, 60]),  # 15 px away
            dict(image='missing.jpg', center=[50, 60]),
        ]
    )
    tool.convert(write(), str(tmp_path / 'mpii'), path)
    err = capsys.readouterr().err
    assert (
        'fit nobody: 2 (000000002.jpg (entry 1), missing.jpg (entry 2))' in err
    )


@pytest.mark.parametrize(
    'entries,message',
    [
        ([dict(image='missing.jpg', center=[1, 1])], 'no person of it'),
        ([dict(center=[1, 1])], 'id 0: field `image` is missing'),
        ([dict(image=[1], center=[1, 1])], 'id 0: field `image` must be'),
        ([3], 'id 0: field `image` is missing'),
        ([dict(image='000000000.jpg')], 'id 0: field `joints` or `center`'),
        (
            [dict(image='000000000.jpg', joints=[[1, 2]])],
            'id 0: field `joints`',
        ),
        (
            [dict(image='000000000.jpg', joints=[[10**400, 2]] * 16)],
            'id 0: field `joints` or `center` is not readable',
        ),
        (
            [dict(image='000000000.jpg', center=[50])],
            'id 0: field `joints` or `center` is not readable',
        ),
        (
            [dict(image='000000000.jpg', center=[50, 60])] * 2,
            'id 1: field `joints` mean 000000000.jpg person 1, as entry 0',
        ),
        ({}, 'must be a JSON list'),
    ],
)
def test_wrong_val_lists(write, val_list, entries, message):
    with pytest.raises(ValueError, match=message) as error:
        read_val_list(val_list(entries), read_release(write()))
    assert 'known_val.json' in str(error.value)


def test_wrong_val_lists_of_other_kinds(write, tmp_path):
    images = read_release(write())
    picture = tmp_path / 'val.jpg'
    picture.write_bytes(b'\xff\xd8\xff')
    with pytest.raises(ValueError, match='val.jpg: .* is no text'):
        read_val_list(str(picture), images)
    path = str(tmp_path / 'detections.mat')
    for persons in (np.ones((1, 2)), cells(['x'])):
        savemat(
            path,
            dict(
                RELEASE_img_index=np.ones((1, 1)), RELEASE_person_index=persons
            ),
        )
        with pytest.raises(ValueError, match='detections.mat: .* numbers of'):
            read_val_list(path, images)
    for wrong in (1.9, np.nan, np.inf):
        for field in ('RELEASE_img_index', 'RELEASE_person_index'):
            index = dict(RELEASE_img_index=1.0, RELEASE_person_index=1.0)
            index = {k: np.array([[1.0, v]]) for k, v in index.items()}
            index[field][0, 1] = wrong
            savemat(path, index)
            message = f'detections.mat: id entry 2: field `{field}` must be a'
            with pytest.raises(ValueError, match=message):
                read_val_list(path, images)
    savemat(path, dict(RELEASE_img_index=np.ones((1, 1))))
    with pytest.raises(ValueError, match='RELEASE_person_index` is missing'):
        read_val_list(path, images)


def test_counts_of_the_known_release_are_checked(monkeypatch, write):
    images = read_release(write())
    split = split_people(images, {(0, 0)})
    monkeypatch.setattr(tool, 'KNOWN_IMAGES', 6)
    assert tool.warnings_of(images, split) == [
        'trainval: 3 persons, but 28883 in the public codes',
        'test: 3 persons, but 7247 in the public codes',
        'train: 1 persons, but 22246 in the public codes',
        'val: 1 persons, but 2958 in the public codes',
    ]
    monkeypatch.setattr(
        tool, 'KNOWN_COUNTS', dict(train=1, val=1, trainval=3, test=3)
    )
    assert tool.warnings_of(images, split) == []


def change(path, value):
    """A release with one field set, or deleted where value is None."""
    content = release()
    target = content
    for step in path[:-1]:
        target = target[step]
    if value is None:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return content


@pytest.mark.parametrize(
    'path,value,field',
    [
        (['annolist'], None, 'RELEASE.annolist'),
        (['img_train'], None, 'RELEASE.img_train'),
        (['single_person'], None, 'RELEASE.single_person'),
        (['annolist'], np.ones((1, 6)), 'RELEASE.annolist'),
        (['annolist'], EMPTY, 'RELEASE.annolist'),
        (['img_train'], np.ones((1, 5)), 'RELEASE.img_train'),
        (['img_train'], np.array([[1, np.nan] * 3]), 'RELEASE.img_train(2)'),
        (['img_train'], np.array([[1, 0, 2] * 2]), 'RELEASE.img_train(3)'),
        (['single_person'], cells([EMPTY]), 'RELEASE.single_person'),
        (['single_person', (0, 0)], 'one', 'RELEASE.single_person{1}'),
        (['annolist', 'image', (0, 2)], EMPTY, 'RELEASE.annolist(3).image'),
        (
            ['annolist', 'image', (0, 2), 'name', (0, 0)],
            5.0,
            'RELEASE.annolist(3).image.name',
        ),
        (
            ['annolist', 'annorect', (0, 0)],
            3.0,
            'RELEASE.annolist(1).annorect',
        ),
        (
            ['annolist', 'annorect', (0, 0), 'scale', (0, 1)],
            'tall',
            'RELEASE.annolist(1).annorect(2).scale',
        ),
        (
            ['annolist', 'annorect', (0, 0), 'scale', (0, 1)],
            np.ones(2),
            'RELEASE.annolist(1).annorect(2).scale',
        ),
        (
            ['annolist', 'annorect', (0, 0), 'scale', (0, 1)],
            1 + 2j,
            'RELEASE.annolist(1).annorect(2).scale',
        ),
        (
            ['annolist', 'annorect', (0, 0), 'objpos', (0, 1)],
            np.ones(2),
            'RELEASE.annolist(1).annorect(2).objpos',
        ),
        (
            ['annolist', 'annorect', (0, 2), 'annopoints', (0, 0)]
            + ['point', (0, 0), 'id', (0, 1)],
            16,
            'RELEASE.annolist(3).annorect(1).annopoints(1).point(2).id',
        ),
        (
            ['annolist', 'annorect', (0, 2), 'annopoints', (0, 0)]
            + ['point', (0, 0), 'id', (0, 1)],
            EMPTY,
            'RELEASE.annolist(3).annorect(1).annopoints(1).point(2).id',
        ),
    ],
)
def test_another_structure_is_named(write, path, value, field):
    with pytest.raises(ValueError) as error:
        read_release(write(change(path, value)))
    message = str(error.value)
    assert 'mpii_human_pose_v1_u12_1.mat: field' in message
    assert f'`{field}`' in message and 'as it is published' in message


@pytest.mark.parametrize('missing', [EMPTY, float('nan'), TEXT])
def test_missing_numbers_in_every_encoding(write, missing):
    rect = ['annolist', 'annorect', (0, 0)]
    for field, name in (('scale', 'scale'), ('x1', 'head_box')):
        content = change([*rect, field, (0, 0)], missing)
        people = read_release(write(content))[0].people
        assert getattr(people[0], name) is None
        assert getattr(people[1], name) is not None
    objpos = [*rect, 'objpos', (0, 0), 'x', (0, 0)]
    assert read_release(write(change(objpos, missing)))[0].people[0][0] is None
    point = [*rect, 'annopoints', (0, 0), 'point', (0, 0), 'y', (0, 3)]
    first = read_release(write(change(point, missing)))[0].people[0]
    assert first.labelled.tolist() == [j != 3 for j in range(16)]


@pytest.mark.parametrize('field', ['annopoints', 'objpos'])
def test_missing_structs(write, field):
    content = change(['annolist', 'annorect', (0, 0), field, (0, 0)], EMPTY)
    reason = mpii_split.why_not(read_release(write(content))[0].people[0], 1)
    assert reason == f'no {field}'


@pytest.mark.parametrize(
    'path,value,reason',
    [
        (['scale'], 500.0, 'scale not in 0.01 to 100'),
        (['scale'], 0.001, 'scale not in 0.01 to 100'),
        (['objpos', (0, 0), 'x'], 1e300, 'objpos not in -65535 to 65535'),
        (
            ['annopoints', (0, 0), 'point', (0, 0), 'y'],
            -1e6,
            'annopoints not in -65535 to 65535',
        ),
        (
            ['x1'],  # (51.5, 26) to (52, 26): 0.6 * 0.5 px
            51.5,
            'head box x1, y1, x2, y2 not in 1 to 65535',
        ),
    ],
)
def test_what_the_data_set_would_refuse(write, tmp_path, path, value, reason):
    content = change(['annolist', 'annorect', (0, 0), 'y1', (0, 0)], 26.0)
    target = content['annolist']['annorect'][0, 0]
    for step in path:
        target = target[step]
    target[0, 0] = value
    tool.convert(write(content), str(tmp_path / 'mpii'))
    left_out = load(tmp_path / 'mpii', 'mpii_left_out.json')
    assert left_out[f'training: {reason}'] == ['000000000.jpg person 1']
    data = MpiiExactDataset(data_root=str(tmp_path / 'mpii'), split='trainval')
    assert len(data) == 2


def test_two_places_of_one_joint(write):
    """None of them is taken; the same place twice is no harm."""
    point = ['annolist', 'annorect', (0, 0), 'annopoints', (0, 0), 'point']
    content = change([*point, (0, 0), 'id', (0, 5)], 3.0)
    images = read_release(write(content))
    left_out = split_people(images, None).left_out
    reason = 'training: two places of one joint'
    assert left_out[reason] == ['000000000.jpg person 1']
    marks = content['annolist']['annorect'][0, 0]['annopoints'][0, 0]['point']
    for axis in 'xy':
        marks[0, 0][axis][0, 5] = marks[0, 0][axis][0, 3]
    people = read_release(write(content))[0].people
    assert mpii_split.why_not(people[0], True) == ''


def test_a_split_without_people(write, tmp_path, val_list):
    content = release()
    for n in (0, 2, 4):
        content['annolist']['annorect'][0, n]['scale'][:] = np.nan
    out = tmp_path / 'mpii'
    message = r'u12_1\.mat: nobody is left for the split trainval .*no scale'
    with pytest.raises(ValueError, match=message):
        tool.convert(write(content), str(out))
    content = change(['annolist', 'annorect', (0, 0), 'scale', (0, 0)], 0.0)
    message = 'left for the split val .*no scale.* correct --val-list'
    with pytest.raises(ValueError, match=message):
        tool.convert(write(content), str(out), val_list())
    assert not out.exists()


def run(monkeypatch, *argv):
    monkeypatch.setattr(sys, 'argv', ['mpii_mat_to_json.py', *argv])
    return tool.main()


def test_the_tool_says_what_is_wrong(write, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'mpii'
    cases = {'missing.mat': 'does not exist'}
    (tmp_path / 'text.mat').write_text('not a mat file' * 50)
    cases['text.mat'] = 'is not readable as .mat'
    # The signature of HDF5 after MATLAB's header, which says version 0x0200.
    header = b'MATLAB 7.3 MAT-file'.ljust(124) + b'\x00\x02IM'
    (tmp_path / 'new.mat').write_bytes(header.ljust(512, b'\0') + b'\x89HDF')
    cases['new.mat'] = r'is a MATLAB v7\.3 \(HDF5\) file.*-v7'
    savemat(tmp_path / 'other.mat', dict(annolist=np.ones(2)))
    cases['other.mat'] = r"`RELEASE` is missing; the file has \['annolist'\]"
    for name, message in cases.items():
        path = str(tmp_path / name)
        assert run(monkeypatch, path, '--out', str(out)) == 1
        err = capsys.readouterr().err
        assert err.startswith('error: ') and err.count('\n') == 1
        assert name in err and re.search(message, err), err
    assert not out.exists()
    assert run(monkeypatch, write(), '--out', str(out)) == 0
    argv = (write(), '--out', str(out), '--val-list', str(tmp_path / 'no.txt'))
    assert run(monkeypatch, *argv) == 1
    assert 'Correct --val-list' in capsys.readouterr().err


def test_from_the_release_to_the_submission(
    write, val_list, tmp_path, monkeypatch
):
    """The stock base config trains on trainval and writes the test's file."""
    root = tmp_path / 'release'
    tool.convert(write(), str(root), val_list())
    for n in range(6):
        image = np.full((80, 90, 3), n, np.uint8)
        mmcv.imwrite(image, str(root / f'images/{n:09d}.jpg'))
    monkeypatch.setenv('MPII_ROOT', str(root))
    monkeypatch.chdir(tmp_path)
    base = 'configs/_base_/datasets/mpii_trainval_256x256.py'
    cfg = Config.fromfile(ROOT / base)
    train = DATASETS.build(cfg.train_dataloader.dataset)
    val = DATASETS.build(cfg.val_dataloader.dataset)
    assert (len(train), len(val)) == (3, 1)
    assert val[0]['data_samples'].gt_instances.head_size.tolist() == [12.0]
    test = DATASETS.build(cfg.test_dataloader.dataset)
    metric = METRICS.build(cfg.test_evaluator)
    for n in range(len(test)):
        packed = test[n]
        assert packed['inputs'].shape == (3, 256, 256)
        sample = packed['data_samples'].to_dict()
        assert not sample['gt_instances']['keypoints_visible'].any()
        points = np.full((1, 16, 2), 10.0 * n)
        metric.process(
            {}, [dict(sample, pred_instances={'keypoints': points})]
        )
    metric.evaluate(len(test))
    pred = loadmat('work_dirs/pred_keypoints_mpii.mat')['pred']
    names = [image['name'][0, 0][0] for image in pred['image'][0]]
    assert names == ['000000001.jpg', '000000003.jpg', '000000005.jpg']
    rects = pred['annorect'][0]
    assert [rect.size for rect in rects] == [3, 0, 2]
    last = rects[2]['annopoints'][0, 1]['point'][0, 0]
    assert last['x'][0, 15].tolist() == [[21.0]]


def test_a_fuzzed_release_is_read_or_named(write):
    """Any field of a person replaced by a strange value."""
    rng = np.random.default_rng(0)
    strange = [EMPTY, TEXT, 'x', 3.0, -1.0, np.ones((2, 3)), cells(['a', 1.0])]
    strange.append(structs([dict(x=1.0), dict(x=2.0)]))
    read = 0
    for _ in range(200):
        content = copy.deepcopy(release())
        rects = content['annolist']['annorect'][0, rng.choice([0, 1, 2, 4, 5])]
        field = rng.choice(rects.dtype.names)
        value = strange[rng.integers(len(strange))]
        rects[field][0, rng.integers(rects.shape[1])] = value
        try:
            images = read_release(write(content))
        except ValueError as error:
            assert re.search(r'mpii_.*\.mat: field `RELEASE\.', str(error))
            continue
        read += 1
        split = split_people(images, {(0, 0)})
        assert set(split.people) == {'train', 'val', 'trainval', 'test'}
    assert 0 < read < 200


@pytest.mark.parametrize('module', [mat_files, mpii_split])
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.failed == 0 and result.attempted > 0
