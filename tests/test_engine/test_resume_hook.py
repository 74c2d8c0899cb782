"""A resumed training goes on exactly, or says why not."""

import binascii
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.hooks import (
    DistSamplerSeedHook,
    EarlyStoppingHook,
    Hook,
    ParamSchedulerHook,
)
from mmengine.optim import OptimWrapper
from mmpose.registry import HOOKS, OPTIM_WRAPPERS
from torch.utils.data import DataLoader

from integral_mmpose.engine import run_settings
from integral_mmpose.engine.find_checkpoint import (
    newest_loadable,
    refuse_to_overwrite,
)

from .conftest import Line, SquaredError

STEP = dict(type='MultiStepLR', milestones=[1])
ADAM = dict(optimizer=dict(type='Adam', lr=1e-2))
UPSTREAM = dict(checkpoint=dict(type='CheckpointHook', interval=1))
OURS = dict(
    checkpoint=dict(type='AtomicCheckpointHook', interval=1),
    resume=dict(type='ResumeHook'),
)


class Rates(Hook):
    """The learning rate of every epoch, by its number."""

    def __init__(self):
        self.seen = {}

    def before_train_iter(self, runner, *args, **kwargs):
        lr = runner.optim_wrapper.get_lr()['lr'][0]
        self.seen.setdefault(runner.epoch, lr)


@pytest.fixture
def train(make_runner):
    """Train with a config that says what the runner gets."""

    def run(
        epochs,
        resume=True,
        inexact=False,
        hooks=None,
        batch=4,
        data=None,
        **other,
    ):
        settings = dict(
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            param_scheduler=STEP,
            optim_wrapper=ADAM,
        )
        settings.update(other)
        hooks = hooks or dict(
            OURS, resume=dict(type='ResumeHook', inexact=inexact)
        )
        cfg = Config(dict(settings, default_hooks=hooks))
        own_hooks = settings.pop('custom_hooks', [])
        rates = Rates()
        runner = make_runner(
            **settings,
            cfg=cfg,
            resume=resume,
            train_dataloader=DataLoader(data or Line(), batch_size=batch),
            default_hooks=hooks,
            custom_hooks=[rates, dict(type='CheckCheckpointHook'), *own_hooks],
            log_level='WARNING',
        )
        runner.train()
        return runner, rates.seen

    return run


def test_equal_settings_resume(train, tmp_path):
    train(3)
    whole = torch.load(tmp_path / 'work/epoch_3.pth', weights_only=True)
    (tmp_path / 'work/epoch_3.pth').unlink()
    runner, rates = train(3)
    again = torch.load(tmp_path / 'work/epoch_3.pth', weights_only=True)
    assert list(rates) == [2] and runner.iter == 12
    assert whole['meta']['settings'] == again['meta']['settings']
    assert whole['param_schedulers'] == again['param_schedulers']


NEW = dict(
    param_scheduler=dict(type='MultiStepLR', milestones=[4], gamma=0.5),
    optim_wrapper=dict(optimizer=dict(type='Adam', lr=4e-2)),
)


def test_new_settings_are_refused_or_used(train, tmp_path):
    train(2)
    with pytest.raises(ValueError) as caught:
        train(6, **NEW)
    for line in (
        'optim_wrapper.optimizer.lr: 0.01 -> 0.04',
        'param_scheduler.gamma: absent -> 0.5',
        'param_scheduler.milestones.0: 1 -> 4',
        'train_cfg.max_epochs: 2 -> 6',
        'default_hooks.resume.inexact=True',
    ):
        assert line in str(caught.value)
    assert not (tmp_path / 'work/epoch_3.pth').exists()
    runner, rates = train(6, inexact=True, **NEW)
    assert rates == pytest.approx({2: 0.04, 3: 0.04, 4: 0.02, 5: 0.02})
    moments = runner.optim_wrapper.optimizer.state_dict()['state']
    assert moments[0]['step'] == 24  # kept: 6 epochs of 4 batches


def test_mmengine_goes_on_with_the_old_ones(train):
    """Negative control: the learning rate of the checkpoint, no word."""
    train(2, hooks=UPSTREAM)
    _, rates = train(6, hooks=UPSTREAM, **NEW)
    assert rates[2] == pytest.approx(1e-3)


