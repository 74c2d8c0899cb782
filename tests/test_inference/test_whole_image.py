"""Pictures that show no single person, by a model whose scores are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from integral_mmpose.geometry import Person
from integral_mmpose.inference.whole_image import GAIN, LOW_SCORE, doubt_of

IMAGE = np.zeros((60, 90, 3), np.uint8)


class Stand:
    """Scores of a crop by its left side."""

    def __init__(self, scores):
        self.scores, self.boxes = scores, []

    def crop(self, image, box):
        self.boxes.append(box.tolist())
        return box[0]

    def predict(self, crops):
        return [
            SimpleNamespace(scores=np.full(2, self.scores[left]))
            for left in crops
        ]


def person(score):
    return Person(np.zeros(4), 1.0, np.zeros((2, 2)), np.full(2, score))


def test_a_low_score_is_a_doubt():
    low = doubt_of(Stand({}), IMAGE, person(LOW_SCORE - 0.01))
    assert low == f'the mean score of the joints is {LOW_SCORE - 0.01:.2f}'


@pytest.mark.parametrize('where', [0.0, 30.0, 60.0])
@pytest.mark.parametrize('surer', [True, False])
def test_a_third_that_is_surer_is_a_doubt(where, surer):
    whole = LOW_SCORE + 0.1
    model = Stand({left: 0.2 for left in (0.0, 30.0, 60.0)})
    model.scores[where] = whole + GAIN + (0.01 if surer else -0.01)
    doubt = doubt_of(model, IMAGE, person(whole))
    assert bool(doubt) == surer
    assert model.boxes == [
        [0, 0, 30, 60],
        [30, 0, 60, 60],
        [60, 0, 90, 60],
    ]
    if surer:
        assert f'{whole + GAIN + 0.01:.2f} and {whole:.2f}' in doubt
