"""A head's losses and gradients on a GPU are those of the CPU."""

import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from integral_mmpose.models import IntegralHead

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU'),
]


def losses_and_gradient(device, heatmap_loss):
    torch.manual_seed(0)
    head = IntegralHead(
        16,
        3,
        depth=8,
        deconv_out_channels=None,
        heatmap_loss=dict(type=heatmap_loss),
        joint_loss=dict(type='JointL1Loss'),
    )
    head.init_weights()
    head.to(device)
    features = torch.randn(2, 16, 8, 8).to(device)
    samples = []
    for _ in range(2):
        sample = PoseDataSample()
        sample.gt_instance_labels = InstanceData(
            keypoint_labels=torch.rand(1, 3, 3),
            keypoint_weights=torch.ones(1, 3, 3),
        )
        samples.append(sample.to(device))
    losses = head.loss((features,), samples)
    sum(v for n, v in losses.items() if 'loss' in n).backward()
    gradient = head.final_layer.weight.grad.cpu()
    return {n: v.item() for n, v in losses.items()}, gradient


@pytest.mark.parametrize(
    'heatmap_loss',
    ['VolumeMSELoss', 'VolumeCrossEntropyLoss', 'MarginalCrossEntropyLoss'],
)
def test_a_head_on_a_gpu(heatmap_loss):
    expected, gradient = losses_and_gradient('cpu', heatmap_loss)
    got, on_gpu = losses_and_gradient('cuda', heatmap_loss)
    assert got == pytest.approx(expected, rel=1e-3)  # convolution in TF32
    assert (on_gpu - gradient).norm() <= 5e-3 * gradient.norm()