def test_more_epochs_alone_are_a_difference(train):
    train(2)
    with pytest.raises(ValueError, match='max_epochs: 2 -> 3'):
        train(3)
    _, rates = train(3, inexact=True)
    assert rates == pytest.approx({2: 1e-3})


def test_another_batch_size(train):
    """The iteration counts in the new batches: no negative time left."""
    train(2)
    with pytest.raises(ValueError, match='batch_size: 4 -> 8'):
        train(2, batch=8)
    with pytest.raises(ValueError, match='max_epochs: 2 -> 4'):
        train(4, batch=8)
    runner, _ = train(4, batch=8, inexact=True)
    assert (runner.iter, runner.max_iters) == (8, 8)


class Annotated(Line):
    """A data set with an annotation file."""

    def __init__(self, ann_file):
        super().__init__()
        self.ann_file = str(ann_file)


def test_other_annotations_of_equal_size(train, tmp_path, monkeypatch):
    path = tmp_path / 'a.json'
    path.write_text('[1, 2]')
    train(1, data=Annotated(path))
    copy = tmp_path / 'moved.json'  # elsewhere, later: the same content
    copy.write_text('[1, 2]')
    train(1, data=Annotated(copy))
    copy.write_text('[2, 1]')
    crc = [f'{binascii.crc32(text):08x}' for text in (b'[1, 2]', b'[2, 1]')]
    with pytest.raises(
        ValueError, match='annotations.0: {} -> {}'.format(*crc)
    ):
        train(1, data=Annotated(copy))
    monkeypatch.setattr(run_settings, 'annotations_of', lambda *_: [])
    shutil.rmtree(tmp_path / 'work')
    train(1, data=Annotated(path))
    train(1, data=Annotated(copy))  # negative control: only sizes compared


def test_annotations_of_mixed_data_sets(tmp_path):
    paths = [tmp_path / name for name in 'abc']
    for path in paths:
        path.write_text(path.name)
    sums = [f'{binascii.crc32(name):08x}' for name in (b'a', b'b', b'c')]
    a, b, c = map(Annotated, paths)
    wrapped = SimpleNamespace(dataset=b)
    mixed = SimpleNamespace(datasets=[a, wrapped, Line(), c])
    assert run_settings.annotations_of(mixed) == sums
    # Cameras and boxes count, too.
    data = SimpleNamespace(ann_file='', side_files=paths)
    assert run_settings.annotations_of(data, 'side_files') == sums


def test_other_hooks(train, tmp_path):
    """Weights are averaged or not; hooks that look on do not matter."""
    ema = dict(type='EMAHook', momentum=0.1)
    train(2, custom_hooks=[ema, dict(type='NaNGuardHook')])
    train(2, custom_hooks=[ema])
    with pytest.raises(ValueError, match='custom_hooks.0.momentum: 0.1 ->'):
        train(2, custom_hooks=[])
    path = tmp_path / 'work/epoch_2.pth'
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint['meta']['settings']['custom_hooks']
    torch.save(checkpoint, path)
    train(2, custom_hooks=[])  # of an earlier version


def test_other_default_hooks(train):
    """Averaging counts wherever it stands; a logger does not."""
    hooks = dict(OURS, ema=dict(type='EMAHook', momentum=0.1))
    train(2, hooks=hooks)
    train(2, hooks=dict(hooks, logger=dict(type='LoggerHook', interval=3)))
    with pytest.raises(ValueError, match='default_hooks.0.momentum: 0.1 ->'):
        train(2)


def test_an_unfinished_sum_of_gradients(train, tmp_path):
    """Epochs of 4 batches: 8 of them are no whole number of sums of 3."""
    sums = dict(optim_wrapper=dict(**ADAM, accumulative_counts=3))
    train(3, **sums)
    whole = torch.load(tmp_path / 'work/epoch_3.pth', weights_only=True)
    (tmp_path / 'work/epoch_3.pth').unlink()
    with pytest.raises(ValueError, match='gradients: 2 of 3 batches'):
        train(3, **sums)
    train(3, inexact=True, **sums)
    again = torch.load(tmp_path / 'work/epoch_3.pth', weights_only=True)
    weights = [c['state_dict']['head.weight'] for c in (whole, again)]
    assert not torch.equal(*weights)  # why it is refused


