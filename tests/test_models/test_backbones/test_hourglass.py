"""HourGlass: Newell's size, re-injection, and what it refuses."""

import pytest
import torch

from integral_mmpose.models import HourglassStage, HourglassStem


def test_stem_is_a_quarter_of_the_resolution():
    (features,) = HourglassStem(32)(torch.zeros(1, 3, 64, 48))
    assert features.shape == (1, 32, 16, 12)


def test_every_resolution_is_reached():
    """The centre output sees the whole input: 4 halvings of 16 cells."""
    torch.manual_seed(0)
    stage = HourglassStage(8).eval()
    x = torch.randn(1, 8, 16, 16, requires_grad=True)
    stage(x)[..., 8, 8].sum().backward()
    # Pooling and ReLU pass nothing to some cells, but to every 4 x 4 of them.
    blocks = x.grad.abs().sum((0, 1)).view(4, 4, 4, 4).sum((1, 3))
    assert (blocks > 0).all()
    shallow = HourglassStage(8, levels=1).eval()
    x = torch.randn(1, 8, 16, 16, requires_grad=True)
    shallow(x)[..., 8, 8].sum().backward()
    assert x.grad[..., 0, 0].abs().max() == 0


def test_features_and_maps_are_re_injected():
    """inputs + W f + b + V m + c, written as matrix products."""
    torch.manual_seed(0)
    stage = HourglassStage(8, map_channels=3)
    inputs, features = torch.randn(2, 2, 8, 16, 16).unbind(0)
    maps = torch.randn(2, 3, 16, 16)
    expected = inputs.clone()
    for layer, x in ((stage.from_features, features), (stage.from_maps, maps)):
        weight = layer.weight[..., 0, 0]
        expected += torch.einsum('oc,bchw->bohw', weight, x)
        expected += layer.bias[:, None, None]
    merged = stage.merge(None, inputs, features, maps)
    assert torch.allclose(merged, expected, atol=1e-5)


def test_maps_of_another_size_are_an_error():
    """Of a head with deconvolutions, IntegralMultiStageHead's default."""
    stage = HourglassStage(8, map_channels=3)
    features = torch.zeros(1, 8, 16, 16)
    with pytest.raises(ValueError, match=r'\(64, 64\).*deconv_out_channels'):
        stage.merge(None, features, features, torch.zeros(1, 3, 64, 64))


def test_first_stage_has_nothing_to_merge():
    names = dict(HourglassStage(8).named_children())
    assert set(names) == {'layers'}


def test_sizes_that_cannot_be_halved_are_an_error():
    with pytest.raises(ValueError, match='multiple of 64 px'):
        HourglassStage(8)(torch.zeros(1, 8, 16, 24))
