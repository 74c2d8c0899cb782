"""Loading of Human3.6M frames: images/s on one core, and where the time goes.

The peer is MMPose's stock top-down pipeline (LoadImage, GetBBoxCenterScale,
RandomFlip, RandomBBoxTransform, TopdownAffine, GenerateTarget with
Hand3DHeatmap's 64³ volume, PackPoseInputs) on a BaseCocoStyleDataset, which
copies the joint set deeply into every sample. Every step from it to ours is
measured apart; batches of 16 samples are kept, as a loader keeps them. Frames:
the real ones of INTEGRAL_MMPOSE_DATA, if it is set, and ones that the
synthetic studio draws at 1000 px.
"""

import tempfile
from collections import defaultdict
from pathlib import Path
from unittest import mock

import common
import cv2
import numpy as np
import torch
from frames import crops_of, real_frames, synthetic_frames
from mmengine.registry import init_default_scope
from mmpose.datasets.datasets import BaseCocoStyleDataset
from torch.utils.benchmark.utils.timer import timer as now

import integral_mmpose  # noqa: F401  (registers)
from integral_mmpose.datasets import H36MImageDataset
from integral_mmpose.datasets.joints import H36M18_METAINFO
from integral_mmpose.datasets.jpeg import read_reduced
from integral_mmpose.datasets.transforms import read_crop

BATCH = 16
TARGET = ">= 3x MMPose's stock pipeline"
PEER, OURS, REDUCED = 'MMPose stock', 'ours', 'ours, sampling 1'
#: The transforms of a stage.
STAGES = dict(
    SeedSample='1 sample',
    LoadImage='2 read',
    LoadImageChecked='2 read',
    IntegralReadImage='2 read',
    GetBBoxCenterScale='3 augmentation',
    RandomFlip='3 augmentation',
    RandomFlipLabels='3 augmentation',
    RandomBBoxTransform='3 augmentation',
    UniformBBoxTransform='3 augmentation',
    TopdownAffine='4 affine',
    ReadCrop='4 affine',
    GenerateTarget='5 targets',
    PackPoseInputs='6 packing',
)
META_KEYS = ('id', 'img_path', 'input_size', 'input_center', 'input_scale')
#: Hand3DHeatmap asks for them; a body has none.
HAND = dict(
    rel_root_depth=0.0,
    rel_root_valid=1.0,
    hand_type=np.zeros((1, 2), np.float32),
    hand_type_valid=np.ones(1, np.float32),
)


class StockDataset(BaseCocoStyleDataset):
    """The same samples as a data set of MMPose's keeps them: serialised."""

    METAINFO = H36M18_METAINFO

    def __init__(self, source, pipeline):
        self.samples = [source._describe(n) for n in range(len(source))]
        super().__init__(data_mode='topdown', pipeline=pipeline)

    def load_data_list(self):
        return [dict(sample, **HAND) for sample in self.samples]


def stock(size, target=None):
    """MMPose's transforms; ``target`` replaces the volume of Hand3DHeatmap."""
    volume = dict(
        type='Hand3DHeatmap',
        image_size=[size, size],
        heatmap_size=[64, 64, 64],
        heatmap3d_depth_bound=2000.0,
        sigma=2.5,
        max_bound=255,
    )
    return [
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale', padding=1.0),
        dict(type='RandomFlip', direction='horizontal'),
        dict(type='RandomBBoxTransform', rotate_factor=60.0),
        dict(type='TopdownAffine', input_size=(size, size)),
        dict(type='GenerateTarget', encoder=target or volume),
        dict(type='PackPoseInputs', meta_keys=META_KEYS),
    ]


def label(size):
    return dict(
        type='IntegralLabel', input_size=(size, size), depth_range_mm=2000.0
    )


def ours(size, **crop):
    """The training pipeline of our configs."""
    return [
        dict(type='SeedSample'),
        dict(type='IntegralReadImage'),
        dict(type='GetBBoxCenterScale', padding=1.0),
        dict(type='RandomFlipLabels', direction='horizontal'),
        dict(type='UniformBBoxTransform'),
        dict(type='ReadCrop', input_size=(size, size), **crop),
        dict(type='GenerateTarget', encoder=label(size)),
        dict(type='PackPoseInputs', meta_keys=META_KEYS),
    ]


