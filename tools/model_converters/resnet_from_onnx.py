#!/usr/bin/env python3
"""Turn the ResNet of an ONNX file into a backbone checkpoint of MMPose.

    python tools/model_converters/resnet_from_onnx.py classifier.onnx \
        backbone.pth --images data/mpii/images --mean 104 117 123 --order bgr

For weights that exist as an inference graph only, every batch normalisation
folded into its convolution. Layers after the last block are left out. Depth,
widths and style are read off the graph; the backbone for a config is printed.
--mean, --std and --order are those of the ONNX model (pixels from 0 to 255);
the checkpoint takes the normalised RGB images of our configs.

A folded batch normalisation cannot be unfolded: each gets the mean and the
variance that its convolution has over the given images, and the scale and
shift that leave the output of the network as it is. Where the ONNX model pads
before its first pooling otherwise than MMPose's ResNet, as Caffe does, its
features come out moved by a pixel of that map: the tool says so.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import mmcv
import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from mmpose.models.backbones import ResNet
from onnx import numpy_helper
from torch import Tensor, nn

#: What our configs subtract from and divide RGB pixels by.
MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)
#: (convolutions of a block, blocks) -> depth
DEPTHS = {(2, 8): 18, (2, 16): 34, (3, 16): 50, (3, 33): 101, (3, 50): 152}
#: Of the pooling after MMPose's stem: top, left, bottom, right.
POOL_PADS = [1, 1, 1, 1]
IMAGES = ('.jpg', '.jpeg', '.png')


class Convolution(NamedTuple):
    """One convolution of the graph, its batch normalisation folded in.

    ``pads``: top, left, bottom, right.
    """

    name: str
    weight: np.ndarray
    bias: np.ndarray
    stride: int
    pads: Tuple[int, ...] = (0, 0, 0, 0)
    dilation: int = 1


class Block(NamedTuple):
    """A residual block: its branch, and its shortcut unless identity."""

    branch: List[Convolution]
    shortcut: Optional[Convolution]


def load_graph(file: Path) -> onnx.GraphProto:
    """The graph of an ONNX file without batch normalisations."""
    try:
        graph = onnx.load(str(file)).graph
    except DecodeError as error:
        raise ValueError(f'{file}: not an ONNX file: {error}') from error
    norms = [n for n in graph.node if n.op_type == 'BatchNormalization']
    if norms:
        raise ValueError(
            f'{file}: {norms[0].name or norms[0].output[0]}: a batch '
            'normalisation that is not folded into its convolution; export '
            'the network for inference'
        )
    return graph


class Convolutions:
    """The convolutions of a graph, by the values that they make."""

    def __init__(self, file: Path, graph: onnx.GraphProto) -> None:
        self.file = file
        self.values = {
            i.name: numpy_helper.to_array(i) for i in graph.initializer
        }
        for node in graph.node:  # torch writes a tensor used twice once
            if node.op_type == 'Identity' and node.input[0] in self.values:
                self.values[node.output[0]] = self.values[node.input[0]]
        self.producers = {o: node for node in graph.node for o in node.output}

    def read(self, node: onnx.NodeProto) -> Convolution:
        """The convolution of a node."""
        name = f'{self.file}: {node.name or node.output[0]}'
        missing = set(node.input[1:]) - set(self.values)
        if missing or len(node.input) != 3:
            raise ValueError(
                f'{name}: its weight and bias are not in the file'
            )
        weight, bias = (self.values[n] for n in node.input[1:])
        numbers = {a.name: tuple(a.ints) for a in node.attribute}
        stride = max((1, *numbers.get('strides', ())))
        dilation = max((1, *numbers.get('dilations', ())))
        pads = numbers.get('pads', (0, 0, 0, 0))
        same = any(
            a.name == 'auto_pad' and b'SAME' in a.s for a in node.attribute
        )
        if same and stride == 1:
            pads = tuple(dilation * (n - 1) // 2 for n in weight.shape[2:]) * 2
        return Convolution(name, weight, bias, stride, pads, dilation)

    def before(self, value: str) -> List[Convolution]:
        """The convolutions (and ReLUs) that end in ``value``, in order."""
        found: List[Convolution] = []
        while self.made_by(value, 'Conv'):
            found.insert(0, self.read(self.producers[value]))
            value = self.producers[value].input[0]
            if self.made_by(value, 'Relu'):
                value = self.producers[value].input[0]
        return found

    def made_by(self, value: str, operator: str) -> bool:
        """Whether ``value`` is the output of such an operator."""
        node = self.producers.get(value)
        return node is not None and node.op_type == operator


def read_blocks(file: Path) -> Tuple[Convolution, List[Block]]:
    """The stem and the residual blocks of an ONNX ResNet, in order.

    Raises:
        ValueError: The graph is not that of a ResNet with folded norms.
    """
    graph = load_graph(file)
    convolutions = Convolutions(file, graph)
    first = next((n for n in graph.node if n.op_type == 'Conv'), None)
    blocks = []
    for node in graph.node:
        if node.op_type != 'Add':
            continue
        sides = sorted(map(convolutions.before, node.input), key=len)
        shortcut, branch = sides
        if len(shortcut) > 1:
            raise ValueError(
                f'{file}: {node.name or node.output[0]} adds a shortcut of '
                f'{len(shortcut)} convolutions, a ResNet has at most 1'
            )
        if branch:
            blocks.append(Block(branch, shortcut[0] if shortcut else None))
    sizes = sorted({len(block.branch) for block in blocks})
    if len(sizes) != 1 or (sizes[0], len(blocks)) not in DEPTHS:
        raise ValueError(
            f'{file}: not a ResNet of depth {sorted(DEPTHS.values())}: '
            f'{len(blocks)} residual blocks of {sizes or "no"} convolutions'
        )
    return convolutions.read(first), blocks


def describe_shift(file: Path) -> Optional[str]:
    """What to say if the first pooling pads otherwise than MMPose's."""
    for node in load_graph(file).node:
        if node.op_type == 'MaxPool':
            pads = next(
                (list(a.ints) for a in node.attribute if a.name == 'pads'),
                [0] * 4,
            )
            if pads != POOL_PADS:
                return (
                    f'{node.name or node.output[0]} pads {pads} (top, left, '
                    f'bottom, right), MMPose {POOL_PADS}: the features move '
                    'by a pixel of its input, which fine-tuning takes up'
                )
            break
    return None


