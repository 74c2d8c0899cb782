"""People in front of any camera: who they are, where they stand, a picture.

Every image of MPII's and COCO's kind is a function of its own random stream:
new people, clothes, poses, viewpoint and background each time.
"""
from typing import NamedTuple

import numpy as np

from .appearance import sample_appearance
from .actions import sample_free_pose
from .body import forward_kinematics, sample_proportions
from .figure import build_figure, named_points
from .render import Canvas
from .scene import (clutter, contact_shadow, finish, look_at,
                    studio_background)

STUDIO_SHARE = 0.15  # images before a plain wall


class Person(NamedTuple):
    """One posed person: bones, textures and a Posed of one moment."""
    bones: dict
    textures: dict
    posed: tuple

    def points(self, camera):
        """Named points (3,) in camera space, metres."""
        return named_points(camera.to_camera(self.posed.joints[0]),
                            camera.to_camera(self.posed.extras[0]))


def sample_person(rng, ground):
    """A new person in a free pose at (2,) metres on the floor plan."""
    bones = sample_proportions(rng)
    pose = sample_free_pose(rng)[None]
    yaw = rng.uniform(0, 360, 1)
    posed = forward_kinematics(pose, bones, yaw, np.reshape(ground, (1, 2)))
    return Person(bones, sample_appearance(rng), posed)


def sample_camera(rng, height_px, size):
    """A camera that looks along +x at the middle of the floor.

    Args:
        rng (np.random.Generator): Source of randomness.
        height_px (float): Size in px of 1.7 m at the middle.
        size (tuple[int, int]): (w, h) px.
    """
    distance = rng.uniform(3.2, 7)
    elevation = np.radians(rng.uniform(-6, 32))
    place = distance * np.array([-np.cos(elevation), 0, np.sin(elevation)])
    place[2] += 0.95
    return look_at(place, (0, 0, 0.9), height_px * distance / 1.7, size,
                   rng.normal(0, 4))


def picture(rng, camera, people):
    """Draw people in one scene.

    Returns:
        tuple[np.ndarray, Canvas]: Image (h, w, 3) uint8 and the canvas, in
        which people[i] owns the pixels marked i + 1.
    """
    light = np.array([rng.uniform(-0.8, 0.8), -0.65, rng.uniform(-1, -0.4)])
    canvas = Canvas(camera.size, camera.focal, camera.principal, light)
    plain = rng.random() < STUDIO_SHARE
    image = studio_background(camera) if plain else clutter(rng, camera.size)
    for mark, person in enumerate(people, 1):
        contact_shadow(image, camera, person.posed.joints[0][[0, 3, 6]])
        canvas.draw(build_figure(person.posed, 0, person.bones,
                                 person.textures, camera), mark)
    return finish(canvas.compose(image), rng), canvas
