"""Boxes that a user gives."""

import json
import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from integral_mmpose.inference import load_boxes
from integral_mmpose.inference.boxes import DetectedBoxes, GivenBoxes, nms
from integral_mmpose.inference.frames import Frame
from integral_mmpose.inference.tracking import box_overlaps

FRAME = Frame('/photos/a.jpg', np.zeros((30, 40, 3), np.uint8))


def test_boxes_file(tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps({'a.jpg': [[1, 2, 30, 40]], 'b.jpg': []}))
    boxes = load_boxes(str(path))
    assert boxes['a.jpg'].tolist() == [[1, 2, 30, 40, 1]]
    assert boxes['b.jpg'].shape == (0, 5)
    given = GivenBoxes(path)
    assert given.boxes_of(FRAME).tolist() == [[1, 2, 30, 40, 1]]
    with pytest.raises(ValueError, match='boxes.json: no entry for c.jpg'):
        given.boxes_of(replace(FRAME, name='c.jpg'))


@pytest.mark.parametrize(
    'bad',
    [
        [[1, 2, 3]],
        [[30, 2, 1, 40]],
        [[1, 9, 30, 4]],
        [[1, 2, float('nan'), 4]],
        [[1, 2, 3, 4], [1]],
        'abc',
        [1, 2, 3, 4],
        {'x': 1},
    ],
)
def test_bad_boxes_are_named(tmp_path, bad):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps({'c.jpg': bad}))
    with pytest.raises(
        ValueError, match='boxes.json: the boxes of c.jpg must'
    ):
        load_boxes(str(path))


def test_files_that_are_no_boxes(tmp_path):
    path = tmp_path / 'boxes.json'
    for text, reason in (('{', 'is not a JSON'), ('3', 'must hold')):
        path.write_text(text)
        with pytest.raises(ValueError, match=f'boxes.json: {reason}'):
            load_boxes(str(path))


def test_dict_and_array():
    scored = [[1, 2, 30, 40, 0.5]]
    for boxes in ({'/photos/a.jpg': scored}, np.array(scored), scored):
        np.testing.assert_allclose(GivenBoxes(boxes).boxes_of(FRAME), scored)


@pytest.mark.parametrize('boxes', [None, 'whole_image'])
def test_whole_image(boxes):
    given = GivenBoxes(boxes)
    assert given.boxes_of(FRAME).tolist() == [[0, 0, 40, 30, 1]]


def test_people_side_by_side_stay_two():
    """Two boxes with an IoU of 1/3: half of each is shared."""
    pair = np.array([[0, 0, 40, 80, 0.9], [20, 0, 60, 80, 0.8]], np.float32)
    detector = SimpleNamespace(detect=lambda _: [pair.copy()])
    frame = Frame('a', np.zeros((90, 90, 3), np.uint8))
    assert len(DetectedBoxes(detector).boxes_of(frame)) == 2
    assert len(DetectedBoxes(detector, nms_thr=0.3).boxes_of(frame)) == 1


def test_boxes_are_cleaned():
    """Outside the image: clipped. Empty: dropped. Overlapping: one stays."""
    raw = np.array(
        [
            [-5, 2, 20, 50, 0.9],
            [-5, 2, 20, 49, 0.8],
            [25, 5, 38, 25, 0.7],
            [41, 5, 60, 25, 0.6],
            [2, 2, 9, 9, 0.29],
        ],
        np.float32,
    )
    detector = SimpleNamespace(detect=lambda _: [raw.copy()])
    found = DetectedBoxes(detector).boxes_of(FRAME)
    assert found[:, :4].tolist() == [[0, 2, 20, 30], [25, 5, 38, 25]]
    assert len(DetectedBoxes(detector, 0.2).boxes_of(FRAME)) == 3
    raw = raw[:0]
    assert DetectedBoxes(detector).boxes_of(FRAME).shape == (0, 5)


def test_a_coco_detection_list(tmp_path):
    """Left, top, width, height; other categories are no people."""
    path = tmp_path / 'detections.json'
    entries = [
        dict(image_id=139, category_id=1, bbox=[1, 2, 9, 8], score=0.5),
        dict(image_id=139, category_id=3, bbox=[1, 2, 3, 4], score=0.9),
        dict(image_id=7, category_id=3, bbox=[1, 2, 3, 4], score=0.9),
    ]
    path.write_text('\ufeff' + json.dumps(entries))
    given = GivenBoxes(path)
    frame = replace(FRAME, name='val/000000000139.jpg')
    assert given.boxes_of(frame).tolist() == [[1, 2, 10, 10, 0.5]]
    assert given.boxes_of(replace(FRAME, name='7.png')).shape == (0, 5)
    with pytest.raises(ValueError, match='no entry for 8.png'):
        given.boxes_of(replace(FRAME, name='8.png'))
    for bad in (
        dict(bbox=[1, 2, 3], image_id=1),
        dict(bbox='abcd', image_id=1),
        dict(bbox=[1, 2, -3, 4], image_id=1),
        dict(bbox=[1, 2, 3, 0], image_id=1),
        dict(bbox=[1, 2, 3, 4]),
        3,
    ):
        path.write_text(json.dumps([bad]))
        with pytest.raises(ValueError, match='json: detection 0 must have'):
            load_boxes(str(path))