@pytest.mark.parametrize(('interval', 'seen'), [(3, 2), (4, 4)])
def test_a_checkpoint_within_an_epoch(train, tmp_path, interval, seen):
    """mmengine would begin the epoch of 4 batches anew."""
    hook = dict(type='AtomicCheckpointHook', by_epoch=False, interval=interval)
    hooks = dict(OURS, checkpoint=hook)
    train(2, hooks=hooks)
    (tmp_path / 'work/iter_8.pth').unlink()
    with pytest.raises(ValueError, match=f'place: {seen} iterations of 4 in'):
        train(2, hooks=hooks)


@pytest.mark.parametrize('hooks', [OURS, UPSTREAM])
def test_a_test_after_a_training(make_runner, hooks):
    """Of one runner: no new training, and the trained weights."""
    runner = make_runner(
        default_hooks=hooks,
        custom_hooks=[dict(type='CheckCheckpointHook')],
        test_dataloader=DataLoader(Line(), batch_size=8),
        test_cfg=dict(),
        test_evaluator=Evaluator([SquaredError()]),
    )
    runner.train()
    trained = [weight.clone() for weight in runner.model.parameters()]
    assert runner.test()['error'] > 0
    assert all(map(torch.equal, trained, runner.model.parameters()))


@pytest.mark.parametrize('hooks', [OURS, UPSTREAM])
def test_early_stopping(make_runner, tmp_path, hooks):
    """By hand: no metric is better by 1e9, so epoch 3 is the last one."""
    early = dict(type='EarlyStoppingHook', monitor='error', rule='less')
    early.update(min_delta=1e9, patience=2)

    def train(resume):
        runner = make_runner(
            max_epochs=6,
            val_interval=1,
            resume=resume,
            default_hooks=hooks,
            custom_hooks=[early],
        )
        runner.train()
        return runner.epoch

    assert train(resume=False) == 3
    # Negative control: mmengine counts anew.
    assert train(resume=True) == (3 if hooks is OURS else 6)
    if hooks is OURS:
        (tmp_path / 'work/epoch_3.pth').unlink()
        assert train(resume=True) == 3


def test_a_warm_up_by_iteration(train):
    """By hand: lr * 0.1 at iteration 0, lr from iteration 10 on."""
    warm_up = dict(type='LinearLR', start_factor=0.1, end=11, by_epoch=False)
    train(2)
    _, rates = train(4, inexact=True, param_scheduler=warm_up)
    # Iterations 8 and 12.
    assert rates == pytest.approx({2: 1e-2 * (0.1 + 0.9 * 0.8), 3: 1e-2})


def test_another_optimizer_starts_its_moments_anew(train):
    train(2)
    sgd = dict(optimizer=dict(type='SGD', lr=0.5, momentum=0.9))
    runner, rates = train(3, inexact=True, optim_wrapper=sgd)
    assert rates == pytest.approx({2: 0.05})
    state = runner.optim_wrapper.optimizer.state_dict()['state']
    assert set(state[0]) == {'momentum_buffer'}


@OPTIM_WRAPPERS.register_module()
class ScalingWrapper(OptimWrapper):
    """Keeps a scaler with the optimizer, as AmpOptimWrapper on a GPU."""

    def state_dict(self):
        return dict(super().state_dict(), loss_scaler=dict(scale=1.0))

    def load_state_dict(self, state_dict):
        assert state_dict.pop('loss_scaler') == dict(scale=1.0)
        super().load_state_dict(state_dict)


@pytest.mark.parametrize('before', [True, False])
def test_an_inexact_resume_starts_or_ends_amp(train, before):
    amp = dict(type='ScalingWrapper', **ADAM)
    wrappers = [amp, ADAM] if before else [ADAM, amp]
    train(2, optim_wrapper=wrappers[0])
    _, rates = train(3, inexact=True, optim_wrapper=wrappers[1])
    assert list(rates) == [2]


@pytest.mark.parametrize('seed, expected', [(None, 3), (3, 3), (4, 4)])
def test_seed(train, seed, expected):
    """Without one in the config the checkpoint's is used."""
    train(2)
    seeds = dict(randomness=dict(seed=seed))
    if seed == 4:
        with pytest.raises(ValueError, match='seed: 3 -> 4'):
            train(2, **seeds)
    assert train(3, inexact=True, **seeds)[0].seed == expected


