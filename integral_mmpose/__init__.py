"""Integral Human Pose Regression (Sun et al., ECCV 2018) for MMPose.

Importing the package registers its codecs, heads, losses, datasets, metrics,
hooks and visualizers into MMPose's registries. Without MMPose there are
``integral_mmpose.inference`` and the command ``integral-pose``, which need no
torch, and with torch ``integral_mmpose.functional``.
"""

import sys
from importlib import import_module
from pathlib import Path

from .requires import check_imports, check_versions
from .version import __version__

__all__ = ['__version__']

_REGISTERING = (
    'engine',
    'codecs',
    'models',
    'datasets',
    'evaluation',
    'visualization.pose_visualizer',
    'apis',
)

# The command needs no MMPose. Without importing it, the command starts five
# times faster, and beside an MMPose of another version, too.
_IS_COMMAND = Path(*sys.argv[:1]).name in (
    'integral-pose',
    'integral-pose.exe',
)

if not _IS_COMMAND and check_versions():  # MMPose is installed
    # Operators for an mmcv without them, and a safe loader of checkpoints:
    # both act on every model of the process.
    import_module('.mmcv_stand_in', __name__).install()
    check_imports()
    import_module('.engine.safe_load', __name__).install()
    for _name in _REGISTERING:
        import_module(f'.{_name}', __name__)
