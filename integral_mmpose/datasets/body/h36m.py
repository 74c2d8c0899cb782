"""Human3.6M as images with 18 joints, for image -> 3D pose.

Convention: that of :mod:`.camera_space`; the root is joint 0, and joint 17 is
the middle of the shoulders in space.
"""

from typing import Optional, Sequence

import numpy as np
from mmpose.registry import DATASETS

from ..joints import H36M18_METAINFO, SHOULDERS
from .camera_space import CameraSpaceAnnotations, CameraSpaceDataset
from .h36m_cameras import read_cameras
from .h36m_files import FIELDS, read_annotations


@DATASETS.register_module()
class H36MImageDataset(CameraSpaceDataset):
    """Images of Human3.6M, a person each.

    Boxes, root depth and keys of a sample: see :class:`CameraSpaceDataset`.

    Args:
        ann_file (str): npz with imgname, part and S.
        camera_file (str): JSON with the cameras.
        subjects (Sequence[str | int], optional): For example ``['S9', 11]``;
            all if None.
        actions (Sequence[str], optional): Names of
            :data:`~integral_mmpose.datasets.actions.ACTIONS` or their
            aliases; all if None.
        frame_step (int): Keeps frames whose 0-based number it divides.
        exclude (Sequence[str]): Sequences to leave out, named as the folders
            of their images, with or without the camera
            (``'S9_Waiting_1.54138969'``): the recordings of S9 with shifted
            ground truth are ``['S9_Greeting', 'S9_SittingDown_1',
            'S9_Waiting_1']``.
        **kwargs: Of :class:`CameraSpaceDataset`.

    Raises:
        FileNotFoundError, ValueError: Naming file, id, field and the fix.
    """

    METAINFO = H36M18_METAINFO
    FIELDS = FIELDS

    def __init__(
        self,
        ann_file: str = 'annotations/h36m_train.npz',
        camera_file: str = 'annotations/cameras.json',
        subjects: Optional[Sequence] = None,
        actions: Optional[Sequence[str]] = None,
        frame_step: int = 1,
        exclude: Sequence[str] = (),
        **kwargs,
    ):
        if kwargs.get('filter_cfg'):
            raise ValueError(
                f'filter_cfg={kwargs["filter_cfg"]} is not supported: select '
                'frames with subjects, actions, frame_step, exclude or indices'
            )
        self.camera_file = camera_file
        self.selection = dict(
            subjects=subjects,
            actions=actions,
            frame_step=frame_step,
            exclude=exclude,
        )
        self.excluded = exclude
        super().__init__(ann_file=ann_file, **kwargs)

    @property
    def side_files(self) -> list:
        """Cameras, and detections if they are used."""
        return [self._in_root(self.camera_file), *super().side_files]

    def read_annotations(self) -> CameraSpaceAnnotations:
        """The selected frames with 18 joints and their cameras."""
        frames = read_annotations(self.ann_file, **self.selection)
        cameras = frames.intrinsics  # of crops, each image has its own
        if cameras is None:
            cameras = read_cameras(
                self._in_root(self.camera_file),
                frames.groups['subject'],
                frames.groups['camera_id'],
            )
        points_mm, pixels = add_thorax(frames.points_mm, frames.pixels)
        return frames._replace(
            points_mm=points_mm, pixels=pixels, intrinsics=cameras
        )


def add_thorax(points_mm: np.ndarray, pixels: np.ndarray):
    """Append joint 17, the middle of the shoulders in space.

    A pinhole camera sees the middle of two points at the depth-weighted mean
    of their pixels: (Z1 u1 + Z2 u2) / (Z1 + Z2), so no camera is needed and
    the distortion that is in the pixels stays in.

    Points (..., 17, 3) in mm and pixels (..., 17, 2) get 18 joints.
    """
    shoulders = list(SHOULDERS)
    weights = points_mm[..., shoulders, 2:]
    # Depths that are not > 0 give NaN here; the checks refuse them.
    with np.errstate(invalid='ignore', divide='ignore', over='ignore'):
        seen = (weights * pixels[..., shoulders, :]).sum(-2, keepdims=True)
        seen /= weights.sum(-2, keepdims=True)
        middle = points_mm[..., shoulders, :].mean(-2, keepdims=True)
    return (
        np.concatenate([points_mm, middle], -2).astype(np.float32),
        np.concatenate([pixels, seen], -2).astype(np.float32),
    )
