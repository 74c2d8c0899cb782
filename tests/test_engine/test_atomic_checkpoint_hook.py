"""Kill and resume: nothing is lost, nothing differs."""

import inspect
import multiprocessing
import os
import random
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from mmpose.registry import HOOKS as REGISTRY
from torch.utils.data import DataLoader

from integral_mmpose import files

from .conftest import Line, TinyModel

FORK = multiprocessing.get_context('fork')
HOOKS = dict(
    checkpoint=dict(
        type='AtomicCheckpointHook',
        max_keep_ckpts=1,
        interval=1,
        save_best='error',
        rule='less',
    )
)
UPSTREAM = dict(
    checkpoint=dict(type='CheckpointHook', max_keep_ckpts=1, interval=1)
)


class Falling(BaseMetric):
    """Errors that are smaller at every validation."""

    count = 0

    def process(self, data_batch, data_samples):
        self.results.append(None)

    def compute_metrics(self, results):
        Falling.count += 1
        return dict(error=-Falling.count, other=-Falling.count)


SEEDS = [dict(type='SeedIterationHook')]


def _weights(folder):
    last = (folder / 'last_checkpoint').read_text()
    return torch.load(last, weights_only=True)['state_dict']


def _run(function, *args):
    """Run in a child process; returns its exit code."""
    process = FORK.Process(target=function, args=args)
    process.start()
    process.join()
    return process.exitcode


def _train(make_runner, folder, epochs, hooks=HOOKS, custom_hooks=SEEDS):
    val_interval = 2 if hooks is HOOKS else 0
    make_runner(
        max_epochs=epochs,
        val_interval=val_interval,
        work_dir=str(folder),
        resume=True,
        default_hooks=hooks,
        custom_hooks=custom_hooks,
        param_scheduler=dict(
            type='ReduceOnPlateauLR', monitor='error', patience=0, factor=0.5
        )
        if val_interval
        else None,
    ).train()


def _run_for(seconds, make_runner, folder):
    """Train, and kill -9 after some seconds; returns the exit code."""
    process = FORK.Process(target=_train, args=(make_runner, folder, 12))
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    return process.exitcode


def _train_and_tear(make_runner, folder, epochs, hooks, offset):
    """Train; the last checkpoint's write dies after ``offset`` bytes."""
    import builtins

    real_open = builtins.open
    target = f'epoch_{epochs}.pth'

    def tearing_open(file, mode='r', *args, **kwargs):
        handle = real_open(file, mode, *args, **kwargs)
        if mode == 'wb' and target in str(file):
            real_write = handle.write

            class Torn:
                def __enter__(self):
                    return self

                def __exit__(self, *error):
                    handle.close()

                def write(self, content):
                    real_write(content[:offset])
                    handle.flush()
                    os._exit(9)

            return Torn()
        return handle

    builtins.open = tearing_open
    _train(make_runner, folder, epochs, hooks)
    os._exit(0)


@pytest.mark.parametrize('seed', range(5))
def test_killed_and_resumed_run_is_the_same(make_runner, tmp_path, seed):
    """kill -9 at random instants: equal final weights, bit for bit."""
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    start = time.monotonic()
    assert _run(_train, make_runner, whole, 12) == 0
    longest, rng = time.monotonic() - start, random.Random(seed)
    kills = 0
    while kills < 4:
        code = _run_for(rng.uniform(0.2, 0.9) * longest, make_runner, killed)
        kills += code == -signal.SIGKILL
        if code == 0:  # it was faster than expected: another, shorter try
            shutil.rmtree(killed)
            longest, kills = longest * 0.7, 0
    assert _run(_train, make_runner, killed, 12) == 0
    expected, actual = _weights(whole), _weights(killed)
    assert all(torch.equal(expected[k], actual[k]) for k in expected)
    assert len(list(whole.glob('best_*'))) == 1
    assert {p.name for p in whole.glob('*.pth')} == {
        p.name for p in killed.glob('*.pth')
    }


