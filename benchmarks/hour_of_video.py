"""Memory of an hour of video: 108,000 frames, 30 a second, are simulated.

    python benchmarks/hour_of_video.py [--frames N] [--model FILE.onnx]

Frames of 160 x 120 px with two people who walk, come and go pass through
``PoseInferencer.stream`` with tracks and a smoother, and their JSON is
written as the command does. The network is a mean over the crop. Printed are
the resident size as it goes, and the growth from the first tenth to the end;
the exit status is 1 above 50 MB.
"""

import sys
import tempfile
from pathlib import Path
from typing import Iterator, List, Tuple

import numpy as np
import onnx
from onnx import helper

from integral_mmpose.command import make_parser
from integral_mmpose.inference import PoseInferencer
from integral_mmpose.inference.frames import ImageSource
from integral_mmpose.inference.metadata import (
    INPUT,
    KEY,
    OUTPUTS,
    PoseMetadata,
)
from integral_mmpose.inference.results import ResultWriter, describe

FRAMES, FPS = 108_000, 30.0
WIDTH, HEIGHT = 160, 120
MOST_MB = 50.0


def write_tiny_model(path: str) -> None:
    """The mean colour of a crop as the place of every joint, in ONNX."""
    joints, side = 18, 32
    steps = [
        helper.make_node(
            'ReduceMean', [INPUT], ['mean'], axes=[2, 3], keepdims=0
        ),
        helper.make_node('Unsqueeze', ['mean', 'one'], ['joint']),
        helper.make_node('Concat', ['joint'] * joints, [OUTPUTS[0]], axis=1),
        helper.make_node(
            'ReduceMean', [OUTPUTS[0]], ['grey'], axes=[2], keepdims=0
        ),
        helper.make_node('Sigmoid', ['grey'], [OUTPUTS[1]]),
    ]
    ends = [
        helper.make_tensor_value_info(
            name, onnx.TensorProto.FLOAT, ['n', *shape]
        )
        for name, shape in (
            (INPUT, (3, side, side)),
            (OUTPUTS[0], (joints, 3)),
            (OUTPUTS[1], (joints,)),
        )
    ]
    one = helper.make_tensor('one', onnx.TensorProto.INT64, [1], [1])
    graph = helper.make_graph(steps, 'tiny', ends[:1], ends[1:], [one])
    opset = [helper.make_opsetid('', 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    metadata = PoseMetadata(
        config='tiny.py',
        half=False,
        input_size=(side, side),
        depth_range_mm=2000.0,
        depth_unit='crop',
        box_padding=1.25,
        use_udp=False,
        keypoint_names=tuple(f'joint_{n}' for n in range(joints)),
        flip_pairs=(),
        skeleton_links=tuple((n, n + 1) for n in range(joints - 1)),
        keypoint_colors=((0, 0, 0),) * joints,
        skeleton_link_colors=((0, 0, 0),) * (joints - 1),
    )
    helper.set_model_props(model, {KEY: metadata.to_json()})
    onnx.save(model, path)


def camera(count: int) -> Iterator[np.ndarray]:
    """Frames of noise; no two are the same array."""
    noise = np.random.default_rng(0).integers(
        0, 255, (HEIGHT, 2 * WIDTH, 3), dtype=np.uint8
    )
    for number in range(count):
        start = number % WIDTH
        yield noise[:, start : start + WIDTH].copy()


class Walkers:
    """A detector that finds two people, now and then one or none."""

    def __init__(self) -> None:
        self.number = 0

    def detect(self, images) -> List[np.ndarray]:
        found = []
        for _ in images:
            x = self.number % (WIDTH - 40)
            people = np.array(
                [[x, 10, x + 40, 110, 0.9], [5, 40 + x / 5, 35, 115, 0.8]],
                np.float32,
            )
            found.append(people[: 2 - self.number // 97 % 3])
            self.number += 1
        return found


def resident_mb() -> float:
    """Resident size of this process."""
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * 4096 / 2**20


def simulate(model, frames: int, every: int) -> Iterator[Tuple[int, float]]:
    """Process the frames; yields their number and the resident size in MB.

    Args:
        model (str | object): See :class:`PoseInferencer`.
        frames (int): How many there are.
        every (int): The size is read every so many of them.
    """
    infer = PoseInferencer(model, Walkers(), threads=1)
    source = ImageSource(camera(frames), fps=FPS, name='hour')
    with tempfile.TemporaryDirectory() as folder:
        head = describe(infer.model, fps=FPS)
        writer = ResultWriter('', folder, source, head=head)
        results = infer.stream(source, smooth='one_euro')
        for number, result in enumerate(results, 1):
            writer.add(result, None)
            if number % every == 0:
                yield number, resident_mb()
        writer.close()
        yield frames, resident_mb()


def growth_mb(sizes: np.ndarray) -> float:
    """From the end of the first tenth on, the line through (N, 2) sizes."""
    later = sizes[sizes[:, 0] >= sizes[-1, 0] / 10]
    slope = np.polyfit(later[:, 0], later[:, 1], 1)[0]
    return float(slope * (later[-1, 0] - later[0, 0]))


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument('--frames', type=int, default=FRAMES)
    parser.add_argument('--model', help='default: the mean of the crop')
    args = parser.parse_args()
    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        model = args.model or f'{folder}/tiny.onnx'
        if not args.model:
            write_tiny_model(model)
        for number, size in simulate(model, args.frames, args.frames // 40):
            print(f'{number} frames: {size:.1f} MB', flush=True)
            sizes.append((number, size))
    sizes = np.array(sizes)
    growth = growth_mb(sizes)
    later = sizes[len(sizes) // 10 :, 1]
    print(
        f'{args.frames} frames: {growth:+.1f} MB, '
        f'{later.min():.1f} to {later.max():.1f} MB'
    )
    return int(growth > MOST_MB)


if __name__ == '__main__':
    sys.exit(main())
