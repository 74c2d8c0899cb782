"""A person in a picture: proportions, clothes, pose, and how to draw them."""

from typing import NamedTuple

import numpy as np

from .actions import sample_free_pose
from .appearance import sample_appearance
from .body import forward_kinematics, sample_proportions
from .figure import build_figure, head_box, named_points


class Person(NamedTuple):
    """Proportions, textures and a posed body (metres, world, z up)."""

    bones: dict
    textures: dict
    posed: object

    def points(self, camera, moment=0):
        """Points by name in the camera's space, metres."""
        return named_points(
            camera.to_camera(self.posed.joints[moment]),
            camera.to_camera(self.posed.extras[moment]),
        )

    def draw(self, canvas, camera, moment=0, owner=1):
        """Draw the person and mark the pixels with ``owner``."""
        canvas.draw(
            build_figure(
                self.posed, moment, self.bones, self.textures, camera
            ),
            owner,
        )

    def head_box(self, camera, moment=0):
        """Box x1, y1, x2, y2 in px of the projected skull."""
        axes = camera.rotation @ self.posed.head[moment]
        return head_box(
            self.points(camera, moment), axes, self.bones['head'], camera
        )


def random_person(rng, ground):
    """A person in a free pose, of random build, clothes and heading.

    Args:
        rng (np.random.Generator): Source of randomness.
        ground (Sequence[float]): (2,) metres, where the pelvis is above.
    """
    bones, textures = sample_proportions(rng), sample_appearance(rng)
    posed = forward_kinematics(
        sample_free_pose(rng)[None],
        bones,
        np.array([rng.uniform(0, 360)]),
        np.array([ground], np.float64),
    )
    return Person(bones, textures, posed)
