"""A person with a 2D or 3D pose, the result of inference."""

from dataclasses import dataclass
from typing import Optional

import numpy as np

#: Units of the entries of :meth:`Person.to_dict`.
UNITS = (
    'bbox: left, top, right, bottom in image px; keypoints: image px; '
    'keypoints_mm: mm relative to the root, x right, y down, z forward, weak '
    'perspective unless keypoints_camera_mm is there; keypoints_camera_mm: '
    'mm in camera space; root_depth_mm: mm; keypoint_std_px, '
    'keypoint_std_mm: standard deviation of the heat map along x and y, '
    'along z; track_id: number of the person in a video'
)


@dataclass
class Person:
    """One person of an image; K joints.

    Attributes:
        box (np.ndarray): (4,) left, top, right, bottom in image px.
        box_score (float): Score of the detector, 1 for a given box.
        keypoints_2d (np.ndarray): (K, 2) x, y in image px.
        scores (np.ndarray): (K,) confidence in [0, 1].
        keypoints_3d_mm (np.ndarray, optional): (K, 3) mm relative to the
            root joint: x right, y down, z away from the camera. None for a
            2D model. Without a camera x and y are weak perspective.
        keypoints_camera_mm (np.ndarray, optional): (K, 3) mm in camera
            space; None without a camera.
        root_depth_mm (float, optional): Depth of the root; None without a
            camera.
        std_px (np.ndarray, optional): (K,) standard deviation of the joint
            in the image plane in image px, the RMS of that along x and y.
            None if the model does not give it.
        std_mm (np.ndarray, optional): (K,) standard deviation along z in mm.
        track_id (int, optional): Number of the person in a video.
    """

    box: np.ndarray
    box_score: float
    keypoints_2d: np.ndarray
    scores: np.ndarray
    keypoints_3d_mm: Optional[np.ndarray] = None
    keypoints_camera_mm: Optional[np.ndarray] = None
    root_depth_mm: Optional[float] = None
    std_px: Optional[np.ndarray] = None
    std_mm: Optional[np.ndarray] = None
    track_id: Optional[int] = None

    def to_dict(self) -> dict:
        """Return plain numbers for JSON, by MMPose's names; see :data:`UNITS`.

        Entries that are None are left out.

        Example:
            >>> person = Person(np.array([0., 0., 4., 8.]), 1.0,
            ...                 np.array([[1., 2.]]), np.array([0.5]))
            >>> person.to_dict()['keypoints']
            [[1.0, 2.0]]
        """
        values = dict(
            bbox=self.box,
            bbox_score=self.box_score,
            keypoints=self.keypoints_2d,
            keypoint_scores=self.scores,
            keypoints_mm=self.keypoints_3d_mm,
            keypoints_camera_mm=self.keypoints_camera_mm,
            root_depth_mm=self.root_depth_mm,
            keypoint_std_px=self.std_px,
            keypoint_std_mm=self.std_mm,
            track_id=self.track_id,
        )
        return {
            name: np.asarray(value).tolist()
            for name, value in values.items()
            if value is not None
        }
