"""Head sizes of PCKh, from the file beside annotations in MPII's layout.

A head box belongs to a person by its place in the file alone. The file has
the joints, too (``pos_gt_src``): they say whether both files have one order.
"""

from typing import Sequence

import numpy as np

from ..checks import MAX_PX, annotation_error, check_array
from ..joints import MPII_NAMES
from ..mat_files import read_mat

#: Head size of PCKh: 0.6 times the diagonal of the head box.
HEAD_FACTOR = 0.6
#: What 0-based and 1-based joints may differ by, px.
FRAMES = 2.0
BOXES, JOINTS = 'headboxes_src', 'pos_gt_src'


def head_sizes(
    path: str,
    ann_file: str,
    keypoints: np.ndarray,
    labelled: np.ndarray,
    names: Sequence[str] = MPII_NAMES,
) -> np.ndarray:
    """Head sizes of the people of an annotation file.

    Args:
        path (str): The .mat file with ``headboxes_src`` (2, 2, n).
        ann_file (str): The annotations, for messages.
        keypoints (np.ndarray): (n, K, 2) 0-based px.
        labelled (np.ndarray): (n, K), 0 where a joint has no label.
        names (Sequence[str]): Of the K joints. The order of the people is
            compared for MPII's joints, which ``pos_gt_src`` has.

    Returns:
        np.ndarray: (n,) float32, px.

    Raises:
        FileNotFoundError, ValueError: Naming file, id, field and the fix.
    """
    content = read_mat(path, 'the head box file', [BOXES], [JOINTS])
    fix = (
        f'Each annotation of {ann_file} needs a head box: take the file of '
        'this split (headbox_file of the data set).'
    )
    boxes = content[BOXES]
    check_array(boxes, (2, 2, len(keypoints)), path, 'all', BOXES, fix)
    low, high = boxes.astype(np.float64)
    sizes = HEAD_FACTOR * np.linalg.norm(high - low, axis=0)
    bad = np.flatnonzero(~((sizes >= 1) & (sizes <= MAX_PX)))
    if len(bad):
        problem = (
            f'must span a box of 1 to {MAX_PX:.0f} px, got '
            f'{boxes[..., bad[0]].tolist()}'
        )
        raise annotation_error(path, bad[0], BOXES, problem)
    if JOINTS in content and tuple(names) == tuple(MPII_NAMES):
        joints = content[JOINTS]
        _check_order(joints, path, ann_file, keypoints, labelled > 0, sizes)
    return sizes.astype(np.float32)


def _check_order(
    joints, path: str, ann_file: str, keypoints, labelled, sizes
) -> None:
    """Every person has the joints of its head box; a few may be NaN."""
    fix = (
        'Write both files anew, or take the file of this split '
        '(headbox_file of the data set).'
    )
    shape = (*keypoints.shape[1:], len(keypoints))
    check_array(joints, shape, path, 'all', JOINTS, fix)
    apart = np.linalg.norm(joints.transpose(2, 0, 1) - keypoints, axis=-1)
    for id_, (distances, known) in enumerate(zip(apart, labelled)):
        if not known.any():
            continue
        if np.isnan(distances[known]).all():
            problem = (
                f'of the shape {shape} has no number for the labelled joints'
            )
            raise annotation_error(path, id_, JOINTS, problem, fix)
        distance = np.nanmedian(distances[known])
        if distance > sizes[id_] + FRAMES:
            problem = (
                f'is of another person than in {ann_file}, {distance:.0f} px '
                'away: the head boxes are in another order'
            )
            raise annotation_error(path, id_, JOINTS, problem, fix)