def test_images_of_one_name_in_two_folders(tmp_path, monkeypatch):
    """The longest end of the path decides, also from within the folder."""
    train, val, flat = [[1, 1, 9, 9]], [[2, 2, 9, 9]], [[3, 3, 9, 9]]
    table = {'train/1.jpg': train, 'sets/val/1.jpg': val, '2.jpg': flat}

    def left(name):
        return GivenBoxes(table).boxes_of(replace(FRAME, name=name))[0, 0]

    assert left('/data/train/1.jpg') == left('train/1.jpg') == 1
    assert left('/data/sets/val/1.jpg') == 2
    assert left('/data/train/2.jpg') == left('https://host/a/2.jpg') == 3
    (tmp_path / 'sets/val').mkdir(parents=True)
    monkeypatch.chdir(tmp_path / 'sets')
    assert left('val/1.jpg') == 2
    for name in ('1.jpg', 'val/1.jpg', '/data/val/1.jpg'):
        monkeypatch.chdir('/')
        with pytest.raises(ValueError, match='no entry for 1.jpg'):
            left(name)


def test_boxes_of_the_same_picture_in_another_size(tmp_path):
    """The places in a thumbnail are not those in the labelled picture."""
    path = tmp_path / 'person_keypoints.json'
    names = ('a.jpg', 'half.jpg', 'unknown.jpg')
    sizes = (dict(width=40, height=30.4), dict(width=80, height=60), {})
    content = dict(
        images=[
            dict(id=i, file_name=name, **size)
            for i, (name, size) in enumerate(zip(names, sizes))
        ],
        annotations=[dict(image_id=i, bbox=[1, 2, 9, 8]) for i in range(3)],
    )
    path.write_text(json.dumps(content))
    given = GivenBoxes(path)
    for name in ('a.jpg', 'unknown.jpg'):
        found = given.boxes_of(replace(FRAME, name=name))
        assert found.tolist() == [[1, 2, 10, 10, 1]]
    with pytest.raises(ValueError, match='of 80 x 60 px, half.jpg has 40 x 3'):
        given.boxes_of(replace(FRAME, name='half.jpg'))
    content['images'][0]['id'] = 0.0  # as pandas writes it
    path.write_text(json.dumps(content))
    assert len(load_boxes(str(path))['a.jpg']) == 1
    content['images'][1]['file_name'] = 'a.jpg'
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='have the file_name a.jpg or'):
        load_boxes(str(path))


@pytest.mark.parametrize('key', ['./a.jpg', 'x\\a.jpg', 'x/../x/a.jpg'])
def test_spellings_of_a_path(key):
    given = GivenBoxes({key: [[1, 2, 9, 9]]})
    assert len(given.boxes_of(replace(FRAME, name='x/a.jpg'))) == 1


@pytest.mark.parametrize('ids', [(1, 1), (1, 1.5), (1, 'a'), (1, None)])
def test_ids_of_images_that_lead_to_no_box(tmp_path, ids):
    path = tmp_path / 'people.json'
    images = [dict(id=i, file_name=f'{n}.jpg') for n, i in enumerate(ids)]
    path.write_text(json.dumps(dict(images=images, annotations=[])))
    with pytest.raises(ValueError, match='people.json: .* image.*id'):
        load_boxes(str(path))


@pytest.mark.parametrize('key', ['1.jpg', '1'])
def test_one_entry_is_of_one_image(key):
    """Frames that are numbered anew in every folder."""
    given = GivenBoxes({key: [[1, 2, 9, 9]], 'c/1.jpg': [[2, 2, 9, 9]]})
    same = ('a/1.jpg', 'a/1.jpg', './a/1.jpg', os.path.abspath('a/1.jpg'))
    for name in same:
        assert len(given.boxes_of(replace(FRAME, name=name))) == 1
    assert len(given.boxes_of(replace(FRAME, name='c/1.jpg'))) == 1
    with pytest.raises(
        ValueError, match='is that of .*a/1.jpg or of .*b/1.jpg'
    ):
        given.boxes_of(replace(FRAME, name='b/1.jpg'))


def test_two_names_of_one_image_are_refused():
    with pytest.raises(ValueError, match=r'a.jpg and ./a.jpg name one image'):
        GivenBoxes({'a.jpg': [[1, 2, 9, 9]], './a.jpg': [[2, 2, 9, 9]]})