def test_without_seeds_the_run_differs(make_runner, tmp_path):
    """Negative control: mmengine resumes with other random numbers."""
    whole, halves = tmp_path / 'whole', tmp_path / 'halves'
    _run(_train, make_runner, whole, 4, UPSTREAM, [])
    _run(_train, make_runner, halves, 2, UPSTREAM, [])
    _run(_train, make_runner, halves, 4, UPSTREAM, [])
    expected, actual = _weights(whole), _weights(halves)
    assert not all(torch.equal(expected[k], actual[k]) for k in expected)


@pytest.mark.parametrize('offset', range(0, 3000, 150))
def test_torn_write_leaves_a_checkpoint(make_runner, tmp_path, offset):
    work = tmp_path / 'torn'
    _run(_train, make_runner, work, 2)
    before = _weights(work)
    assert _run(_train_and_tear, make_runner, work, 3, HOOKS, offset) == 9
    after = _weights(work)
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert _run(_train, make_runner, work, 4) == 0
    assert not list(work.glob('*' + files.TEMPORARY_SUFFIX))


def test_killed_before_the_removal(make_runner, tmp_path):
    """The outdated checkpoint does not stay for ever."""
    work = tmp_path / 'kept'

    def die_at_removal():
        LocalBackend.remove = lambda *args: os._exit(9)
        _train(make_runner, work, 3)

    assert _run(die_at_removal) == 9
    names = {p.name for p in work.glob('epoch_*.pth')}
    assert names == {'epoch_1.pth', 'epoch_2.pth'}
    assert _run(_train, make_runner, work, 3) == 0
    assert {p.name for p in work.glob('epoch_*.pth')} == {'epoch_3.pth'}


def test_torn_write_upstream_leaves_none(make_runner, tmp_path):
    """Negative control: mmengine's hook removes first, writes in place."""
    work = tmp_path / 'torn'
    _run(_train, make_runner, work, 2, UPSTREAM)
    code = _run(_train_and_tear, make_runner, work, 3, UPSTREAM, 1000)
    assert code == 9
    with pytest.raises((FileNotFoundError, RuntimeError)):
        _weights(work)


@pytest.mark.parametrize(
    'epochs, cfg',
    [
        (2, dict(val_interval=2)),
        (2, dict(val_interval=2, val_begin=2)),
        (3, dict(val_interval=2)),  # the last epoch is validated as well
    ],
)
def test_lost_validation_is_made_up(make_runner, tmp_path, epochs, cfg):
    """A kill between checkpoint and validation: the validation follows."""
    work = tmp_path / 'lost'

    def stop_at_validation():
        runner = make_runner(
            train_cfg=dict(by_epoch=True, max_epochs=epochs, **cfg),
            val_interval=2,
            work_dir=str(work),
            default_hooks=HOOKS,
        )
        validate = runner.val_loop.run
        runner.val_loop.run = lambda: (
            os._exit(9) if runner.epoch == epochs else validate()
        )
        runner.train()

    assert _run(stop_at_validation) == 9
    path = work / f'epoch_{epochs}.pth'
    assert torch.load(path, weights_only=True)['meta']['validation_due']
    _run(_train, make_runner, work, epochs)
    assert len(list(work.glob('best_*'))) == 1
    assert not torch.load(path, weights_only=True)['meta']['validation_due']


BY_ITERATION = dict(HOOKS['checkpoint'], by_epoch=False, interval=4)


def test_lost_validation_of_an_iteration_is_made_up(make_runner, tmp_path):
    """The errors grow: the best checkpoint is that of the lost one."""
    work = tmp_path / 'lost'

    def run(killed):
        runner = make_runner(
            train_cfg=dict(by_epoch=False, max_iters=8, val_interval=4),
            val_interval=4,
            val_evaluator=Evaluator([Falling()]),
            work_dir=str(work),
            resume=not killed,
            default_hooks=dict(checkpoint=dict(BY_ITERATION, rule='greater')),
        )
        if killed:
            runner.val_loop.run = lambda: os._exit(9)
        runner.train()

    assert _run(run, True) == 9
    path = work / 'iter_4.pth'
    assert torch.load(path, weights_only=True)['meta']['validation_due']
    assert _run(run, False) == 0
    assert [p.name for p in work.glob('best_*')] == ['best_error_iter_4.pth']
    meta = torch.load(work / 'iter_8.pth', weights_only=True)['meta']
    assert not meta['validation_due']


