"""A small z-buffered renderer of ellipsoids and tapered capsules.

Every primitive is drawn with its depth per pixel, so nearer parts hide farther
ones in any drawing order. Pixels store a depth, a brightness and an index into
one colour table; colours are looked up once at the end.

Convention:
    Camera space in metres, x right, y down, z forward. The centre of pixel i
    has coordinate i: ``u = fx X / Z + cx``.
"""

from typing import NamedTuple

import numpy as np

AMBIENT, DIFFUSE = 0.55, 0.55
#: Unit vector towards the light, in camera space.
LIGHT = np.array([-0.4, -0.65, -0.65]) / np.linalg.norm([0.4, 0.65, 0.65])
CAPSULE_ROWS = 32  # colours along a capsule
ELLIPSOID_ROWS, ELLIPSOID_COLS = 24, 48  # height x azimuth, 7.5 degrees


class Ellipsoid(NamedTuple):
    """``centre`` (3,), ``axes`` (3, 3) unit columns, ``radii`` (3,) metres.

    ``texture`` (24, 48, 3): rows from the bottom of axis 2 to its top,
    columns by azimuth from axis 0 (column 24) towards axis 1 (column 36);
    or (1, 3), one colour.
    """

    centre: np.ndarray
    axes: np.ndarray
    radii: np.ndarray
    texture: np.ndarray


class Capsule(NamedTuple):
    """Two balls and the volume between: ``ends`` (2, 3), ``radii`` (2,)
    metres; ``texture`` (32, 3) from the first end to the second."""

    ends: np.ndarray
    radii: np.ndarray
    texture: np.ndarray


