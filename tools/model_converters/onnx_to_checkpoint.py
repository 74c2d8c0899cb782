#!/usr/bin/env python3
"""Make a checkpoint of an exported model, to fine-tune it.

    python tools/model_converters/onnx_to_checkpoint.py CONFIG pose.onnx \
        --out work_dirs/pose.pth

CONFIG is the config of the exported network. Its training data are needed,
too: an exported file has its batch norms folded into the convolutions, and
their mean and variance are measured anew, on --batches batches. Scale and
shift are then set such that the network stays the same. ``load_from`` of a
training takes the checkpoint; it holds no state of an optimizer.

The checkpoint is compared with the file before it is written.
"""

import itertools
import sys
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import torch
from mmengine.config import Config
from mmengine.runner import Runner, save_checkpoint
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from integral_mmpose.apis import load_pose_model
from integral_mmpose.command import at_least_one, make_parser, reports_errors
from integral_mmpose.config import read_config
from integral_mmpose.engine.atomic_backend import ATOMIC
from integral_mmpose.export import compare, describe_model, run_model
from integral_mmpose.inference import OnnxPoseModel

PREFIX = 'model.'  # of PoseGraph
#: Of the input size and the depth range, by whether the file is float16.
TOLERANCE = {False: 1e-4, True: 1e-3}
CROPS = 24
#: Metadata that a config and its exported file have in common.
SAME = (
    'keypoint_names', 'flip_pairs', 'input_size', 'depth_range_mm',
    'depth_unit', 'use_udp',
)  # fmt: skip


def read_weights(path: str) -> tuple:
    """Read the network of a file into two dicts.

    Tensors by the names of the model's state dict; and, by the name of a
    convolution, the bias that it has in the file.
    """
    graph = onnx.load(path).graph
    arrays = {
        entry.name: torch.from_numpy(numpy_helper.to_array(entry).copy())
        for entry in graph.initializer
    }
    tensors = {
        name.removeprefix(PREFIX): array.float()
        for name, array in arrays.items()
        if name.startswith(PREFIX)
    }
    biases = {}
    for node in graph.node:
        is_conv = node.op_type in ('Conv', 'ConvTranspose')
        if is_conv and node.input[2:] and node.input[2] in arrays:
            name = node.input[1].removeprefix(PREFIX).removesuffix('.weight')
            biases[name] = arrays[node.input[2]].float()
    return tensors, biases


def find_convs(model: nn.Module, inputs: Tensor) -> dict:
    """The convolutions that batch norms follow, by the norms' names.

    Found by a run on ``inputs`` (B, 3, H, W).
    """
    outputs, convs, hooks = {}, {}, []

    def runs(name, layer, args, output):
        if isinstance(layer, _ConvNd):
            outputs[id(output)] = name, output  # alive: no other has its id
        elif isinstance(layer, _BatchNorm) and id(args[0]) in outputs:
            convs[name] = outputs[id(args[0])][0]

    for name, layer in model.named_modules():
        hooks.append(layer.register_forward_hook(partial(runs, name)))
    run_network(model, inputs)
    for hook in hooks:
        hook.remove()
    return convs


def load_folded(model: nn.Module, path: str, inputs: Tensor) -> list:
    """Load a file's weights; returns the batch norms that were folded.

    Those only add the bias. ``inputs`` is a batch (B, 3, H, W).
    """
    tensors, biases = read_weights(path)
    folded = []
    for name, conv in find_convs(model, inputs).items():
        if conv not in biases or f'{name}.weight' in tensors:
            continue
        folded.append(model.get_submodule(name))
        ones = torch.ones_like(biases[conv])
        tensors[f'{name}.bias'] = biases[conv]
        tensors[f'{conv}.bias'] = torch.zeros_like(biases[conv])  # in it
        tensors[f'{name}.weight'] = (ones + folded[-1].eps).sqrt()
        tensors[f'{name}.running_mean'] = torch.zeros_like(ones)
        tensors[f'{name}.running_var'] = ones
    for name, value in model.state_dict().items():
        if name not in tensors:  # of no effect on the joints: see check_same
            continue
        if tensors[name].shape != value.shape:
            raise ValueError(
                f'{path}: {name} has the shape {tuple(tensors[name].shape)}, '
                f'and {tuple(value.shape)} in the config. Give its own config'
            )
        value.copy_(tensors[name])
    return folded


