"""Depth of labelled joints from the lengths of the bones.

Seen from afar, a bone of length l that covers the distance d in the image
leaves dz = +-sqrt((s l)^2 - d^2), s being the px of a mm (Taylor,
Reconstruction of Articulated Objects from Point Correspondences in a Single
Uncalibrated Image, CVIU 2000). Labels and lengths are not exact, so that each
bone takes the dz that is least in

    ((|(d, dz)| / (s l) - 1) / LENGTH)^2 + ((dz - z') / (s l) / DEPTH)^2

with z' that of a model, which also decides between near and far; s is the
one with the least sum over the bones, and of (log(s / s') / SCALE)^2.
"""

from typing import NamedTuple, Tuple

import numpy as np

#: How far lengths, depths of the model (as parts of the bone) and the scale
#: may be off: standard deviations.
LENGTH, DEPTH, SCALE = 0.1, 0.25, 0.15
#: Candidates: factors of s', and dz as parts of s l.
SCALES = np.exp(np.linspace(-0.4, 0.4, 33))
STEPS = np.linspace(-1.1, 1.1, 89)
#: An upright trunk leans to where the person looks by this part of the
#: width of the shoulders in the image.
LEAN = 0.25
#: Cosine of the angle to the vertical up to which a trunk is upright.
UPRIGHT = 0.9

PELVIS, THORAX, NECK, HEAD = 6, 7, 8, 9
RIGHT = dict(hip=2, knee=1, foot=0, shoulder=12, elbow=11, wrist=10)
LEFT = dict(hip=3, knee=4, foot=5, shoulder=13, elbow=14, wrist=15)


class Bone(NamedTuple):
    """Two joints of MPII, a length in mm, and how much more it varies."""

    start: int
    stop: int
    length: float
    slack: float = 1.0


#: Medians of the people of LSP's training set who stand straight (382, one leg
#: straight at least), for a leg of about 900 mm; arms, of which the longer one
#: was taken, rounded down.
HIPS = Bone(RIGHT['hip'], LEFT['hip'], 190)
SHOULDERS = Bone(RIGHT['shoulder'], LEFT['shoulder'], 380)
TRUNK = Bone(PELVIS, THORAX, 573, slack=2.0)  # it bends
TOP = Bone(NECK, HEAD, 243)
BONES: Tuple[Bone, ...] = (
    HIPS,
    SHOULDERS,
    TRUNK,
    TOP,
    *(
        Bone(side[start], side[stop], length)
        for side in (RIGHT, LEFT)
        for start, stop, length in (
            ('hip', 'knee', 425),
            ('knee', 'foot', 463),
            ('shoulder', 'elbow', 300),
            ('elbow', 'wrist', 280),
        )
    ),
)
#: What a lean of the trunk moves.
ABOVE = [THORAX, NECK, HEAD] + [
    side[name]
    for side in (RIGHT, LEFT)
    for name in ('shoulder', 'elbow', 'wrist')
]


def bone_depths(
    joints: np.ndarray, labelled: np.ndarray, depths: np.ndarray
) -> np.ndarray:
    """Depth (16,) of the joints of one person in px, relative to the pelvis.

    ``joints`` (16, 2) are MPII's labels in px, ``labelled`` (16,) says which
    there are; of the others the bones end where the model says. ``depths``
    (16,) are those of a model in px, upwards away from the camera.
    """
    starts, stops, lengths, slack = (np.array(c) for c in zip(*BONES))
    known = labelled[starts] & labelled[stops]
    flat = np.linalg.norm(joints[stops] - joints[starts], axis=-1)
    told = depths[stops] - depths[starts]
    around = _scale(flat, told, lengths, known)
    dz, costs = _candidates(
        flat, told, around * SCALES, lengths, LENGTH * slack
    )
    costs = np.where(known, costs, 0).sum(-1) + (np.log(SCALES) / SCALE) ** 2
    dz = np.where(known, dz[costs.argmin()], told)
    return _joints(dict(zip(BONES, dz)))


def _scale(flat, told, lengths, known) -> float:
    """px of a mm, as the model has the bones."""
    ratios = np.hypot(flat, told) / lengths
    scale = np.median(ratios[known]) if known.any() else 1.0
    return max(float(scale), np.finfo(float).eps)


def _candidates(
    flat, told, scales, lengths, slack
) -> Tuple[np.ndarray, np.ndarray]:
    """The best dz of every bone for every scale (S, B), and its cost."""
    full = scales[:, None, None] * lengths[:, None]  # (S, B, 1)
    dz = full * STEPS  # (S, B, Z)
    errors = (np.hypot(flat[:, None], dz) / full - 1) / slack[:, None]
    away = (dz - told[:, None]) / full / DEPTH
    costs = errors**2 + away**2
    best = costs.argmin(-1)[..., None]
    return (
        np.take_along_axis(dz, best, -1)[..., 0],
        np.take_along_axis(costs, best, -1)[..., 0],
    )


def _joints(dz) -> np.ndarray:
    """From bones to joints: axes by halves around their middles."""
    z = np.zeros(16)
    for axis, middle in ((HIPS, 0.0), (SHOULDERS, dz[TRUNK])):
        half = dz[axis] / 2
        z[axis.start], z[axis.stop] = middle - half, middle + half
    z[THORAX] = z[NECK] = dz[TRUNK]
    for bone in BONES[3:]:
        z[bone.stop] = z[bone.start] + dz[bone]
    return z


def are_upright(joints: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Whose trunk (N,), which is labelled, points up in the image."""
    trunk = _bone(joints, labelled, TRUNK)
    length = np.linalg.norm(trunk, axis=-1)
    return (length > 0) & (-trunk[:, 1] > UPRIGHT * length)


def without_lean(
    joints: np.ndarray, labelled: np.ndarray, depths: np.ndarray
) -> np.ndarray:
    """Depths (N, 16) of a model whose people all lean, corrected.

    The median depth of trunk and head over the upright people becomes that of
    people who lean a little to where they look. Trunks are labelled.
    """
    depths = np.array(depths, np.float64)
    length = np.linalg.norm(_bone(joints, labelled, TRUNK), axis=-1)
    upright = are_upright(joints, labelled)
    if not upright.any():
        return depths
    told = depths[:, NECK] - depths[:, PELVIS]
    lean = np.median((told / length.clip(1))[upright]) * length
    lean += LEAN * _bone(joints, labelled, SHOULDERS)[:, 0]
    size = np.linalg.norm(_bone(joints, labelled, TOP), axis=-1)
    told = depths[:, HEAD] - depths[:, NECK]
    nod = (told / size.clip(1))[upright & (size > 0)]
    depths[:, ABOVE] -= lean[:, None]
    depths[:, HEAD] -= size * (np.median(nod) if len(nod) else 0.0)
    return depths


def _bone(joints, labelled, bone) -> np.ndarray:
    """The bone (N, 2) in px, 0 where it is not labelled."""
    ends = [bone.start, bone.stop]
    known = labelled[:, ends].all(-1, keepdims=True)
    return np.where(known, joints[:, bone.stop] - joints[:, bone.start], 0)
