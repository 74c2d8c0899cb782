"""The fifteen actions of Human3.6M as distributions of moving poses.

An action is a list of key poses, angles in degrees that differ from
standing. One trial draws its own keys (a random side, a random offset per
angle), wanders smoothly between them and adds slow oscillations, so a trial
is a smooth function of time that can be evaluated at any frame.
"""

from typing import NamedTuple

import numpy as np

from integral_mmpose.datasets.actions import ACTIONS

from .body import DOFS, clip_to_limits, mirror

FPS = 50
ROAM = 0.6  # metres from the middle of the studio


def both(**angles):
    """Return the same angles for the left and the right side."""
    return {f'{s}_{name}': v for name, v in angles.items() for s in 'lr'}


STAND = both(sh_abd=8, el_flex=15, hip_abd=4, kn_flex=5)
CHAIR = dict(
    both(hip_flex=85, kn_flex=85, hip_abd=10, sh_flex=35, el_flex=50), lean=10
)
FLOOR = dict(
    both(hip_flex=105, kn_flex=95, hip_abd=20, sh_flex=50, el_flex=30),
    pitch=-10,
    lean=30,
)
KNEEL = dict(lean=10, l_hip_flex=75, l_kn_flex=85, r_hip_flex=0, r_kn_flex=95)
TO_MOUTH = dict(r_sh_flex=55, r_sh_rot=45, r_el_flex=130)
TO_EAR = dict(
    r_sh_flex=45, r_sh_abd=40, r_sh_rot=5, r_el_flex=138, head_roll=8
)
FOLDED = dict(both(sh_flex=25, sh_rot=65), l_el_flex=95, r_el_flex=100)
ON_HIPS = both(sh_abd=45, sh_flex=-10, sh_rot=50, el_flex=95)
BEND = dict(both(hip_flex=50, kn_flex=25), pitch=45, lean=40, head_pitch=15)
CAMERA_UP = dict(both(sh_flex=65, sh_rot=35, el_flex=105), head_pitch=5)
GAIT_ACTIONS = ('Walking', 'WalkDog', 'WalkTogether')

# Two or more key poses each, every one on top of STAND
KEYS = dict(
    Directions=[
        dict(r_sh_flex=85, r_el_flex=10),
        dict(r_sh_abd=85, r_el_flex=12),
        dict(r_sh_flex=140, r_el_flex=20, head_pitch=-20),
        dict(r_sh_flex=30, r_el_flex=75, twist=25, head_yaw=30),
    ],
    Discussion=[
        both(sh_flex=35, el_flex=80),
        dict(l_sh_abd=35, r_sh_abd=35, l_el_flex=60, r_el_flex=65),
        dict(r_sh_flex=60, r_el_flex=45, r_sh_rot=25, twist=-15),
        FOLDED,
    ],
    Eating=[
        dict(CHAIR, **TO_MOUTH),
        dict(CHAIR, **both(el_flex=80)),
        dict(CHAIR, lean=25, head_pitch=20, r_sh_flex=60, r_el_flex=70),
    ],
    Greeting=[
        dict(r_sh_abd=115, r_sh_rot=-50, r_el_flex=75),
        dict(l_sh_abd=120, r_sh_abd=120, l_el_flex=25, r_el_flex=25),
        dict(both(hip_flex=25), pitch=25, lean=25, head_pitch=15),
        dict(r_sh_flex=65, r_el_flex=40),
    ],
    Phoning=[
        TO_EAR,
        dict(TO_EAR, twist=20, head_yaw=-25),
        dict(CHAIR, **TO_EAR),
        dict(TO_EAR, l_sh_flex=30, l_el_flex=90, l_sh_rot=50),
    ],
    Posing=[
        ON_HIPS,
        both(sh_flex=160, sh_abd=15),
        both(sh_abd=90),
        dict(
            r_hip_abd=30,
            r_hip_flex=30,
            r_kn_flex=60,
            side=12,
            l_sh_abd=60,
            r_sh_abd=130,
            r_el_flex=90,
        ),
        FOLDED,
    ],
    Purchases=[
        BEND,
        dict(BEND, r_sh_flex=70, twist=20),
        both(sh_abd=20, el_flex=70),
        dict(both(hip_flex=95, kn_flex=120, sh_flex=60), pitch=10),
    ],
    Sitting=[
        CHAIR,
        dict(CHAIR, lean=-12, **both(sh_flex=10)),
        dict(CHAIR, **FOLDED),
        dict(CHAIR, r_hip_rot=-25, r_hip_flex=100, r_hip_abd=-5, lean=25),
        dict(CHAIR, l_kn_flex=50, r_kn_flex=60, l_sh_flex=-25, r_sh_flex=-25),
    ],
    SittingDown=[
        FLOOR,
        dict(CHAIR, lean=35),
        dict(FLOOR, r_kn_flex=20, r_hip_flex=85),
        dict(
            FLOOR,
            pitch=-20,
            lean=5,
            **both(kn_flex=15, hip_flex=75, sh_flex=-35),
        ),
        dict(KNEEL, pitch=5),
    ],
    Smoking=[
        TO_MOUTH,
        dict(r_sh_flex=10, r_el_flex=50),
        dict(CHAIR, **TO_MOUTH),
        dict(TO_MOUTH, head_pitch=-20, l_sh_rot=60, l_el_flex=90),
    ],
    Photo=[
        CAMERA_UP,
        dict(KNEEL, **CAMERA_UP),
        dict(CAMERA_UP, pitch=15, lean=20, **both(kn_flex=40, hip_flex=45)),
        dict(CAMERA_UP, twist=25, side=10),
    ],
    Waiting=[
        {},
        FOLDED,
        ON_HIPS,
        dict(CHAIR, lean=20),
        dict(r_hip_flex=15, r_kn_flex=35, side=6, head_yaw=35),
    ],
    Walking=[{}, dict(lean=6), dict(head_yaw=20)],
    WalkDog=[
        dict(r_sh_flex=35, r_el_flex=40),
        dict(BEND, r_sh_flex=60),
        dict(r_sh_abd=30, r_sh_flex=20, head_pitch=20),
    ],
    WalkTogether=[
        dict(head_yaw=40),
        dict(l_sh_flex=30, l_el_flex=80),
        dict(twist=12, head_yaw=-20),
    ],
)


