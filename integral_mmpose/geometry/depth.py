"""Convert depth between mm and fractions of the volume.

Convention: z is relative to the root, positive is farther from the camera;
the root lies in the middle of the volume, at 0.5.
"""

#: Depth range of the volume: the 2000 mm box around the root of the paper's
#: public code, 1 m to either side.
DEPTH_RANGE_MM = 2000.0
#: Whether the depth range follows the scale of the crop or is fixed.
DEPTH_UNITS = ('crop', 'metric')


def mm_to_norm(depth_mm, depth_range_mm=DEPTH_RANGE_MM):
    """Normalise root-relative depth in mm; the root lies at 0.5.

    Example:
        >>> mm_to_norm(500., 2000.)
        0.75
    """
    return depth_mm / depth_range_mm + 0.5


def norm_to_mm(depth_norm, depth_range_mm=DEPTH_RANGE_MM):
    """Convert normalised depth to root-relative depth in mm.

    Example:
        >>> norm_to_mm(0.75, 2000.)
        500.0
    """
    return (depth_norm - 0.5) * depth_range_mm
