"""A person of LSP or LSPET as a record of MPII, and its crop."""

from typing import List, NamedTuple

import numpy as np

from integral_mmpose.datasets.body.head_boxes import HEAD_FACTOR
from integral_mmpose.datasets.mat_files import mpii_truth

from .archive import Archive

#: LSP: right ankle, knee, hip; left hip, knee, ankle; right wrist, elbow,
#: shoulder; left shoulder, elbow, wrist; neck; head top -> index in MPII.
TO_MPII = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 8, 9)
#: Joint of MPII -> the two joints that it lies between.
MIDDLES = {6: (2, 3), 7: (12, 13)}
NECK, HEAD_TOP = 8, 9
MIN_JOINTS = 12
MIN_SIZE = 60.0
#: Half the side of a crop over the size of the person, and a margin in px.
CROP_FACTOR, CROP_MARGIN = 0.85, 8.0
#: ``scale`` of MPII: 1.1 times the size over 200 px. Readers move the centre
#: down by 15 * scale px, so the file has it moved up.
SCALE_FACTOR, PIXEL_STD, CENTER_SHIFT = 1.1, 200.0, 15.0
#: Head size of PCKh in px at least.
MIN_HEAD = 8.0


class Person(NamedTuple):
    """A person in 1-based pixels of the crop."""

    entry: dict
    head: float
    crop: tuple  # left, top, right, bottom; the last two are exclusive


def to_mpii(joints: np.ndarray, archive: Archive, size) -> tuple:
    """Joints and labels in MPII's order, in 0-based pixels of the image.

    Args:
        joints (np.ndarray): (14, 3) of the archive.
        archive (Archive): How its flag is meant.
        size (tuple): (width, height) of the image in px.

    Returns:
        tuple: (16, 2) pixels, zero where unlabelled, and (16,) booleans.
        Joints outside the picture count as unlabelled.
    """
    xy, flag = joints[:, :2], joints[:, 2]
    inside = ((xy >= 0) & (xy < size)).all(1)
    px, labelled = np.zeros((16, 2)), np.zeros(16, bool)
    labelled[list(TO_MPII)] = inside & (
        (flag > 0) if archive.flag_is_labelled else True
    )
    px[list(TO_MPII)] = xy
    for joint, (a, b) in MIDDLES.items():
        px[joint] = (px[a] + px[b]) / 2
        labelled[joint] = labelled[a] and labelled[b]
    return np.where(labelled[:, None], px, 0), labelled


def reason_to_leave_out(
    px: np.ndarray, labelled: np.ndarray, min_joints: int
) -> str:
    """Why a person is in no split; empty if it is in one."""
    own = labelled[list(TO_MPII)]
    if own.sum() < min_joints:
        return f'fewer than {min_joints} joints in the picture'
    if not (labelled[NECK] and labelled[HEAD_TOP]):
        return 'no neck or no head top'
    if np.ptp(px[labelled], axis=0).max() < MIN_SIZE:
        return f'smaller than {MIN_SIZE:.0f} px'
    return ''


def make_person(
    px: np.ndarray, labelled: np.ndarray, size, name: str
) -> Person:
    """Crop, and the record of MPII in 1-based pixels of the crop.

    Args:
        px (np.ndarray): (16, 2), 0-based pixels of the image.
        labelled (np.ndarray): (16,) booleans.
        size (tuple): (width, height) of the image in px.
        name (str): File name of the crop.
    """
    low, high = px[labelled].min(0), px[labelled].max(0)
    center, side = (low + high) / 2, (high - low).max()
    half = CROP_FACTOR * side + CROP_MARGIN
    corner = np.maximum(np.floor(center - half), 0).astype(int)
    end = np.minimum(np.ceil(center + half), size).astype(int)
    scale = SCALE_FACTOR * side / PIXEL_STD
    shift = np.array([0, CENTER_SHIFT * scale])
    one_based = np.where(labelled[:, None], px - corner + 1, 0)
    entry = dict(
        image=name,
        center=(center - corner + 1 - shift).round(2).tolist(),
        scale=round(scale, 4),
        joints=one_based.round(2).tolist(),
        joints_vis=labelled.astype(int).tolist(),
    )
    head = np.linalg.norm(px[NECK] - px[HEAD_TOP])
    return Person(entry, max(head, MIN_HEAD), (*corner, *end))


def truth_mat(people: List[Person]) -> bytes:
    """The bytes of ``*_gt_*.mat``, whose head boxes give the head sizes."""
    sides = np.array([p.head for p in people]) / HEAD_FACTOR / np.sqrt(2)
    boxes = np.zeros((2, 2, len(people)))
    boxes[1] = sides
    joints = np.stack([p.entry['joints'] for p in people])
    labelled = np.stack([p.entry['joints_vis'] for p in people])
    return mpii_truth(boxes, joints, labelled)
