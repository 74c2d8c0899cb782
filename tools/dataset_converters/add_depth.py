#!/usr/bin/env python3
r"""Add depth to photographs in MPII's layout, for the training of a 3D model.

    python tools/dataset_converters/add_depth.py data/lsp --split train

writes data/lsp/lsp_train_depth.json beside lsp_train.json: the same people,
with the depth of their joints as ``joints_depth``, in px relative to the
pelvis. ``MpiiExactDataset(split='train_depth')`` reads it. A photograph alone
teaches x and y, and the depth of a model may be anything there.

Depth is what an exported 3D model says (with flip test, over the box of the
joints), changed towards what the labelled x and y and the lengths of the bones
say; see mpii/bone_depth.py. It is an estimate and no ground truth: do not
evaluate with it. A person without labelled pelvis or thorax gets none. The
lean that a model gives to everybody is taken from the upright people of the
file: give it a hundred or more.
"""

import json
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.datasets.body.mpii_joints import (
    box_of_joints,
    find_file,
    load_people,
    read_joints,
)
from integral_mmpose.datasets.checks import annotation_error
from integral_mmpose.datasets.joints import (
    H36M18_NAMES,
    MPII_NAMES,
    MPII_TO_H36M18,
)
from integral_mmpose.files import write_atomically
from integral_mmpose.inference import PoseInferencer, read_image
from mpii.bone_depth import (
    PELVIS,
    THORAX,
    are_upright,
    bone_depths,
    without_lean,
)

#: The depth of a joint is at most this part of the longer side of the joints:
#: further off, augmented crops would lose the joint.
MOST = 0.45
#: The lean of fewer upright people is uncertain.
ENOUGH = 100


def model_depths(infer: PoseInferencer, image, joints) -> np.ndarray:
    """Depth (16,) of MPII's joints in px relative to the pelvis."""
    person = infer(image, boxes=box_of_joints(joints))[0][0]
    pose, places = person.keypoints_3d_mm, person.keypoints_2d
    px_per_mm = np.ptp(places, 0).max() / np.ptp(pose[:, :2], 0).max()
    depths = np.zeros(len(MPII_NAMES))
    for column, joint in enumerate(MPII_TO_H36M18):
        if joint >= 0:
            depths[joint] = pose[column, 2] * px_per_mm
    return depths - depths[PELVIS]


def add_depth(
    people: list, file: Path, root: Path, infer: PoseInferencer
) -> int:
    """Give the people ``joints_depth``; returns how many got it."""
    names, joints, labelled = read_joints(str(file))
    kept = labelled[:, [PELVIS, THORAX]].all(-1).nonzero()[0]
    if not len(kept):
        raise ValueError(f'{file}: nobody has a labelled pelvis and thorax')
    told = []
    for i in tqdm(kept, disable=None):
        image = read_image(root / 'images' / names[i])
        try:
            told.append(model_depths(infer, image, joints[i, labelled[i]]))
        except ValueError as error:
            raise annotation_error(
                str(file), int(i), 'joints', f'gives no box: {error}'
            ) from error
    upright = int(are_upright(joints[kept], labelled[kept]).sum())
    if upright < ENOUGH:
        print(
            f'warning: {file}: {upright} upright people. The lean that the '
            f'model gives to everybody is uncertain below {ENOUGH}.',
            file=sys.stderr,
        )
    told = without_lean(joints[kept], labelled[kept], np.stack(told))
    for person in people:
        person.pop('joints_depth', None)
    for i, depths in zip(kept, told):
        depths = bone_depths(joints[i], labelled[i], depths)
        most = MOST * np.ptp(joints[i, labelled[i]], axis=0).max()
        depths = np.round(depths.clip(-most, most), 2)
        people[i]['joints_depth'] = depths.tolist()
    return len(kept)


@reports_errors
def main(argv=None) -> None:
    """Write the annotations with depth; 1 on an error."""
    parser = make_parser(__doc__)
    parser.add_argument('data', type=Path, help='folder in the MPII layout')
    parser.add_argument('--split', default='train')
    parser.add_argument('--model', help='ONNX file; default: the bundled one')
    parser.add_argument('--threads', type=int, help='of ONNX Runtime')
    args = parser.parse_args(argv)
    found = find_file(str(args.data), f'*_{args.split}.json')
    if not found:
        raise FileNotFoundError(f'{args.data} has no *_{args.split}.json')
    file = Path(found)
    if file.stem.endswith('_depth'):
        parser.error(f'{file}: these people have an estimated depth already')
    out = file.with_name(f'{file.stem}_depth.json')
    if out.is_dir():
        raise IsADirectoryError(f'{out} is a folder: move it away')
    infer = PoseInferencer(args.model, threads=args.threads, flip_test=True)
    if tuple(infer.joint_names) != H36M18_NAMES:
        raise ValueError(
            f'{infer.model.path}: its joints are not the 18 of Human3.6M. '
            'Give a model that has them.'
        )
    if infer.model.depth_range_mm is None:
        raise ValueError(
            f'{infer.model.path}: a 2D model. Give a model with depth.'
        )
    people = load_people(found)
    count = add_depth(people, file, args.data, infer)
    write_atomically(out, json.dumps(people).encode())
    print(f'{out}: depth for {count} of {len(people)} people')


if __name__ == '__main__':
    sys.exit(main())
