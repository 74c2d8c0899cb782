"""The sentence about a value of a config that is of a wrong type."""

import importlib
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import pytest
from mmengine.config import ConfigDict
from mmpose.registry import DATASETS

import integral_mmpose  # noqa: F401

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture(scope='module')
def tool():
    sys.path.insert(0, str(TOOLS))
    try:
        yield importlib.import_module('wrong_option')
    finally:
        sys.path.remove(str(TOOLS))


@pytest.mark.parametrize(
    ('value', 'annotation', 'expected'),
    [
        (3, int, True),
        ('3', int, False),
        (3.0, int, False),
        (True, int, False),
        (3, float, True),
        (True, float, False),
        ('1.25', float, False),
        (0, bool, False),
        ('False', bool, False),
        (False, bool, True),
        (None, Optional[int], True),
        (None, int, False),
        ('x', Optional[int], False),
        ([1, 2], Tuple[int, int], True),
        ((1, 2), Tuple[int, int], True),
        ((1, 2, 3), Tuple[int, int], False),
        (2, Tuple[float, float], False),
        ([1, '2'], Sequence[int], False),
        ('12', Sequence[int], False),
        ('12', Sequence[str], False),
        ([1, 2], List[int], True),
        ([], Sequence[int], True),
        ('h36m', Union[str, dict], True),
        (5, Union[str, dict], False),
        ('IntegralLabel', Optional[Union[ConfigDict, dict]], False),
        (dict(type='a'), Optional[Union[ConfigDict, dict]], True),
        ('anything', object, True),
        (range(3), Sequence[int], True),
        (np.arange(2), Tuple[int, int], True),
        (np.bool_(True), bool, True),
        ((1,), Tuple, True),
        (dict(Head=(8, 9)), Dict[str, Sequence[int]], True),
        (dict(Head=8), Dict[str, Sequence[int]], False),
        (dict(Head=['8']), Dict[str, Sequence[int]], False),
        ({8: [8]}, Dict[str, Sequence[int]], False),
        ([1, 2], Optional[Dict[str, Sequence[int]]], False),
    ],
)
def test_fits(tool, value, annotation, expected):
    assert tool.fits(value, annotation) is expected


@pytest.mark.parametrize(
    ('value', 'annotation', 'expected'),
    [
        (9.0, int, True),
        (float('inf'), int, True),
        ([6.0, 8.0], List[int], True),
        (9.0, Optional[int], True),
        (9.5, int, False),
        (float('nan'), int, False),
        (True, int, False),
        (['6', 8], List[int], False),
    ],
)
def test_whole_numbers_of_mmengine(tool, value, annotation, expected):
    assert tool.fits(value, annotation, loose=True) is expected
    assert not tool.fits(value, annotation)


@pytest.mark.parametrize(
    ('options', 'sentence'),
    [
        (
            dict(type='MpiiExactDataset', bbox_padding='1.25'),
            "a.bbox_padding='1.25': must be a number (MpiiExactDataset)",
        ),
        (
            dict(type='H36MImageDataset', frame_step='2'),
            "a.frame_step='2': must be a whole number (H36MImageDataset)",
        ),
        (
            dict(type='H36MImageDataset', subjects='S1'),
            "a.subjects='S1': must be a list or None (H36MImageDataset)",
        ),
        (
            dict(type='IntegralHead', decoder='IntegralLabel'),
            "a.decoder='IntegralLabel': must be a dict or None (IntegralHead)",
        ),
        (
            dict(type='IntegralLabel', input_size=64),
            'a.input_size=64: must be a list of 2, each a whole number '
            '(IntegralLabel)',
        ),
        (
            dict(type='MultiStepLR', end='4'),
            "a.end='4': must be a whole number (MultiStepLR)",
        ),
        (
            dict(type='MpiiExactDataset', max_refetch='3'),
            "a.max_refetch='3': must be a whole number (MpiiExactDataset)",
        ),
        (
            dict(type='H36MImageDataset', data_prefix='images/'),
            "a.data_prefix='images/': must be a dict (H36MImageDataset)",
        ),
        (
            dict(type='PCKhCurve', groups=dict(Head=8)),
            "a.groups={'Head': 8}: must be a dict, each a list, each a whole "
            'number or None (PCKhCurve)',
        ),
    ],
)
def test_the_value_is_named(tool, options, sentence):
    with pytest.raises(ValueError) as raised:
        tool.refuse_wrong_types(dict(a=options))
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ('loader', 'sentence'),
    [
        (dict(batch_size='4'), "batch_size='4': must be a whole number"),
        (dict(num_workers=1.0), 'num_workers=1.0: must be a whole number'),
        (
            dict(sampler=dict(type='DefaultSampler', shuffle='no')),
            "sampler.shuffle='no': must be True or False",
        ),
        (
            dict(batch_sampler=dict(type='ShareBatchSampler', shares=4)),
            'batch_sampler.shares=4: must be a list, each a whole number',
        ),
    ],
)
def test_loaders(tool, loader, sentence):
    with pytest.raises(ValueError) as raised:
        tool.refuse_wrong_types(dict(train_dataloader=loader))
    assert f'train_dataloader.{sentence}' in str(raised.value)


