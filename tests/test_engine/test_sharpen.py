"""The factor is folded in once, and keeps what was learned."""

import logging
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from integral_mmpose import functional as F
from integral_mmpose.engine import SharpenHook
from integral_mmpose.models import IntegralHead


def make_runner(iteration=0, load_from='h1.pth'):
    model = nn.Module()
    model.head = IntegralHead(
        3, 2, deconv_out_channels=(), joint_loss=dict(type='JointL1Loss')
    )
    return SimpleNamespace(
        model=model,
        iter=iteration,
        _load_from=load_from,
        logger=logging.getLogger('test'),
    )


def test_scales_the_maps_at_the_start_only():
    runner, features = make_runner(), torch.randn(1, 3, 4, 5)
    before = runner.model.head((features,))
    SharpenHook(7.0).before_train(runner)
    after = runner.model.head((features,))
    torch.testing.assert_close(after, 7 * before)
    resumed = make_runner(iteration=3)
    weight = resumed.model.head.final_layer.weight.clone()
    SharpenHook(7.0).before_train(resumed)
    assert torch.equal(resumed.model.head.final_layer.weight, weight)
    with pytest.raises(ValueError, match='no checkpoint was loaded'):
        SharpenHook(7.0).before_train(make_runner(load_from=None))


def test_reaches_into_a_data_parallel_model():
    runner, features = make_runner(), torch.randn(1, 3, 4, 5)
    head = runner.model.head
    before = head((features,))
    runner.model = nn.DataParallel(runner.model)
    SharpenHook(7.0).before_train(runner)
    torch.testing.assert_close(head((features,)), 7 * before)


def test_why_it_is_there():
    """A learned H1 map: flat softmax without the factor, right with it."""
    joint = torch.tensor([[[11.0, 3.0]]])
    maps = F.gaussian_map(joint, (16, 16))
    assert (F.integral(maps) - joint).abs().max() > 3
    assert (F.integral(30 * maps) - joint).abs().max() < 0.01


def test_bad_factor():
    with pytest.raises(ValueError, match='positive'):
        SharpenHook(0.0)


def test_a_head_without_a_last_layer_is_an_error():
    runner = make_runner()
    runner.model.head = nn.Module()
    with pytest.raises(ValueError, match='Module has no maps'):
        SharpenHook(7.0).before_train(runner)
