"""Build the primitives of a posed body.

Limbs are tapered capsules between joints; head, chest, belly and hips are
textured ellipsoids. Joints lie on the axes of the parts they end, except the
nose, eyes and ears, which lie on the surface of the head.
"""

import numpy as np

from .render import CAPSULE_ROWS, Capsule, Ellipsoid

# part, first and second end, radii in metres
LIMBS = (
    ('thigh', 'hip', 'knee', 0.088, 0.058),
    ('shin', 'knee', 'foot', 0.056, 0.038),
    ('foot', 'foot', 'toe', 0.043, 0.034),
    ('upper', 'shoulder', 'elbow', 0.055, 0.042),
    ('lower', 'elbow', 'wrist', 0.042, 0.031),
    ('hand', 'wrist', 'hand', 0.034, 0.038),
)
HEAD_RADII = (0.098, 0.08, 0.117)
# A joint is seen when no surface is this far in front of it, metres
COVER = dict(
    hip=0.17,
    knee=0.11,
    foot=0.09,
    shoulder=0.12,
    elbow=0.09,
    wrist=0.08,
    neck_base=0.03,
    eye=0.035,
    ear=0.04,
)


def build_figure(points, axes, bones, textures):
    """Return the primitives of a person in camera space.

    ``points`` are by name; ``axes`` has (3, 3) of ``pelvis``, ``chest`` and
    ``head``.
    """
    girth, skin = bones['girth'], textures['skin']
    out = _trunk(points, axes, girth, textures)
    out += _head(points, axes['head'], bones['head'], textures)
    for side in ('left', 'right'):
        for part, first, second, *radii in LIMBS:
            out.append(
                _rod(
                    points,
                    (f'{side}_{first}', f'{side}_{second}'),
                    np.multiply(radii, girth),
                    textures.get(f'{side}_{part}', skin),
                )
            )
    return out


def _rod(points, ends, radii, texture):
    """Return a capsule between two points by name."""
    return Capsule(
        np.stack([points[end] for end in ends]),
        radii,
        np.broadcast_to(texture, (CAPSULE_ROWS, 3)),
    )


def _trunk(points, axes, girth, textures):
    chest_up = points['thorax'] - points['spine']
    chest = Ellipsoid(
        points['spine'] + 0.5 * chest_up,
        axes['chest'],
        np.array([0.115, 0.178, 0.62 * np.linalg.norm(chest_up) / girth])
        * girth,
        textures['chest'],
    )
    belly = Ellipsoid(
        points['root'] + 0.75 * (points['spine'] - points['root']),
        axes['chest'],
        np.array([0.1, 0.15, 0.17]) * girth,
        textures['belly'],
    )
    hips = Ellipsoid(
        points['root'] + 0.03 * axes['pelvis'][:, 2],
        axes['pelvis'],
        np.array([0.118, 0.178, 0.13]) * girth,
        textures['hips'],
    )
    radii = np.array([0.062, 0.056]) * girth
    collar = [
        _rod(points, ('thorax', shoulder), radii, textures['collar'])
        for shoulder in ('left_shoulder', 'right_shoulder')
    ]
    return [chest, belly, hips, *collar]


def _head(points, axes, size, textures):
    ball = Ellipsoid(
        points['head_centre'],
        axes,
        np.array(HEAD_RADII) * size,
        textures['head'],
    )
    radii = np.array([0.06, 0.05]) * size
    neck = _rod(points, ('thorax', 'head_centre'), radii, textures['skin'])
    nose = Ellipsoid(
        points['neck_base'] - 0.014 * size * axes[:, 0],
        axes,
        np.array([0.024, 0.014, 0.022]) * size,
        textures['skin'] * 0.95,
    )
    ears = [
        Ellipsoid(
            points[f'{side}_ear'],
            axes,
            np.array([0.022, 0.012, 0.03]) * size,
            textures['skin'] * 0.9,
        )
        for side in ('left', 'right')
    ]
    return [ball, neck, nose, *ears]


def skull(points, axes, size):
    """Return (144, 3) points on the skull in camera space."""
    angle = np.linspace(0, np.pi, 9)[:, None]
    around = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    x, y = np.sin(angle) * np.cos(around), np.sin(angle) * np.sin(around)
    ball = np.stack([x, y, np.cos(angle) + 0 * around], -1).reshape(-1, 3)
    return points['head_centre'] + (ball * HEAD_RADII * size) @ axes.T


def seen(canvas, points, names, camera, owner):
    """Find the joints that the complete canvas shows.

    ``names`` selects K of the person's ``points`` in camera space; ``owner``
    is the person's mark.

    Returns:
        tuple[np.ndarray, np.ndarray]: (K, 2) px and (K,) COCO flags: 2 seen,
        1 hidden by the person or another, 0 outside the image.
    """
    h, w = canvas.depth.shape
    uvz = camera.project(np.stack([points[n] for n in names]))
    flags = np.zeros(len(names), int)
    for k, (name, (u, v, z)) in enumerate(zip(names, uvz)):
        x, y = int(round(u)), int(round(v))
        if not (0 <= x < w and 0 <= y < h):
            continue
        cover = COVER[name if name in COVER else name.split('_')[1]]
        shown = canvas.depth[y, x] > z - cover and canvas.owner[y, x] in (
            0,
            owner,
        )
        flags[k] = 2 if shown else 1
    return uvz[:, :2], flags
