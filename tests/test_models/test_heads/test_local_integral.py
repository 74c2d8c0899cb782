"""Local integral as a reading of the head, whatever trained its maps."""

import numpy as np
import pytest
import torch
from mmengine.config import Config

from integral_mmpose.functional import argmax, local_integral

SIZES = (16, 12)
PAIRS = [0, 2, 1]
LOSSES = dict(
    H1=dict(heatmap_loss=dict(type='VolumeMSELoss')),
    H2=dict(heatmap_loss=dict(type='VolumeCrossEntropyLoss')),
    H3=dict(heatmap_loss=dict(type='VolumeBCELoss')),
    I1=dict(joint_loss=dict(type='JointL1Loss')),
    joint=dict(
        heatmap_loss=dict(type='VolumeMSELoss'),
        joint_loss=dict(type='JointL1Loss'),
    ),
)


def two_modes(samples=2):
    """Maps in [0, 1]: a Gaussian around a joint, and a lower one elsewhere."""
    torch.manual_seed(0)
    joints = 3 + torch.rand(samples, 3, 2) * torch.tensor([3.0, 5.0])
    other = joints + torch.tensor([8.0, 0.0])
    x, y = torch.arange(16.0), torch.arange(12.0)[:, None]

    def bump(at):
        at = at[..., None, None]
        square = (x - at[:, :, 0]) ** 2 + (y - at[:, :, 1]) ** 2
        return (-square / 2).exp()

    return bump(joints) + 0.7 * bump(other), joints


@pytest.mark.parametrize('method', LOSSES)
def test_defaults(method, identity_head):
    head = identity_head(**LOSSES[method], readout='local_integral')
    expected = 0.1 if method == 'H1' else 1.0
    assert head.window == dict(radius=2, temperature=expected)
    scores = dict(H1='peak', H3='sigmoid')
    assert head.score_kind == scores.get(method, 'spread')


@pytest.mark.parametrize('method', ['H1', 'I1'])
def test_it_finds_by_the_argmax_and_places_by_the_expectation(
    method, identity_head, make_samples, stack
):
    maps, joints = two_modes()
    # For I1 logits whose softmax is as sharp as H1's at 0.1.
    maps = maps if method == 'H1' else 10 * maps
    head = identity_head(**LOSSES[method], readout='local_integral')
    preds = head.predict((maps,), make_samples())
    error = np.abs(stack(preds, 'keypoints') / 4 - joints.numpy())
    assert error.max() < 0.15
    whole = identity_head(**LOSSES[method], readout='integral')
    preds = whole.predict((maps,), make_samples())
    assert np.abs(stack(preds, 'keypoints') / 4 - joints.numpy()).max() > 0.4
    assert (argmax(maps) - joints).abs().max() > 0.3


def test_the_window_is_that_of_the_config(identity_head):
    maps, _ = two_modes()
    for window in (dict(radius=1), dict(temperature=0.3)):
        head = identity_head(
            **LOSSES['H1'], readout='local_integral', window=window
        )
        expected = dict(radius=2, temperature=0.1) | window
        got = head.coordinates(maps) * torch.tensor(SIZES)
        torch.testing.assert_close(got, local_integral(maps, **expected))
    with pytest.raises(ValueError, match='temperature must be positive'):
        identity_head(window=dict(temperature=0))
    for readout in ('integral', 'argmax'):
        with pytest.raises(ValueError, match=f'this head reads by .{readout}'):
            identity_head(readout=readout, window=dict(radius=1))
    with pytest.raises(ValueError, match=r"got \['raduis'\]"):
        identity_head(readout='local_integral', window=dict(raduis=2))
    with pytest.raises(ValueError, match='radius of at most 5'):
        identity_head(
            readout='local_integral', window=dict(radius=6)
        ).coordinates(maps)


def test_it_does_not_change_the_training(identity_head, make_samples):
    """The joint loss is that of the whole expectation."""
    maps, joints = two_modes()
    labels = joints / torch.tensor(SIZES)
    losses = [
        identity_head(**LOSSES['joint'], readout=readout).loss(
            (3 * maps,), make_samples(labels)
        )
        for readout in ('integral', 'local_integral')
    ]
    for name in ('loss_joint', 'loss_heatmap'):
        assert losses[0][name] == losses[1][name]
    assert losses[1]['acc_pose'] == 1 > losses[0]['acc_pose']


@pytest.mark.parametrize('method', LOSSES)
def test_flip_test_merges_the_maps(method, identity_head, make_samples, stack):
    """Modes of image and mirror differ: no joint between them."""
    maps, joints = two_modes()
    # The mirrored image sees the other mode first, pairs swapped.
    mirrored = maps.roll(8, -1)[:, PAIRS].flip(-1)
    maps = maps + 0.1 * maps.amax((2, 3), keepdim=True) * (maps > 0.7)
    factor = 1 if method == 'H1' else 10
    head = identity_head(**LOSSES[method], readout='local_integral')
    preds = head.predict(
        [(factor * maps,), (factor * mirrored,)],
        make_samples(flip_indices=PAIRS),
        dict(flip_test=True),
    )
    error = np.abs(stack(preds, 'keypoints') / 4 - joints.numpy())
    away = np.abs(error - [8, 0]).max(-1)
    # In one of the modes, and not in the middle of them.
    assert np.minimum(error.max(-1), away).max() < 1


def test_in_a_volume(identity_head, make_samples, stack):
    torch.manual_seed(0)
    head = identity_head(depth=7, readout='local_integral')
    logits = 3 * torch.randn(2, 21, 6, 8)
    got = stack(head.predict((logits,), make_samples()), 'keypoints')
    bins = local_integral(logits.view(2, 3, 7, 6, 8)).numpy()
    assert np.abs(got[..., :2] - 8 * bins[..., :2]).max() < 1e-3
    assert np.abs(got[..., 2] - (bins[..., 2] / 7 - 0.5) * 2000).max() < 1e-2


def test_as_a_switch_of_the_command_line(build_head):
    """What --cfg-options of tools/test.py sets on the config of an H row."""
    head = dict(LOSSES['H1'], readout='argmax')
    cfg = Config(dict(model=dict(head=head)))
    cfg.merge_from_dict(
        {
            'model.head.readout': 'local_integral',
            'model.head.window.radius': 1,
        }
    )
    built = build_head(**cfg.model.head)
    assert built.readout == 'local_integral'
    assert built.window == dict(radius=1, temperature=0.1)
