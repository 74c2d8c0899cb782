"""Two processes score what one process scores, with an uneven split."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch.distributed as dist

COUNT = 7


def samples():
    rng = np.random.default_rng(0)
    for n in range(COUNT):
        truth = rng.normal(size=(18, 3)) * 300 + [0, 0, 4500]
        pred = np.concatenate(
            [
                1100 * truth[:, :2] / truth[:, 2:] + 500,
                truth[:, 2:] - truth[0, 2],
            ],
            1,
        )
        joints = rng.uniform(20, 200, size=(1, 16, 2))
        yield (
            dict(
                pred_instances=dict(
                    keypoints=pred[None] + rng.normal(size=(1, 18, 3)) * 20
                ),
                gt_instances=dict(keypoints_cam=truth[None]),
                focal=np.full(2, 1100.0),
                principal=np.full(2, 500.0),
                root_depth=truth[0, 2],
                action='Walking',
                img_path=f'{n}.jpg',
            ),
            dict(
                pred_instances=dict(
                    keypoints=joints + rng.normal(size=joints.shape) * 8
                ),
                gt_instances=dict(
                    keypoints=joints,
                    keypoints_visible=np.ones((1, 16)),
                    head_size=np.full(1, 25.0),
                ),
                img_path=f'{n}.jpg',
            ),
        )


def score(indices):
    from integral_mmpose.evaluation import IntegralMPJPE, PCKhCurve

    data = list(samples())
    metrics = {}
    for which, metric in enumerate((IntegralMPJPE(), PCKhCurve())):
        for index in indices:
            metric.process({}, [data[index][which]])
        metrics.update(metric.evaluate(COUNT))
    return metrics


def run_rank(rank, folder):
    """What one process does; the results go into a file of its own."""
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2
    )
    # As DefaultSampler: interleaved, padded from the start to equal length.
    indices = [n % COUNT for n in range(rank, COUNT + 1, 2)]
    found = score(indices)
    np.savez(
        f'{folder}/{rank}.npz',
        **{key.replace('/', '|'): value for key, value in found.items()},
    )
    dist.destroy_process_group()


@pytest.mark.dist
def test_two_ranks_equal_one(tmp_path):
    # Processes of their own: a fork would copy the locks of torch's threads.
    ranks = [
        subprocess.Popen([sys.executable, __file__, str(rank), str(tmp_path)])
        for rank in range(2)
    ]
    assert [rank.wait(timeout=600) for rank in ranks] == [0, 0]
    expected = score(range(COUNT))
    for rank in range(2):
        with np.load(tmp_path / f'{rank}.npz') as found:
            assert {
                key.replace('|', '/'): float(found[key]) for key in found
            } == expected


if __name__ == '__main__':
    run_rank(int(sys.argv[1]), sys.argv[2])
    # All is written. A thread of gloo that still runs when the interpreter
    # is torn down aborts the process, about once in twenty (torch 2.11).
    sys.stdout.flush()
    os._exit(0)
