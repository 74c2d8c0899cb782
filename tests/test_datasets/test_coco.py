"""COCO in its real layout: what is read, what is refused, what is counted."""

import copy
import json
import logging

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from integral_mmpose.codecs import IntegralLabel
from integral_mmpose.datasets import CocoCheckedDataset
from integral_mmpose.datasets.body.coco_files import (
    check_joint_names,
)
from integral_mmpose.evaluation import PCKhCurve
from integral_mmpose.person_category import person_category

from .conftest import to_labels

VAL = 'annotations/person_keypoints_val2017.json'
BOXES = 'person_detection_results/COCO_val2017_detections_AP_H_56_person.json'
PATTERN = 'person_detection_results/COCO_val2017_detections*.json'


def person(id_, image_id, **changed):
    joints = np.stack([np.arange(17) + 10, np.arange(17) + 20], -1) * 1.0
    flags = np.full((17, 1), 2.0)
    return dict(
        dict(
            id=id_,
            image_id=image_id,
            category_id=1,
            iscrowd=0,
            area=900.0,
            bbox=[5.0, 15.0, 30.0, 40.0],
            num_keypoints=17,
            keypoints=np.concatenate([joints, flags], -1).ravel().tolist(),
        ),
        **changed,
    )


def box(image_id, **changed):
    return dict(
        dict(
            image_id=image_id, category_id=1, bbox=[2.0, 3, 20, 30], score=0.5
        ),
        **changed,
    )


CONTENT = dict(
    images=[
        dict(id=n, file_name=f'{n:012d}.jpg', width=100, height=80)
        for n in (3, 5, 8)
    ],
    annotations=[
        person(1, 3),
        person(2, 5),
        person(3, 5, iscrowd=1),
        person(4, 8, num_keypoints=0, keypoints=[0] * 51),
    ],
    categories=[dict(id=1, name='person')],
)
DETECTIONS = [box(3), box(3, score=0.25), box(5, bbox=[1, 2, 9.5, 8])]


@pytest.fixture
def coco(tmp_path):
    """Write the folder and build a data set from it."""

    def build(content=CONTENT, detections=None, **arguments):
        for name in ('annotations', 'person_detection_results', 'val2017'):
            (tmp_path / name).mkdir(exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / VAL).write_text(text)
        if detections is not None:
            (tmp_path / BOXES).write_text(
                detections
                if isinstance(detections, str)
                else json.dumps(detections)
            )
            arguments.setdefault('bbox_file', PATTERN)
            arguments.setdefault('test_mode', True)
        arguments = {
            **dict(ann_file=VAL, data_prefix=dict(img='val2017/')),
            **arguments,
        }
        return CocoCheckedDataset(data_root=str(tmp_path), **arguments)

    return build


@pytest.fixture
def log():
    """What is logged, as (level, text)."""
    lines = []
    logger = MMLogger.get_current_instance()

    class Listener(logging.Handler):
        def emit(self, record):
            lines.append((record.levelname, record.getMessage()))

    listener = Listener()
    level = logger.level  # a test before may have made it silent
    logger.addHandler(listener)
    logger.setLevel(logging.INFO)
    yield lines
    logger.setLevel(level)
    logger.removeHandler(listener)


def test_people_are_read_and_the_rest_is_counted(coco, log):
    data = coco()
    assert [info['id'] for info in data] == [1, 2]
    info = data[0]
    assert info['bbox'].tolist() == [[5, 15, 35, 55]]
    assert info['keypoints'][0, 3].tolist() == [13, 23]
    assert info['has_depth'].tolist() == [0]
    assert any('2 of 4 people are used' in text for _, text in log)


