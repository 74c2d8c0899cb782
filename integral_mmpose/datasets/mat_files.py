"""MATLAB files: read with errors that name the file, written reproducibly.

Structs come back as scipy's ``mat_struct`` and nothing is squeezed: every
field is an array, so that one struct, several and none look alike.
"""

import io
from typing import Dict, Sequence

import numpy as np

from .checks import require_file
from .joints import MPII_SHORT_NAMES

#: scipy writes the time into the header: the same data would differ.
HEADER = b'MATLAB 5.0 MAT-file'
#: Bytes of the header's text.
_HEADER_SIZE = 116


def read_mat(
    path: str,
    what: str,
    variables: Sequence[str],
    optional: Sequence[str] = (),
) -> Dict:
    """Read variables of a .mat file (MATLAB v5 to v7): name -> np.ndarray.

    ``what`` is for the message; the ``optional`` ones are read where they
    are there.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If it is of v7.3 (HDF5), no .mat file, or lacks one.
    """
    from scipy.io import loadmat, whosmat

    require_file(path, what, f'Give the path of {what}.')
    try:
        found = [name for name, _, _ in whosmat(path)]
        content = loadmat(
            path,
            variable_names=[*variables, *optional],
            struct_as_record=False,
        )
    except NotImplementedError as error:
        raise ValueError(
            f'{path}: {what} is a MATLAB v7.3 (HDF5) file. Take the file as '
            "it was published, or save it in MATLAB with '-v7'."
        ) from error
    except Exception as error:  # scipy raises many kinds on bad files
        raise ValueError(
            f'{path}: {what} is not readable as .mat ({error!r}). Get it '
            'again, or point to the right file.'
        ) from error
    missing = [name for name in variables if name not in content]
    if missing:
        raise ValueError(
            f'{path}: the variable `{missing[0]}` is missing; the file has '
            f'{sorted(found)}. Point to {what}.'
        )
    present = [name for name in optional if name in content]
    return {name: content[name] for name in (*variables, *present)}


def mat_bytes(content: dict) -> bytes:
    """The bytes of a .mat file; the same content gives the same bytes.

    Example:
        >>> mat_bytes(dict(a=np.ones(3))) == mat_bytes(dict(a=np.ones(3)))
        True
    """
    from scipy.io import savemat

    file = io.BytesIO()
    savemat(file, content, do_compression=True, oned_as='row')
    return HEADER.ljust(_HEADER_SIZE) + file.getvalue()[_HEADER_SIZE:]


def mpii_truth(
    boxes: np.ndarray, joints: np.ndarray, labelled: np.ndarray
) -> bytes:
    """The bytes of ``mpii_gt_*.mat``, as MMPose has it.

    Head boxes (2, 2, n) are two corners in px, joints (n, 16, 2) px, labelled
    (n, 16) booleans.
    """
    return mat_bytes(
        dict(
            headboxes_src=boxes,
            jnt_missing=(1 - labelled.T).astype(np.uint8),
            pos_gt_src=joints.transpose(1, 2, 0),
            dataset_joints=np.array(MPII_SHORT_NAMES, dtype=object),
        )
    )


def struct_array(items: Sequence[dict]) -> np.ndarray:
    """n dicts of one set of keys as MATLAB's struct array (1, n).

    No item and a value None become MATLAB's ``[]``, (0, 0).

    Example:
        >>> struct_array([dict(x=1, y=2), dict(x=3, y=None)]).dtype.names
        ('x', 'y')
    """
    if not len(items):
        return np.empty((0, 0))
    array = np.empty((1, len(items)), [(name, object) for name in items[0]])
    for n, item in enumerate(items):
        for name in array.dtype.names:
            value = item[name]
            array[name][0, n] = np.empty((0, 0)) if value is None else value
    return array
