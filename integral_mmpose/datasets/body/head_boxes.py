"""Head sizes of PCKh, from the file beside annotations in MPII's layout.

A head box belongs to a person by its place in the file alone. The file has
the joints, too (``pos_gt_src``): they say whether both files have one order.
"""

from typing import List, Sequence

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
    path: str, ann_file: str, people: List[dict], names: Sequence[str]
) -> np.ndarray:
    """Head sizes of the people of an annotation file.

    Args:
        path (str): The .mat file with ``headboxes_src`` (2, 2, n).
        ann_file (str): The annotations, for messages.
        people (list[dict]): n people with ``keypoints`` (1, K, 2) and
            ``keypoints_visible`` (1, K).
        names (Sequence[str]): Of the K joints. The order is compared for
            MPII's, which ``pos_gt_src`` has.

    Returns:
        np.ndarray: (n,) float32, px.

    Raises:
        FileNotFoundError, ValueError: Naming file, id, field and the fix.
    """
    content = read_mat(path, 'the head box file', [BOXES], [JOINTS])
    fix = (
        f'Each annotation of {ann_file} needs a head box: name the file of '
        'this split by headbox_file.'
    )
    boxes = content[BOXES]
    check_array(boxes, (2, 2, len(people)), path, 'all', BOXES, fix)
    low, high = boxes.astype(np.float64)
    sizes = HEAD_FACTOR * np.linalg.norm(high - low, axis=0)
    bad = np.flatnonzero(~((sizes >= 1) & (sizes <= MAX_PX)))
    if len(bad):
        problem = (
            f'must span a box of 1 to {MAX_PX:.0f} px, got '
            f'{boxes[..., bad[0]].tolist()}'
        )
        raise annotation_error(path, bad[0], BOXES, problem)
    if tuple(names) != tuple(MPII_NAMES):
        return sizes.astype(np.float32)
    for id_, distance in _distances(content.get(JOINTS), people):
        if distance > sizes[id_] + FRAMES:
            problem = (
                f'is of another person than in {ann_file}, {distance:.0f} px '
                'away: the head boxes are in another order'
            )
            fix = (
                'Write both files anew, or name the file of this split by '
                'headbox_file.'
            )
            raise annotation_error(path, id_, JOINTS, problem, fix)
    return sizes.astype(np.float32)


def _distances(joints, people: List[dict]):
    """(id, median distance of the labelled joints in px) of each person."""
    shape = (*people[0]['keypoints'].shape[1:], len(people))
    if np.shape(joints) != shape or joints.dtype.kind not in 'iuf':
        return
    for id_, person in enumerate(people):
        labelled = person['keypoints_visible'][0] > 0
        if labelled.any():
            apart = joints[..., id_] - person['keypoints'][0]
            distances = np.linalg.norm(apart[labelled], axis=-1)
            yield id_, np.median(distances)
