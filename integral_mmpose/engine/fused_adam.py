"""Adam in one kernel, where torch has it.

torch has the fused form on a GPU since 2.0 and on a CPU since 2.4.
"""

from mmpose.registry import OPTIMIZERS
from torch.optim import Adam


@OPTIMIZERS.register_module(name='IntegralFusedAdam')
def fused_adam(params, **options) -> Adam:
    """torch's Adam, with ``fused=True`` if it takes these parameters."""
    params = list(params)
    try:
        return Adam(params, fused=True, **options)
    except RuntimeError:  # not on this device
        return Adam(params, **options)