def test_the_codec_trains_on_it(coco, tmp_path):
    """Two axes with weights; z of a 3D model has weight 0."""
    data = coco(pipeline=[*to_labels(1.25), dict(type='PackPoseInputs')])
    for image in CONTENT['images']:
        cv2.imwrite(
            str(tmp_path / 'val2017' / image['file_name']),
            np.zeros((80, 100, 3), np.uint8),
        )
    labels = data[0]['data_samples'].gt_instance_labels
    # By hand: the box 30 x 40 becomes a square of 50 px about (20, 35);
    # joint 3 lies 7 px left of and 12 px above that centre.
    found = labels.keypoint_labels[0, 3].numpy()
    np.testing.assert_allclose(found, [0.5 - 7 / 50, 0.5 - 12 / 50], atol=1e-6)
    assert (labels.keypoint_weights == 1).all()
    raw = coco()[0]
    codec = IntegralLabel((64, 64), depth_range_mm=2000.0)
    points = np.concatenate([raw['keypoints'], np.zeros((1, 17, 1))], -1)
    encoded = codec.encode(points, has_depth=raw['has_depth'])
    assert (encoded['keypoint_weights'][..., :2] == 1).all()
    assert (encoded['keypoint_weights'][..., 2] == 0).all()


def test_boxes_are_read_as_upstream_does(coco, tmp_path):
    """The oracle is mmpose's own CocoDataset."""
    from mmpose.datasets.datasets import CocoDataset

    ours = coco(detections=DETECTIONS)
    theirs = CocoDataset(
        ann_file=VAL,
        data_root=str(tmp_path),
        bbox_file=str(tmp_path / BOXES),
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        metainfo=CocoCheckedDataset.METAINFO,
    )
    assert len(ours) == len(theirs) == 3
    for a, b in zip(ours, theirs):
        b.pop('dataset')
        for key, value in b.items():
            np.testing.assert_array_equal(a[key], value, err_msg=key)
        assert a['category_id'] == 1  # mmpose's metric takes 1 without it
    assert ours.metainfo['CLASSES'] == theirs.metainfo['CLASSES']


def test_what_is_left_out_of_the_boxes_is_counted(coco, log):
    detections = [
        *DETECTIONS,
        box(8, category_id=18),
        box(8, category_id=44),
        box(5, bbox=[1, 2, 0, 9]),
    ]
    assert len(coco(detections=detections)) == 3
    warnings = [text for level, text in log if level == 'WARNING']
    assert len(warnings) == 3 and all(BOXES in text for text in warnings)
    assert '2 detections of other categories' in warnings[0]
    assert '1 boxes without area' in warnings[1]
    assert 'no person was detected in 1 image (ids 8)' in warnings[2]


@pytest.mark.parametrize(
    ('detections', 'text'),
    [
        ([*DETECTIONS, box(77), box(78)], r'2 images \(ids 77, 78\)'),
        ([box(3, category_id=2)], 'holds no person'),
        ([], 'holds no person'),
        ('{', 'not readable as JSON'),
        ('{}', 'must be a JSON list'),
        ([{'image_id': 3}], 'id 0 .*field `category_id` is missing'),
        ([box(3), [1, 2]], 'id 1 .*`image_id` is missing'),
        ([box(3, bbox=[1, 2, 3])], 'image_id 3.*`bbox` must have the shape'),
        ([box(3, score=float('nan'))], '`score` holds a number that is not'),
        ([box(3, bbox=['a', 2, 3, 4])], '`bbox` must hold numbers'),
    ],
)
def test_bad_boxes_are_named(coco, detections, text):
    with pytest.raises(ValueError, match=text) as error:
        coco(detections=detections)
    assert BOXES in str(error.value)


def changed(field, value, drop=False):
    content = copy.deepcopy(CONTENT)
    content['annotations'][1][field] = value
    if drop:
        del content['annotations'][1][field]
    return content


