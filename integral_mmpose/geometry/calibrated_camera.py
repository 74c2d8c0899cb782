"""A pinhole camera with its place in the world."""

from typing import NamedTuple, Optional, Sequence

import numpy as np

from .camera import project


class CalibratedCamera(NamedTuple):
    """Intrinsics and extrinsics of a camera.

    Convention: x_camera = rotation (x_world - position), camera x right,
    y down, z forward; points have the unit of ``position``.

    Attributes:
        rotation (np.ndarray): (3, 3) from world to camera.
        position (np.ndarray): (3,) place in the world.
        focal (np.ndarray): (2,) focal lengths f_x, f_y in px.
        principal (np.ndarray): (2,) principal point c_x, c_y in px.
        k (np.ndarray, optional): (3,) radial distortion, only stored.
        p (np.ndarray, optional): (2,) tangential distortion, only stored.
        size (Sequence[int], optional): (w, h) of the images in px.
    """

    rotation: np.ndarray
    position: np.ndarray
    focal: np.ndarray
    principal: np.ndarray
    k: Optional[np.ndarray] = None
    p: Optional[np.ndarray] = None
    size: Optional[Sequence[int]] = None

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) to camera space."""
        return (points - self.position) @ self.rotation.T

    def project(self, points: np.ndarray) -> np.ndarray:
        """Camera-space points (..., 3) to u, v in px and depth; see
        :func:`~.camera.project`."""
        return project(points, self.focal, self.principal)

    def as_json(self) -> dict:
        """The entry of cameras.json, whose ``T`` is ``position`` in mm."""
        values = dict(
            f=self.focal,
            c=self.principal,
            k=self.k,
            p=self.p,
            R=self.rotation,
            T=self.position,
        )
        content = {
            name: np.asarray(value, float).tolist()
            for name, value in values.items()
            if value is not None
        }
        if self.size is not None:
            content.update(w=int(self.size[0]), h=int(self.size[1]))
        return content