def test_checkpoints_of_other_writers(train, capfd):
    train(2, hooks=UPSTREAM)
    runner, _ = train(3, **NEW)
    assert runner.epoch == 3
    assert 'does not say how it was trained' in ''.join(capfd.readouterr())


@pytest.mark.parametrize('gone', ['optimizer', 'param_schedulers', 'meta'])
def test_a_checkpoint_without_its_state(train, tmp_path, gone):
    """mmengine starts an optimizer that a best checkpoint lacks anew."""
    train(2)
    path = tmp_path / 'work/epoch_2.pth'
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint[gone]
    torch.save(checkpoint, path)
    name = dict(meta='epoch, iter').get(gone, gone)
    with pytest.raises(ValueError, match=f'epoch_2.pth .*has no {name}'):
        train(3)
    assert not (tmp_path / 'work/epoch_3.pth').exists()


@pytest.mark.parametrize(
    'note', [None, '', 'epoch_9.pth', '/gone/x.pth', b'\xff\xfe\0']
)
def test_a_lost_note(train, tmp_path, note):
    """The newest checkpoint is found without last_checkpoint."""
    train(3)
    (tmp_path / 'work/epoch_3.pth').unlink()
    path = tmp_path / 'work/last_checkpoint'
    path.unlink()
    if note is not None:
        path.write_bytes(note if isinstance(note, bytes) else note.encode())
    _, rates = train(3)
    assert list(rates) == [2]


def test_numbers_are_no_words(train, tmp_path):
    """Epoch 10 is newer than epoch 9."""
    train(10)
    (tmp_path / 'work/last_checkpoint').unlink()
    assert train(10)[1] == {}


def test_a_torn_newest_checkpoint(train, tmp_path, capfd):
    train(3)
    path = tmp_path / 'work/epoch_3.pth'
    path.write_bytes(path.read_bytes()[:1000])
    _, rates = train(3)
    assert list(rates) == [2]
    text = ''.join(capfd.readouterr())
    assert re.search(r'epoch_3\.pth cannot be read.*from .*epoch_2', text)


def test_no_checkpoint_loads(train, tmp_path):
    train(2)
    for n in (1, 2):
        (tmp_path / f'work/epoch_{n}.pth').write_bytes(b'torn')
    with pytest.raises(ValueError) as caught:
        train(2)
    assert 'epoch_1.pth' in str(caught.value)
    assert 'epoch_2.pth' in str(caught.value)
    for n in (1, 2):
        (tmp_path / f'work/epoch_{n}.pth').unlink()
    with pytest.raises(ValueError, match=r'epoch_2\.pth, which does not exis'):
        train(2)
    (tmp_path / 'work/last_checkpoint').write_text('')
    assert list(train(2)[1]) == [0, 1]


def test_a_copy_does_not_resume_from_the_original(train, tmp_path):
    """Its own file of that name, or none; an out_dir is no original."""
    train(2)
    work, other = tmp_path / 'work', tmp_path / 'other'
    shutil.copytree(work, other)
    assert newest_loadable(other, print) == str(other / 'epoch_2.pth')
    for path in other.glob('*.pth'):
        path.unlink()
    with pytest.raises(ValueError, match='epoch_2.pth, which is of another'):
        newest_loadable(other, print)
    refuse_to_overwrite(other)
    (work / 'last_checkpoint').unlink()
    assert newest_loadable(other, print) == str(work / 'epoch_2.pth')


def test_a_new_training_overwrites_nothing(train, tmp_path):
    train(2, resume=False)
    before = (tmp_path / 'work/epoch_1.pth').read_bytes()
    with pytest.raises(ValueError, match='--resume, or train .*--work-dir'):
        train(2, resume=False)
    assert (tmp_path / 'work/epoch_1.pth').read_bytes() == before
    for path in (tmp_path / 'work').glob('*.pth'):
        shutil.move(path, path.with_name(f'best_{path.name}'))
    with pytest.raises(ValueError, match=r'best_.*\. Train with another'):
        train(2, resume=False)