@pytest.mark.parametrize('kill', [True, False])
def test_the_best_of_an_epoch_without_checkpoint(make_runner, tmp_path, kill):
    """mmengine saves it again for the new best: after a resume, too."""

    def run(epochs, resume):
        hook = dict(HOOKS['checkpoint'], interval=2, max_keep_ckpts=-1)
        make_runner(
            train_cfg=dict(by_epoch=True, max_epochs=epochs, val_interval=1),
            val_interval=1,
            val_evaluator=Evaluator([Falling()]),
            resume=resume,
            default_hooks=dict(checkpoint=hook),
        ).train()

    if kill:
        run(2, False)
    run(4, kill)
    names = {p.name for p in (tmp_path / 'work').glob('epoch_*.pth')}
    assert names == {f'epoch_{epoch}.pth' for epoch in (2, 3, 4)}


def test_the_note_follows_dynamic_intervals(make_runner, tmp_path):
    """Validations after epochs 2 (of every 2) and 5, from 4 on of every 5."""
    notes, seen = {}, []

    class Notes(Hook):
        priority = 'LOWEST'

        def before_save_checkpoint(self, runner, checkpoint):
            meta = checkpoint['meta']
            notes.setdefault(meta['epoch'], meta['validation_due'])

        def after_val_epoch(self, runner, metrics=None):
            seen.append(runner.epoch)

    cfg = dict(max_epochs=6, val_interval=2, dynamic_intervals=[(4, 5)])
    make_runner(
        train_cfg=dict(by_epoch=True, **cfg),
        val_interval=2,
        default_hooks=dict(
            checkpoint=dict(type='AtomicCheckpointHook', interval=1)
        ),
        custom_hooks=[Notes()],
    ).train()
    assert seen == [2, 5, 6]
    assert [epoch for epoch, due in notes.items() if due] == seen


@pytest.mark.parametrize(
    'value', [np.zeros(2, np.int8), np.array(['a']), Path('a'), range(2)]
)
def test_metainfo_that_could_not_be_read_back(make_runner, value):
    class Named(Line):
        metainfo = dict(colors=[1.0, 'a', np.float32(1)], other=value)

    runner = make_runner(
        default_hooks=dict(checkpoint=dict(type='AtomicCheckpointHook')),
        train_dataloader=DataLoader(Named(), batch_size=4),
    )
    with pytest.raises(ValueError, match="training data: 'other' holds what"):
        runner.train()
    assert runner.iter == 0


def test_a_lost_validation_needs_a_validation(make_runner, tmp_path):
    """--resume --no-validate: the way round a broken validation set."""
    work = tmp_path / 'lost'

    def stop_at_validation():
        runner = make_runner(
            max_epochs=2,
            val_interval=2,
            work_dir=str(work),
            default_hooks=HOOKS,
        )
        runner.val_loop.run = lambda: os._exit(9)
        runner.train()

    assert _run(stop_at_validation) == 9
    hooks = dict(checkpoint=dict(type='AtomicCheckpointHook'))
    make_runner(
        max_epochs=3, work_dir=str(work), resume=True, default_hooks=hooks
    ).train()
    assert (work / 'epoch_3.pth').is_file()


