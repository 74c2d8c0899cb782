"""Numbers of the losses."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from integral_mmpose.models import losses

NUMBERS = [(name, 'loss_weight') for name in losses.__all__] + [
    ('VolumeMSELoss', 'sigma'),
    ('MarginalMSELoss', 'sigma'),
    ('VolumeJSLoss', 'sigma'),
    ('MarginalJSLoss', 'sigma'),
    ('VolumeBCELoss', 'radius'),
    ('LocalJointL1Loss', 'temperature'),
]
BAD = [0, -1, True, float('nan'), float('inf'), '1', 'a', None, [1]]


@pytest.mark.parametrize(('name', 'option'), NUMBERS)
def test_numbers_are_positive(name, option):
    for value in BAD:
        with pytest.raises(ValueError, match=f'{option} must be .*positive'):
            MODELS.build({'type': name, option: value})
    for value in (1, 0.5, np.float32(2)):  # the negative control
        loss = MODELS.build({'type': name, option: value})
        assert getattr(loss, option) == value


def test_the_class_is_named():
    wrong = 'VolumeJSLoss: sigma must be a positive number, got 0'
    with pytest.raises(ValueError, match=wrong):
        MODELS.build(dict(type='VolumeJSLoss', sigma=0))


def test_a_sigma_that_overflows_is_refused():
    """In bins: 0.02 may be meant as a share of the side."""
    with pytest.raises(ValueError, match='sigma=0.02 bins is below 0.3'):
        MODELS.build(dict(type='VolumeMSELoss', sigma=0.02))
    for kind in ('VolumeMSELoss', 'MarginalMSELoss'):
        loss = MODELS.build(dict(type=kind, sigma=0.3))
        logits = torch.zeros(1, 1, 8, 8, 8, requires_grad=True)
        loss(
            logits, torch.full((1, 1, 3), 0.0), torch.ones(1, 1, 3)
        ).backward()
        assert logits.grad.isfinite().all()
