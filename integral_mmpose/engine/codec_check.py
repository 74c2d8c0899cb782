"""The labels of a training are read by the codec that made them.

A config gives the codec twice: to the head, as its decoder, and to the
``GenerateTarget`` of every training pipeline, as its encoder; that of a later
pipeline (PipelineSwitchHook), too. Labels of other settings would train in
silence.
"""

from typing import Any, Iterator

from mmpose.registry import KEYPOINT_CODECS

_IN_2D = ('input_size',)
_IN_3D = (*_IN_2D, 'depth_range_mm', 'depth_unit')


def check_encoders(cfg: dict) -> None:
    """Compare the encoders of a run's training data with the decoder.

    Raises:
        ValueError: If one has another size, depth range or depth unit, or
            knows no depth and the decoder does.
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
    parts = [cfg.get('train_dataloader'), cfg.get('custom_hooks')]
    for config in find_encoders(parts):
        encoder = KEYPOINT_CODECS.build(config)
        for name in settings:
            if not hasattr(encoder, name):
                raise ValueError(
                    f'the encoder of the training data is {config["type"]}, '
                    f'without {name}, and model.head.decoder {part["type"]}: '
                    'give both the same codec'
                )
            mine, its = getattr(encoder, name), getattr(wanted, name)
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
