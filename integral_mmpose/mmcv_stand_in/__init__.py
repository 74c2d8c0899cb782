"""mmcv without compiled operators: the folder that holds ``mmcv._ext``.

mmcv-lite has all Python files of ``mmcv.ops`` and no extension module
``mmcv._ext``, so MMDetection and MMPose do not import. No model of this
package calls an operator; person detectors call three, which torchvision
has. This folder becomes the last place where ``mmcv``'s modules are looked
for: a compiled ``_ext`` in mmcv's own folder always comes first.
"""

from pathlib import Path

import mmcv

FOLDER = str(Path(__file__).parent)


def install() -> None:
    """Let ``import mmcv._ext`` find the stand-in where nothing is compiled."""
    if FOLDER not in mmcv.__path__:
        mmcv.__path__.append(FOLDER)