def test_the_checkpoint_of_another_folder_overwrites_nothing(train, tmp_path):
    """--resume FILE into the folder of a training of its own."""
    work, other = str(tmp_path / 'work'), str(tmp_path / 'other')
    train(2)
    train(2, work_dir=other, randomness=dict(seed=4))
    before = (tmp_path / 'other/epoch_2.pth').read_bytes()
    options = dict(load_from=f'{work}/epoch_1.pth', work_dir=other)
    with pytest.raises(ValueError, match='of another folder than .*other'):
        train(2, **options)
    assert (tmp_path / 'other/epoch_2.pth').read_bytes() == before
    own = dict(work_dir=other, randomness=dict(seed=4))
    runner, _ = train(2, load_from=f'{other}/epoch_1.pth', **own)
    assert runner.epoch == 2
    train(2, **dict(options, work_dir=str(tmp_path / 'new')))


def test_mmengine_overwrites(train, tmp_path):
    """Negative control."""
    train(2, resume=False, hooks=UPSTREAM)
    before = (tmp_path / 'work/epoch_1.pth').stat().st_mtime_ns
    train(2, resume=False, hooks=UPSTREAM)
    assert (tmp_path / 'work/epoch_1.pth').stat().st_mtime_ns > before


def test_a_missing_first_half_comes_before_the_weights(train, make_runner):
    """Nothing is downloaded for a training that cannot start."""

    class InitialisedError(Exception):
        pass

    def fail():
        raise InitialisedError

    def run(**kwargs):
        runner = make_runner(
            custom_hooks=[dict(type='CheckCheckpointHook')], **kwargs
        )
        runner.model.init_weights = fail
        runner.train()

    with pytest.raises(FileNotFoundError, match='h1/epoch_70.pth does not'):
        run(load_from='work_dirs/h1/epoch_70.pth')
    with pytest.raises(InitialisedError):
        run()


def test_a_branch_is_newer_than_what_it_left(train, tmp_path):
    """After --resume FILE, a bare --resume follows the branch."""
    train(4)
    first = str(tmp_path / 'work/epoch_2.pth')
    train(3, load_from=first, inexact=True)
    assert (tmp_path / 'work/epoch_4.pth').is_file()
    found = newest_loadable(tmp_path / 'work', print)
    assert found == str(tmp_path / 'work/epoch_3.pth')


def test_a_branch_that_is_killed_at_once_is_followed(train, tmp_path):
    """Before its first checkpoint, too."""
    train(4)
    first = str(tmp_path / 'work/epoch_2.pth')
    with pytest.raises(KeyboardInterrupt):
        train(4, load_from=first, inexact=True, custom_hooks=[KILLED])
    assert newest_loadable(tmp_path / 'work', print) == first
    assert list(train(4)[1]) == [2, 3]


def test_the_checkpoint_of_another_folder_is_not_noted(
    train, tmp_path, monkeypatch
):
    train(2)
    (tmp_path / 'work').rename(tmp_path / 'other')
    first = str(tmp_path / 'other/epoch_2.pth')
    with pytest.raises(KeyboardInterrupt):
        train(4, load_from=first, inexact=True, custom_hooks=[KILLED])
    assert not (tmp_path / 'work/last_checkpoint').exists()
    monkeypatch.setenv('HOME', str(tmp_path))
    train(3, load_from='~/other/epoch_2.pth', inexact=True)
    home = '~/work/epoch_3.pth'
    with pytest.raises(KeyboardInterrupt):
        train(4, load_from=home, inexact=True, custom_hooks=[KILLED])
    found = newest_loadable(tmp_path / 'work', print)
    assert found == str(tmp_path / 'work/epoch_3.pth')


def test_a_noted_file_that_is_gone_is_told(train, tmp_path):
    """A best checkpoint was resumed, and a better one has replaced it."""
    train(3)
    (tmp_path / 'work/last_checkpoint').write_text('best_epoch_1.pth')
    told = []
    newest_loadable(tmp_path / 'work', told.append)
    [text] = told
    assert 'best_epoch_1.pth, which last_checkpoint names, is gone' in text
    assert text.endswith('epoch_3.pth instead.')


KILLED = dict(type='KilledHook')


@HOOKS.register_module()
class KilledHook(Hook):
    def before_train_iter(self, runner, *args, **kwargs):
        raise KeyboardInterrupt