def measure_norms(model: nn.Module, norms: list, batches) -> None:
    """Give batch norms that only add a bias the statistics of data.

    Scale and shift are set such that the network stays the same. The batches
    are normalised crops (B, 3, H, W), the model is in evaluation mode.
    """
    sums = {norm: [0, 0.0, 0.0] for norm in norms}

    def add(norm, args):
        values = args[0].double().transpose(0, 1).flatten(1)
        sums[norm][0] += values.shape[1]
        sums[norm][1] += values.sum(1)
        sums[norm][2] += values.square().sum(1)

    hooks = [norm.register_forward_pre_hook(add) for norm in norms]
    for inputs in batches:
        run_network(model, inputs)
    for hook in hooks:
        hook.remove()
    for norm, (count, total, squares) in sums.items():
        mean = total / count
        var = (squares / count - mean.square()).clamp(min=0)
        norm.weight.data.copy_((var + norm.eps).sqrt())
        norm.bias.data.add_(mean)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)


@torch.no_grad()
def run_network(model: nn.Module, inputs: Tensor) -> None:
    """Run backbone, neck and head on normalised crops (B, 3, H, W)."""
    model.head(model.extract_feat(inputs))


def training_crops(model: nn.Module, cfg: Config, batches: int):
    """Yield normalised batches of the config's training data."""
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    if len(loader) < batches:
        raise ValueError(
            f'the training data have {len(loader)} batches: give at most '
            f'--batches {len(loader)}'
        )
    for number, data in zip(range(batches), loader):
        print(f'batch norms: batch {number + 1} of {batches}', flush=True)
        yield model.data_preprocessor(data, training=True)['inputs']


def check_same(model: nn.Module, file: OnnxPoseModel) -> str:
    """Compare metadata, and joints on noise; returns the difference."""
    metadata = file.metadata
    mine = describe_model(model, metadata.config, metadata.half)
    for name in SAME:
        own, its = getattr(mine, name), getattr(metadata, name)
        if own != its:
            raise ValueError(
                f'{file.path} has {name}={its} and the config {own}. Give '
                'the config of the file'
            )
    width, height = metadata.input_size
    crops = np.random.default_rng(0).integers(
        0, 256, (CROPS, 3, height, width)
    )
    found = compare(run_model(model), file, crops.astype(np.float32), metadata)
    limit = TOLERANCE[metadata.half]
    # Rounding to float16 may move an argmax to another mode of a few joints.
    most = found.most if metadata.half else found.fraction
    if most > limit:
        raise ValueError(
            f'the config gives other joints: {most:.2g} of the input size '
            f'apart, {limit:g} is allowed. Give the config of the file, and '
            'the file as export_onnx.py has written it: other programs '
            'rename or quantize weights'
        )
    return f'{most:.2g} of the input size apart on {CROPS} crops of noise'


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('config')
    parser.add_argument('model', help='the exported file')
    parser.add_argument('--out', required=True, help='checkpoint to write')
    parser.add_argument('--batches', type=at_least_one, default=16)
    args = parser.parse_args()
    out, read = Path(args.out).expanduser(), (args.config, args.model)
    if out.resolve() in map(Path.resolve, map(Path, read)):
        parser.error(f'--out {args.out} is a file that is read')
    above = next(path for path in out.resolve().parents if path.exists())
    if out.is_dir() or not above.is_dir():
        parser.error(f'--out {args.out!r} must be a file in a folder')
    file = OnnxPoseModel(args.model)
    cfg = read_config(args.config)
    if not cfg.get('train_dataloader'):
        raise ValueError(f'{args.config} has no train_dataloader')
    model = load_pose_model(cfg, None)
    crops = training_crops(model, cfg, args.batches)
    inputs = next(crops)
    norms = load_folded(model, args.model, inputs)
    measure_norms(model, norms, itertools.chain([inputs], crops))
    same = check_same(model, file)
    meta = dict(dataset_meta=model.dataset_meta)
    content = dict(meta=meta, state_dict=model.state_dict())
    save_checkpoint(content, str(out), backend_args=ATOMIC)
    print(f'{out}: {same}; {len(norms)} batch norms measured')


if __name__ == '__main__':
    sys.exit(main())