@pytest.mark.parametrize('save_best', ['error', ['error', 'other']])
def test_a_copied_run_leaves_the_original_alone(
    make_runner, tmp_path, save_best
):
    """cp -r a b, then b goes on: by its own files, and on them only."""
    first, second = tmp_path / 'a', tmp_path / 'b'
    hooks = dict(
        checkpoint=dict(HOOKS['checkpoint'], save_best=save_best),
        resume=dict(type='ResumeHook'),
    )

    def train(folder, epochs, **kwargs):
        runner = make_runner(
            max_epochs=epochs,
            val_interval=1,
            work_dir=str(folder),
            default_hooks=hooks,
            val_evaluator=Evaluator([Falling()]),
            **kwargs,
        )
        runner.train()
        return runner

    train(first, 2)
    shutil.copytree(first, second)
    before = {p.name: p.read_bytes() for p in first.glob('*.pth')}
    assert len([name for name in before if 'best' in name]) >= 1
    runner = train(second, 4, resume=True)
    assert runner.epoch == 4
    assert before == {p.name: p.read_bytes() for p in first.glob('*.pth')}
    best = [p.name for p in second.glob('best_*.pth')]
    assert best and all('epoch_4' in name for name in best)
    kept = [
        str(path)
        for key, path in runner.message_hub.runtime_info.items()
        if key.startswith(('best_ckpt', 'last_ckpt'))
    ]
    assert kept and all(path.startswith(str(second)) for path in kept)
    shutil.rmtree(first)
    assert train(second, 5, resume=True).epoch == 5


def test_one_run_writes_into_an_out_dir(make_runner, tmp_path):
    """mmengine adds the name of the work directory, not its path."""

    def train(folder, **kwargs):
        hook = dict(type='AtomicCheckpointHook', out_dir=str(tmp_path / 'out'))
        make_runner(
            work_dir=str(tmp_path / folder / 'run'),
            default_hooks=dict(checkpoint=hook),
            **kwargs,
        ).train()

    train('a')
    path = tmp_path / 'out/run/epoch_2.pth'
    content = path.read_bytes()
    with pytest.raises(ValueError, match='out/run holds checkpoints'):
        train('b', randomness=dict(seed=4))
    assert path.read_bytes() == content
    train('a', resume=True, max_epochs=3)
    assert path.with_name('epoch_3.pth').exists()


def test_keeps_the_number_asked_for(make_runner, tmp_path):
    hooks = dict(checkpoint=dict(HOOKS['checkpoint'], max_keep_ckpts=2))
    runner = make_runner(max_epochs=5, val_interval=5, default_hooks=hooks)
    runner.train()
    names = sorted(p.name for p in (tmp_path / 'work').glob('epoch*'))
    assert names == ['epoch_4.pth', 'epoch_5.pth']
    assert runner.message_hub.get_info('keep_ckpt_ids') == [4, 5]


def test_by_iteration(make_runner, tmp_path):
    hooks = dict(
        checkpoint=dict(
            type='AtomicCheckpointHook',
            by_epoch=False,
            interval=3,
            max_keep_ckpts=2,
        )
    )
    make_runner(
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=8),
        param_scheduler=None,
        default_hooks=hooks,
    ).train()
    names = sorted(p.name for p in (tmp_path / 'work').glob('*.pth'))
    assert names == ['iter_6.pth', 'iter_8.pth']


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(max_keep_ckpt=3), "unexpected keyword argument 'max_keep_ckpt'"),
        (dict(interval=0), 'interval=0 would save nothing'),
        (dict(interval='x'), "interval must be a whole number, got 'x'"),
        (dict(max_keep_ckpts=1.5), 'max_keep_ckpts must be .* got 1.5'),
        (dict(save_begin='1'), "save_begin must be .* got '1'"),
    ],
)
def test_wrong_options_fail_before_an_epoch_is_trained(options, message):
    """mmengine's own hook takes three of them, or fails bare."""
    config = dict(type='AtomicCheckpointHook', **options)
    with pytest.raises((TypeError, ValueError), match=message) as raised:
        REGISTRY.build(config)
    assert 'AtomicCheckpointHook' in str(raised.value)
    if 'save_begin' not in options:
        REGISTRY.build(dict(config, type='CheckpointHook'))
    right = dict(interval=2, max_keep_ckpts=3, save_begin=1, save_best='a')
    REGISTRY.build(dict(type='AtomicCheckpointHook', rule='less', **right))