def test_boxes_of_an_unlisted_image_are_reported(tmp_path):
    path = tmp_path / 'people.json'
    people = [dict(image_id=n, bbox=[1, 2, 9, 8]) for n in (1, 12, 5)]
    people.append(dict(people[0], image_id=13, category_id=3))  # no person
    images = [dict(id=1, file_name='a.jpg')]
    path.write_text(json.dumps(dict(images=images, annotations=people)))
    match = 'images that `images` does not list .* image_id 5, 12$'
    with pytest.warns(UserWarning, match=match):
        assert list(load_boxes(str(path))) == ['a.jpg']


def test_a_crowd_is_no_person(tmp_path):
    path = tmp_path / 'people.json'
    people = [
        dict(image_id=7, bbox=[1, 2, 9, 8], iscrowd=crowd) for crowd in (0, 1)
    ]
    path.write_text(json.dumps(people))
    with pytest.warns(UserWarning, match='1 boxes of crowds'):
        assert load_boxes(str(path))['7'].tolist() == [[1, 2, 10, 10, 1]]


def test_nms_equals_a_naive_loop():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 60, (60, 2))
    sizes = rng.uniform(10, 40, (60, 2))
    boxes = np.concatenate(
        [corners, corners + sizes, rng.uniform(0.1, 1, (60, 1))], 1
    )
    corners = boxes[:, :4]
    order, kept = np.argsort(-boxes[:, 4]), []
    for i in order:
        if all(box_overlaps(corners[[i]], corners[[k]]) <= 0.4 for k in kept):
            kept.append(i)
    assert nms(boxes, 0.4).tolist() == kept and 5 < len(kept) < 55


@pytest.mark.parametrize('name', ['bbox_thr', 'nms_thr'])
@pytest.mark.parametrize('value', [-0.1, 1.1, float('nan'), '0.3', None])
def test_thresholds_are_shares(name, value):
    with pytest.raises(ValueError, match=f'{name} must be from 0 to 1'):
        DetectedBoxes(None, **{name: value})
    with pytest.raises(ValueError, match='bbox_thr must be from 0 to 1'):
        GivenBoxes(None, value)
    DetectedBoxes(None, **{name: 0.0})
    DetectedBoxes(None, **{name: 1})


@pytest.mark.parametrize(
    'categories, ids, kept',
    [
        ([dict(id=1, name='dog'), dict(id=2, name='person')], [1, 2], 2),
        ([dict(id=0, name='athlete')], [0, 0], 0),
    ],
)
def test_people_of_a_coco_annotation_file_have_any_number(
    tmp_path, categories, ids, kept
):
    path = tmp_path / 'boxes.json'
    boxes = [[10, 20, 30, 40], [1, 2, 3, 4]]
    content = dict(
        images=[dict(id=7, file_name='a.jpg')],
        annotations=[
            dict(image_id=7, bbox=box, category_id=id_)
            for box, id_ in zip(boxes, ids)
        ],
        categories=categories,
    )
    path.write_text(json.dumps(content))
    found = load_boxes(str(path))['a.jpg']
    wanted = [b for b, id_ in zip(boxes, ids) if id_ == kept]
    assert found[:, :2].tolist() == [box[:2] for box in wanted]


def test_detections_of_nobody_are_told(tmp_path):
    """As of a tool that counts categories from 0."""
    path = tmp_path / 'found.json'
    people = [dict(image_id=7, bbox=[1, 2, 3, 4], category_id=0)]
    path.write_text(json.dumps(people))
    with pytest.warns(UserWarning, match='no box is of a person.*of 0'):
        assert load_boxes(str(path))['7'].shape == (0, 5)


@pytest.mark.parametrize('categories', [None, ['person'], [dict(name='a')]])
def test_categories_that_say_nothing_are_passed_over(tmp_path, categories):
    path = tmp_path / 'boxes.json'
    people = [
        dict(image_id=7, bbox=[1, 2, 3, 4], category_id=id_) for id_ in (1, 9)
    ]
    images = [dict(id=7, file_name='a.jpg')]
    content = dict(images=images, annotations=people, categories=categories)
    path.write_text(json.dumps(content))
    assert load_boxes(str(path))['a.jpg'].tolist() == [[1, 2, 4, 6, 1]]


def test_boxes_of_a_coco_annotation_file(tmp_path):
    """By the name of the image; one without people has no box."""
    path = tmp_path / 'person_keypoints.json'
    content = dict(
        images=[dict(id=7, file_name='a.jpg'), dict(id=8, file_name='b.jpg')],
        annotations=[
            dict(image_id=7, bbox=[10, 20, 30, 40], category_id=1),
            dict(image_id=7, bbox=[1, 2, 3, 4], category_id=5),
        ],
    )
    path.write_text(json.dumps(content))
    found = load_boxes(str(path))
    assert found['a.jpg'].tolist() == [[10, 20, 40, 60, 1]]
    assert found['b.jpg'].shape == (0, 5) and set(found) == {'a.jpg', 'b.jpg'}
    del content['images'][0]['file_name']
    path.write_text(json.dumps(content))
    with pytest.raises(
        ValueError, match='must have a whole id and a file_name'
    ):
        load_boxes(str(path))
