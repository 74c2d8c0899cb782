"""The skeleton: bone lengths, joint limits and forward kinematics.

A pose is a vector of angles in degrees, one per entry of ``DOFS``. Forward
kinematics turns it, with one person's bone lengths, into the 17 joints of
Human3.6M in metres, so bone lengths are constant within a subject by
construction.

Convention:
    Body and world frames are right-handed: x forward, y to the body's left,
    z up, the floor at z = 0. At zero angles the person stands upright with
    the arms hanging.
"""

from typing import NamedTuple

import numpy as np

from integral_mmpose.datasets.joints import H36M17_NAMES

# Human3.6M's order, the paper's and mmpose's
JOINTS = H36M17_NAMES
EXTRAS = tuple(
    'left_eye right_eye left_ear right_ear left_toe right_toe left_hand '
    'right_hand head_centre'.split()
)

# Degrees. Flexion is forward, except at the knee; abduction is away from the
# body; rotation is inward. Mirroring a person negates MIRRORED.
LIMITS = dict(
    pitch=(-25, 80),
    roll=(-20, 20),
    lean=(-20, 60),
    side=(-25, 25),
    twist=(-40, 40),
    head_pitch=(-40, 45),
    head_yaw=(-65, 65),
    head_roll=(-20, 20),
)
LIMB_LIMITS = dict(
    sh_flex=(-45, 175),
    sh_abd=(-15, 150),
    sh_rot=(-60, 80),
    el_flex=(2, 145),
    hip_flex=(-20, 120),
    hip_abd=(-15, 45),
    hip_rot=(-30, 40),
    kn_flex=(2, 140),
)
LIMITS.update({f'l_{k}': v for k, v in LIMB_LIMITS.items()})
LIMITS.update({f'r_{k}': v for k, v in LIMB_LIMITS.items()})
DOFS = tuple(LIMITS)
MIRRORED = ('roll', 'side', 'twist', 'head_yaw', 'head_roll')

# Metres, for a person 1.71 m tall
BONES = dict(
    hip=0.125,
    thigh=0.45,
    shin=0.45,
    waist=0.235,
    chest=0.255,
    shoulder=0.17,
    upper_arm=0.285,
    forearm=0.255,
    head=1.0,
    girth=1.0,
)
ANKLE_HEIGHT = 0.08
SHOULDER_DROP = 0.035
# In the head's frame, from the base of the neck
HEAD_POINTS = dict(
    neck_base=(0.125, 0, 0.115),
    head=(0.01, 0, 0.245),
    left_eye=(0.105, 0.034, 0.145),
    right_eye=(0.105, -0.034, 0.145),
    left_ear=(0.01, 0.08, 0.125),
    right_ear=(0.01, -0.08, 0.125),
    head_centre=(0.02, 0, 0.135),
)
# How far above the floor each point must stay (half the limb's thickness)
FLOOR_CLEARANCE = dict(
    root=0.12,
    right_hip=0.1,
    left_hip=0.1,
    right_knee=0.06,
    left_knee=0.06,
    right_foot=ANKLE_HEIGHT,
    left_foot=ANKLE_HEIGHT,
    right_wrist=0.04,
    left_wrist=0.04,
    head=0.02,
    left_toe=0.03,
    right_toe=0.03,
)


class Posed(NamedTuple):
    """A posed body, in the world, T moments.

    ``joints`` (T, 17, 3) and ``extras`` (T, 9, 3) are in metres, in the order
    of ``JOINTS`` and ``EXTRAS``; ``pelvis``, ``chest`` and ``head`` (T, 3, 3)
    have the part's forward, left and up axes as columns.
    """

    joints: np.ndarray
    extras: np.ndarray
    pelvis: np.ndarray
    chest: np.ndarray
    head: np.ndarray


def rotation(axis, degrees):
    """Rotation matrices (T, 3, 3) about the axis 0, 1 or 2 by degrees (T,)."""
    angle = np.radians(np.asarray(degrees, np.float64))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    out = np.zeros(angle.shape + (3, 3))
    out[..., axis, axis] = 1
    out[..., i, i] = out[..., j, j] = np.cos(angle)
    out[..., j, i] = np.sin(angle)
    out[..., i, j] = -out[..., j, i]
    return out


def sample_proportions(rng):
    """Sample bone lengths: body size +-8 %, each bone a further +-4 %.

    Returns:
        dict[str, float]: The keys of ``BONES``; metres, ``head`` and
        ``girth`` as factors.
    """
    size = rng.uniform(0.92, 1.08)
    return {
        name: length * size * rng.uniform(0.96, 1.04)
        for name, length in BONES.items()
    }


