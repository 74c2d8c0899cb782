"""Small models of every kind, not square, so that a swapped axis shows."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.apis import init_model
from mmpose.structures import PoseDataSample

import integral_mmpose  # noqa: F401
from integral_mmpose.export import (
    PoseGraph,
    describe_model,
    export_program,
    write_onnx,
)

WIDTH, HEIGHT = 96, 64
META_KEYS = ('input_size', 'input_center', 'input_scale', 'mm_per_px')
ALEXNET = dict(type='AlexNet')
STEM = dict(
    type='ResNet',
    depth=18,
    stem_channels=8,
    base_channels=8,
    num_stages=2,
    strides=(1, 2),
    dilations=(1, 1),
    out_indices=(1,),
)
VOLUME = dict(
    type='IntegralHead',
    in_channels=256,
    depth=4,
    deconv_out_channels=(8, 8, 8),
    joint_loss=dict(type='JointL1Loss'),
)
MAPS = dict(VOLUME, depth=1)
STAGES = dict(
    VOLUME,
    type='IntegralMultiStageHead',
    in_channels=16,
    num_stages=2,
    stage=dict(type='IntegralResNetStage', depth=18, base_channels=8),
)
DIRECT = dict(type='DirectRegressionHead', in_channels=256, num_axes=3)
H1 = dict(joint_loss=None, readout='argmax')
KINDS = dict(
    integral_3d=(ALEXNET, VOLUME),
    integral_2d=(ALEXNET, MAPS),
    debiased_2d=(ALEXNET, dict(MAPS, readout='debiased_integral')),
    argmax_2d=(
        ALEXNET,
        dict(MAPS, **H1, heatmap_loss=dict(type='VolumeMSELoss')),
    ),
    argmax_3d=(
        ALEXNET,
        dict(VOLUME, **H1, heatmap_loss=dict(type='VolumeBCELoss')),
    ),
    marginal_argmax_3d=(ALEXNET, dict(VOLUME, readout='marginal_argmax')),
    multi_stage_3d=(STEM, STAGES),
    direct_3d=(ALEXNET, DIRECT),
)


def config_of(kind):
    """Config of a small model: joints and pipelines of the real ones."""
    backbone, head = KINDS[kind]
    flat = head.get('depth', 0) == 1
    name, joints = (
        ('MpiiExactDataset', 16) if flat else ('H36MImageDataset', 18)
    )
    key = 'num_joints' if kind.startswith('direct') else 'out_channels'
    codec = dict(
        type='IntegralLabel',
        input_size=(WIDTH, HEIGHT),
        depth_range_mm=None if flat else 2000.0,
    )
    pipeline = [
        dict(type='LoadImageChecked'),
        dict(type='GetBBoxCenterScale', padding=1.1),
        dict(type='TopdownAffine', input_size=(WIDTH, HEIGHT)),
        dict(type='PackPoseInputs', meta_keys=META_KEYS),
    ]
    loader = dict(dataset=dict(type=name, pipeline=pipeline))
    model = dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(
            type='PoseDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True,
        ),
        backbone=dict(backbone),
        head=dict(head, decoder=codec, **{key: joints}),
    )
    if kind.startswith('direct'):
        model['neck'] = dict(type='GlobalAveragePooling')
    return Config(
        dict(
            custom_imports=dict(imports=['integral_mmpose']),
            model=model,
            train_dataloader=loader,
            test_dataloader=loader,
        )
    )


def build_model(kind):
    """A model with random weights whose maps have peaks."""
    torch.manual_seed(0)
    model = init_model(config_of(kind), None, device='cpu')
    if not kind.startswith('direct'):
        heads = getattr(model.head, 'heads', [model.head])
        with torch.no_grad():
            for head in heads:
                head.final_layer.weight.mul_(20)
    return model


@pytest.fixture(scope='session')
def models():
    """Models by kind, each built once."""
    return {kind: build_model(kind) for kind in KINDS}


def export(model, path, config='a.py', half=False, opset=None):
    """Write a model as ONNX; its path."""
    program = export_program(PoseGraph(model, half))
    described = describe_model(model, config, half)
    write_onnx(program, str(path), described, opset)
    return str(path)


@pytest.fixture(scope='session')
def write(models, tmp_path_factory):
    """Write a model of a kind as ONNX; its path."""
    folder = tmp_path_factory.mktemp('onnx')

    def make(kind, half=False):
        path = folder / f'{kind}{"_half" * half}.onnx'
        if not path.exists():
            export(models[kind], path, f'{kind}.py', half)
        return str(path)

    return make


@pytest.fixture
def crops():
    """Twelve crops, (12, 3, H, W) of whole numbers from 0 to 255."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (12, 3, HEIGHT, WIDTH))
    return noise.astype(np.float32)


@pytest.fixture
def predict():
    """MMPose's own path from crops to joints, in px of the crop and mm."""

    def run(model, crops, **metainfo):
        size = np.array([WIDTH, HEIGHT], np.float32)
        samples = []
        for _ in crops:
            sample = PoseDataSample(
                metainfo=dict(
                    input_size=size,
                    input_center=size / 2,
                    input_scale=size,
                    **metainfo,
                )
            )
            sample.gt_instances = InstanceData(
                bboxes=np.zeros((1, 4), np.float32),
                bbox_scores=np.ones(1, np.float32),
            )
            samples.append(sample)
        inputs = [torch.from_numpy(c).to(torch.uint8) for c in crops]
        with torch.no_grad():
            found = model.test_step(dict(inputs=inputs, data_samples=samples))
        instances = [s.pred_instances for s in found]
        return (
            np.concatenate([i.keypoints for i in instances]),
            np.concatenate([i.keypoint_scores for i in instances]),
        )

    return run