def backbone_of(stem: Convolution, blocks: Sequence[Block]) -> dict:
    """The arguments of MMPose's ``ResNet`` for these blocks."""
    branch = blocks[0].branch
    strides = [block.branch[0].stride for block in blocks]
    caffe = len(branch) == 3 and max(strides) > 1
    return dict(
        type='ResNet',
        depth=DEPTHS[len(branch), len(blocks)],
        base_channels=len(branch[0].weight),
        stem_channels=len(stem.weight),
        style='caffe' if caffe else 'pytorch',
    )


def for_our_images(
    stem: Convolution,
    mean: Sequence[float],
    std: Sequence[float],
    order: str,
) -> Convolution:
    """The stem for RGB images normalised by ``MEAN`` and ``STD``.

    Exact but for the border, where zero padding is another colour.
    """
    weight = stem.weight.astype(np.float64)
    mean, std = np.array(mean), np.array(std)
    if order == 'bgr':
        weight, mean, std = weight[:, ::-1], mean[::-1], std[::-1]
    weight = weight / std[:, None, None]
    shift = (np.array(MEAN) - mean)[:, None, None]
    bias = stem.bias + (weight * shift).sum((1, 2, 3))
    return stem._replace(
        weight=weight * np.array(STD)[:, None, None], bias=bias
    )


