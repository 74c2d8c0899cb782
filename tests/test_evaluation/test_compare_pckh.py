"""The command that compares models on the joints all of them find."""

from functools import partial

import numpy as np
import pytest

from integral_mmpose.evaluation import PCKhCurve

from .conftest import pckh_sample

HEAD = 10.0


def _dump(path, errors, visible=None):
    """The metric's file of one person a row of ``errors``, in head sizes."""
    metric = PCKhCurve(outfile=str(path))
    for index, row in enumerate(errors):
        shown = None if visible is None else visible[index][None]
        truth = np.full((1, 16, 2), 50.0)
        off = truth + np.stack([row * HEAD, 0 * row], -1)
        name = f'{index}.jpg'
        sample = pckh_sample(off, truth, HEAD, shown, img_path=name)
        metric.process([], [sample])
    metric.evaluate(len(errors))
    return str(path)


@pytest.fixture
def run(run_tool):
    return partial(run_tool, 'compare_pckh.py')


def _cells(output, label):
    rows = [line for line in output.splitlines() if f'| {label} |' in line]
    return [row.strip('| ').split(' | ')[1:] for row in rows]


def test_only_joints_that_all_find_count(run, tmp_path):
    """By hand: 14 counted joints a person, pelvis and thorax left out."""
    good, bad = np.full((2, 16), 0.055), np.full((2, 16), 0.305)
    bad[1] = 0.905  # the second person is not found by the second model
    visible = np.ones((2, 16))
    visible[0, 0] = 0  # and an ankle of the first is not labelled
    first = _dump(tmp_path / 'a.json', good, visible)
    second = _dump(tmp_path / 'b.json', bad, visible)
    code, out, _ = run(first, second, '--labels', 'A', 'B')
    assert code == 0
    # thresholds 0.06 to 0.50 are 45 of 51, 0.31 to 0.50 are 20
    a, b = 100 * 45 / 51, 100 * 20 / 51
    assert _cells(out, 'A') == [
        ['27', '100.00', '100.00', f'{a:.2f}', '0.055'],
        ['13', '100.00', '100.00', f'{a:.2f}', '0.055'],
    ]
    everyone, found = _cells(out, 'B')
    assert everyone[:2] == ['27', f'{100 * 13 / 27:.2f}']
    assert found == ['13', '100.00', '0.00', f'{b:.2f}', '0.305']


def test_area_over_another_range(run, tmp_path):
    """0, 0.02, …, 1: 0.32 to 1 are 35 of 51 thresholds."""
    path = _dump(tmp_path / 'a.json', np.full((1, 16), 0.305))
    code, out, _ = run(path, '--auc-to', '1')
    assert code == 0
    assert _cells(out, 'a')[0][3] == f'{100 * 35 / 51:.2f}'


def test_interval_of_a_difference(run, tmp_path):
    """By hand: B finds all 14 joints of one person in four, A none.

    The difference of a draw of 4 people is 25 % times a binomial (4, 1/4):
    0 in 31.6 % of the draws, more than 75 in 0.4 %, so 0 to 75.
    """
    near, far = np.full((4, 16), 0.9), np.full((4, 16), 0.9)
    near[2] = 0.3
    first, second = (
        _dump(tmp_path / 'a.json', far),
        _dump(tmp_path / 'b.json', near),
    )
    code, out, _ = run(first, second, '--bootstrap', '5000')
    assert code == 0
    *_, found = _cells(out, 'b')
    assert found[:2] == ['+25.00 [+0.00, +75.00]', '+0.00 [+0.00, +0.00]']
    assert found[2].startswith(f'{25 * 21 / 51:+.2f} ')
    assert 'difference from a,' in out and not _cells(out, 'a')[2:]
    code, _, err = run(first, second, '--bootstrap', '-5')
    assert code == 2 and '--bootstrap must be >= 0, got -5' in err


def test_nobody_finds_a_joint(run, tmp_path):
    path = _dump(tmp_path / 'a.json', np.full((1, 16), 3.0))
    code, out, _ = run(path)
    assert code == 0
    assert _cells(out, 'a')[1] == ['0', '–', '–', '–', '–']


@pytest.mark.parametrize('people', [1, 2])
def test_other_people_are_refused(run, tmp_path, people):
    visible = np.ones((people, 16))
    visible[0, 3] = 0
    first = _dump(tmp_path / 'a.json', np.zeros((1, 16)))
    second = _dump(tmp_path / 'b.json', np.zeros((people, 16)), visible)
    code, _, error = run(first, second)
    assert code == 1
    assert 'b.json' in error and 'different people or labels' in error


@pytest.mark.parametrize(
    'content', ['{}', '[]', 'no json', '{"distances": [[1, 2]]}', '']
)
def test_another_file_is_refused(run, tmp_path, content):
    path = tmp_path / 'a.json'
    path.write_text(content)
    code, _, error = run(str(path))
    assert code == 1 and 'a.json' in error and 'Traceback' not in error
    code, _, error = run(str(tmp_path / 'none.json'))
    assert code == 1 and 'none.json' in error
