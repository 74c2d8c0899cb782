"""A loss that is not finite stops the training before it is saved."""

import copy
import math
from types import SimpleNamespace

import pytest
import torch
from mmengine.structures import BaseDataElement

from integral_mmpose.engine import NaNGuardHook
from integral_mmpose.engine.nan_guard import image_paths

from .conftest import Line

GUARD = [dict(type='NaNGuardHook')]


class Breaks(torch.nn.Module):
    """A head whose output is not a number from the fourth call on."""

    def __init__(self):
        super().__init__()
        self.layer, self.calls = torch.nn.Linear(2, 1), 0

    def forward(self, x):
        self.calls += 1
        return self.layer(x) * (math.nan if self.calls > 6 else 1)


def _broken(tiny_model):
    model = tiny_model()
    model.head = Breaks()
    return model


def test_mmengine_trains_on(make_runner, tiny_model, tmp_path):
    """Negative control: upstream saves weights that are not numbers."""
    make_runner(_broken(tiny_model)).train()
    saved = torch.load(tmp_path / 'work' / 'epoch_2.pth', weights_only=True)
    assert saved['state_dict']['head.layer.weight'].isnan().all()


def test_stops_at_the_iteration(make_runner, tiny_model, tmp_path):
    runner = make_runner(_broken(tiny_model), custom_hooks=GUARD)
    with pytest.raises(
        FloatingPointError, match=r'iteration 7 \(epoch 2\): loss=nan'
    ):
        runner.train()
    assert [p.name for p in (tmp_path / 'work').glob('*.pth')] == [
        'epoch_1.pth'
    ]


def test_stops_before_an_iteration_is_saved(make_runner, tiny_model, tmp_path):
    runner = make_runner(
        _broken(tiny_model),
        default_hooks=dict(
            checkpoint=dict(
                type='AtomicCheckpointHook', by_epoch=False, interval=1
            )
        ),
        custom_hooks=GUARD,
    )
    with pytest.raises(FloatingPointError, match='iteration 7'):
        runner.train()
    saved = {p.name for p in (tmp_path / 'work').glob('*.pth')}
    assert saved == {f'iter_{n}.pth' for n in range(1, 7)}


def test_spoiled_weights_are_not_saved(make_runner, tiny_model, tmp_path):
    """The last gradient of an epoch: every loss before it is finite."""

    def train(hooks):
        model = tiny_model()
        model.calls = 0

        def spoil(grad):
            model.calls += 1
            return grad * (math.inf if model.calls == 8 else 1)

        model.head.weight.register_hook(spoil)
        make_runner(model, custom_hooks=hooks).train()

    train([])  # negative control
    path = tmp_path / 'work' / 'epoch_2.pth'
    saved = torch.load(path, weights_only=True)
    assert not saved['state_dict']['head.weight'].isfinite().all()
    path.unlink()
    with pytest.raises(FloatingPointError, match='weight head.weight'):
        train(GUARD)
    assert not path.exists()
    assert (tmp_path / 'work' / 'epoch_1.pth').exists()


def test_every_process_looks_at_its_weights(tiny_model):
    """The main process alone saves: the others would go on to validate."""
    model = tiny_model()
    runner = SimpleNamespace(model=model, iter=8)
    NaNGuardHook().after_train_epoch(runner)
    torch.nn.init.constant_(model.head.bias, math.nan)
    with pytest.raises(FloatingPointError, match='iteration 8: .*head.bias'):
        NaNGuardHook().after_train_epoch(runner)


@pytest.mark.parametrize(
    'clip, name',
    [
        (dict(max_norm=0), 'max_norm is 0'),
        (dict(max_norm=-1.0), 'max_norm is -1.0'),
        (dict(max_norm=float('nan')), 'max_norm is nan'),
        (dict(type='value', clip_value=0.0), 'clip_value is 0.0'),
    ],
)
def test_a_clip_to_nothing_is_an_error(make_runner, clip, name):
    optimizer = dict(type='Adam', lr=1e-2)
    wrapper = dict(optimizer=optimizer, clip_grad=clip)
    wrong = copy.deepcopy(wrapper)
    runner = make_runner(optim_wrapper=wrong, custom_hooks=GUARD)
    with pytest.raises(ValueError, match=f'clip_grad.{name}'):
        runner.train()
    clip.update({key: 1.0 for key in clip if key != 'type'})
    make_runner(optim_wrapper=wrapper, custom_hooks=GUARD).train()