def clip_to_limits(angles):
    """Clip angles (..., len(DOFS)) in degrees to the joint limits."""
    low, high = np.array(list(LIMITS.values()), np.float64).T
    return np.clip(angles, low, high)


def mirror(angles):
    """Swap left and right of a pose (..., len(DOFS)) in degrees."""
    swap = {'l': 'r', 'r': 'l'}
    order = [
        DOFS.index(swap[d[0]] + d[1:] if d[1:2] == '_' else d) for d in DOFS
    ]
    sign = np.array([-1.0 if d in MIRRORED else 1.0 for d in DOFS])
    return angles[..., order] * sign


def forward_kinematics(angles, bones, yaw, ground):
    """Pose a body and stand it on the floor.

    Args:
        angles (np.ndarray): (T, len(DOFS)) degrees; clipped to the limits.
        bones (dict[str, float]): From :func:`sample_proportions`.
        yaw (np.ndarray): (T,) degrees, heading about the world's z.
        ground (np.ndarray): (T, 2) metres, the pelvis above the floor plan.

    Returns:
        Posed: Lowest point of the body on the floor.
    """
    a = dict(zip(DOFS, np.moveaxis(clip_to_limits(angles), -1, 0)))
    points = dict(root=np.zeros((len(a['pitch']), 3)))
    pelvis = (
        rotation(2, yaw) @ rotation(1, a['pitch']) @ rotation(0, a['roll'])
    )
    for side, sign in (('left', 1), ('right', -1)):
        _pose_leg(points, pelvis, a, bones, side, sign)
    half = (
        rotation(2, a['twist'] / 2)
        @ rotation(0, a['side'] / 2)
        @ rotation(1, a['lean'] / 2)
    )
    waist = pelvis @ half
    chest = waist @ half
    points['spine'] = waist @ (0, 0, bones['waist'])
    points['thorax'] = points['spine'] + chest @ (0, 0, bones['chest'])
    for side, sign in (('left', 1), ('right', -1)):
        _pose_arm(points, chest, a, bones, side, sign)
    head = (
        chest
        @ rotation(2, a['head_yaw'])
        @ rotation(1, a['head_pitch'])
        @ rotation(0, a['head_roll'])
    )
    for name, offset in HEAD_POINTS.items():
        points[name] = points['thorax'] + head @ np.multiply(
            offset, bones['head']
        )
    lift = -np.min(
        [
            points[name][:, 2] - clearance
            for name, clearance in FLOOR_CLEARANCE.items()
        ],
        axis=0,
    )
    shift = np.concatenate([ground, lift[:, None]], axis=1)[:, None]
    return Posed(
        np.stack([points[n] for n in JOINTS], 1) + shift,
        np.stack([points[n] for n in EXTRAS], 1) + shift,
        pelvis,
        chest,
        head,
    )


def _turn_ball_joint(axes, a, name, sign):
    """Turn the axes of the trunk to those of a limb."""
    return (
        axes
        @ rotation(1, -a[name + '_flex'])
        @ rotation(0, sign * a[name + '_abd'])
        @ rotation(2, -sign * a[name + '_rot'])
    )


def _pose_leg(points, pelvis, a, bones, side, sign):
    p = side[0] + '_'
    hip = pelvis @ (0, sign * bones['hip'], 0)
    thigh = _turn_ball_joint(pelvis, a, p + 'hip', sign)
    shin = thigh @ rotation(1, a[p + 'kn_flex'])
    points[f'{side}_hip'] = hip
    knee = points[f'{side}_knee'] = hip + thigh @ (0, 0, -bones['thigh'])
    ankle = points[f'{side}_foot'] = knee + shin @ (0, 0, -bones['shin'])
    points[f'{side}_toe'] = ankle + shin @ (0.19, sign * 0.02, -0.045)


def _pose_arm(points, chest, a, bones, side, sign):
    p = side[0] + '_'
    collar = chest @ (0, sign * bones['shoulder'], -SHOULDER_DROP)
    shoulder = points[f'{side}_shoulder'] = points['thorax'] + collar
    upper = _turn_ball_joint(chest, a, p + 'sh', sign)
    lower = upper @ rotation(1, -a[p + 'el_flex'])
    upper_arm = upper @ (0, 0, -bones['upper_arm'])
    elbow = points[f'{side}_elbow'] = shoulder + upper_arm
    wrist = points[f'{side}_wrist'] = elbow + lower @ (0, 0, -bones['forearm'])
    points[f'{side}_hand'] = wrist + lower @ (0, 0, -0.11)
