"""Batches across images: order, sizes, waiting."""

import random

import pytest

from integral_mmpose.inference.batching import in_batches


class Recorder:
    """Squares numbers and notes the sizes of its batches."""

    def __init__(self):
        self.sizes = []

    def __call__(self, crops):
        self.sizes.append(len(crops))
        return [crop**2 for crop in crops]


@pytest.mark.parametrize('batch_size', [1, 2, 3, 8, 100])
def test_like_one_by_one(batch_size):
    rng = random.Random(batch_size)
    items = [
        (number, [rng.random() for _ in range(rng.choice([0, 1, 2, 9]))])
        for number in range(40)
    ]
    predict = Recorder()
    found = list(in_batches(items, predict, batch_size))
    assert found == [(n, [c**2 for c in crops]) for n, crops in items]
    assert max(predict.sizes) <= batch_size


def test_people_of_several_images_go_together():
    predict = Recorder()
    items = [(n, [n, n + 1, n + 2]) for n in range(8)]
    list(in_batches(items, predict, 8))
    assert predict.sizes == [8, 8, 8]


def test_images_without_people_do_not_pile_up():
    taken = []

    def items():
        for number in range(50):
            taken.append(number)
            yield number, [number] if number == 0 else []

    first = next(in_batches(items(), Recorder(), 4))
    assert first == (0, [0]) and len(taken) == 4


def test_a_live_image_does_not_wait():
    taken = []

    def items():
        for number in range(5):
            taken.append(number)
            yield number, [number, number]

    results = in_batches(items(), Recorder(), 8, max_waiting=1)
    assert next(results) == (0, [0, 0]) and len(taken) == 1
