"""R2, half precision and extremes: finite, exact, or an error."""

import contextlib

import torch
from mmengine.registry import OPTIM_WRAPPERS
from mmpose.registry import MODELS

import integral_mmpose  # noqa: F401
from tests.test_engine.two_processes import Bfloat16OptimWrapper
from tests.test_reliability.training import only_train, small_config, train

PROVED_BY = (
    'test_functional/test_integral_gradients.py'
    '::test_extremes_are_finite_with_their_gradients',
    'test_functional/test_integral_gradients.py::test_extreme_values',
    'test_functional/test_integral_gradients.py'
    '::test_half_precision_over_64_bins',
    'test_functional/test_integral_gradients.py'
    '::test_half_precision_log_marginals',
    'test_functional/test_errors.py::test_half_precision',
    'test_functional/test_errors.py'
    '::test_extremes_are_finite_with_their_gradients',
    'test_functional/test_fused.py::test_autocast_does_not_lower_it',
    'test_models/test_heads/test_integral_head_predict.py'
    '::test_logits_that_are_not_finite',
    'test_models/test_heads/test_integral_head_training.py'
    '::test_50_steps_in_autocast_are_finite',
    'test_models/test_losses/test_heatmap.py::test_in_autocast',
)


@OPTIM_WRAPPERS.register_module(force=True)
class Watched(Bfloat16OptimWrapper):
    """Keeps the losses, and whether the network ran in half precision."""

    losses, dtypes = [], set()

    @contextlib.contextmanager
    def optim_context(self, model):
        with super().optim_context(model):
            self.dtypes.add((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
            yield

    def update_params(self, loss, *args, **kwargs):
        self.losses.append(loss.item())
        super().update_params(loss, *args, **kwargs)


def test_50_steps_of_a_training_in_autocast(data, tmp_path, figure):
    """Of the whole model, with its data, clipping and schedule."""
    Watched.losses.clear()
    cfg = only_train(small_config(data, tmp_path), 50)
    cfg.optim_wrapper.type = 'mmengine.Watched'
    model = train(cfg).model
    losses = torch.tensor(Watched.losses)
    assert len(losses) == 50 and Watched.dtypes == {torch.bfloat16}
    broken = (~losses.isfinite()).sum()
    broken += sum((~p.isfinite()).sum() for p in model.parameters())
    figure('R2', 'not finite in 50 AMP steps, losses and weights', broken, 0)
    assert losses[-10:].mean() < losses[:10].mean()


def test_upstream_nan_logits_become_nan_joints_in_silence():
    head = MODELS.build(
        dict(
            type='mmpose.IntegralRegressionHead',
            in_channels=2,
            in_featuremap_size=(4, 4),
            num_joints=2,
            deconv_out_channels=(),
        )
    )
    feats = torch.zeros(1, 2, 4, 4)
    feats[0, 0, 1, 1] = float('nan')
    joints, _ = head((feats,))
    assert joints.isnan().any()


def test_upstream_softmax_of_an_autocast_stays_in_half():
    with torch.autocast('cpu', dtype=torch.bfloat16):
        logits = torch.ones(2, 4) @ torch.ones(4, 8)
        assert logits.softmax(-1).dtype == torch.bfloat16
