"""The submission, read back as the benchmark's toolkit reads it."""

import copy
import json

import numpy as np
import pytest
from scipy.io import loadmat

from integral_mmpose.evaluation import MpiiSubmission


def person(x, scale=1.0, predict=True):
    return dict(
        center=None if x is None else [x, x + 0.5],
        scale=scale,
        predict=predict,
    )


#: Single people at (image, annorect) (0, 1), (2, 0) and (2, 3), 1-based
#: (1, 2), (3, 1) and (3, 4).
IMAGES = [
    dict(
        image='a.jpg',
        people=[person(10, predict=False), person(20), person(None, None, 0)],
    ),
    dict(image='b.jpg', people=[]),
    dict(
        image='c.jpg',
        people=[
            person(30),
            person(None, 2.0, False),
            person(40, predict=False),
            person(50),
        ],
    ),
]
PLACES = [(0, 1), (2, 0), (2, 3)]


@pytest.fixture
def listed(tmp_path):
    def write(images=IMAGES):
        path = tmp_path / 'mpii_test_images.json'
        path.write_text(json.dumps(images))
        return str(path)

    return write


def make_samples():
    """Joint j of person n is at (100 n + j, 50 + 2 j), 0-based."""
    j = np.arange(16)
    return [
        dict(
            pred_instances=dict(
                keypoints=np.stack([100.0 * n + j, 50 + 2 * j], -1)[None]
            ),
            img_path=f'/data/mpii/images/{IMAGES[i]["image"]}',
            image_index=i + 1,
            annorect_index=r + 1,
        )
        for n, (i, r) in enumerate(PLACES)
    ]


def evaluate(listed, samples, tmp_path, **kwargs):
    out = str(tmp_path / 'out/pred_keypoints_mpii.mat')
    metric = MpiiSubmission(listed(), out, **kwargs)
    metric.process({}, samples)
    return metric.evaluate(len(samples)), out


def flatten(annolist):
    """Toolkit: everybody whose objpos is not empty, image by image."""
    people = []
    for entry in annolist.ravel():
        for rect in entry.annorect.ravel():
            if hasattr(rect, 'objpos') and rect.objpos.size:
                people.append((entry.image[0, 0].name[0], rect))
    return people


def points_by_id(rect):
    """Toolkit: (16, 2), the point of each id; NaN without one."""
    found = np.full((16, 2), np.nan)
    if hasattr(rect, 'annopoints') and rect.annopoints.size:
        for point in rect.annopoints[0, 0].point.ravel():
            found[int(point.id[0, 0])] = point.x[0, 0], point.y[0, 0]
    return found


def test_as_the_toolkit_reads_it(listed, tmp_path):
    metrics, out = evaluate(listed, make_samples()[::-1], tmp_path)
    assert metrics == {'mpii_test/people': 3, 'mpii_test/images': 3}
    pred = loadmat(out, struct_as_record=False)['pred']
    # assert(length(annolist_test) == length(pred))
    assert pred.shape == (1, 3)
    flat = flatten(pred)
    # The truth has five people with objpos; the single ones are 2, 3 and 5.
    single = [False, True, True, False, True]
    assert [name for name, _ in flat] == ['a.jpg'] * 2 + ['c.jpg'] * 3
    assert [r.objpos[0, 0].x[0, 0] for _, r in flat] == [10, 20, 30, 40, 50]
    n = 0
    for (_, rect), counted in zip(flat, single):
        points = points_by_id(rect)
        if not counted:
            assert np.isnan(points).all()
            continue
        for j in range(16):
            assert points[j].tolist() == [100 * n + j + 1, 50 + 2 * j + 1]
        n += 1
    assert n == 3