@pytest.mark.parametrize(
    ('content', 'text'),
    [
        ('{"images": [', 'not readable as JSON'),
        ('[]', 'must be a JSON dict'),
        (dict(images=CONTENT['images']), 'field `annotations` is missing'),
        (dict(CONTENT, annotations=None), '`annotations` must be a list'),
        (dict(CONTENT, images=[[]]), '0 .its place in `images`.: field `id`'),
        (dict(CONTENT, annotations=[[]]), 'id 0 .* field `id` is missing'),
        (
            dict(CONTENT, annotations=[person(7, 3), person(7, 5)]),
            'id 7: field `id` is used twice in `annotations`',
        ),
        (
            dict(CONTENT, images=[*CONTENT['images'], CONTENT['images'][1]]),
            'id 5: field `id` is used twice in `images`',
        ),
        (changed('id', None), '1 .its place in `annotations`.*whole number'),
        (changed('area', 'q'), 'id 2: field `area` must hold numbers'),
        (changed('image_id', 99), r'1 image \(ids 99\) that the file does'),
        (
            changed('image_id', 0, drop=True),
            'id 2: field `image_id` is missing',
        ),
        (changed('category_id', 0, drop=True), 'id 2: field `category_id`'),
        (changed('bbox', [1, 2, 3]), 'id 2: field `bbox`'),
        (changed('num_keypoints', 0), 'num_keypoints` is 0, .* 17 labelled'),
        (
            changed('keypoints', [0] * 51),
            'num_keypoints` is 17, but `keypoints` has 0 labelled',
        ),
        (changed('keypoints', [0] * 48), r'keypoints.*shape \(51,\)'),
        (changed('keypoints', [float('inf')] * 51), 'not finite'),
        (dict(CONTENT, annotations=[]), 'none of its 0 annotations'),
        (dict(CONTENT, annotations=[person(1, 3, iscrowd=1)]), 'bbox_file'),
    ],
)
def test_bad_annotations_are_named(coco, content, text):
    with pytest.raises(ValueError, match=text) as error:
        coco(content)
    assert VAL in str(error.value)