def test_a_list_of_loaders_and_a_class_as_the_type(tool):
    with pytest.raises(ValueError, match=r"loader\.1\.batch_size='4'"):
        tool.refuse_wrong_types(
            dict(val_dataloader=[dict(), dict(batch_size='4')])
        )
    kind = DATASETS.get('MpiiExactDataset')
    with pytest.raises(ValueError, match=r"'1': .* \(MpiiExactDataset\)"):
        tool.refuse_wrong_types(dict(a=dict(type=kind, bbox_padding='1')))


@pytest.mark.parametrize('kind', ['AdamW', 'IntegralFusedAdam'])
def test_an_optimizer(tool, kind):
    with pytest.raises(ValueError, match=r"optimizer\.lr='1e-3': must be"):
        tool.refuse_wrong_types(dict(optimizer=dict(type=kind, lr='1e-3')))


@pytest.mark.parametrize(
    ('options', 'sentence'),
    [
        (
            dict(train_cfg=dict(by_epoch=True, max_epochs='9')),
            "train_cfg.max_epochs='9': must be a whole number "
            '(EpochBasedTrainLoop)',
        ),
        (
            dict(train_cfg=dict(by_epoch=True, val_interval=2.5)),
            'train_cfg.val_interval=2.5: must be a whole number',
        ),
        (
            dict(train_cfg=dict(by_epoch=False, max_iters='9')),
            "train_cfg.max_iters='9': must be a whole number "
            '(IterBasedTrainLoop)',
        ),
        (
            dict(val_cfg=dict(fp16='False')),
            "val_cfg.fp16='False': must be True or False (ValLoop)",
        ),
        (
            dict(optim_wrapper=dict(clip_grad=dict(max_norm='10'))),
            "optim_wrapper.clip_grad.max_norm='10': must be a number",
        ),
        (
            dict(a=dict(type='CheckpointHook', interval='1')),
            "a.interval='1': must be a whole number (CheckpointHook)",
        ),
        (
            dict(a=dict(type='RepeatDataset', times=2.0, dataset=dict())),
            'a.times=2.0: must be a whole number (RepeatDataset)',
        ),
    ],
)
def test_loops_hooks_and_clipping(tool, options, sentence):
    with pytest.raises(ValueError) as raised:
        tool.refuse_wrong_types(options)
    assert str(raised.value).startswith(sentence)


def test_an_item_of_a_list_is_named_with_its_place(tool):
    codec = dict(type='IntegralLabel', input_size='8')
    pipeline = [dict(type='SeedSample'), codec]
    with pytest.raises(ValueError, match=r"pipeline\.1\.input_size='8'"):
        tool.refuse_wrong_types(dict(pipeline=pipeline))


def test_values_that_fit_and_classes_of_others_pass(tool):
    tool.refuse_wrong_types(
        dict(
            head=dict(type='IntegralHead', depth=8, decoder=None),
            backbone=dict(type='ResNet', depth='50'),  # MMPose's
            unknown=dict(type='NobodyHasThis', x=1),
            train_cfg=dict(by_epoch=True, max_epochs=9, dynamic_intervals=[]),
            hooks=[
                dict(type='LoggerHook', interval=50, out_suffix='.log'),
                dict(type='CheckpointHook', interval=1e3, greater_keys='PCK'),
            ],
            loop=dict(
                type='IterBasedTrainLoop',
                max_iters=1e3,
                dynamic_intervals=[(9e2, 1)],
            ),
            optim_wrapper=dict(clip_grad=dict(max_norm=10, norm_type='inf')),
            odd=[dict(type=''), dict(type='mmpose.'), dict(type='..')],
            schedulers=[
                dict(type='MultiStepLR', end=float('inf')),
                dict(type='LinearLR', begin=0.0, end=1e3),
                dict(type='MultiStepLR', milestones=[6.0, 8.0]),
            ],
            heads=[
                dict(type=name, init_cfg=[dict(type='Normal')])
                for name in ('IntegralHead', 'DirectRegressionHead')
            ],
            val_dataloader=dict(
                batch_size=None, pin_memory=None, persistent_workers=None
            ),
        )
    )


def test_a_part_of_an_accumulation(tool):
    """mmengine would step at 5 of 2.5, and divide by 2.5."""
    wrapper = dict(type='OptimWrapper', accumulative_counts=2.5)
    with pytest.raises(ValueError, match=r'counts=2.5: must be a whole'):
        tool.refuse_wrong_types(dict(optim_wrapper=wrapper))
    wrapper['accumulative_counts'] = 2
    tool.refuse_wrong_types(dict(optim_wrapper=wrapper))
