"""The box of a person in MPII's layout, from its fields and back.

Convention: a file has a 1-based ``center`` and ``scale``. The official code
subtracts 1 from the centre, moves it down by 15 * scale px and cuts out
200 * scale px, times a padding.
"""

import numpy as np

#: Side of the box in px at scale 1.
PIXEL_STD = 200.0
#: The centre is moved down by so many px at scale 1.
CENTER_SHIFT = 15.0


def box_of_fields(center: np.ndarray, scale: float) -> tuple:
    """Centre (2,) in 0-based px and side in px of an unpadded box.

    Example:
        >>> box_of_fields(np.array([51.0, 61.0]), 2.0)
        (array([50., 90.]), 400.0)
    """
    shift = np.float32([0, CENTER_SHIFT * scale])
    return center - 1 + shift, PIXEL_STD * scale


def fields_of_box(center: np.ndarray, side: float) -> dict:
    """The fields of a box: the inverse of :func:`box_of_fields`, rounded.

    Example:
        >>> fields_of_box(np.array([50.0, 90.0]), 400.0)
        {'center': [51.0, 61.0], 'scale': 2.0}
    """
    scale = float(side) / PIXEL_STD
    center = center + 1 - [0, CENTER_SHIFT * scale]
    return dict(center=center.round(2).tolist(), scale=round(scale, 4))
