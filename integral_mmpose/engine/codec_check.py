"""The labels of a training are read by the codec that made them.

A config gives the codec twice: to the head, as its decoder, and to the
``GenerateTarget`` of every training pipeline, as its encoder. Labels of other
settings would train in silence.
"""

from typing import Any, Iterator

from mmpose.registry import KEYPOINT_CODECS

_IN_2D = ('input_size',)
_IN_3D = (*_IN_2D, 'depth_range_mm', 'depth_unit')


def check_encoders(cfg: dict) -> None:
    """Compare the encoders of the training data with the head's decoder.

    Args:
        cfg (dict): Of the run, with ``model`` and ``train_dataloader``.

    Raises:
        ValueError: If one has another size, depth range or depth unit.
    """
    part = cfg
    for name in ('model', 'head', 'decoder'):
        part = part.get(name)
        if not isinstance(part, dict):
            return  # no config, or a built model
    if 'IntegralLabel' not in str(part.get('type')):
        return
    wanted = KEYPOINT_CODECS.build(part)
    settings = _IN_3D if wanted.num_axes == 3 else _IN_2D
    for config in find_encoders(cfg.get('train_dataloader')):
        encoder = KEYPOINT_CODECS.build(config)
        for name in settings:
            mine, its = (getattr(c, name, None) for c in (encoder, wanted))
            if mine != its:
                raise ValueError(
                    f'the encoder of the training data has {name}={mine!r} '
                    f'and model.head.decoder {its!r}: give both the same '
                    'codec (with_codec of integral_mmpose.config sets it in '
                    'a pipeline)'
                )


def find_encoders(config: Any) -> Iterator[dict]:
    """The encoder of every ``GenerateTarget`` in a config, however deep."""
    if isinstance(config, dict):
        if 'GenerateTarget' in str(config.get('type')):
            encoders = config['encoder']
            single = isinstance(encoders, dict)
            yield from [encoders] if single else encoders
        config = list(config.values())
    if isinstance(config, (list, tuple)):
        for part in config:
            yield from find_encoders(part)
