"""Training that can be trusted: safe loading, atomic checkpoints, guards."""

from .atomic_backend import AtomicLocalBackend
from .atomic_checkpoint_hook import AtomicCheckpointHook
from .checkpoint_check import CheckCheckpointHook, check_weights
from .decay_prior import DecayPriorHook
from .fused_adam import fused_adam
from .nan_guard import NaNGuardHook
from .resume_hook import ResumeHook
from .seed_iteration import SeedIterationHook
from .sharpen import SharpenHook

__all__ = [
    'AtomicCheckpointHook',
    'AtomicLocalBackend',
    'CheckCheckpointHook',
    'DecayPriorHook',
    'NaNGuardHook',
    'ResumeHook',
    'SeedIterationHook',
    'SharpenHook',
    'check_weights',
    'fused_adam',
]