@pytest.mark.parametrize(
    'clip', [dict(max_norm=0), dict(type='value', clip_value=0.0)]
)
def test_mmengine_learns_nothing_in_silence(make_runner, tiny_model, clip):
    """Negative control: without the hook the weights stay as they were."""
    model = tiny_model()
    before = copy.deepcopy(model.state_dict())
    optimizer = dict(type='Adam', lr=1e-2)
    wrapper = dict(optimizer=optimizer, clip_grad=clip)
    make_runner(model, optim_wrapper=wrapper, param_scheduler=None).train()
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize('interval', [0, -1])
def test_a_validation_of_no_interval_is_an_error(make_runner, interval):
    """Negative control: mmengine divides by it after the first epoch."""
    if interval == 0:
        runner = make_runner(val_interval=1)
        runner._train_loop['val_interval'] = interval
        with pytest.raises(ZeroDivisionError):
            runner.train()
    runner = make_runner(val_interval=1, custom_hooks=[])
    runner.register_hook(dict(type='NaNGuardHook'))
    runner._train_loop['val_interval'] = interval
    with pytest.raises(ValueError, match=f'val_interval is {interval}'):
        runner.train()


def test_a_training_of_no_epoch_is_an_error(make_runner):
    """mmengine ends as if it had trained."""
    no_epoch = dict(max_epochs=0, param_scheduler=None)
    make_runner(**no_epoch).train()
    runner = make_runner(**no_epoch, custom_hooks=GUARD)
    with pytest.raises(ValueError, match='0 epochs'):
        runner.train()


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_names_losses_and_images(value):
    samples = [
        BaseDataElement(metainfo=dict(img_path=f'a/{n}.jpg'))
        for n in range(10)
    ]
    runner = type('Runner', (), dict(iter=4, epoch=0))
    outputs = dict(
        loss_joint=torch.tensor(value),
        loss_map=torch.tensor(1.0),
        **{'s0.loss_joint': torch.tensor(value)},
        acc_pose=torch.tensor(math.nan),
    )
    with pytest.raises(FloatingPointError) as caught:
        NaNGuardHook().after_train_iter(
            runner, 0, dict(data_samples=samples), outputs
        )
    text = str(caught.value)
    assert f': loss_joint={value:g}, s0.loss_joint={value:g}. Im' in text
    assert 'a/0.jpg, a/1.jpg' in text and 'and 2 more' in text


def test_finite_losses_pass():
    hub = SimpleNamespace(log_scalars={})
    runner = SimpleNamespace(optim_wrapper=None, message_hub=hub)
    NaNGuardHook().after_train_iter(
        runner, 0, None, dict(loss=torch.tensor(1e30), acc=torch.tensor(0.0))
    )


def test_batches_without_paths():
    assert image_paths(None) == []
    assert image_paths(dict(data_samples=[torch.zeros(1)])) == []


def test_fewer_samples_than_a_batch_are_an_error(make_runner, tmp_path):
    """mmengine saves untrained weights, epoch after epoch."""
    loader = dict(
        batch_size=32,
        num_workers=0,
        drop_last=True,
        sampler=dict(type='DefaultSampler', shuffle=True),
        collate_fn=dict(type='default_collate'),
        dataset=Line(),
    )
    for hooks in ([], GUARD):
        runner = make_runner(
            train_dataloader=loader, custom_hooks=hooks, param_scheduler=None
        )
        if hooks:
            with pytest.raises(ValueError, match='16 training samples.*batch'):
                runner.train()
        else:
            runner.train()
            saved = list((tmp_path / 'work').glob('*.pth'))
            assert len(saved) == 2
            for path in saved:
                path.unlink()
    assert not list((tmp_path / 'work').glob('*.pth'))


class Steep(torch.nn.Module):
    """A head whose gradient is finite, and its norm is not."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, x):
        out = self.layer(x)
        out.register_hook(lambda gradient: gradient * 1e30)
        return out


def test_an_infinite_gradient_is_an_error(make_runner, tiny_model):
    """Negative control: mmengine clips it to 0, and learns nothing."""
    optimizer = dict(type='Adam', lr=1e-2)
    wrapper = dict(optimizer=optimizer, clip_grad=dict(max_norm=1.0))
    model = tiny_model()
    model.head = Steep()
    before = copy.deepcopy(model.state_dict())
    make_runner(model, optim_wrapper=copy.deepcopy(wrapper)).train()
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    runner = make_runner(model, optim_wrapper=wrapper, custom_hooks=GUARD)
    with pytest.raises(FloatingPointError, match='1.*gradient is inf'):
        runner.train()
