"""The checkpoint that backbones start from, where a scale asks for one.

``BACKBONE_CHECKPOINT`` names it in the scale's file. It is no part of the
project: the record of a row keeps its digest.
"""

import hashlib
from pathlib import Path
from typing import Dict, Mapping, Optional

from mmengine.config import ConfigDict
from mmpose.models.builder import build_backbone
from torch import Tensor

from integral_mmpose.engine.compare_weights import compare_weights
from integral_mmpose.engine.safe_load import load_from_local

VARIABLE = 'BACKBONE_CHECKPOINT'


def find_backbone(setting: Optional[ConfigDict]) -> Dict[str, str]:
    """The environment variable of the backbone, if the scale has one."""
    starting = [
        dict(dict(type='ResNet'), **arguments)
        for table in ('resnets', 'backbones')
        for arguments in (setting or {}).get(table, {}).values()
        if arguments.get('init_cfg')
    ]
    if not starting:
        return {}
    path = starting[0]['init_cfg'].checkpoint
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'this scale needs the checkpoint of a {describe(starting[0])}, '
            f'but there is no {path}: set {VARIABLE} to its weights from '
            f"ImageNet, with the weight names of MMPose's "
            f'{starting[0]["type"]}'
        )
    for arguments in starting:  # mmengine would only warn
        model = build_backbone(dict(arguments, init_cfg=None))
        if any(compare_weights(model, load_weights(path))):
            raise ValueError(
                f'{path}: not the weights of a {describe(arguments)}: give '
                f'{VARIABLE} the checkpoint of that network'
            )
    return {VARIABLE: path}


def load_weights(path: str) -> Dict[str, Tensor]:
    """The state dict in a checkpoint."""
    content = load_from_local(path, map_location='cpu')
    return content.get('state_dict', content)


def describe(arguments: dict) -> str:
    """A backbone in words."""
    if arguments['type'] != 'ResNet':
        return arguments['type']
    return (
        f'ResNet-{arguments["depth"]} with base_channels='
        f'{arguments["base_channels"]}, '
        f'stem_channels={arguments["stem_channels"]}'
    )


def digest(environment: Mapping[str, str]) -> Dict[str, str]:
    """What a record says of the backbone: the SHA-256 of its weights.

    Of names and values: torch writes the name of a file into it.
    """
    path = environment.get(VARIABLE)
    if not path:
        return {}
    content = hashlib.sha256()
    for name, value in sorted(load_weights(path).items()):
        content.update(name.encode() + value.contiguous().numpy().tobytes())
    return dict(backbone=f'sha256 {content.hexdigest()[:12]}')


def check_backbone(name: str, before: dict, facts: dict) -> None:
    """Refuse to mix what starts from different weights.

    ``before`` is how ``name`` was trained; ``facts`` has the digest of now.
    """
    theirs, ours = before.get('backbone'), facts.get('backbone')
    if theirs != ours:
        raise ValueError(
            f'{name} started from the backbone {theirs}, and {VARIABLE} is '
            f'{ours}: rows beside each other start from the same weights. '
            'Give that file, or --anew --out ELSEWHERE'
        )
