"""Metadata of an exported model, stored as JSON in its file."""

import json
from dataclasses import asdict, dataclass, fields
from typing import List, Optional, Tuple

from integral_mmpose.geometry import DEPTH_UNITS, is_positive
from integral_mmpose.version import __version__

#: Key of the entry among the file's metadata.
KEY = 'integral_mmpose'
#: Version of the format; an incompatible change raises it.
FORMAT = 1
INPUT, OUTPUTS, STD = 'crops', ('keypoints', 'keypoint_scores'), 'keypoint_std'
CONVENTION = (
    'crops: (N, 3, H, W) float32, BGR, 0 to 255; keypoints: x, y in px of the '
    'crop (left edge, 0-based), z in mm relative to the root, away from the '
    'camera; keypoint_scores: 0 to 1; keypoint_std: standard deviation along '
    'each axis, in the units of keypoints. A crop is centred on the tight box '
    'of a person and box_padding times as large, as wide and high as '
    'input_size asks'
)
MAX_SIDE = 4096
MAX_RANGE_MM = 1e5
MAX_PADDING = 10.0

Pairs = Tuple[Tuple[int, int], ...]
Colors = Tuple[Tuple[int, int, int], ...]


@dataclass(frozen=True)
class PoseMetadata:
    """Description of an exported pose model.

    Attributes:
        config (str): Name of the config file.
        half (bool): Whether the weights are float16.
        input_size (tuple[int, int]): (w, h) of a crop in px.
        depth_range_mm (float, optional): Depth of the volume in mm; ``None``
            in 2D.
        depth_unit (str): See ``IntegralLabel``. With ``'crop'``, scale z by
            mm_per_px * side of the crop / depth_range_mm; with ``'metric'``,
            z needs no scale.
        box_padding (float): Factor on a person's tight box.
        use_udp (bool): Whether the crop is MMPose's unbiased one.
        keypoint_names (tuple[str]): K names.
        flip_pairs (tuple): Left and right partners, as indices.
        skeleton_links (tuple): Bones, as (parent, child) indices.
        keypoint_colors (tuple): K RGB colours.
        skeleton_link_colors (tuple): An RGB colour for each bone.
        version (str): Of this package.

    Raises:
        ValueError: Naming the first field with an invalid value.
    """

    config: str
    half: bool
    input_size: Tuple[int, int]
    depth_range_mm: Optional[float]
    depth_unit: str
    box_padding: float
    use_udp: bool
    keypoint_names: Tuple[str, ...]
    flip_pairs: Pairs
    skeleton_links: Pairs
    keypoint_colors: Colors
    skeleton_link_colors: Colors
    version: str = __version__

    def __post_init__(self) -> None:
        joints, bones = _size(self.keypoint_names), _size(self.skeleton_links)
        checks = dict(
            config=isinstance(self.config, str),
            half=isinstance(self.half, bool),
            input_size=_are_rows((self.input_size,), 2, MAX_SIDE + 1)
            and min(self.input_size) > 0,
            depth_range_mm=self.depth_range_mm is None
            or is_positive(self.depth_range_mm)
            and self.depth_range_mm <= MAX_RANGE_MM,
            depth_unit=self.depth_unit in DEPTH_UNITS,
            box_padding=is_positive(self.box_padding)
            and self.box_padding <= MAX_PADDING,
            use_udp=isinstance(self.use_udp, bool),
            keypoint_names=joints > 0
            and all(isinstance(name, str) for name in self.keypoint_names)
            and len(set(self.keypoint_names)) == joints,
            flip_pairs=_are_rows(self.flip_pairs, 2, joints)
            and len(set(sum(self.flip_pairs, ()))) == 2 * len(self.flip_pairs),
            skeleton_links=_are_rows(self.skeleton_links, 2, joints),
            keypoint_colors=_are_rows(self.keypoint_colors, 3, 256)
            and len(self.keypoint_colors) == joints,
            skeleton_link_colors=_are_rows(self.skeleton_link_colors, 3, 256)
            and len(self.skeleton_link_colors) == bones,
            version=isinstance(self.version, str),
        )
        for name, good in checks.items():
            if not good:
                value = str(getattr(self, name))[:80]
                raise ValueError(f'{name} has the invalid value {value}')

    @property
    def num_axes(self) -> int:
        """Number of axes of a keypoint: 2 or 3."""
        return 2 if self.depth_range_mm is None else 3

    @property
    def flip_indices(self) -> List[int]:
        """(K,) index of each joint's mirror partner, or its own."""
        indices = list(range(len(self.keypoint_names)))
        for left, right in self.flip_pairs:
            indices[left], indices[right] = right, left
        return indices

    def to_json(self) -> str:
        """Return the content of the entry :data:`KEY`."""
        content = dict(format=FORMAT, convention=CONVENTION, **asdict(self))
        return json.dumps(content, default=float)  # a number of numpy

    @classmethod
    def from_json(cls, text: Optional[str], path: str) -> 'PoseMetadata':
        """Read what :meth:`to_json` wrote into the file at ``path``.

        Raises:
            ValueError: If the file is not of this package or is newer.
        """
        try:
            content = json.loads(text or '')
            number = content.pop('format')
        except (
            *(ValueError, AttributeError, KeyError, TypeError),
            RecursionError,
        ) as error:
            raise ValueError(
                f'{path}: is not a pose model of this package (no metadata '
                f'"{KEY}"). Write it with tools/deployment/export_onnx.py. '
                'If it is a detector, pass it as the detector'
            ) from error
        content.pop('convention', None)
        try:
            if number != FORMAT:
                raise ValueError(f'format {number}, not {FORMAT}')
            known = {field.name for field in fields(cls)}
            if set(content) - known:
                raise ValueError(f'unknown {sorted(set(content) - known)}')
            return cls(**{k: as_tuples(v) for k, v in content.items()})
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(
                f'{path}: its metadata cannot be read ({error}): export the '
                f'model again with version {__version__}'
            ) from error


def _size(value) -> int:
    return len(value) if isinstance(value, tuple) else 0


def _are_rows(value, length: int, limit: int) -> bool:
    """A tuple of tuples of so many whole numbers from 0, below a limit."""
    return isinstance(value, tuple) and all(
        _size(row) == length
        and all(type(number) is int and 0 <= number < limit for number in row)
        for row in value
    )


def as_tuples(value):
    """Convert lists, at any depth, to tuples."""
    if isinstance(value, list):
        return tuple(as_tuples(item) for item in value)
    return value
