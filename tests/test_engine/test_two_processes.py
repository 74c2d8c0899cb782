"""Two processes train what one process trains, from the first step on."""

import re

import pytest
import torch

from tests.test_engine.two_processes import CASES, STEPS, run_two, train

PLAIN = [dict(case=case) for case in CASES]
ADAM = [
    dict(case='integral_3d', optimizer='Adam'),
    dict(case='integral_3d', optimizer='Adam', amp=True),
    dict(case='integral_3d', unused=True),
]
LATE = [dict(case='integral_3d', late=True)]


@pytest.fixture(scope='module')
def pairs(tmp_path_factory):
    """(what one process trained, what two did) for each job."""
    folder = tmp_path_factory.mktemp('two')
    jobs = PLAIN + ADAM + LATE
    two = run_two(folder, jobs)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    one = [train(**job, folder=folder / 'one') for job in jobs]
    torch.set_num_threads(threads)
    return dict(zip(map(str, jobs), zip(one, two)))


def differences(one, two):
    """The largest relative difference of a gradient, for each iteration.

    The softmax of a 2D map does not see the last bias, so that its gradient
    is zero but for rounding: it is measured against that of the weight.
    """
    found = []
    for expected, actual in zip(one['gradients'], two['gradients']):
        assert expected.keys() == actual.keys()
        errors = [0.0]
        for name, gradient in expected.items():
            error = float((actual[name] - gradient).norm())
            if error:  # a dead unit has no gradient, here and there
                errors.append(error / float(expected[scale_of(name)].norm()))
        found.append(max(errors))
    return found


def scale_of(name):
    return re.sub(r'(final_layer\.)bias$', r'\1weight', name)


def assert_equal_weights(two):
    left, right = (rank['weights'] for rank in two)
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.dist
@pytest.mark.parametrize('job', PLAIN, ids=list(CASES))
def test_two_processes_equal_one(job, pairs, figure):
    one, two = pairs[str(job)]
    assert len(one['losses']) == len(one['gradients']) == STEPS
    losses = zip(two[0]['losses'], one['losses'])
    worst = max(abs(a - b) / abs(b) for a, b in losses)
    figure('R9', 'loss of two processes, relative', worst, 1e-5)
    # Rounding alone is 2e-6 in the HourGlass, where large sums cancel.
    tolerance = 1e-5 if job['case'] == 'hourglass' else 1e-6
    what = f'gradients of two processes, relative ({job["case"]})'
    for rank in two:
        figure('R9', what, max(differences(one, rank)), tolerance)
    assert_equal_weights(two)


@pytest.mark.dist
def test_the_local_loss_finds_joints_in_its_windows(pairs):
    """The same maps as H1's, whose loss alone it would be without."""
    h1, local = (pairs[str(dict(case=case))] for case in ('h1', 'local'))
    for alone, both in ((h1[0], local[0]), (h1[1][0], local[1][0])):
        for without, with_it in zip(alone['losses'], both['losses']):
            assert with_it - without > 0.01


@pytest.mark.dist
@pytest.mark.parametrize('job', ADAM, ids=['adam', 'bfloat16', 'unused'])
def test_other_trainings(job, pairs):
    one, two = pairs[str(job)]
    tolerance = 2e-3 if job.get('amp') else 1e-5
    assert two[0]['losses'] == pytest.approx(one['losses'], rel=tolerance)
    assert_equal_weights(two)


@pytest.mark.dist
def test_a_late_conversion_is_found(pairs):
    """Negative control: the first step is wrong, the next ones are not."""
    one, two = pairs[str(LATE[0])]
    first, *later = differences(one, two[0])
    assert first > 0.1
    assert max(later) <= 1e-2
