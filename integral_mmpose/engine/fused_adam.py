"""Adam in one kernel, where torch has it.

torch has the fused form on a GPU since 2.0 and on a CPU since 2.4.
"""

from typing import Tuple, Union

from mmpose.registry import OPTIMIZERS
from torch import Tensor
from torch.optim import Adam


@OPTIMIZERS.register_module(name='IntegralFusedAdam')
def fused_adam(
    params,
    lr: Union[float, Tensor] = 1e-3,
    betas: Tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    **options,
) -> Adam:
    """torch's Adam, with ``fused=True`` if it takes these parameters."""
    params = list(params)
    options.update(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    try:
        return Adam(params, fused=True, **options)
    except RuntimeError:  # not on this device
        return Adam(params, **options)
