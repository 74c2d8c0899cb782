"""Integral Human Pose Regression (Sun et al., ECCV 2018) for MMPose.

Importing the package registers its codecs, heads, losses, datasets, metrics,
hooks and visualizers into MMPose's registries. Without MMPose there are
``integral_mmpose.inference`` and the command ``integral-pose``, which need no
torch, and with torch ``integral_mmpose.functional``.
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
    'visualization.pose_visualizer',
    'apis',
)

if check_versions():
    for _name in _REGISTERING:
        import_module(f'{__name__}.{_name}')
