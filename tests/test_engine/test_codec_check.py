"""Encoders of the training data against the decoder of the head."""

import pytest
from mmengine.config import Config

from integral_mmpose.engine.codec_check import check_encoders, find_encoders

CODEC = dict(type='IntegralLabel', input_size=(64, 64), depth_range_mm=2000)


def config(decoder, *encoders):
    """Two sources, each with a pipeline, as MixedDataset has them."""
    datasets = [
        dict(
            type='MpiiExactDataset',
            pipeline=[
                dict(type='TopdownAffine', input_size=(64, 64)),
                dict(type='GenerateTarget', encoder=encoder),
            ],
        )
        for encoder in encoders
    ]
    return Config(
        dict(
            model=dict(head=dict(decoder=decoder)),
            train_dataloader=dict(dataset=dict(datasets=datasets)),
        )
    )


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (dict(input_size=(128, 128)), r'input_size=\(128, 128\)'),
        (dict(depth_range_mm=200), 'depth_range_mm=200'),
        (dict(depth_range_mm=None), 'depth_range_mm=None'),
        (dict(depth_unit='metric'), "depth_unit='metric'"),
    ],
)
def test_another_encoder_is_refused(change, said):
    check_encoders(config(CODEC, CODEC, CODEC))
    with pytest.raises(ValueError, match=said):
        check_encoders(config(CODEC, CODEC, {**CODEC, **change}))
    # As one of several encoders of a transform, too.
    with pytest.raises(ValueError, match=said):
        check_encoders(config(CODEC, [CODEC, {**CODEC, **change}]))


def test_the_pipeline_of_a_second_stage_is_checked():
    """MMPose's PipelineSwitchHook brings its own."""
    later = dict(type='GenerateTarget', encoder=dict(CODEC))
    cfg = config(CODEC, CODEC)
    hook = dict(type='mmdet.PipelineSwitchHook', switch_pipeline=[later])
    cfg.custom_hooks = [hook]
    check_encoders(cfg)
    cfg.custom_hooks[0].switch_pipeline[0].encoder.depth_range_mm = 200
    with pytest.raises(ValueError, match='depth_range_mm=200'):
        check_encoders(cfg)


def test_a_codec_without_depth_is_named():
    flat = dict(type='MSRAHeatmap', input_size=(64, 64), heatmap_size=(16, 16))
    flat['sigma'] = 2
    check_encoders(config(dict(CODEC, depth_range_mm=None), flat))
    with pytest.raises(ValueError, match='is MSRAHeatmap, without depth_ra'):
        check_encoders(config(CODEC, flat))


def test_what_may_differ():
    """Weights of joints are for training; a 2D head takes no depth."""
    weighted = dict(CODEC, use_dataset_keypoint_weights=True)
    check_encoders(config(CODEC, weighted))
    check_encoders(config(dict(CODEC, depth_range_mm=None), CODEC))


def test_what_is_not_checked():
    """MMPose's codecs, and models that are no config."""
    other = dict(type='MSRAHeatmap', input_size=(64, 64), heatmap_size=(1, 1))
    check_encoders(config(other, dict(CODEC, input_size=(32, 32))))
    check_encoders({})
    check_encoders(dict(model=object()))


def test_encoders_are_found_everywhere():
    loader = config(CODEC, CODEC, [CODEC]).train_dataloader
    assert list(find_encoders(loader)) == [CODEC, CODEC]