def variants(root, size):
    """Name to data set, from the stock pipeline to the fastest of ours."""

    def load(pipeline, folder=root):
        return H36MImageDataset(data_root=str(folder), pipeline=pipeline)

    source = load([])
    crops = crops_of(root, size * 5 // 4)
    return {
        PEER: StockDataset(source, stock(size)),
        'stock, labels instead of volumes': StockDataset(
            source, stock(size, label(size))
        ),
        OURS: load(ours(size)),
        REDUCED: load(ours(size, sampling=1.0)),
        'ours, sampling 0.7': load(ours(size, sampling=0.7)),
        'ours, cache of crops': load(ours(size), crops),
    }


def load_batch(dataset):
    """A batch, all of it in memory at once, as a loader keeps it."""
    return [dataset[n % len(dataset)] for n in range(BATCH)]


def images_per_second(datasets, seconds):
    """Quartiles over batches; in turns, so that a disturbance hits all."""
    rates = {name: [] for name in datasets}
    end = now() + seconds * len(datasets)
    while now() < end or min(map(len, rates.values())) < 3:
        for name, dataset in datasets.items():
            start = now()
            load_batch(dataset)
            rates[name].append(BATCH / (now() - start))
    return {
        name: np.percentile(values, [25, 50, 75])
        for name, values in rates.items()
    }


def stages_of(dataset, index):
    """A sample, and the seconds of each of its stages."""
    spent, start = defaultdict(float), now()
    sample = dataset.get_data_info(index)
    spent['1 sample'] = now() - start

    def timed(*args):
        begin = now()
        image = read_reduced(*args)
        spent['2 read'] += now() - begin
        spent['4 affine'] -= now() - begin
        return image

    with mock.patch.object(read_crop, 'read_reduced', timed):
        for transform in dataset.pipeline.transforms:
            start = now()
            sample = transform(sample)
            spent[STAGES[type(transform).__name__]] += now() - start
    return sample, spent


def stages(dataset, rounds):
    """Quartiles in ms of every stage of a sample."""
    times = []
    for _ in range(rounds):
        batch = [stages_of(dataset, n % len(dataset)) for n in range(BATCH)]
        times += [spent for _, spent in batch]
    return {
        name: 1e3 * np.percentile([t[name] for t in times], [25, 50, 75])
        for name in sorted(times[0])
    }


def rows_of(name, root, size, seconds):
    """The rows of one source of frames at one size of the crop."""
    rows = []
    case = f'loader, {name}, {size} px'
    data = variants(root, size)
    rates = images_per_second(data, seconds)
    for formulation, (low, median, high) in rates.items():
        ratio = float(median / rates[PEER][1])
        rows.append(
            common.figure(
                case,
                formulation,
                float(median),
                'images/s',
                iqr=float(high - low),
                target=TARGET if formulation == OURS else '',
                reached=ratio >= 3 if formulation == OURS else None,
                note=f"{ratio:.1f}x MMPose's, one core",
            )
        )
    for formulation in (PEER, OURS, REDUCED):
        found = stages(data[formulation], max(2, int(3 * seconds)))
        for stage, (low, median, high) in found.items():
            rows.append(
                common.figure(
                    f'{case}: stage {stage}',
                    formulation,
                    float(median),
                    'ms',
                    iqr=float(high - low),
                )
            )
    return rows


def run(quick: bool) -> list:
    """Measure; one thread, whatever the machine has."""
    init_default_scope('mmpose')
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rows = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for make, name in (
                (real_frames, 'real frames'),
                (synthetic_frames, 'synthetic frames'),
            ):
                for size in (256, 64):
                    root = Path(folder, f'{make.__name__}_{size}')
                    root.mkdir()
                    if not make(root):
                        print(
                            f'not measured on {name}, {size} px: the variable '
                            'INTEGRAL_MMPOSE_DATA names no folder of them'
                        )
                    else:
                        rows += rows_of(name, root, size, 0.3 if quick else 2)
    finally:
        torch.set_num_threads(threads[0])
        cv2.setNumThreads(threads[1])
    return rows
