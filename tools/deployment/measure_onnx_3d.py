#!/usr/bin/env python3
r"""Measure an exported 3D model on frames in Human3.6M's layout.

    python tools/deployment/measure_onnx_3d.py pose.onnx data/h36m

Prints MPJPE and PA-MPJPE-rigid over 17 joints in mm, and the depth order: of
the pairs of joints whose true depths are more than 150 mm apart, how many are
in the right order. The box of 2000 mm and the depth of the root are from
ground truth, as in the paper. DATA has annotations/h36m_test.npz,
annotations/cameras.json where the npz file has no cameras, and images/. Needs
no torch.
"""

import sys
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import numpy as np
from tqdm import tqdm

from integral_mmpose.command import at_least_one, make_parser, reports_errors
from integral_mmpose.datasets.body.camera_space_annotations import (
    CameraSpaceAnnotations,
    check_annotations,
)
from integral_mmpose.datasets.body.h36m_cameras import read_cameras
from integral_mmpose.datasets.body.h36m_files import FIELDS, read_annotations
from integral_mmpose.datasets.joints import H36M18_NAMES
from integral_mmpose.geometry import (
    box_side_px,
    joint_distances,
    rigid_align,
    root_align,
)
from integral_mmpose.inference import PoseInferencer, read_image

NAMES = H36M18_NAMES[:17]
#: Joints that are closer in depth have no clear order, mm.
APART = 150


def read_frames(
    folder: Path, subjects: Optional[List[str]], frame_step: int
) -> CameraSpaceAnnotations:
    """The frames of a folder, each with its camera, checked."""
    annotations = folder / 'annotations'
    file = str(annotations / 'h36m_test.npz')
    frames = read_annotations(file, subjects, frame_step=frame_step)
    if frames.intrinsics is None:
        cameras = read_cameras(
            str(annotations / 'cameras.json'),
            frames.groups['subject'],
            frames.groups['camera_id'],
        )
        frames = frames._replace(intrinsics=cameras)
    check_annotations(frames, len(NAMES), file, FIELDS)
    return frames


def predict(
    infer: PoseInferencer, frames: CameraSpaceAnnotations, images: Path
) -> Iterator[np.ndarray]:
    """Poses (17, 3) in camera space, mm."""
    columns = [infer.joint_names.index(name) for name in NAMES]
    people = zip(*frames[:4])
    for name, pixels, points, camera in tqdm(
        people, total=len(frames.names), disable=None
    ):
        side = box_side_px(points[0, 2], camera[:2])
        half = side / 2 / infer.model.metadata.box_padding
        root = pixels[0]
        image = read_image(images / name)
        height, width = image.shape[:2]
        inside = ((pixels >= 0) & (pixels < [width, height])).all(1)
        if inside.mean() < 0.5:
            raise ValueError(
                f'{images / name}: {(~inside).sum()} of {len(inside)} joints '
                f'lie outside its {width} x {height} px. Give the images that '
                'were labelled, in their size'
            )
        [[person]] = infer(
            image,
            boxes=[[*(root - half), *(root + half)]],
            camera=dict(f=camera[:2].tolist(), c=camera[2:].tolist()),
            root_depth=float(points[0, 2]),
        )
        yield person.keypoints_camera_mm[columns]


def depth_order(poses: np.ndarray, truths: np.ndarray) -> Tuple[float, int]:
    """Percent of pairs in the right order in depth, and their number.

    Both are (N, 17, 3) in camera space, mm.
    """
    first, second = np.triu_indices(poses.shape[1], 1)
    expected = truths[:, first, 2] - truths[:, second, 2]
    found = poses[:, first, 2] - poses[:, second, 2]
    clear = np.abs(expected) > APART
    right = np.sign(found[clear]) == np.sign(expected[clear])
    return 100 * right.mean() if clear.any() else np.nan, int(clear.sum())


def mean_distance(poses: np.ndarray, truths: np.ndarray) -> float:
    """Mean distance of the joints, over joints and frames."""
    return joint_distances(poses, truths).mean()


def measure(infer: PoseInferencer, folder: Path, **selection) -> dict:
    """The numbers by name, of the frames that ``read_frames`` gives."""
    flat = infer.model.depth_range_mm is None
    if flat or set(NAMES) - set(infer.joint_names):
        raise ValueError(
            f'{infer.model.path}: no 3D model with the joints of Human3.6M. '
            "Evaluate its checkpoint with tools/test.py on its own data set's "
            'config.'
        )
    frames = read_frames(folder, **selection)
    truths = np.asarray(frames.points_mm, np.float64)
    poses = np.stack(list(predict(infer, frames, folder / 'images')))
    order, pairs = depth_order(poses, truths)
    return {
        'frames': len(truths),
        'MPJPE (mm)': mean_distance(root_align(poses), root_align(truths)),
        'PA-MPJPE-rigid (mm)': mean_distance(
            rigid_align(poses, truths), truths
        ),
        f'pairs of joints more than {APART} mm apart in depth': pairs,
        'of these in the right order (%)': order,
    }


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('model', help='ONNX file')
    parser.add_argument('data', type=Path, help="folder in Human3.6M's layout")
    parser.add_argument('--subjects', nargs='+', help='such as S9 S11')
    parser.add_argument('--frame-step', type=at_least_one, default=1)
    parser.add_argument('--threads', type=int, help='of ONNX Runtime')
    parser.add_argument('--flip-test', action='store_true')
    args = parser.parse_args()
    infer = PoseInferencer(
        args.model, threads=args.threads, flip_test=args.flip_test
    )
    numbers = measure(
        infer,
        args.data,
        subjects=args.subjects,
        frame_step=args.frame_step,
    )
    for name, number in numbers.items():
        print(f'{name}: {round(number, 1)}')


if __name__ == '__main__':
    sys.exit(main())
