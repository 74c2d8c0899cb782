"""Skin, hair and clothes of one person, as textures of the body's parts.

Colours tell left from right: the left sleeve and trouser leg are warm, the
right ones cool. The front has a face and a shirt with an opening and a badge,
the back has hair and a broad band.

Convention:
    Colours are BGR, 0 to 255, as OpenCV writes them.
"""

import cv2
import numpy as np

from .render import CAPSULE_ROWS, ELLIPSOID_COLS, ELLIPSOID_ROWS

SKINS = (
    (196, 214, 244),
    (160, 190, 235),
    (120, 158, 212),
    (80, 115, 170),
    (58, 80, 122),
)
HAIRS = (
    (25, 22, 22),
    (35, 48, 70),
    (60, 110, 165),
    (70, 175, 215),
    (40, 70, 140),
    (150, 150, 150),
)
MIN_HAIR_CONTRAST = 55
WARM_HUES, COOL_HUES = (-8, 24), (88, 124)  # OpenCV hues, 180 a turn
FRONT = ELLIPSOID_COLS // 2


def sample_appearance(rng):
    """Draw one person's textures.

    Returns:
        dict[str, np.ndarray]: float32 textures by part: ``head``, ``chest``,
        ``belly``, ``hips`` (24, 48, 3); ``skin``, ``collar`` (1, 3); for
        both sides ``{side}_upper``, ``_lower``, ``_thigh``, ``_shin``,
        ``_foot`` (32, 3).
    """
    skin = np.array(SKINS[rng.integers(len(SKINS))], np.float32)
    hair = _sample_hair(rng, skin)
    shirt = hsv(
        rng.uniform(0, 180), rng.uniform(10, 90), rng.uniform(150, 240)
    )
    dark = shirt * rng.uniform(0.3, 0.5)
    out = dict(
        head=_head_texture(rng, skin, hair),
        skin=skin[None],
        chest=_shirt_texture(rng, shirt, dark),
        collar=shirt[None] * 0.9,
    )
    out['belly'] = _belly_texture(out['chest'], shirt, dark)
    sleeve, trouser = rng.uniform(0.35, 1), rng.uniform(0.3, 1)
    shoe = hsv(rng.uniform(0, 180), 90, rng.uniform(30, 220))
    legs = []
    for side, hues in (('left', WARM_HUES), ('right', COOL_HUES)):
        cloth = hsv(
            rng.uniform(*hues), rng.uniform(150, 240), rng.uniform(150, 245)
        )
        leg = hsv(
            rng.uniform(*hues), rng.uniform(130, 230), rng.uniform(90, 200)
        )
        stripe = rng.uniform(0.65, 0.9), rng.integers(2, 6)
        out[side + '_upper'] = _limb(cloth, skin, sleeve * 2, *stripe)
        out[side + '_lower'] = _limb(cloth, skin, sleeve * 2 - 1, *stripe)
        out[side + '_thigh'] = _limb(leg, skin, trouser * 2, *stripe)
        out[side + '_shin'] = _limb(leg, skin, trouser * 2 - 1, *stripe)
        out[side + '_foot'] = _limb(shoe, shoe * 0.5, 0.75, 1, 2)
        legs.append(leg)
    out['hips'] = _halves(*legs)
    return {k: v.astype(np.float32) for k, v in out.items()}


def hsv(hue, saturation, value):
    """Convert an OpenCV HSV triple to a BGR colour (3,) float32."""
    pixel = np.array([[[hue % 180, saturation, value]]]).astype(np.uint8)
    return cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0].astype(np.float32)


def _sample_hair(rng, skin):
    hairs = np.array(HAIRS, np.float32)
    contrast = np.abs(hairs.mean(1) - skin.mean())
    fit = hairs[contrast > MIN_HAIR_CONTRAST]
    return fit[rng.integers(len(fit))]


def _blank(colour):
    return np.full((ELLIPSOID_ROWS, ELLIPSOID_COLS, 3), colour, np.float32)


def _head_texture(rng, skin, hair):
    """Face in the middle columns, hair above and all around the back."""
    out = _blank(hair)
    brow, side = rng.integers(17, 20), rng.integers(9, 12)
    out[:brow, FRONT - side : FRONT + side] = skin
    out[:3] = skin * 0.9  # the neck
    for column in (FRONT - 4, FRONT + 3):
        out[12:15, column - 1 : column + 2] = 235  # the white of the eye
        out[12:14, column] = 20
        out[16, column - 1 : column + 2] = hair * 0.6
    out[6:8, FRONT - 3 : FRONT + 3] = (60, 50, 150)  # mouth
    out[9:12, FRONT - 1 : FRONT + 1] = skin * 0.85  # under the nose
    if rng.random() < 0.25:  # beard
        out[2:6, FRONT - side : FRONT + side] = hair
    return out


def _shirt_texture(rng, shirt, dark):
    """Opening, buttons and badge in front; a broad dark band behind."""
    out = _blank(shirt)
    period, soft = rng.integers(3, 9), rng.uniform(0.8, 1)
    out[::period] *= soft
    out[:, FRONT - 1 : FRONT + 1] = 245
    out[2::4, FRONT] = 30
    out[13:16, FRONT + 6 : FRONT + 9] = (40, 40, 220)  # over the heart
    back = np.r_[:12, ELLIPSOID_COLS - 12 : ELLIPSOID_COLS]
    out[:, back] = dark
    out[12:15, back] = shirt
    return out


def _belly_texture(chest, shirt, dark):
    out = chest.copy()
    out[13:16, FRONT + 6 : FRONT + 9] = shirt
    out[12:15, :12] = out[12:15, -12:] = dark
    return out


def _halves(left, right):
    """Trousers: the left half of the body in the left leg's colour."""
    out = _blank(right)
    out[:, FRONT:] = left
    out[:, [FRONT - 1, FRONT]] *= 0.6  # the fly
    out[-4:] = 40  # the belt
    return out


def _limb(cloth, skin, length, stripe, period):
    """Cloth on the first ``length`` of a limb, skin after it."""
    out = np.full((CAPSULE_ROWS, 3), skin, np.float32)
    rows = int(np.clip(length, 0, 1) * CAPSULE_ROWS)
    out[:rows] = cloth
    out[:rows][np.arange(rows) % (2 * period) < period] *= stripe
    return out