def test_matlab_sees_the_fields_of_the_release(listed, tmp_path):
    _, out = evaluate(listed, make_samples(), tmp_path)
    pred = loadmat(out)['pred']
    assert pred.dtype.names == ('image', 'annorect')
    assert pred['image'][0, 0]['name'][0, 0].tolist() == ['a.jpg']
    assert pred['annorect'][0, 1].size == 0
    rects = pred['annorect'][0, 2]
    assert rects.shape == (1, 4)
    assert rects['scale'][0, 1].tolist() == [[2.0]]
    assert rects['objpos'][0, 1].shape == (0, 0)
    point = rects['annopoints'][0, 3]['point'][0, 0]
    assert point.shape == (1, 16) and point.dtype.names == ('x', 'y', 'id')
    assert [float(v[0, 0]) for v in point['id'][0]] == list(range(16))


def test_a_third_axis_is_depth(listed, tmp_path):
    _, out = evaluate(listed, make_samples(), tmp_path)
    with open(out, 'rb') as file:
        before = file.read()
    samples = make_samples()
    for sample in samples:
        found = sample['pred_instances']
        found['keypoints'] = np.pad(
            found['keypoints'], ((0, 0), (0, 0), (0, 1)), constant_values=7.0
        )
    _, out = evaluate(listed, samples, tmp_path)
    with open(out, 'rb') as file:
        assert file.read() == before


@pytest.mark.parametrize(
    'field,value,message',
    [
        ('annorect_index', 1, 'image_index 1, annorect_index 1 is no such'),
        ('annorect_index', 9, 'annorect_index 9 is no such'),
        ('annorect_index', 0, 'annorect_index 0 is no such'),
        ('image_index', 4, 'image_index 4'),
        ('image_index', 0, 'image_index 0'),
        ('image_index', None, "'image_index' is missing.*meta_keys"),
        ('img_path', 'images/c.jpg', 'c.jpg: image_index 1'),
    ],
)
def test_people_who_are_not_listed(listed, tmp_path, field, value, message):
    samples = make_samples()
    samples[0][field] = value
    with pytest.raises(ValueError, match=message):
        evaluate(listed, samples, tmp_path)


def test_bad_predictions_are_named(listed, tmp_path):
    samples = make_samples()
    other = copy.deepcopy(samples)
    other[1]['pred_instances']['keypoints'][0, 3, 1] = np.nan
    with pytest.raises(ValueError, match='c.jpg: the predicted joint 3'):
        evaluate(listed, other, tmp_path)
    other[1]['pred_instances']['keypoints'] = np.zeros((1, 17, 2))
    with pytest.raises(ValueError, match='c.jpg: one person of 16 joints'):
        evaluate(listed, other, tmp_path)
    other[1]['pred_instances']['keypoints'] = np.zeros((2, 16, 2))
    with pytest.raises(ValueError, match='c.jpg: one person of 16 joints'):
        evaluate(listed, other, tmp_path)


def test_everybody_once(listed, tmp_path):
    samples = make_samples()
    with pytest.raises(ValueError, match=r'1 are missing \(first: c.jpg\)'):
        evaluate(listed, samples[:2], tmp_path)
    with pytest.raises(ValueError, match='got 4 predictions; 0 are missing'):
        evaluate(listed, samples + samples[:1], tmp_path)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    'images,message',
    [
        ({}, 'must be a JSON list'),
        ([], 'field `predict` is true of nobody'),
        ([dict(people=[])], 'id 0: field `image`'),
        ([IMAGES[0], dict(image='b.jpg')], 'id 1: field `people`'),
        ([dict(image='b.jpg', people=[dict(scale=1)])], 'id 0: field'),
        ([dict(image='b.jpg', people=[3])], 'id 0: field `center`'),
        (['b.jpg'], 'id 0: field `image`'),
        # The training file by mistake.
        ([dict(image='a.jpg', joints=[])], 'mpii_mat_to_json.py'),
    ],
)
def test_a_wrong_list_is_an_error_before_the_test(listed, images, message):
    with pytest.raises(ValueError, match=message) as error:
        MpiiSubmission(listed(images))
    assert 'mpii_test_images.json' in str(error.value)


def test_a_missing_list_and_a_wrong_ending(listed, tmp_path):
    with pytest.raises(FileNotFoundError, match='none.json'):
        MpiiSubmission(str(tmp_path / 'none.json'))
    with pytest.raises(ValueError, match='must end with .mat'):
        MpiiSubmission(listed(), outfile='pred.json')
