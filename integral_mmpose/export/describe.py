"""Build the metadata of an exported model from its config."""

import numpy as np

from integral_mmpose.inference.crop import box_padding
from integral_mmpose.inference.metadata import PoseMetadata, as_tuples


def describe_model(model, config: str, half: bool = False) -> PoseMetadata:
    """Describe a model.

    Args:
        model (nn.Module): From ``mmpose.apis.init_model``.
        config (str): Name of its config file.
        half (bool): Whether it is exported in float16.

    Raises:
        ValueError: If the test pipeline has no ``TopdownAffine``.
    """
    codec, meta = model.head.decoder, model.dataset_meta
    steps = {
        step['type'].rpartition('.')[2]: step
        for step in model.cfg.test_dataloader.dataset.pipeline
    }
    if not {'GetBBoxCenterScale', 'TopdownAffine'} <= set(steps):
        raise ValueError(
            f'{config}: the test pipeline must crop by GetBBoxCenterScale '
            f'and TopdownAffine, it has {sorted(steps)}'
        )
    names = meta['keypoint_id2name']
    return PoseMetadata(
        config=config,
        half=half,
        input_size=_tuples(codec.input_size),
        depth_range_mm=codec.depth_range_mm,
        depth_unit=codec.depth_unit,
        box_padding=box_padding(model.cfg.test_dataloader.dataset)[0],
        use_udp=steps['TopdownAffine'].get('use_udp', False),
        keypoint_names=tuple(names[i] for i in range(len(names))),
        flip_pairs=tuple(
            (i, int(j)) for i, j in enumerate(meta['flip_indices']) if i < j
        ),
        skeleton_links=_tuples(meta['skeleton_links']),
        keypoint_colors=_tuples(meta['keypoint_colors']),
        skeleton_link_colors=_tuples(meta['skeleton_link_colors']),
    )


def _tuples(value):
    """Convert lists and arrays, at any depth, to tuples of integers."""
    return as_tuples(np.asarray(value, int).tolist())
