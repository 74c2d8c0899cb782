"""A checkpoint of another model is refused by name."""

import pytest
import torch
from mmpose.registry import MODELS
from torch.utils.data import DataLoader

from integral_mmpose.engine import check_weights

from .conftest import Line

HOOK = [dict(type='CheckCheckpointHook')]


@pytest.fixture
def other(make_runner, tmp_path, tiny_model):
    """A checkpoint of a wider model."""
    make_runner(
        tiny_model(width=3), max_epochs=1, work_dir=str(tmp_path / 'other')
    ).train()
    return str(tmp_path / 'other' / 'epoch_1.pth')


def test_mmengine_trains_on(make_runner, other):
    """Negative control: upstream only warns."""
    make_runner(max_epochs=1, load_from=other).train()


@pytest.mark.parametrize('resume', [False, True])
def test_another_model_is_refused(make_runner, other, resume):
    runner = make_runner(
        max_epochs=2, load_from=other, resume=resume, custom_hooks=HOOK
    )
    with pytest.raises(
        ValueError,
        match=r'epoch_1\.pth is of another model.*3 weights have another '
        r'shape: backbone\.weight \(3, 1\) instead of \(2, 1\)',
    ):
        runner.train()


def test_own_checkpoint_passes(make_runner, tmp_path):
    make_runner(max_epochs=1).train()
    runner = make_runner(max_epochs=2, resume=True, custom_hooks=HOOK)
    runner.train()
    assert runner.epoch == 2


@pytest.mark.parametrize('same', [True, False])
def test_joints_of_other_names_are_told(make_runner, tmp_path, capfd, same):
    """As many joints in another order have the same weights."""

    class Named(Line):
        metainfo = dict(keypoint_id2name={0: 'left_foot', 1: 'right_foot'})

    loader = DataLoader(Named(), batch_size=4)
    make_runner(max_epochs=1, train_dataloader=loader).train()
    if not same:
        names = {0: 'right_foot', 1: 'left_foot'}
        loader.dataset.metainfo = dict(keypoint_id2name=names)
    make_runner(
        max_epochs=2,
        resume=True,
        train_dataloader=loader,
        custom_hooks=HOOK,
        log_level='WARNING',
    ).train()
    text = 'joint 0: left_foot there, right_foot here'
    assert (text in ''.join(capfd.readouterr())) != same


def test_pretrained_part_is_for_training_only(make_runner, tmp_path):
    make_runner(max_epochs=1).train()
    path = tmp_path / 'work' / 'epoch_1.pth'
    checkpoint = torch.load(path, weights_only=True)
    for name in ('head.weight', 'head.bias'):
        del checkpoint['state_dict'][name]
    path = tmp_path / 'part.pth'
    torch.save(checkpoint, path)
    make_runner(max_epochs=1, load_from=str(path), custom_hooks=HOOK).train()
    runner = make_runner(
        max_epochs=2, load_from=str(path), resume=True, custom_hooks=HOOK
    )
    with pytest.raises(ValueError, match='2 weights are missing in it: head'):
        runner.train()


def test_allowed_weights_may_differ_where_a_training_starts(
    make_runner, other, tiny_model
):
    """Another number of joints: the last layer starts anew."""
    hook = [dict(type='CheckCheckpointHook', allow=['backbone', 'head'])]
    make_runner(max_epochs=1, load_from=other, custom_hooks=hook).train()
    hook = [dict(type='CheckCheckpointHook', allow=['head'])]
    runner = make_runner(max_epochs=1, load_from=other, custom_hooks=hook)
    with pytest.raises(
        ValueError,
        match=r"backbone\.weight[\s\S]*'backbone\.weight'\]\)",
    ):
        runner.train()


def test_allowed_weights_are_needed_to_resume(make_runner, other):
    hook = [dict(type='CheckCheckpointHook', allow=['backbone', 'head'])]
    runner = make_runner(
        max_epochs=2, load_from=other, resume=True, custom_hooks=hook
    )
    with pytest.raises(ValueError, match='is of another model'):
        runner.train()


def test_half_a_part_is_refused(tiny_model):
    model = tiny_model()
    weights = model.state_dict()
    del weights['head.bias']
    with pytest.raises(ValueError, match=r'missing in it: head\.bias\. '):
        check_weights(model, weights, 'x.pth', partial=True)


@pytest.mark.parametrize(
    'change, problem',
    [
        (lambda w: w / 0 * 0, 'not finite'),
        (lambda w: w.long(), 'int64'),
    ],
)
def test_weights_that_torch_would_copy(tiny_model, change, problem):
    """Negative control: torch does, and the model is another one."""
    model = tiny_model()
    weights = model.state_dict()
    weights['head.weight'] = change(weights['head.weight'])
    with pytest.raises(
        ValueError, match=rf'x\.pth: .*head\.weight .*{problem}'
    ):
        check_weights(model, weights, 'x.pth')
    model.load_state_dict(weights)


def test_half_precision_is_read(tiny_model):
    weights = {k: v.half() for k, v in tiny_model().state_dict().items()}
    check_weights(tiny_model(), weights, 'x.pth')


def test_nothing_in_common_is_refused(tiny_model):
    with pytest.raises(ValueError, match='not in the model: layer1'):
        check_weights(
            tiny_model(), {'layer1.w': torch.zeros(2)}, 'x.pth', partial=True
        )


def test_data_parallel_prefix_is_stripped(tiny_model):
    weights = {f'module.{k}': v for k, v in tiny_model().state_dict().items()}
    check_weights(tiny_model(), dict(state_dict=weights), 'x.pth')
    part = {k: v for k, v in weights.items() if '.backbone.' in k}
    assert len(part) == 2
    check_weights(tiny_model(), part, 'x.pth', partial=True)
    with pytest.raises(ValueError, match='head.weight'):
        check_weights(tiny_model(), part, 'x.pth')


def test_extra_weights_are_refused(tiny_model):
    weights = dict(tiny_model().state_dict(), extra=torch.zeros(1))
    with pytest.raises(ValueError, match='1 weights are not in the model'):
        check_weights(tiny_model(), weights, 'x.pth')


@pytest.mark.parametrize('found, wanted', [(1, 3), (3, 2)])
def test_other_stage_counts_are_named(found, wanted):
    def model(stages):
        head = MODELS.build(
            dict(
                type='IntegralMultiStageHead',
                in_channels=8,
                out_channels=2,
                num_stages=stages,
                stage=dict(type='HourglassStage', levels=1),
                deconv_out_channels=(),
                joint_loss=dict(type='JointL1Loss'),
            )
        )
        return torch.nn.ModuleDict(dict(head=head))

    with pytest.raises(
        ValueError, match=f'{found} stages in it, {wanted} in the model'
    ):
        check_weights(model(wanted), model(found).state_dict(), 'x.pth', True)
