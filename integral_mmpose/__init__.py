"""Integral Human Pose Regression (Sun et al., ECCV 2018) for MMPose.

Importing the package registers its codecs, heads, losses, datasets, metrics,
hooks and visualizers into MMPose's registries. Without MMPose only
``integral_mmpose.functional`` is of use, and importing it works.
"""

from importlib import import_module

from .requires import check_versions
from .version import __version__

__all__ = ['__version__']

# engine comes first: it makes the loading of checkpoints safe.
_REGISTERING = (
    'engine',
    'codecs',
    'models',
    'datasets',
    'evaluation',
    'visualization',
    'inference',
)

if check_versions():
    for _name in _REGISTERING:
        import_module(f'{__name__}.{_name}')