def load_images(folder: Path, count: int, size: int) -> Tensor:
    """``count`` images of the folder, normalised, (N, 3, size, size)."""
    files = sorted(f for f in folder.rglob('*') if f.suffix.lower() in IMAGES)
    if not files:
        raise ValueError(f'{folder}: no image ({", ".join(IMAGES)}) in it')
    images = []
    for file in files[:: max(1, len(files) // count)][:count]:
        image = mmcv.imread(str(file))
        if image is None:
            raise ValueError(f'{file}: cannot be read as an image')
        images.append(mmcv.imresize(image[..., ::-1], (size, size)))
    normalised = (np.stack(images) - np.array(MEAN)) / np.array(STD)
    return torch.from_numpy(normalised.transpose(0, 3, 1, 2)).float()


def pairs_of(model: ResNet) -> Dict[str, List[Tuple[nn.Module, nn.Module]]]:
    """(convolution, norm) of the stem and of every block's parts."""
    pairs = dict(stem=[(model.conv1, model.norm1)], branch=[], shortcut=[])
    for name in model.res_layers:
        for block in getattr(model, name):
            count = 3 if hasattr(block, 'conv3') else 2
            for k in range(1, count + 1):
                parts = getattr(block, f'conv{k}'), getattr(block, f'norm{k}')
                pairs['branch'].append(parts)
            if block.downsample is not None:
                pairs['shortcut'].append(
                    (block.downsample[0], block.downsample[1])
                )
    return pairs


def convert(
    stem: Convolution, blocks: Sequence[Block], images: Tensor
) -> ResNet:
    """MMPose's ResNet with these weights and norms fitted to ``images``.

    Raises:
        ValueError: A convolution is another one than that ResNet's.
    """
    arguments = backbone_of(stem, blocks)
    del arguments['type']
    model = ResNet(**arguments)
    model.eval()
    ours = pairs_of(model)
    theirs = dict(
        stem=[stem],
        branch=[c for block in blocks for c in block.branch],
        shortcut=[b.shortcut for b in blocks if b.shortcut is not None],
    )
    measured: Dict[nn.Module, Tuple[Tensor, Tensor]] = {}

    def measure(conv: nn.Module, _, output: Tensor) -> None:
        measured[conv] = torch.var_mean(output, (0, 2, 3), correction=0)

    hooks = []
    for part, pairs in ours.items():
        for (conv, norm), given in zip(pairs, theirs[part], strict=True):
            fill(conv, norm, given)
            hooks.append(conv.register_forward_hook(measure))
    with torch.no_grad():
        model(images)
        for hook in hooks:
            hook.remove()
        for conv, norm in (pair for part in ours.values() for pair in part):
            var, mean = measured[conv]
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(var)
            norm.weight.copy_((var + norm.eps).sqrt())
            norm.bias.add_(mean)
    return model


@torch.no_grad()
def fill(conv: nn.Module, norm: nn.Module, given: Convolution) -> None:
    """Weight into ``conv``, bias into a ``norm`` that does nothing else."""
    ours = (
        tuple(conv.weight.shape),
        conv.stride[0],
        (*conv.padding, *conv.padding),
        conv.dilation[0],
    )
    theirs = given.weight.shape, given.stride, given.pads, given.dilation
    if ours != theirs:
        raise ValueError(
            f'{given.name} (weight, stride, pads, dilation) is {theirs} where '
            f'the ResNet has {ours}'
        )
    conv.weight.copy_(torch.from_numpy(given.weight.copy()))
    norm.bias.copy_(torch.from_numpy(given.bias.copy()))
    norm.running_var.fill_(1 - norm.eps)


def parse_arguments(argv=None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('model', type=Path, help='ONNX file')
    parser.add_argument('out', type=Path, help='checkpoint to write')
    parser.add_argument(
        '--images', type=Path, required=True, help='folder of photographs'
    )
    parser.add_argument('--count', type=int, default=256, help='of images')
    parser.add_argument('--size', type=int, default=128, help='px of an image')
    parser.add_argument('--mean', type=float, nargs=3, default=MEAN)
    parser.add_argument('--std', type=float, nargs=3, default=(1, 1, 1))
    parser.add_argument('--order', choices=('rgb', 'bgr'), default='rgb')
    return parser.parse_args(argv)


def main() -> None:
    """Read, convert, write, and print the backbone of the config."""
    args = parse_arguments()
    try:
        if min(args.count, args.size) < 1:
            raise ValueError('--count and --size must be at least 1')
        args.out.parent.mkdir(parents=True, exist_ok=True)
        stem, blocks = read_blocks(args.model)
        stem = for_our_images(stem, args.mean, args.std, args.order)
        images = load_images(args.images, args.count, args.size)
        model = convert(stem, blocks, images)
        torch.save(dict(state_dict=model.state_dict()), args.out)
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f'resnet_from_onnx: {error}')
    shift = describe_shift(args.model)
    if shift:
        print(f'note: {shift}', file=sys.stderr)
    backbone = backbone_of(stem, blocks)
    backbone['init_cfg'] = dict(type='Pretrained', checkpoint=str(args.out))
    print(f'backbone={backbone}')


if __name__ == '__main__':
    main()
