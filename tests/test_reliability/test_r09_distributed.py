"""R9, distributed: two processes train and score what one does."""

import pytest
import torch
import torch.distributed as dist
from torch.nn import BatchNorm2d, SyncBatchNorm

from integral_mmpose.functional import sum_over_count

PROVED_BY = (
    'test_datasets/test_samplers.py::test_processes_share_an_epoch',
    'test_datasets/test_samplers.py::test_every_batch_has_the_exact_shares',
    'test_engine/test_two_processes.py',
    'test_engine/test_two_process_runs.py',
    'test_evaluation/test_ranks.py',
    'test_functional/test_fused.py::test_two_ranks_have_the_gradient_of_one',
    'test_models/test_heads/test_integral_head_training.py'
    '::test_a_batch_without_3d_samples',
    'test_models/test_losses/test_heatmap.py::test_no_visible_joint_at_all',
)
CONTROLS = (
    'test_engine/test_two_processes.py::test_a_late_conversion_is_found',
)


def test_upstream_a_mean_over_visible_joints_depends_on_the_ranks(figure):
    """One rank sees 1 of 4 joints, the other all: 0.25 and not 0.4."""
    errors = torch.tensor([[1.0, 9, 9, 9], [0, 0, 0, 1]])
    seen = torch.tensor([[1.0, 0, 0, 0], [1, 1, 1, 1]])
    whole = (errors * seen).sum() / seen.sum()
    ranks = ((errors * seen).sum(1) / seen.sum(1)).mean()
    what = 'loss of two processes, relative'
    figure('R9', what, abs(ranks - whole) / whole, 1e-5, upstream=True)
    ours = sum_over_count(errors, seen, 8)
    halves = [sum_over_count(e, s, 4) for e, s in zip(errors, seen)]
    figure('R9', what, abs(sum(halves) / 2 - ours) / ours, 1e-5)


def test_upstream_batch_norm_of_half_a_batch_is_another(figure):
    """So two processes equal one with frozen or synchronised norms."""
    torch.manual_seed(0)
    images = torch.randn(4, 3, 5, 7)
    norm = BatchNorm2d(3)
    halves = torch.cat([norm(images[:2]), norm(images[2:])])
    difference = (halves - norm(images)).detach().abs().max()
    figure('R9', 'batch norm of halves', difference, 1e-5, upstream=True)


@pytest.fixture
def group(tmp_path):
    """Of this process alone."""

    def start(backend):
        dist.init_process_group(
            backend, f'file://{tmp_path}/store', rank=0, world_size=1
        )

    yield start
    dist.destroy_process_group()


def test_synchronised_batch_norm_needs_gpus(group):
    """Why the figure of two processes is one of frozen batch norm."""
    group('gloo')
    with pytest.raises(ValueError, match='expected input tensor to be on'):
        SyncBatchNorm(3)(torch.randn(4, 3, 5, 7))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_synchronised_batch_norm_is_that_of_the_whole_batch(group):
    """In the group of one process, which is what one GPU can show."""
    group('nccl')
    images = torch.randn(4, 3, 5, 7, device='cuda')
    found = SyncBatchNorm(3).cuda()(images)
    assert torch.allclose(found, BatchNorm2d(3).cuda()(images), atol=1e-6)