def test_nothing_is_left_for_save_checkpoint():
    """All that it takes has a name in mmengine's hook, or is the hook's."""
    taken = set(inspect.signature(Runner.save_checkpoint).parameters)
    named = set(inspect.signature(CheckpointHook.__init__).parameters)
    assert taken - named == {'filename', 'meta'}


class NormModel(TinyModel):
    """Each process sees other statistics."""

    def __init__(self, rank):
        super().__init__()
        self.rank, self.norm = rank, torch.nn.BatchNorm1d(1)

    def forward(self, inputs, *args, **kwargs):
        return super().forward(self.norm(inputs + self.rank), *args, **kwargs)


def _train_rank(rank, make_runner, folder, kind):
    store = f'file://{folder}/store'
    dist.init_process_group('gloo', init_method=store, rank=rank, world_size=2)
    runner = make_runner(
        NormModel(rank),
        work_dir=str(folder),
        train_cfg=dict(by_epoch=False, max_iters=4),
        default_hooks=dict(
            checkpoint=dict(type=kind, interval=2, by_epoch=False)
        ),
        custom_hooks=[dict(type='SyncBuffersHook')],
    )
    runner.train()
    torch.save(runner.model.norm.running_mean, folder / f'{rank}.pt')


@pytest.mark.dist
@pytest.mark.parametrize('kind', ['AtomicCheckpointHook', 'CheckpointHook'])
def test_two_processes_go_on_from_what_is_saved(make_runner, tmp_path, kind):
    """mmengine's saves the statistics of rank 0 within an epoch."""
    args = make_runner, tmp_path, kind
    ranks = [FORK.Process(target=_train_rank, args=(n, *args)) for n in (0, 1)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join()
    assert [rank.exitcode for rank in ranks] == [0, 0]
    means = [torch.load(tmp_path / f'{n}.pt') for n in (0, 1)]
    saved = torch.load(tmp_path / 'iter_4.pth', weights_only=True)
    saved = saved['state_dict']['norm.running_mean']
    same = torch.equal(saved, means[0]) and torch.equal(saved, means[1])
    assert same == (kind == 'AtomicCheckpointHook')


class Step(BaseMetric):
    """Note the step that a validation sees."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def process(self, data_batch, data_samples):
        self.results.append(None)

    def compute_metrics(self, results):
        hub = MessageHub.get_current_instance()
        self.path.write_text(f'{hub.get_info("epoch")} {hub.get_info("iter")}')
        return dict(error=0)


@pytest.mark.parametrize('by_epoch', [True, False])
def test_a_made_up_validation_sees_its_step(make_runner, tmp_path, by_epoch):
    steps = 2 if by_epoch else 8
    end = dict(max_epochs=steps) if by_epoch else dict(max_iters=steps)

    def run(name, killed=False):
        checkpoint = dict(BY_ITERATION, by_epoch=by_epoch, interval=steps)
        runner = make_runner(
            train_cfg=dict(by_epoch=by_epoch, val_interval=steps, **end),
            val_interval=steps,
            val_evaluator=Evaluator([Step(tmp_path / name)]),
            work_dir=str(tmp_path / f'{name}_dir'),
            resume=True,
            param_scheduler=None,
            default_hooks=dict(checkpoint=checkpoint),
        )
        if killed:
            runner.val_loop.run = lambda: os._exit(9)
        runner.train()

    assert _run(run, 'whole') == 0
    assert _run(run, 'lost', True) == 9
    assert _run(run, 'lost') == 0
    seen = [(tmp_path / name).read_text() for name in ('whole', 'lost')]
    assert seen == ['1 7' if by_epoch else '0 7'] * 2


def test_a_metric_that_there_is_not_is_named(make_runner):
    """Negative control: mmengine's KeyError lists nothing."""
    for kind, error, text in (
        ('AtomicCheckpointHook', ValueError, r"'erorr' is none .*'error'"),
        ('CheckpointHook', KeyError, '^.erorr.$'),
    ):
        hook = dict(type=kind, save_best='erorr', rule='less')
        runner = make_runner(val_interval=1, default_hooks=dict(c=hook))
        with pytest.raises(error, match=text):
            runner.train()
