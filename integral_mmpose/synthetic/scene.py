"""Cameras, the studio and cluttered backgrounds.

The studio has Human3.6M's four cameras at its corners, with the same ids.
Their images are the central 320 x 320 window of the real sensor at half
resolution: f = 1145 px and c = (512, 515) px become f = 572.5 px and
c = (160, 160) px. A person is then about 200 px tall and a 2000 mm box about
230 px wide, every camera stays fixed per subject, and images are small.
"""

import cv2
import numpy as np

from integral_mmpose.datasets.actions import CAMERA_IDS
from integral_mmpose.geometry import CalibratedCamera

STUDIO_SIZE = (320, 320)
# fx, fy, cx, cy of the real cameras; halved and shifted to the window
REAL_INTRINSICS = np.array(
    [
        [1145.05, 1143.78, 512.54, 515.45],
        [1149.68, 1147.59, 508.85, 508.06],
        [1149.14, 1147.80, 519.82, 501.40],
        [1145.51, 1144.77, 514.97, 501.88],
    ]
)
WINDOW_ORIGIN = np.array([96.0, 97.0])
NOISE_TILE = 512


def look_at(position, target, focal, size, roll=0.0):
    """Return a camera at a place that looks at a target.

    Args:
        position (np.ndarray): (3,) metres, world, z up.
        target (np.ndarray): (3,) metres.
        focal (float): px.
        size (tuple[int, int]): (w, h) px; the principal point is its middle.
        roll (float): Degrees about the optical axis.
    """
    forward = np.subtract(target, position)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, (0, 0, 1.0))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    rows = np.stack([c * right + s * down, c * down - s * right, forward])
    return CalibratedCamera(
        rows,
        np.asarray(position, np.float64),
        np.full(2, float(focal)),
        np.array(size) / 2.0,
        size=size,
    )


def studio_cameras(rng):
    """Sample the four cameras of a subject, by id.

    Returns:
        dict[str, CalibratedCamera]: About 5 m from the middle of the studio
        and 1.5 m high, placed differently for every subject; in metres.
    """
    out = {}
    for corner, (name, k) in enumerate(zip(CAMERA_IDS, REAL_INTRINSICS)):
        angle = np.radians(45 + 90 * corner + rng.uniform(-8, 8))
        away = rng.uniform(4.7, 5.3) * np.array([np.cos(angle), np.sin(angle)])
        place = np.array([*away, rng.uniform(1.35, 1.65)])
        target = np.array([*rng.uniform(-0.05, 0.05, 2), 0.88])
        camera = look_at(place, target, 1.0, STUDIO_SIZE, rng.uniform(-1, 1))
        out[name] = camera._replace(
            focal=k[:2] / 2, principal=k[2:] / 2 - WINDOW_ORIGIN
        )
    return out


def studio_background(camera):
    """Draw walls, a floor and a mat, (h, w, 3) uint8."""
    w, h = camera.size
    rows = np.linspace(0, 1, h)[:, None, None]
    image = np.broadcast_to(
        np.array([128.0, 132.0, 120.0]) - 26 * rows, (h, w, 3)
    ).astype(np.uint8)
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    for side, colour in ((3.5, (88, 98, 108)), (2.1, (72, 92, 132))):
        image = fill_ground(image.copy(), camera, side * square, colour)
    return image


def fill_ground(image, camera, polygon, colour):
    """Fill a polygon (n, 3), metres, world, cut at the camera's plane."""
    following = np.roll(polygon, -1, 0)
    edges = np.linspace(polygon, following, 40, endpoint=False, axis=1)
    edges = edges.reshape(-1, 3)
    points = camera.to_camera(edges)
    points = points[points[:, 2] > 0.2]
    if len(points) > 2:
        pixels = np.round(camera.project(points)[:, :2] * 16).astype(np.int32)
        cv2.fillPoly(image, [pixels], colour, cv2.LINE_AA, 4)
    return image


def contact_shadow(image, camera, spots):
    """Darken the floor, in place, around spots (n, 3) on it, metres."""
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    ring = 0.22 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    mask = np.zeros(image.shape[:2], np.uint8)
    for spot in spots:
        fill_ground(mask, camera, ring + (spot[0], spot[1], 0), 70)
    x, y, w, h = cv2.boundingRect(mask)
    if w:
        part = image[y : y + h, x : x + w]
        light = 255 - mask[y : y + h, x : x + w, None]
        part[:] = part * (light.astype(np.float32) / 255)


def clutter(rng, size):
    """Draw a textured background with shapes, (h, w, 3) uint8."""
    w, h = size
    base = rng.integers(20, 230, (1, 1, 3))
    coarse = np.clip(base + rng.normal(0, 45, (5, 5, 3)), 0, 255)
    image = cv2.resize(
        coarse.astype(np.uint8), size, interpolation=cv2.INTER_CUBIC
    )
    for _ in range(rng.integers(5, 16)):
        _random_shape(rng, image)
    fine = rng.integers(0, 40, (h // 6, w // 6, 3), dtype=np.uint8)
    image = cv2.add(cv2.resize(image, size), cv2.resize(fine, size))
    blur = rng.uniform(0, 2)
    return cv2.GaussianBlur(image, (0, 0), blur) if blur > 0.4 else image


def _random_shape(rng, image):
    h, w = image.shape[:2]
    colour = rng.integers(0, 256, 3).tolist()
    x, y = int(rng.integers(w)), int(rng.integers(h))
    a, b = rng.integers(8, max(h, w) // 3, 2).tolist()
    kind, angle = rng.integers(4), int(rng.integers(180))
    if kind == 0:
        cv2.ellipse(image, (x, y), (a, b), angle, 0, 360, colour, -1)
    elif kind == 1:
        box = cv2.boxPoints(((x, y), (2 * a, b), angle))
        cv2.fillPoly(image, [box.astype(np.int32)], colour)
    elif kind == 2:
        cv2.line(
            image,
            (x, y),
            (int(rng.integers(w)), int(rng.integers(h))),
            colour,
            int(rng.integers(3, 18)),
        )
    else:
        for left in range(x, x + 2 * a, 8):
            end = left + 3, y + 2 * b
            cv2.rectangle(image, (left, y), end, colour, -1)


def write_jpeg(path, image):
    """Write a JPEG file, and create its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 90]
    path.write_bytes(cv2.imencode('.jpg', image, quality)[1].tobytes())


def finish(image, rng):
    """Soften the drawn edges and add sensor noise, (h, w, 3) uint8."""
    h, w = image.shape[:2]
    y, x = rng.integers(0, NOISE_TILE - np.array([h, w]))
    soft = cv2.GaussianBlur(image, (3, 3), 0.55)
    return cv2.subtract(
        cv2.add(soft, _NOISE[y : y + h, x : x + w]), (4, 4, 4, 0)
    )


_NOISE = np.clip(
    np.random.default_rng(36).normal(4, 3.5, (NOISE_TILE, NOISE_TILE, 3)),
    0,
    12,
).astype(np.uint8)