# Standard deviation in degrees of the offsets of a trial to its keys
_VARY = dict(
    sh_flex=14,
    sh_abd=9,
    sh_rot=16,
    el_flex=14,
    hip_flex=7,
    hip_abd=5,
    hip_rot=8,
    kn_flex=8,
    pitch=3,
    roll=3,
    lean=6,
    side=5,
    twist=8,
    head_pitch=9,
    head_yaw=16,
    head_roll=5,
)
VARY = np.array([_VARY[d[2:] if d[1:2] == '_' else d] for d in DOFS], float)


class Motion(NamedTuple):
    """A trial at T moments: ``angles`` (T, D) and ``yaw`` (T,) in degrees,
    ``ground`` (T, 2) metres: where the pelvis is above the floor plan."""

    angles: np.ndarray
    yaw: np.ndarray
    ground: np.ndarray


def sample_motion(rng, action, frames):
    """Draw one trial of an action and evaluate it at some frames.

    Args:
        rng (np.random.Generator): Its state decides the trial, for any
            frames.
        action (str): One of ``ACTIONS``.
        frames (np.ndarray): (T,) 0-based frame numbers at 50 per second.

    Returns:
        Motion: Within the joint limits.
    """
    seconds = np.asarray(frames, np.float64) / FPS
    keys = np.stack([_vary(rng, pose) for pose in KEYS[action]])
    keys = keys[rng.permutation(len(keys))[:3]]
    angles = _wander(rng, keys, seconds)
    angles = angles + _sway(rng, len(DOFS), seconds) * (0.55 * VARY)
    turn = rng.choice([-1.0, 1.0])
    yaw0, pace = rng.uniform(0, 360), rng.uniform(0.8, 1.15)
    if action in GAIT_ACTIONS:
        angles = angles + _gait(rng, seconds * pace)
        radius = rng.uniform(0.3, ROAM)
        # About 0.7 m/s on the circle; the heading is its tangent
        phase = turn * np.degrees(0.7 * pace / radius) * seconds + yaw0
        ground = radius * np.stack(
            [np.sin(np.radians(phase)), -np.cos(np.radians(phase))], 1
        )
        yaw = phase if turn > 0 else phase + 180
    else:
        yaw = yaw0 + 35 * _sway(rng, 1, seconds)[:, 0]
        centre = rng.uniform(-0.3, 0.3, 2)
        ground = centre + 0.12 * _sway(rng, 2, seconds)
    return Motion(clip_to_limits(angles), yaw, ground)


def sample_free_pose(rng):
    """Sample a pose with more variety than a trial of an action.

    The pose of a random action is pulled by a random amount towards random
    angles within the joint limits.

    Returns:
        np.ndarray: (len(DOFS),) degrees.
    """
    action = ACTIONS[rng.integers(len(ACTIONS))]
    base = sample_motion(rng, action, [rng.integers(0, 3000)]).angles[0]
    far = clip_to_limits(rng.normal(0, 1, len(DOFS)) * VARY * 3 + base)
    return clip_to_limits(base + rng.uniform(0, 1) ** 2 * (far - base))


def _vary(rng, pose):
    """Vary a key pose, in angles (len(DOFS),): random offsets, random side."""
    full = dict(STAND, **pose)
    key = np.array([full.get(d, 0.0) for d in DOFS], np.float64)
    key += rng.normal(0, 1, len(DOFS)) * VARY
    return mirror(key) if rng.random() < 0.5 else key


def _wander(rng, keys, seconds):
    """Blend the keys (M, D) by a softmax of slow oscillations."""
    level = 5 * _sway(rng, len(keys), seconds)
    weight = np.exp(level - level.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True) @ keys


def _sway(rng, count, seconds):
    """Return (T, count) sums of three sines of 0.03 to 0.3 Hz, about +-1."""
    hertz = rng.uniform(0.03, 0.3, (3, count))
    phase = rng.uniform(0, 2 * np.pi, (3, count))
    waves = np.sin(2 * np.pi * hertz * seconds[:, None, None] + phase)
    return waves.sum(axis=1) * 0.7


def _gait(rng, seconds):
    """Return offsets (T, D) of a walking cycle of about one second."""
    phase = 2 * np.pi * (0.9 * seconds + rng.random())
    stride, swing = rng.uniform(22, 32), rng.uniform(12, 30)
    out = dict.fromkeys(DOFS, 0.0)
    for side, shift in (('l_', 0.0), ('r_', np.pi)):
        s, c = np.sin(phase + shift), np.cos(phase + shift)
        out[side + 'hip_flex'] = stride * s + 4
        # The knee folds while the leg swings forward (c > 0)
        out[side + 'kn_flex'] = 55 * np.clip(c, 0, None) ** 1.5 + 6
        out[side + 'sh_flex'] = -swing * s
        out[side + 'el_flex'] = -0.4 * swing * s
    out['twist'] = -6 * np.sin(phase)
    zero = np.zeros_like(phase)
    return np.stack([out[d] + zero for d in DOFS], axis=1)
