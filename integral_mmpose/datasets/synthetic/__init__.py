"""The embedded data: a posed, rendered human body in the real layouts.

Nothing here imports torch or any mm* package.
"""
from .dataset import SCALES, make_synthetic

__all__ = ['SCALES', 'make_synthetic']
