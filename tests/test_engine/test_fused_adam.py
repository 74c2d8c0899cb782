"""Fused where torch can, and the same steps everywhere."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch.optim import Adam

from integral_mmpose.engine import fused_adam


@pytest.mark.parametrize('refused', [False, True])
def test_the_steps_are_those_of_adam(monkeypatch, refused):
    original = Adam.__init__

    def old_torch(self, params, fused=None, **options):
        if fused:
            raise RuntimeError('`fused=True` requires CUDA')
        original(self, params, **options)

    if refused:  # torch 2.1 to 2.3 on a CPU
        monkeypatch.setattr(Adam, '__init__', old_torch)
    models = [torch.nn.Linear(3, 2) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    wrapper = build_optim_wrapper(
        models[0],
        dict(optimizer=dict(type='mmpose.IntegralFusedAdam', lr=0.1)),
    )
    ours, plain = wrapper.optimizer, Adam(models[1].parameters(), lr=0.1)
    if refused:
        assert not ours.defaults.get('fused')
    for _ in range(3):
        for model, optimizer in zip(models, (ours, plain)):
            optimizer.zero_grad()
            model(torch.ones(5, 3)).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(models[0].weight, models[1].weight)
    assert not torch.equal(ours.param_groups[0]['params'][0], torch.ones(2, 3))


@pytest.mark.skipif(
    torch.__version__ < (2, 4), reason='torch before 2.4: not on a CPU'
)
def test_fused_where_torch_can():
    optimizer = fused_adam(iter([torch.nn.Parameter(torch.ones(2))]), lr=0.1)
    assert optimizer.defaults['fused']


def test_a_wrong_option_is_not_hidden():
    with pytest.raises(ValueError, match='learning rate'):
        fused_adam([torch.nn.Parameter(torch.ones(2))], lr=-1)
