"""The joints of a person in an annotation file of MPII's layout.

Needs no MMPose: what measures an exported model reads them, too.
"""

import glob
import os.path as osp
from typing import List, Optional, Tuple

import numpy as np

from ..checks import (
    ANY,
    TEXT,
    annotation_error,
    check_fields,
    float_field,
    load_json,
    require_root,
    shown,
)
from ..joints import MPII_NAMES

FIELDS = dict(image=TEXT, joints=ANY, joints_vis=ANY)
#: A person is larger than its joints.
JOINTS_TO_BOX = 1.1


def find_file(root: str, pattern: str) -> Optional[str]:
    """The one file that fits, in ``annotations`` or else in ``root``.

    Raises:
        FileNotFoundError: If ``root`` is no folder.
        ValueError: If several fit.
    """
    require_root(root, "MPII's layout")
    for folder in ('annotations', ''):
        place = glob.escape(osp.join(root, folder))
        found = sorted(glob.glob(osp.join(place, pattern)))
        if len(found) > 1:
            raise ValueError(
                f'{root}: {len(found)} files fit {pattern}: {found}. '
                'Keep one there, or name it to the data set: ann_file, '
                'headbox_file.'
            )
        if found:
            return osp.abspath(found[0])
    return None


def load_people(file: str) -> List:
    """The entries of an annotation file, of which there is one at least."""
    people = load_json(file, 'the MPII annotation file', list)
    if not people:
        raise ValueError(
            f'{file}: holds no annotation. Point to the right file.'
        )
    return people


def read_joints(file: str) -> Tuple[List[str], np.ndarray, np.ndarray]:
    """Image names, joints (n, 16, 2) in 0-based px, labelled (n, 16)."""
    people, joints = load_people(file), []
    for id_, person in enumerate(people):
        check_fields(person, FIELDS, file, id_)
        joints.append(labelled_joints(person, file, id_, len(MPII_NAMES)))
    images = [person['image'] for person in people]
    return images, *(np.stack(values) for values in zip(*joints))


def box_of_joints(joints: np.ndarray) -> np.ndarray:
    """A box (1, 4) around joints (n, 2), 1.1 times as large: a person's.

    Example:
        >>> box_of_joints(np.array([[0.0, 0.0], [20.0, 40.0]]))
        array([[-1., -2., 21., 42.]])
    """
    low, high = joints.min(0), joints.max(0)
    half = (high - low) / 2 * JOINTS_TO_BOX
    middle = (low + high) / 2
    return np.concatenate([middle - half, middle + half])[None]


def labelled_joints(
    person: dict, file: str, id_, count: int
) -> Tuple[np.ndarray, np.ndarray]:
    """Joints (count, 2) in 0-based px, and which are labelled (count,).

    Raises:
        ValueError: Naming the file, the id and the field.

    Example:
        >>> person = dict(joints=[[1, 3], [0, 0]], joints_vis=[1, 1])
        >>> [values.tolist() for values in labelled_joints(person, '', 0, 2)]
        [[[0.0, 2.0], [-1.0, -1.0]], [True, False]]
    """
    joints = float_field(person['joints'], file, id_, 'joints', (count, 2))
    labelled = float_field(
        person['joints_vis'], file, id_, 'joints_vis', (count,)
    )
    if ((labelled < 0) | (labelled > 1)).any():
        problem = f'must be 0 or 1, got {shown(person["joints_vis"])}'
        raise annotation_error(file, id_, 'joints_vis', problem)
    return joints - 1, (labelled > 0) & ~marked_unlabelled(joints)


def marked_unlabelled(joints: np.ndarray) -> np.ndarray:
    """Whether joints (..., 2) are (0, 0) or (-1, -1): nobody labelled them.

    Example:
        >>> marked_unlabelled(np.array([[0, 0], [-1, -1], [-4, -2]])).tolist()
        [True, True, False]
    """
    return (joints == 0).all(-1) | (joints == -1).all(-1)