def test_missing_files_are_named(coco, tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.json does not exist'):
        coco(ann_file='annotations/nowhere.json')
    with pytest.raises(FileNotFoundError, match='detect_persons.py'):
        coco(bbox_file='nowhere/*.json', test_mode=True)
    with pytest.raises(FileNotFoundError, match='data root .* does not exist'):
        CocoCheckedDataset(data_root=str(tmp_path / 'no'), ann_file=VAL)
    coco(detections=DETECTIONS)
    other = tmp_path / BOXES.replace('AP_H_56', 'other')
    other.write_text(json.dumps(DETECTIONS[:1]))
    with pytest.raises(ValueError, match='2 detection files fit'):
        coco(detections=DETECTIONS)
    assert len(coco(bbox_file=str(other), test_mode=True)) == 1


@pytest.mark.parametrize('field', ['file_name', 'height'])
def test_an_image_without_a_field_is_named(coco, field):
    content = copy.deepcopy(CONTENT)
    del content['images'][0][field]
    with pytest.raises(ValueError, match=f'{field}.* is missing'):
        coco(content, detections=DETECTIONS)
    with pytest.raises(ValueError, match=f'id 3: field `{field}` is missing'):
        coco(content)


def test_the_area_of_a_large_person_is_no_error(coco):
    content = changed('area', 640.0 * 480)
    assert coco(content)[1]['area'] == 640 * 480


def test_an_interval_that_would_be_ignored(coco):
    with pytest.raises(ValueError, match='sample_interval=2 is not supp'):
        coco(detections=DETECTIONS, sample_interval=2)


def test_a_byte_order_mark_is_read(coco):
    assert len(coco('\ufeff' + json.dumps(CONTENT))) == 2
    found = '\ufeff' + json.dumps(DETECTIONS)
    assert len(coco(detections=found)) == 3


def test_the_joints_of_the_file_are_those_of_the_set(coco):
    names = CocoCheckedDataset._load_metainfo()['keypoint_id2name']
    names = [names[number] for number in range(17)]
    assert names[:2] == ['nose', 'left_eye']
    other_names = [f'joint {name}' for name in names]
    spelt = [name.upper().replace('_', '-') for name in names]
    camel = [''.join(map(str.capitalize, name.split('_'))) for name in names]
    sides = [name.replace('left', 'L').replace('right', 'R') for name in names]
    turned = [' '.join(reversed(name.split('_'))) for name in names]
    ways = [names, spelt, camel, sides, turned]
    for joints in (*ways, other_names, [], None):
        category = dict(id=1, name='person', keypoints=joints)
        assert len(coco(dict(CONTENT, categories=[category]))) == 2
    other_set = dict(id=7, name='hand', keypoints=['wrist'])
    categories = [*CONTENT['categories'], other_set]
    assert len(coco(dict(CONTENT, categories=categories))) == 2
    swapped = [[way[1], way[0], *way[2:]] for way in ways]
    for joints, problem in (
        (names[:-1], r"has 16 joints: \['nose', .*, 'left_ankle'\]"),
        *(
            (way, 'another order: joint 0 is .*nd not .nose')
            for way in swapped
        ),
        (
            ['Snout', names[2], names[1], *names[3:]],
            "joint 1 is 'right_eye' and not 'left_eye'",
        ),
        ('nose', 'must be a list of names'),
        ([None] * 17, 'must be a list of names'),
        ([*range(17)], 'must be a list of names'),
    ):
        category = dict(id=1, name='person', keypoints=joints)
        with pytest.raises(ValueError, match=problem) as error:
            coco(dict(CONTENT, categories=[category]))
        assert 'id 1: field `categories.keypoints`' in str(error.value)
        assert 'Set another joint set by `metainfo`' in str(error.value)


@pytest.mark.parametrize(
    'names',
    [
        ['鼻子', '左眼', '右眼'],
        ['wrist', 'finger_1_joint_2', 'finger_2_joint_1'],
        ['head_neck', 'neck_head', 'x+'],
    ],
)
def test_names_that_look_alike_are_told_apart(names):
    """Their plain forms are equal, or empty."""
    check_joint_names(people_with(names), tuple(names), 'f')
    swapped = [names[0], 'wrist', names[2]]
    ours = ['wrist', *names[1:]]
    with pytest.raises(ValueError, match='another order'):
        check_joint_names(people_with(swapped), ours, 'f')


@pytest.mark.parametrize(
    'spelling',
    [
        ('Leye', 'Reye'),
        ('LEYE', 'REYE'),
        ('leye', 'reye'),
        ('eyel', 'eyer'),
        ('lefteye', 'righteye'),
        ('EyeLeft', 'EyeRight'),
        ('lft_eye', 'rgt_eye'),
        ('left_eye_joint', 'right_eye_joint'),
        ('kp_left_eye', 'kp_right_eye'),
        ('left_oculus', 'right_oculus'),  # another word for ours
    ],
)
def test_left_and_right_are_known_in_every_spelling(spelling):
    left, right = spelling
    ours = ['left_eye', 'right_eye', 'rear']
    check_joint_names(people_with([left, right, 'rear']), ours, 'f')
    swapped = people_with([right, left, 'rear'])
    with pytest.raises(ValueError, match=f'joint 0 is .{right}. and not'):
        check_joint_names(swapped, ours, 'f')


@pytest.mark.parametrize(
    ('ours', 'names'),
    [
        (['left_eye', 'right_eye'], ["l'oeil gauche", "l'oeil droit"]),
        (['left_wrist', 'left_ring1'], ['W', 'R1']),  # R: ring
    ],
)
def test_letters_that_are_no_sides(ours, names):
    check_joint_names(people_with(names), ours, 'f')


def people_with(names):
    """The part of a COCO file that names the joints of people."""
    return dict(categories=[dict(id=1, keypoints=names)])


def test_names_are_compared_where_people_are_detected(coco):
    names = list(coco().metainfo['keypoint_id2name'].values())
    person = dict(id=1, name='person', keypoints=names)
    content = dict(CONTENT, categories=[person])
    assert len(coco(content, DETECTIONS)) == 3
    names[1:3] = names[2], names[1]
    with pytest.raises(ValueError, match='another order: joint 1 is'):
        coco(content, DETECTIONS)


def test_annotations_of_other_categories_are_counted(coco, log):
    """They are no people, also where they have as many joints."""
    dog = person(9, 8, category_id=18, keypoints=[1.0, 2.0, 2] * 17)
    content = dict(CONTENT, annotations=[*CONTENT['annotations'], dog])
    del content['categories']
    assert len(coco(content)) == 2
    warned = [text for level, text in log if level == 'WARNING']
    assert '1 annotations of other categories than 1' in warned[0]
    content['categories'] = CONTENT['categories']
    with pytest.raises(ValueError, match=r'`category_id` \[18\], which'):
        coco(content)


@pytest.mark.parametrize('id_', [0, 2])
def test_people_may_have_another_category(coco, id_):
    """A file that has one category only; its joints are checked, too."""
    everyone = [dict(p, category_id=id_) for p in CONTENT['annotations']]
    category = dict(id=id_, name='athlete')
    content = dict(CONTENT, annotations=everyone, categories=[category])
    assert len(coco(content)) == 2
    detected = coco(content, DETECTIONS)
    assert [info['category_id'] for info in detected] == [id_] * 3
    category['keypoints'] = ['left_eye', 'nose', *'abcdefghijklmno']
    with pytest.raises(ValueError, match='another order'):
        coco(content)
    content['annotations'][0]['category_id'] = 7
    del content['categories']
    with pytest.raises(ValueError, match='which are people'):
        coco(content)


@pytest.mark.parametrize(
    'change,message',
    [
        (lambda c: c.update(categories=3), 'field `categories`'),
        (lambda c: c.update(categories=['person']), 'field `id` is missing'),
        (lambda c: c['images'][0].update(id=True), 'field `id` must be a wh'),
        (lambda c: c['images'][0].update(width=0), 'id 3: field `width`'),
        (lambda c: c['images'][0].update(height=-5.5), 'id 3: field `height`'),
        (
            lambda c: c['images'][0].update(width=10**400),
            'id 3: field `width`',
        ),
        (lambda c: c['annotations'][0].update(area=-1), 'id 1: field `area`'),
        (
            lambda c: c['annotations'][0].update(area=True),
            'id 1: field `area`',
        ),
        (
            lambda c: c['annotations'][0].update(bbox=[1, 2, -3, 4]),
            'id 1: field `bbox`',
        ),
        (
            lambda c: c['annotations'][0].update(bbox=[99999, 2, 3, 4]),
            'id 1: field `bbox`',
        ),
        (
            lambda c: c['annotations'][0]['keypoints'].__setitem__(2, -5.5),
            'id 1: field `keypoints`',
        ),
        (lambda c: c['annotations'][0].update(iscrowd=[]), '`iscrowd`'),
        (
            lambda c: c['annotations'][0].update(num_keypoints='many'),
            'id 1: field `num_keypoints`',
        ),
    ],
)
def test_absurd_annotations_are_named(coco, change, message):
    content = copy.deepcopy(CONTENT)
    change(content)
    with pytest.raises(ValueError, match=message) as error:
        coco(content)
    assert VAL in str(error.value)


@pytest.mark.parametrize(
    'change,field',
    [
        (dict(image_id=[3]), 'image_id'),
        (dict(image_id=True), 'image_id'),
        (dict(category_id={}), 'category_id'),
        (dict(score=-5.5), 'score'),
        (dict(score=99999), 'score'),
        (dict(score=True), 'score'),
        (dict(score='0.5'), 'score'),
        (dict(bbox=[1, 2, 3, 10**400]), 'bbox'),
    ],
)
def test_absurd_detections_are_named(coco, change, field):
    found = DETECTIONS[:1] + [dict(box(5), **change)]
    with pytest.raises(ValueError, match=rf'json: id 1 .*field `{field}`'):
        coco(detections=found)


@pytest.mark.parametrize('lost', ['bbox', 'keypoints'])
def test_many_people_without_a_field_stop_the_run(coco, log, lost):
    """One of 200 is named and left out, 3 of 200 are refused."""
    people = [person(n, 3) for n in range(1, 201)]
    content = dict(CONTENT, annotations=people)
    del people[6][lost]
    assert len(coco(content)) == 199
    assert any('ids 7' in text and lost in text for _, text in log)
    del people[7][lost], people[8][lost]
    with pytest.raises(ValueError, match='3 annotations .ids 7, 8, 9. of 200'):
        coco(content)


def test_many_boxes_without_area_stop_the_run(coco):
    content = copy.deepcopy(CONTENT)
    content['annotations'][0]['bbox'] = [5, 5, 0, 0]
    with pytest.raises(ValueError, match='ids 1.*`bbox` without area'):
        coco(content)


@pytest.mark.parametrize(
    'categories, ids, person, of_boxes',
    [
        ([dict(id=1, name='dog'), dict(id=2, name='person')], [1, 2], 2, 2),
        ([dict(id=1, name='ball'), dict(id=2, keypoints='a')], [1, 2], 2, 2),
        ([dict(id=1, name='athlete'), dict(id=2)], [1, 2], 1, 1),
        ([dict(id=1, name='person'), dict(id=2, name='dog')], [1, 2], 1, 1),
        # Nobody, and no dog in place of one.
        ([dict(id=1, name='person'), dict(id=18, name='dog')], [18], 1, 1),
        # Spectators have boxes only.
        (
            [dict(id=1, keypoints='a'), dict(id=2, name='person')],
            [1, 2],
            1,
            2,
        ),
        (
            [
                dict(id=1, keypoints='a'),
                dict(id=2, name='person', keypoints='a'),
            ],
            [1, 2],
            2,
            2,
        ),
        ([], [1, 2], 1, 1),
    ],
)
def test_category_of_people(categories, ids, person, of_boxes):
    people = [dict(category_id=id_) for id_ in ids]
    content = dict(categories=categories, annotations=people)
    assert person_category(content, 'f') == person
    assert person_category(content, 'f', joints=False) == of_boxes


def test_pckh_of_a_layout_without_head_boxes_is_refused(coco):
    """Before the training, and not at its first validation."""
    with pytest.raises(ValueError, match="as in COCO's layout, take another"):
        PCKhCurve().dataset_meta = coco().metainfo


def shifted(change):
    """People at several places, with their joints and boxes changed."""
    rng, people = np.random.default_rng(0), []
    for n in range(1, 9):
        corner = rng.uniform([20, 10], [60, 30])
        joints = corner + rng.uniform(0, 30, (17, 2))
        box = np.concatenate([corner, corner + 30 - corner])
        joints, box = change(joints, box)
        flags = np.full((17, 1), 2.0)
        keypoints = np.concatenate([joints, flags], -1).ravel().tolist()
        box = np.asarray(box).tolist()
        people.append(person(n, 3, keypoints=keypoints, bbox=box))
    return dict(CONTENT, annotations=people)


SIZE = np.array([100, 80])


@pytest.mark.parametrize(
    'change',
    [
        lambda joints, box: (joints / SIZE, box),
        lambda joints, box: (joints - box[:2], box),
        lambda joints, box: (joints, box / [*SIZE, *SIZE]),
        lambda joints, box: (joints[:, ::-1] + [30, -20], box),
    ],
)
def test_joints_and_boxes_of_other_units_are_refused(coco, change):
    """They would train nothing: joints outside the box have no weight."""
    coco(shifted(lambda *unchanged: unchanged))
    with pytest.raises(ValueError, match='lie outside the box|without area'):
        coco(shifted(change))


def test_boxes_by_two_corners_are_refused(coco):
    def corners(joints, box):
        return joints, [*box[:2], *(box[:2] + box[2:])]

    with pytest.raises(ValueError, match='must be left, top, width, height'):
        coco(shifted(corners))


def test_boxes_with_a_border_are_no_corners(coco):
    """Of cropped images, with more around the person than there is."""

    def whole_image(joints, box):
        return joints, [-20, -20, 140, 120]

    def from_zero(joints, box):
        return joints, [0, 0, 100, 80]

    for change in (whole_image, from_zero):
        assert len(coco(shifted(change))) == 8


@pytest.mark.parametrize(
    ('indices', 'message'),
    [
        (0, 'indices=0: none of 2 samples'),
        ([], r'indices=\[\]: none of 2'),
        ([1, 5], 'there is no 5 of 2 samples'),
        ([-3], 'there is no -3 of 2'),
    ],
)
def test_indices_of_nobody_are_named(coco, indices, message):
    with pytest.raises(ValueError, match=message):
        coco(indices=indices)
    for right, count in ((1, 1), (-1, 1), ([1, -2], 2), (9, 2)):
        assert len(coco(indices=right)) == count
