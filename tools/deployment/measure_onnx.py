#!/usr/bin/env python3
r"""Measure an exported model on photographs with MPII's annotations.

    python tools/deployment/measure_onnx.py pose.onnx data/lsp --split val

Prints PCKh@0.5, PCKh@0.1 and AUC over the 12 joints of the limbs, without
flip test by default. For a 3D model it also prints what needs no true depth:
the distance of the pose in the mirrored photograph from the mirrored pose, the
difference in length of left and right bones, and how far the neck of upright
people is behind (above 0) or before the pelvis. The box of a person is that of
the labelled joints, 1.1 times as large. Needs scipy for the .mat file, but no
torch.
"""

import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.datasets.body.head_boxes import head_sizes
from integral_mmpose.datasets.body.mpii_joints import (
    box_of_joints,
    find_file,
    read_joints,
)
from integral_mmpose.datasets.checks import annotation_error
from integral_mmpose.datasets.joints import H36M18_NAMES, MPII_TO_H36M18
from integral_mmpose.geometry import PCK_THRESHOLDS, mean_pck, pck_curve
from integral_mmpose.inference import OnnxPoseModel, PoseInferencer, read_image

#: Names of the limbs' joints in the model -> joints of MPII, sides apart.
LIMBS = {
    name: joint
    for name, joint in zip(H36M18_NAMES, MPII_TO_H36M18)
    if name.startswith(('left', 'right'))
}
#: How high the base of the neck of an upright person is above the pelvis, mm.
UPRIGHT = 250
#: Bones that a person has twice.
BONES = (
    ('hip', 'knee'),
    ('knee', 'foot'),
    ('shoulder', 'elbow'),
    ('elbow', 'wrist'),
)
BATCH = 8
LAYOUT = (
    "Give a folder in MPII's layout: *_SPLIT.json and *_gt_SPLIT.mat, in it "
    'or in its folder annotations.'
)


def read_people(folder: Path, split: str) -> tuple:
    """Images, joints (N, 16, 2), labelled (N, 16), head sizes (N,), px."""
    found = []
    for pattern in (f'*_{split}.json', f'*_gt_{split}.mat'):
        found.append(find_file(str(folder), pattern))
        if not found[-1]:
            raise FileNotFoundError(f'{folder} has no {pattern}. {LAYOUT}')
    file, truth = found
    names, joints, labelled = read_joints(file)
    for id_, (points, known) in enumerate(zip(joints, labelled)):
        if min(len(set(axis)) for axis in points[known].T) < 2:
            problem = 'must have labelled joints that differ in x and in y'
            fix = 'Label more for the box, or remove it from both files.'
            raise annotation_error(file, id_, 'joints', problem, fix)
    if not labelled[:, list(LIMBS.values())].any():
        raise ValueError(
            f'{file}: no joint of the limbs is labelled. {LAYOUT}'
        )
    heads = head_sizes(truth, file, joints, labelled)
    images = [folder / 'images' / name for name in names]
    return images, joints, labelled, heads


def mirrored(image: np.ndarray, box: np.ndarray) -> tuple:
    side = image.shape[1] - 1
    box = box[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [side, 0, side, 0]
    return np.ascontiguousarray(image[:, ::-1]), box


def predict(infer, images, joints, labelled) -> list:
    """People of the images and of the mirrored images, in pairs."""
    found = []
    people = zip(tqdm(images, disable=None), joints, labelled)
    for path, points, known in people:
        view = read_image(path), box_of_joints(points[known])
        views = view, mirrored(*view)
        found.append([infer(each, boxes=box)[0][0] for each, box in views])
    return found


def measure(infer: PoseInferencer, folder: Path, split: str) -> dict:
    missing = sorted(LIMBS.keys() - set(infer.joint_names))
    if missing:
        raise ValueError(
            f'{infer.model.path}: the model has no {", ".join(missing)}. '
            'Export a model with the joints of Human3.6M, or evaluate this '
            "one's checkpoint with tools/test.py."
        )
    images, joints, labelled, heads = read_people(folder, split)
    found = predict(infer, images, joints, labelled)
    columns = [infer.joint_names.index(name) for name in LIMBS]
    members = list(LIMBS.values())
    points = np.stack([a.keypoints_2d[columns] for a, _ in found])
    distances = np.linalg.norm(points - joints[:, members], axis=-1)
    pck, counts = pck_curve(
        distances / heads[:, None], PCK_THRESHOLDS, labelled[:, members]
    )
    curve = mean_pck(pck, counts, range(len(LIMBS)))
    numbers = {
        'people': len(images),
        'PCKh@0.5': curve[50],
        'PCKh@0.1': curve[10],
        'AUC': curve.mean(),
    }
    if infer.model.depth_range_mm is not None:
        numbers.update(without_truth(infer, found))
    return numbers


def without_truth(infer: PoseInferencer, found: list) -> dict:
    """Consistency of 3D poses, in mm and percent."""
    names = infer.joint_names
    poses, others = (
        np.stack([pair[i].keypoints_3d_mm for pair in found]) for i in (0, 1)
    )
    swap = infer.model.metadata.flip_indices
    others = others[:, swap] * [-1, 1, 1]
    apart = np.linalg.norm(poses - others, axis=-1)
    ratios = []
    for ends in BONES:
        lengths = [
            np.linalg.norm(
                poses[:, names.index(f'{side}_{ends[0]}')]
                - poses[:, names.index(f'{side}_{ends[1]}')],
                axis=-1,
            )
            for side in ('left', 'right')
        ]
        ratios.append(np.abs(np.log(lengths[0] / lengths[1])))
    numbers = {
        'mirrored pose, mean distance (mm)': apart.mean(),
        'mirrored pose, median distance (mm)': np.median(apart),
        'left and right bones, median difference (%)': 100
        * np.median(np.exp(ratios) - 1),
    }
    if {'root', 'thorax'}.issubset(names):
        neck = poses[:, names.index('thorax')] - poses[:, names.index('root')]
        depths = neck[neck[:, 1] < -UPRIGHT, 2]
        numbers['upright people'] = len(depths)
        if len(depths):
            numbers['neck behind pelvis, mean (mm)'] = depths.mean()
            numbers['neck behind pelvis, std (mm)'] = depths.std()
    return numbers


def people_per_second(model: OnnxPoseModel) -> float:
    """Speed of the network alone, over 3 s, in batches of 8."""
    width, height = model.metadata.input_size
    crops = np.zeros((BATCH, 3, height, width), np.float32)
    model(crops)
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < 3:
        model(crops)
        count += BATCH
    return count / (time.perf_counter() - start)


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('model', help='ONNX file')
    parser.add_argument('data', type=Path, help='folder in the MPII layout')
    parser.add_argument('--split', default='val')
    parser.add_argument('--threads', type=int, help='of ONNX Runtime')
    parser.add_argument('--flip-test', action='store_true')
    args = parser.parse_args()
    infer = PoseInferencer(
        args.model, threads=args.threads, flip_test=args.flip_test
    )
    numbers = measure(infer, args.data, args.split)
    numbers['network, people per second'] = people_per_second(infer.model)
    for name, number in numbers.items():
        print(f'{name}: {number:.1f}')


if __name__ == '__main__':
    sys.exit(main())
