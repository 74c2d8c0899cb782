"""Draw the heat vectors of a person's joints."""

from typing import List, Optional, Sequence

import numpy as np

from integral_mmpose.functional import HeatVectors
from integral_mmpose.visualization import draw_heat_vectors

from .pose_model import TopdownPoseModel


def heat_pictures(
    model: TopdownPoseModel,
    image: np.ndarray,
    box: np.ndarray,
    joints: Optional[Sequence[str]] = None,
    mm_per_px: Optional[float] = None,
) -> List[np.ndarray]:
    """Draw a picture for each joint of a person.

    Args:
        model (TopdownPoseModel): The pose model.
        image (np.ndarray): (H, W, 3) BGR.
        box (np.ndarray): (4,) left, top, right, bottom in image px.
        joints (Sequence[str], optional): Names; by default all joints.
        mm_per_px (float, optional): See :meth:`TopdownPoseModel.crop`.

    Returns:
        list[np.ndarray]: (H', W', 3) uint8 RGB: the xy map over the crop, the
        heat vectors of x, y and, in 3D, z (Eq. 5), and lines at the predicted
        joint.

    Raises:
        ValueError: If a name is unknown or the model has no heat maps.
    """
    names = check_joints(model, joints)
    if not hasattr(model, 'heat_vectors'):
        raise ValueError(
            f'{model.name} has no heat maps: use the config and its checkpoint'
        )
    crop = model.crop(image, np.asarray(box, np.float32), mm_per_px)
    vectors, maps, found = model.heat_vectors([crop])
    depth_range_mm = model.depth_range_of(crop)
    rgb = crop['inputs'].numpy().transpose(1, 2, 0)[..., ::-1]
    return [
        draw_heat_vectors(
            np.ascontiguousarray(rgb),
            maps[0, k],
            HeatVectors(*(v if v is None else v[0, k] for v in vectors)),
            name,
            depth_range_mm,
            found[0, k].tolist(),
        )
        for k, name in enumerate(names)
        if joints is None or name in joints
    ]


def check_joints(model: TopdownPoseModel, joints=None) -> List[str]:
    """Return a model's joint names; ValueError if ``joints`` has others."""
    unknown = sorted(set(joints or ()) - set(model.joint_names))
    if unknown:
        raise ValueError(
            f'no joint {unknown[0]}: the model has {model.joint_names}'
        )
    return model.joint_names