def run_with(tmp_path, hooks=(), **cfg):
    """As much of a runner as its settings are read from."""
    path = tmp_path / 'val.json'
    path.write_text(cfg.pop('truth', '[]'))
    val = SimpleNamespace(ann_file=str(path))
    cfg.setdefault('train_cfg', dict(max_epochs=3, val_interval=1))
    hooks = [*hooks, *map(HOOKS.build, cfg.get('custom_hooks', []))]
    return SimpleNamespace(
        cfg=cfg,
        train_dataloader=SimpleNamespace(batch_size=4, dataset=[0]),
        val_loop=SimpleNamespace(dataloader=SimpleNamespace(dataset=val)),
        hooks=hooks,
        _randomness_cfg={},
        seed=0,
    )


PLATEAU = dict(
    param_scheduler=dict(type='ReduceOnPlateauLR', monitor='pckh/AUC')
)
OF_THE_LOSS = dict(param_scheduler=[dict(type='ReduceOnPlateauLR')])
STOP = dict(custom_hooks=[dict(type='EarlyStoppingHook', monitor='pckh/AUC')])
OWN_RATE = dict(param_scheduler=dict(type='AdaptiveLR', monitor='x'))
OWN_STOP = dict(custom_hooks=[dict(type='StopHook', monitor='pckh/AUC')])
OTHER_VALIDATION = [
    (dict(truth='[1]'), 'validation.annotations.0'),
    (dict(val_evaluator=dict(type='PCKhCurve')), 'validation.evaluator'),
    (dict(val_dataloader=dict(batch_size=8)), 'validation.dataloader'),
    (
        dict(train_cfg=dict(max_epochs=3, val_interval=2)),
        'train_cfg.val_interval: 1 -> 2',
    ),
    (dict(model=dict(test_cfg=dict(flip_test=True))), 'model.test_cfg'),
]


@HOOKS.register_module()
class StopHook(EarlyStoppingHook):
    """Somebody's own."""


@pytest.mark.parametrize(
    'decides', [PLATEAU, OF_THE_LOSS, OWN_RATE, STOP, OWN_STOP, {}]
)
@pytest.mark.parametrize('change, name', OTHER_VALIDATION)
def test_a_validation_that_decides(tmp_path, decides, change, name):
    """It ends a training, or sets its learning rate; else it only looks."""
    old = run_settings.settings_of(run_with(tmp_path, **decides))
    new = run_settings.settings_of(run_with(tmp_path, **decides, **change))
    lines = run_settings.differences(old, new)
    assert any(line.startswith(name) for line in lines) == bool(decides)
    assert not lines or decides


def test_hooks_that_drive_a_training(tmp_path):
    """Without its hook, a schedule stands still."""
    drivers = [ParamSchedulerHook(), DistSamplerSeedHook()]
    old = run_settings.settings_of(run_with(tmp_path, drivers))
    new = run_settings.settings_of(run_with(tmp_path, drivers[1:]))
    [line] = run_settings.differences(old, new)
    assert line == 'drivers.1: ParamSchedulerHook -> absent'
    hooks = dict(custom_hooks=[dict(type='EmptyCacheHook')])
    looks_on = run_settings.settings_of(run_with(tmp_path, drivers, **hooks))
    assert run_settings.differences(old, looks_on) == []


class Named(Line):
    """A data set with the joint set of a file."""

    def __init__(self, weights):
        super().__init__()
        self.metainfo = dict(
            keypoint_id2name={0: 'left', 1: 'right'},
            flip_indices=[1, 0],
            dataset_keypoint_weights=np.array(weights),
        )


def test_another_joint_set_of_the_same_name(train):
    """As of a file that was edited; the config only names it."""
    train(1, data=Named([1.0, 1.0]))
    train(1, data=Named([1.0, 1.0]))
    with pytest.raises(ValueError, match='joint_sets.0.weights.1: 1.0 -> 2.0'):
        train(1, data=Named([1.0, 2.0]))


def test_joint_sets_of_mixed_data_sets():
    sets = [Named([n, n]) for n in (1.0, 2.0, 3.0)]
    wrapped = SimpleNamespace(dataset=sets[1], metainfo=sets[1].metainfo)
    mixed = SimpleNamespace(datasets=[sets[0], wrapped, Line(), sets[2]])
    found = run_settings._joint_sets(mixed)
    assert [one['weights'][0] for one in found] == [1, 2, 2, 3]
