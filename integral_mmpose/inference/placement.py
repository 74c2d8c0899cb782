"""Convert poses from image px and relative depth to mm.

Convention: camera space in mm, x right, y down, z forward. Without a camera,
x and y are weak perspective: a pixel has one size all over the person, and
the side of the crop counts as the depth range of the model (2000 mm).
"""

from typing import Any, List, Mapping, NamedTuple, Optional, Union

import numpy as np

from integral_mmpose.geometry import (
    back_project,
    is_number,
    is_positive,
    root_depth_from_box,
    tight_to_box_px,
    weak_perspective_mm,
)

from .by_image import ByImage
from .cameras import Camera, CameraLike, CameraReader
from .frames import Frame
from .onnx_model import Pose

#: Largest ratio of a given depth to the estimate from the box. It finds
#: depths in metres.
MOST_OFF = 100.0

RootDepth = Union[None, str, float, Mapping[str, List[float]]]


class Placement(NamedTuple):
    """Camera, root depth and size of a pixel at a person.

    All three are None without a camera.
    """

    camera: Optional[Camera] = None
    root_depth_mm: Optional[float] = None
    mm_per_px: Optional[float] = None


class PersonPlacer:
    """Convert poses to mm.

    Args:
        depth_range_mm (float, optional): Depth range of the model; None in
            2D.
        root (int): Index of the root joint.
        camera (CameraLike, optional): See :class:`CameraReader`.
        root_depth (RootDepth): ``'estimate'`` or None to use the size of the
            box, a depth in mm, or a dict of image name to mm for each box.

    Raises:
        ValueError: If the arguments do not fit together.
    """

    def __init__(
        self,
        depth_range_mm: Optional[float],
        root: int,
        camera: Optional[CameraLike] = None,
        root_depth: RootDepth = None,
    ) -> None:
        if camera is not None and depth_range_mm is None:
            raise ValueError('`camera` requires a 3D model: this one is 2D')
        if root_depth is not None and camera is None:
            raise ValueError(
                '`root_depth` needs a camera: give its focal lengths or its '
                'field of view'
            )
        self.depth_range_mm = depth_range_mm
        self.root = root
        self.camera = None if camera is None else CameraReader(camera)
        self.root_depth: Any = 'estimate' if root_depth is None else root_depth
        if not (
            isinstance(self.root_depth, Mapping)
            or is_positive(self.root_depth)
            or self.root_depth == 'estimate'
        ):
            raise ValueError(
                "root_depth must be 'estimate', a positive number of mm, or "
                f'mm by the name of the image, got {root_depth!r}'
            )
        if isinstance(root_depth, Mapping):
            self.root_depth = ByImage(root_depth, 'root_depth')

    def places(self, frame: Frame, boxes: np.ndarray) -> List[Placement]:
        """Place the boxes (N, 4 or more) of a frame in space.

        Raises:
            ValueError: If the camera or the depths do not fit the image.
        """
        if self.camera is None:
            return [Placement()] * len(boxes)
        camera = self.camera.camera_of(frame.image)
        sizes = tight_to_box_px(boxes[:, 2:4] - boxes[:, :2])
        estimates = root_depth_from_box(
            sizes, np.broadcast_to(camera.focal, sizes.shape)
        )
        depths = self._depths(frame, estimates)
        for depth, estimate in zip(depths, estimates):
            if not 1 / MOST_OFF < depth / estimate < MOST_OFF:
                raise ValueError(
                    f'root_depth: {depth:.6g} mm for a box that suggests '
                    f'{estimate:.0f} mm: give the depth of the root in mm'
                )
        return [
            Placement(camera, float(depth), float(depth / camera.focal.mean()))
            for depth in depths
        ]

    def fields(self, pose: Pose, place: Placement) -> dict:
        """Return the fields of a :class:`Person` that are in mm.

        Returns:
            dict: Empty in 2D. ``keypoints_3d_mm`` (K, 3) relative to the
            root; with a camera also ``keypoints_camera_mm`` (K, 3) and
            ``root_depth_mm``.

        Raises:
            ValueError: If a joint would lie behind the camera.
        """
        if self.depth_range_mm is None:
            return {}
        if place.camera is None:
            scale = self.depth_range_mm / pose.side_px
            relative = weak_perspective_mm(pose.keypoints, scale, self.root)
            return dict(keypoints_3d_mm=relative)
        points = np.array(pose.keypoints, np.float64)
        points[:, 2] += place.root_depth_mm - points[self.root, 2]
        if not (points[:, 2] > 0).all():
            raise ValueError(
                f'a root depth of {place.root_depth_mm:.6g} mm puts joints '
                'behind the camera: give the depth of the root in mm'
            )
        absolute = back_project(
            points, place.camera.focal, place.camera.principal
        )
        return dict(
            keypoints_3d_mm=absolute - absolute[self.root],
            keypoints_camera_mm=absolute,
            root_depth_mm=place.root_depth_mm,
        )

    def _depths(self, frame, estimates) -> np.ndarray:
        if isinstance(self.root_depth, str):
            return estimates
        depths, count = self.root_depth, len(estimates)
        if isinstance(depths, ByImage):
            depths = depths[frame.name]
        if is_number(depths):
            depths = [depths] * count
        depths = np.asarray(depths, object)  # of any shape
        if depths.shape != (count,) or not all(map(is_positive, depths)):
            raise ValueError(
                f'root_depth must be a list of {count} depths, one for each '
                f'box, positive and in mm, got {depths.tolist()!r:.200}'
            )
        return np.array(depths, np.float64)
