"""The exported module is the model's own path from crops to joints."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from integral_mmpose.export import PoseGraph, run_module


@pytest.mark.parametrize(
    'kind',
    [
        'integral_3d',
        'integral_2d',
        'debiased_2d',
        'argmax_2d',
        'argmax_3d',
        'marginal_argmax_3d',
        'multi_stage_3d',
        'direct_3d',
    ],
)
def test_equals_the_test_step_of_mmpose(models, crops, predict, kind):
    """Normalisation, head, decoding and scores, all by the other way."""
    keypoints, scores = predict(models[kind], crops)
    found = run_module(PoseGraph(models[kind]))(crops)
    np.testing.assert_allclose(found[0], keypoints, atol=1e-3)
    np.testing.assert_allclose(found[1], scores, atol=1e-6)
    assert np.ptp(keypoints, axis=0).max() > 0.01  # crops tell apart


def test_bins_become_px_and_mm(models, monkeypatch):
    """By hand: bins (4, 2, 3) of (16, 8, 4) over 96 px, 64 px, 2000 mm."""
    logits = torch.full((2, 18, 4, 8, 16), -50.0)
    logits[..., 3, 2, 4] = 50.0
    model = models['integral_3d']
    monkeypatch.setattr(model.head, 'forward', lambda feats: logits)
    keypoints, scores, std = PoseGraph(model)(torch.zeros(2, 3, 64, 96))
    assert keypoints.shape == (2, 18, 3)
    expected = torch.tensor([24.0, 16.0, 500.0]).expand_as(keypoints)
    torch.testing.assert_close(keypoints, expected)
    torch.testing.assert_close(scores, torch.ones(2, 18))


def test_colours_are_bgr(models, crops):
    """A graph of a model without the swap reads the swapped crops alike."""
    model = models['integral_2d']
    graph = PoseGraph(model)
    expected = run_module(graph)(crops)[0]
    graph.model.data_preprocessor._channel_conversion = False
    rgb = np.ascontiguousarray(crops[:, ::-1])
    np.testing.assert_array_equal(run_module(graph)(rgb)[0], expected)
    assert np.abs(run_module(graph)(crops)[0] - expected).max() > 1e-3


def test_half_ends_before_the_softmax(models, crops):
    """Logits in half, and their integral as float64 has it."""
    graph = PoseGraph(models['integral_3d'], half=True)
    logits = []
    graph.model.head.register_forward_hook(
        lambda module, inputs, output: logits.append(output)
    )
    keypoints, scores, _ = run_module(graph)(crops)
    assert logits[0].dtype == torch.float16
    assert keypoints.dtype == scores.dtype == np.float32
    probs = logits[0].double().flatten(2).softmax(-1).view_as(logits[0])
    x = (probs.sum((2, 3)) * torch.arange(16)).sum(-1) / 16 * 96
    z = (probs.sum((3, 4)) * torch.arange(4)).sum(-1) / 4 - 0.5
    np.testing.assert_allclose(keypoints[..., 0], x, atol=1e-4)
    np.testing.assert_allclose(keypoints[..., 2], z * 2000, atol=1e-2)


def test_the_model_is_left_as_it_was(models):
    model = models['integral_3d']
    PoseGraph(model, half=True)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_foreign_heads_are_refused(models, monkeypatch):
    model = models['integral_2d']
    foreign = MODELS.build(
        dict(
            type='HeatmapHead',
            in_channels=4,
            out_channels=3,
            deconv_out_channels=None,
        )
    )
    monkeypatch.setitem(model._modules, 'head', foreign)
    with pytest.raises(ValueError, match='HeatmapHead cannot be exported'):
        PoseGraph(model)
