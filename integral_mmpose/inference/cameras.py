"""Cameras given by the user, as intrinsics or a field of view.

Convention: pixels, u right and v down. Pixel i stands for the coordinate i at
its centre, so the middle of an image is (W - 1) / 2.
"""

import math
import re
import warnings
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from integral_mmpose.files import read_json
from integral_mmpose.geometry import is_number

CameraLike = Union[str, Path, Mapping]

#: A gigapixel panorama has fewer px a side.
MAX_PX = 1e7
#: Names of lens distortion, without signs: those of Human3.6M, OpenCV, ROS
#: (whose K and P are matrices) and others.
_DISTORTION = re.compile(
    r'[kp]\d?|[dD]|(?i:dist|.*distortion|.*dist.*coef.*|radial.*)'
)
#: Other names of w and h, the size of its images in px. They count if they
#: are whole numbers: a sensor's millimetres have the same names.
_SIZES = (('width', 'height'), ('image_width', 'image_height'))
_FORMS = (
    '{"fx", "fy", "cx", "cy"}, {"K": 3x3}, {"f": [fx, fy], "c": [cx, cy]} '
    'in px, or {"fov": horizontal degrees}'
)


class Camera(NamedTuple):
    """Focal lengths and principal point in px, (2,) each.

    ``size`` is the (w, h) of its images in px, if known.
    """

    focal: np.ndarray
    principal: np.ndarray
    size: Optional[Sequence[int]] = None


class CameraReader:
    """Read a camera, and fit it to images.

    Args:
        camera (CameraLike): A dict with fx, fy, cx and cy, with K, or with f
            and c in px, or with fov in degrees; a JSON file with such a dict;
            or ``file.json#S9/54138969`` for one of several in a file.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the content is not a camera.
    """

    def __init__(self, camera: CameraLike) -> None:
        self.source = 'camera'
        if isinstance(camera, (str, Path)):
            self.source = str(camera)
            camera = _load(str(camera))
        if not isinstance(camera, Mapping):
            raise self._error(camera)
        self._fov: Optional[float] = None
        self._camera: Any = None  # a Camera where there is no fov
        if 'fov' in camera:
            self._fov = camera['fov']
            if not is_number(self._fov) or not 0 < self._fov < 180:
                raise ValueError(
                    f'{self.source}: fov must be degrees between 0 and 180, '
                    f'got {self._fov}'
                )
        else:
            self._camera = self._parse(camera)
            self._tell_distortion(camera)

    def camera_of(self, image: np.ndarray) -> Camera:
        """Return the camera of an image (H, W, 3).

        Raises:
            ValueError: If the camera has another image size.
        """
        height, width = image.shape[:2]
        if self._fov is not None:
            focal = width / 2 / math.tan(math.radians(self._fov) / 2)
            middle = np.array([width - 1, height - 1]) / 2
            return Camera(np.full(2, focal), middle)
        size = self._camera.size
        if size is not None and tuple(size) != (width, height):
            raise ValueError(
                f'{self.source}: the camera is of {size[0]} x {size[1]} px '
                f'but the image has {width} x {height}: give the camera of '
                'this image'
            )
        return self._camera

    def _parse(self, camera: Mapping) -> Camera:
        focal: Any
        principal: Any
        try:
            if 'K' in camera:
                matrix = finite_float64(camera['K']).reshape(3, 3)
                if matrix[1, 0] or matrix[2].tolist() != [0, 0, 1]:
                    raise ValueError('its last row must be 0, 0, 1')
                focal, principal = matrix[[0, 1], [0, 1]], matrix[:2, 2]
            elif 'f' in camera:
                focal, principal = camera['f'], camera['c']
            else:
                focal = camera['fx'], camera['fy']
                principal = camera['cx'], camera['cy']
            focal = finite_float64(focal).reshape(2)
            principal = finite_float64(principal).reshape(2)
        except (KeyError, ValueError, TypeError) as error:
            raise self._error(camera) from error
        if (focal < 1).any():
            raise self._error(camera)
        return Camera(focal, principal, self._size(camera))

    def _size(self, camera: Mapping) -> Optional[tuple]:
        if ('w' in camera) != ('h' in camera):
            raise ValueError(
                f'{self.source}: has one of w and h, the size of its images '
                'in px: give both or none'
            )
        if 'w' in camera:
            return camera['w'], camera['h']
        for names in _SIZES:
            size = [camera.get(name) for name in names]
            if all(isinstance(side, int) and side > 1 for side in size):
                return tuple(size)
        return None

    def _tell_distortion(self, camera: Mapping) -> None:
        """Warn if the camera is more than a pinhole camera."""
        used = [
            name
            for name, value in camera.items()
            if _DISTORTION.fullmatch(re.sub(r'\W|_', '', str(name)))
            and any(is_number(one) and one for one in _numbers_of(value))
        ]
        if 'K' in camera and np.array(camera['K'], object).reshape(3, 3)[0, 1]:
            used.append('skew of K')
        if used:
            names = ', '.join(sorted(set(used)))
            warnings.warn(
                f'{self.source}: lens distortion or skew ({names}) is not '
                'used. For exact pixels, undistort the images first',
                stacklevel=3,
            )

    def _error(self, camera) -> ValueError:
        return ValueError(
            f'{self.source}: is not a camera. Give {_FORMS}, with focal '
            f'lengths of at least 1 px; got {camera!r:.200}'
        )


def _numbers_of(value) -> list:
    """What a value of JSON holds, in lists and dicts, too."""
    if isinstance(value, Mapping):
        value = {'data': value['data']} if 'data' in value else value
        return [one for part in value.values() for one in _numbers_of(part)]
    return list(np.array(value, object).flat)


def split_keys(path: str) -> Tuple[str, str]:
    """The file and the keys of ``file.json#key/key``.

    A name with ``#`` of a file that there is stays whole.
    """
    if Path(path).is_file():
        return path, ''
    file, _, keys = path.rpartition('#') if '#' in path else (path, '', '')
    return file, keys


def _load(path: str):
    """Read the dict of ``file.json`` or ``file.json#key/key``."""
    file, keys = split_keys(path)
    content = read_json(file, 'is not a JSON file with a camera')
    for key in keys.split('/') if keys else ():
        if not isinstance(content, dict) or key not in content:
            known = list(content) if isinstance(content, dict) else 'no keys'
            raise ValueError(f'{path}: {file} has no {key}, it has {known}')
        content = content[key]
    return content


def finite_float64(value) -> np.ndarray:
    """Numbers of px as float64.

    Raises:
        ValueError: If one is a string or a truth value (numpy takes them for
            numbers), not finite, or larger than any picture.
    """
    cells = np.array(value, object)
    if not all(is_number(c) and abs(c) <= MAX_PX for c in cells.flat):
        raise ValueError(f'must be numbers of at most {MAX_PX:g}')
    return cells.astype(np.float64)
