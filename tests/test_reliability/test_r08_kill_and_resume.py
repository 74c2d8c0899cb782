"""R8, kill and resume: nothing is lost, nothing differs."""

import multiprocessing
import random
import signal
import time

import pytest
import torch

from tests.test_reliability.test_r07_determinism import different
from tests.test_reliability.training import small_config, train

PROVED_BY = (
    'test_engine/test_atomic_backend.py',
    'test_engine/test_atomic_checkpoint_hook.py',
    'test_engine/test_resume_hook.py',
    'test_engine/test_two_process_runs.py::test_a_killed_pair_resumes_exactly',
)
CONTROLS = (
    'test_engine/test_atomic_backend.py::test_full_disk_tears_mmengine_s_file',
    'test_engine/test_atomic_checkpoint_hook.py'
    '::test_without_seeds_the_run_differs',
    'test_engine/test_atomic_checkpoint_hook.py'
    '::test_torn_write_upstream_leaves_none',
    'test_engine/test_resume_hook.py::test_mmengine_goes_on_with_the_old_ones',
)
EPOCHS, KILLS = 8, 20
# spawn: a killed process leaves no lock of torch's threads to the next one.
SPAWN = multiprocessing.get_context('spawn')


def run(data, folder):
    """Two workers that stay; a checkpoint and a validation each epoch."""
    torch.set_num_threads(1)
    options = {
        'train_dataloader.num_workers': 2,
        'train_dataloader.persistent_workers': True,
        'train_cfg.max_epochs': EPOCHS,
        'train_cfg.val_interval': 1,
        'resume': True,
    }
    train(small_config(data, folder, options))


def run_until(data, folder, seconds=None):
    """Its exit code; after the first sign of life it has some seconds."""
    process = SPAWN.Process(target=run, args=(data, folder))
    process.start()
    lock = folder / '.training.lock'
    while process.is_alive() and not (lock.is_file() and lock.read_text()):
        time.sleep(0.02)
    process.join(seconds)
    process.kill()
    process.join()
    return process.exitcode


def final(folder):
    path = folder / f'epoch_{EPOCHS}.pth'
    return torch.load(path, weights_only=True)


@pytest.mark.slow  # 22 starts of a training
def test_killed_20_times_with_mixed_data_and_workers(data, tmp_path, figure):
    start = time.monotonic()
    assert run_until(data, tmp_path / 'whole') == 0
    whole, longest = final(tmp_path / 'whole'), time.monotonic() - start
    rng, kills, folder = random.Random(0), 0, tmp_path / 'killed'
    rounds = 0
    while kills < KILLS:
        code = run_until(data, folder, rng.uniform(0, 0.3) * longest)
        kills += code == -signal.SIGKILL
        if code == 0:  # finished before its time: the next run starts anew
            assert not different(
                whole['state_dict'], final(folder)['state_dict']
            )
            rounds += 1
            folder = tmp_path / f'killed-{rounds}'
    assert run_until(data, folder) == 0
    killed = final(folder)
    what = 'weights that differ after 20 kills'
    figure('R8', what, different(whole['state_dict'], killed['state_dict']), 0)
    losses = [
        c['message_hub']['log_scalars']['train/loss']._log_history[-1]
        for c in (whole, killed)
    ]
    figure('R8', 'difference of the last loss', abs(losses[0] - losses[1]), 0)
