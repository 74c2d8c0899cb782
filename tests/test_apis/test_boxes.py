"""Boxes that a user gives."""

import json

import numpy as np
import pytest

from integral_mmpose.apis import load_boxes
from integral_mmpose.apis.boxes import DetectedBoxes, GivenBoxes
from integral_mmpose.apis.inputs import Frame

FRAME = Frame('/photos/a.jpg', np.zeros((30, 40, 3), np.uint8))


def test_boxes_file(tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps({'a.jpg': [[1, 2, 30, 40]], 'b.jpg': []}))
    boxes = load_boxes(str(path))
    assert boxes['a.jpg'].tolist() == [[1, 2, 30, 40, 1]]
    assert boxes['b.jpg'].shape == (0, 5)
    given = GivenBoxes(path)
    assert given.tight
    assert given.of(FRAME).tolist() == [[1, 2, 30, 40, 1]]
    with pytest.raises(ValueError, match='boxes.json: no entry for c.jpg'):
        given.of(FRAME._replace(name='c.jpg'))


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
    with pytest.raises(ValueError, match='boxes.json: c.jpg: boxes must be'):
        load_boxes(str(path))


def test_files_that_are_no_boxes(tmp_path):
    path = tmp_path / 'boxes.json'
    for text, reason in (('{', 'is no JSON'), ('[]', 'must be')):
        path.write_text(text)
        with pytest.raises(ValueError, match=f'boxes.json: {reason}'):
            load_boxes(str(path))


def test_dict_and_array():
    scored = [[1, 2, 30, 40, 0.5]]
    for boxes in ({'/photos/a.jpg': scored}, np.array(scored), scored):
        np.testing.assert_allclose(GivenBoxes(boxes).of(FRAME), scored)


@pytest.mark.parametrize('boxes', [None, 'whole_image'])
def test_whole_image(boxes):
    given = GivenBoxes(boxes)
    assert given.of(FRAME).tolist() == [[0, 0, 40, 30, 1]]
    assert not given.tight


def test_people_side_by_side_stay_two(monkeypatch):
    """Two boxes with an IoU of 1/3: half of each is shared."""
    pair = np.array([[0, 0, 40, 80, 0.9], [20, 0, 60, 80, 0.8]], np.float32)
    monkeypatch.setattr(
        'integral_mmpose.apis.boxes.detect_batch', lambda *_: [pair.copy()]
    )
    frame = Frame('a', np.zeros((90, 90, 3), np.uint8))
    assert len(DetectedBoxes(None).of(frame)) == 2
    assert len(DetectedBoxes(None, nms_thr=0.3).of(frame)) == 1
