"""The checkpoint that ResNets start from, where a scale asks for one.

``BACKBONE_CHECKPOINT`` names it in the scale's file. It is no part of the
project: the record of a row keeps its digest.
"""

import hashlib
from pathlib import Path
from pickle import UnpicklingError
from typing import Dict, Mapping, Optional

from mmengine.config import ConfigDict
from mmengine.runner.checkpoint import CheckpointLoader
from mmpose.models.backbones import ResNet

from integral_mmpose.engine import check_weights

VARIABLE = 'BACKBONE_CHECKPOINT'


def find_backbone(setting: Optional[ConfigDict]) -> Dict[str, str]:
    """The environment variable of the backbone, if the scale has one.

    Args:
        setting (ConfigDict, optional): Numbers of the scale.

    Raises:
        FileNotFoundError: If the variable does not name a file.
        ValueError: If the file holds another network.
    """
    resnets = setting.resnets.values() if setting else ()
    starting = [r for r in resnets if r.get('init_cfg')]
    if not starting:
        return {}
    path = starting[0].init_cfg.checkpoint
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'this scale needs the checkpoint of a {describe(starting[0])}, '
            f'but there is no {path}: set {VARIABLE} '
            '(tools/model_converters/resnet_from_onnx.py makes one)'
        )
    try:
        weights = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    except (RuntimeError, UnpicklingError) as error:
        raise ValueError(f'{path}: no checkpoint of weights') from error
    for arguments in starting:
        model = ResNet(**dict(arguments, init_cfg=None))
        check_weights(model, weights, path)
    return {VARIABLE: str(Path(path).resolve())}


def describe(arguments: ConfigDict) -> str:
    """A ResNet in words."""
    return (
        f'ResNet-{arguments.depth} with base_channels='
        f'{arguments.base_channels}, stem_channels={arguments.stem_channels}'
    )


def digest(environment: Mapping[str, str]) -> Dict[str, str]:
    """What a record says of the backbone: its file's name and SHA-256."""
    path = environment.get(VARIABLE)
    if not path:
        return {}
    content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return dict(backbone=f'{Path(path).name} (sha256 {content[:12]})')
