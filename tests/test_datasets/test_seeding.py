import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset
from mmengine.runner import Runner
from mmpose.registry import DATASETS, TRANSFORMS

from integral_mmpose.datasets.seeding import SeededIndex, seed_sample

AUGMENT = [
    dict(type='SeedSample'),
    dict(type='LoadImageChecked'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlip'),
    dict(type='UniformBBoxTransform'),
    dict(type='TopdownAffine', input_size=(32, 32)),
    dict(type='RandomChannelScale'),
    dict(type='PackPoseInputs', pack_transformed=True),
]


def test_index_is_an_int_and_survives_pickle():
    index = SeededIndex(7, (1, 2))
    for copy in (index, pickle.loads(pickle.dumps(index))):
        assert copy == 7 and [*range(9)][copy] == 7
        assert copy.stream == (1, 2)


def test_stream_is_a_function_of_the_index_alone():
    def draw(*args):
        seed_sample(SeededIndex(*args))
        return np.random.rand(), random.random()

    first = draw(7, (1, 2))
    np.random.rand(100)
    assert draw(7, (1, 2)) == first
    others = {
        draw(*a)
        for a in [
            (8, (1, 2)),
            (7, (1, 3)),
            (7, (2, 2)),
            (7, (2, 1)),
            (7, (1, 2, 0, 1)),
        ]
    }
    assert first not in others and len(others) == 5


@pytest.mark.parametrize('wrapper', ['RepeatDataset', 'ConcatDataset'])
def test_mmengines_wrappers_keep_the_stream(wrapper):
    """Else SeedSample would do nothing: the past would decide."""

    class Draws(BaseDataset):
        METAINFO = dict(classes=())

        def load_data_list(self):
            return [dict() for _ in range(3)]

    def draws():
        pipeline = [TRANSFORMS.build(dict(type='SeedSample'))]
        return Draws(pipeline=[*pipeline, lambda info: np.random.rand()])

    data = (
        RepeatDataset(draws(), 2)
        if wrapper == 'RepeatDataset'
        else ConcatDataset([draws(), draws()])
    )
    drawn = [data[SeededIndex(n, (0, 4))] for n in range(6)]
    again = [data[SeededIndex(n, (0, 4))] for n in reversed(range(6))]
    assert again[::-1] == drawn and len(set(drawn)) == 6
    assert data[SeededIndex(4, (0, 5))] != drawn[4]


def test_torch_generator_is_left_alone():
    state = torch.get_rng_state()
    seed_sample(SeededIndex(7, (1, 2)))
    assert torch.equal(torch.get_rng_state(), state)


def mixed(h36m, mpii):
    return dict(
        type='MixedDataset',
        datasets=[
            dict(
                type='H36MImageDataset',
                data_root=h36m.root,
                pipeline=AUGMENT[:1],
            ),
            dict(
                type='MpiiExactDataset',
                data_root=mpii.root,
                pipeline=AUGMENT[:1]
                + [dict(type='ConvertJoints', mapping='mpii_to_h36m', dim=3)],
            ),
        ],
        pipeline=AUGMENT[1:],
    )


def epochs(dataset, num_workers, which, seed=0, persistent=False):
    extra = dict(persistent_workers=True) if persistent else {}
    loader = Runner.build_dataloader(
        dict(
            batch_size=4,
            num_workers=num_workers,
            sampler=dict(type='IntegralSeededSampler'),
            batch_sampler=dict(type='ShareBatchSampler', shares=[1, 1]),
            dataset=dataset,
            **extra,
        ),
        seed=seed,
    )
    batches = []
    for epoch in which:
        loader.batch_sampler.sampler.set_epoch(epoch)
        for batch in loader:
            points = [
                s.gt_instances.transformed_keypoints
                for s in batch['data_samples']
            ]
            batches.append(
                (torch.stack(batch['inputs']).numpy(), np.stack(points))
            )
    return batches


def equal(first, second):
    return len(first) == len(second) and all(
        np.array_equal(a, b)
        for pair in zip(first, second)
        for a, b in zip(*pair)
    )


def test_batches_do_not_depend_on_workers_nor_on_the_past(h36m, mpii):
    dataset = DATASETS.build(mixed(h36m, mpii))
    alone = epochs(dataset, 0, [0, 1])
    assert equal(alone, epochs(dataset, 2, [0, 1], persistent=True))
    # A run that starts with epoch 1 continues exactly.
    assert equal(alone[len(alone) // 2 :], epochs(dataset, 1, [1]))
    assert not equal(alone[: len(alone) // 2], alone[len(alone) // 2 :])
    assert not equal(alone, epochs(dataset, 0, [0, 1], seed=1))


def test_without_the_seeding_the_past_matters(h36m, mpii):
    """Negative control: the test above can fail."""
    config = mixed(h36m, mpii)
    for source in config['datasets']:
        source['pipeline'] = source['pipeline'][1:]
    dataset = DATASETS.build(config)
    np.random.seed(0)
    first = epochs(dataset, 0, [1])
    assert not equal(first, epochs(dataset, 0, [1]))


@pytest.mark.parametrize('index', [3, np.int64(3)])
def test_plain_indices_work(h36m, mpii, index):
    sample = DATASETS.build(mixed(h36m, mpii))[index]
    assert sample['inputs'].shape == (3, 32, 32)