class Canvas:
    """Depth, brightness, colour index and owner of every pixel of a camera."""

    def __init__(self, camera):
        w, h = camera.size
        self.focal, self.principal = camera.focal, camera.principal
        self.depth = np.full((h, w), np.inf, np.float32)
        self.shade = np.zeros((h, w), np.float32)
        self.index = np.zeros((h, w), np.int32)
        self.owner = np.zeros((h, w), np.uint8)
        self._tables, self._rows = [], 0

    def draw(self, primitives, owner=1):
        """Draw primitives and mark their pixels with ``owner`` (1..255)."""
        for primitive in primitives:
            if isinstance(primitive, Ellipsoid):
                self._draw_ellipsoid(primitive, owner)
            else:
                self._draw_capsule(primitive, owner)

    def compose(self, background):
        """Colour the drawn pixels into a copy of ``background`` (h, w, 3)."""
        image = background.copy()
        ys, xs = np.nonzero(self.owner)
        if len(ys):
            table = np.concatenate(self._tables).astype(np.float32)
            colour = table[self.index[ys, xs]]
            colour *= self.shade[ys, xs, None]
            image[ys, xs] = np.clip(colour, 0, 255)
        return image

    def _window(self, low, high):
        """Clip a box in px to the image: x (1, n), y (m, 1), slices."""
        h, w = self.depth.shape
        x0, y0 = np.maximum(np.floor(low), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(high) + 1, (w, h)).astype(int)
        if x0 >= x1 or y0 >= y1:
            return None
        return (
            np.arange(x0, x1, dtype=np.float64)[None],
            np.arange(y0, y1, dtype=np.float64)[:, None],
            (slice(y0, y1), slice(x0, x1)),
        )

    def _register(self, texture):
        start = self._rows
        self._tables.append(np.reshape(texture, (-1, 3)))
        self._rows += len(self._tables[-1])
        return start

    def _write(self, where, depth, mask, light, index, owner):
        mask &= depth < self.depth[where]
        shade = AMBIENT + DIFFUSE * np.maximum(light, 0)
        np.copyto(self.depth[where], depth, where=mask)
        np.copyto(self.shade[where], shade, where=mask)
        np.copyto(self.index[where], index, where=mask)
        np.copyto(self.owner[where], np.uint8(owner), where=mask)

    def _draw_ellipsoid(self, ball, owner):
        """Exact perspective: |M (s d - c)| = 1 along the ray s d.

        With q = M d and p = M c the nearer root is
        s = (q.p - sqrt(|q|^2 - |p x q|^2)) / |q|^2, and s is the depth
        because d = ((u - cx) / fx, (v - cy) / fy, 1).
        """
        m = ball.axes.T / ball.radii[:, None]
        p = m @ ball.centre
        nearest = ball.centre[2] - ball.radii.max()
        if nearest < 0.2:
            return
        mid = self.focal * ball.centre[:2] / ball.centre[2] + self.principal
        # Half sides of the bounding box, with room for the perspective
        half = np.sqrt(((ball.axes * ball.radii) ** 2).sum(1))[:2]
        half = 1.12 * self.focal * half / nearest + 1
        window = self._window(mid - half, mid + half)
        if window is None:
            return
        u, v, where = window
        x = (u - self.principal[0]) / self.focal[0]
        y = (v - self.principal[1]) / self.focal[1]
        skew = np.array([[0, -p[2], p[1]], [p[2], 0, -p[0]], [-p[1], p[0], 0]])
        size = m.T @ m
        cross = skew @ m
        q2 = _quadratic(size, x, y)
        root = _quadratic(size - cross.T @ cross, x, y)
        mask = root > 0
        np.sqrt(np.maximum(root, 0, out=root), out=root)
        s = (_linear(p @ m, x, y) - root) / q2
        # M (s d - c) is a unit vector: the normal of the ball before it was
        # stretched, good enough for the brightness
        toward = (ball.axes.T @ LIGHT) @ m
        light = s * _linear(toward, x, y) - toward @ ball.centre
        index = self._register(ball.texture)
        if len(ball.texture) > 1:
            local = [s * _linear(m[k], x, y) - p[k] for k in range(3)]
            index = index + _texel(*local)
        self._write(where, s, mask, light, index, owner)

    def _draw_capsule(self, rod, owner):
        """Screen-space capsule: the image of the axis, thickened.

        The ball at the nearer end is drawn too where the rod points at the
        camera, because the strip then has no room for it.
        """
        (ax, ay, az), (bx, by, bz) = rod.ends
        if min(az, bz) < 0.3:
            return
        a, b = (self.focal * e[:2] / e[2] + self.principal for e in rod.ends)
        scale = self.focal.mean()
        ra, rb = scale * rod.radii[0] / az, scale * rod.radii[1] / bz
        margin = np.array([[ra], [rb]])
        ends = np.stack([a, b])
        window = self._window((ends - margin).min(0), (ends + margin).max(0))
        if window is None:
            return
        u, v, where = window
        axis = b - a
        length2 = max(axis @ axis, 1e-6)
        t = np.clip(
            ((u - a[0]) * axis[0] + (v - a[1]) * axis[1]) / length2, 0, 1
        )
        dx = u - a[0] - t * axis[0]
        dy = v - a[1] - t * axis[1]
        radius = ra + t * (rb - ra)
        height = radius * radius - dx * dx - dy * dy
        mask = height > 0
        np.sqrt(np.maximum(height, 0, out=height), out=height)
        # 1/Z is linear along the image of the axis
        z = 1 / (1 / az + t * (1 / bz - 1 / az))
        depth = z - height * z / scale
        lx, ly, lz = LIGHT
        light = (dx * lx + dy * ly - height * lz) / radius
        index = self._register(rod.texture) + (t * (CAPSULE_ROWS - 1)).astype(
            np.int32
        )
        self._write(where, depth, mask, light, index, owner)
        steep = 0.7 * np.linalg.norm(rod.ends[1] - rod.ends[0])
        if np.sqrt(length2) * min(az, bz) / scale < steep:
            near = int(bz < az)
            self._draw_ellipsoid(
                Ellipsoid(
                    rod.ends[near],
                    np.eye(3),
                    np.repeat(rod.radii[near], 3),
                    rod.texture[-near:][:1],
                ),
                owner,
            )


def _linear(w, x, y):
    """w . (x, y, 1) on the grid of a row x (1, n) and a column y (m, 1)."""
    return w[0] * x + (w[1] * y + w[2])


def _quadratic(a, x, y):
    """(x, y, 1) A (x, y, 1) with A symmetric, three full-size operations."""
    row = (a[0, 0] * x + 2 * a[0, 2]) * x
    column = (a[1, 1] * y + 2 * a[1, 2]) * y + a[2, 2]
    return (2 * a[0, 1] * x) * y + row + column


def _texel(front, left, up):
    """Index into a (24, 48) texture of a direction on the unit ball."""
    row = np.clip((up + 1) * (ELLIPSOID_ROWS / 2), 0, ELLIPSOID_ROWS - 1)
    azimuth = np.arctan2(left, front) * (ELLIPSOID_COLS / 2 / np.pi)
    column = (azimuth + ELLIPSOID_COLS / 2) % ELLIPSOID_COLS
    return row.astype(np.int32) * ELLIPSOID_COLS + np.minimum(
        column.astype(np.int32), ELLIPSOID_COLS - 1
    )
