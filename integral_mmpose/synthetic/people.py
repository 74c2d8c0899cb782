"""A person of a picture: proportions, clothes, pose and drawing."""

from typing import NamedTuple

import numpy as np

from .actions import sample_free_pose
from .appearance import sample_appearance
from .body import EXTRAS, JOINTS, forward_kinematics, sample_proportions
from .figure import build_figure, skull


class Person(NamedTuple):
    """Proportions, textures and a posed body (metres, world, z up)."""

    bones: dict
    textures: dict
    posed: object

    def points(self, camera, moment=0):
        """Return points by name in camera space, metres."""
        joints = camera.to_camera(self.posed.joints[moment])
        extras = camera.to_camera(self.posed.extras[moment])
        return dict(zip(JOINTS + EXTRAS, (*joints, *extras)))

    def axes(self, part, camera, moment=0):
        """Return axes (3, 3) of a part of :class:`Posed` in camera space."""
        return camera.rotation @ getattr(self.posed, part)[moment]

    def draw(self, canvas, camera, moment=0, owner=1):
        """Draw the person and mark the pixels with ``owner``."""
        axes = {
            part: self.axes(part, camera, moment)
            for part in ('pelvis', 'chest', 'head')
        }
        points = self.points(camera, moment)
        figure = build_figure(points, axes, self.bones, self.textures)
        canvas.draw(figure, owner)

    def head_box(self, camera):
        """Return corners (2, 2) in px of the box of the projected skull."""
        axes = self.axes('head', camera)
        surface = skull(self.points(camera), axes, self.bones['head'])
        pixels = camera.project(surface)[:, :2]
        return np.stack([pixels.min(0), pixels.max(0)])


def random_person(rng, ground):
    """Sample a person in a free pose, of random build, clothes and heading.

    The pelvis is above ``ground``, (2,) metres.
    """
    bones, textures = sample_proportions(rng), sample_appearance(rng)
    posed = forward_kinematics(
        sample_free_pose(rng)[None],
        bones,
        np.array([rng.uniform(0, 360)]),
        np.array([ground], np.float64),
    )
    return Person(bones, textures, posed)
