"""What a user of an exported file must know, as JSON inside the file."""

import json
from dataclasses import asdict, dataclass
from typing import Optional, Tuple

import numpy as np

from integral_mmpose.geometry import TIGHT_PADDING
from integral_mmpose.version import __version__

#: Key of the entry among the file's metadata.
KEY = 'integral_mmpose'
#: Raised when a reader of today could misread the files of tomorrow.
FORMAT = 1
CONVENTION = (
    'crops: (N, 3, H, W) float32, BGR, 0 to 255; keypoints: x, y in px of the '
    'crop (left edge, 0-based), z in mm relative to the root, away from the '
    'camera; keypoint_scores: 0 to 1. A crop is centred on the tight box of a '
    f'person and {TIGHT_PADDING} times as large, as wide and high as '
    'input_size asks (box_padding is that of the training data)'
)

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
        depth_unit (str): See ``IntegralLabel``: with ``'crop'`` z is true
            where the crop spans ``depth_range_mm``, and else to be scaled by
            mm_per_px * side of the box / depth_range_mm; with ``'metric'``
            it is true as it is.
        box_padding (float): Factor of the test pipeline on the boxes of its
            data set: 1 where the data set has padded them. A person's tight
            box is cropped by ``TIGHT_PADDING``, 1.25, with every model.
        use_udp (bool): Whether the crop is MMPose's unbiased one.
        keypoint_names (tuple[str]): K names.
        flip_pairs (tuple): Left and right partners, as indices.
        skeleton_links (tuple): Bones, as (parent, child) indices.
        keypoint_colors (tuple): K RGB colours.
        skeleton_link_colors (tuple): An RGB colour for each bone.
        version (str): Of this package.
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

    @property
    def num_axes(self) -> int:
        """Number of axes of a keypoint: 2 or 3."""
        return 2 if self.depth_range_mm is None else 3

    def to_json(self) -> str:
        """The content of the entry :data:`KEY`."""
        return json.dumps(
            dict(
                format=FORMAT,
                convention=CONVENTION,
                **asdict(self),
            )
        )

    @classmethod
    def from_json(cls, text: Optional[str], path: str) -> 'PoseMetadata':
        """Read what :meth:`to_json` wrote.

        Args:
            text (str, optional): The entry; ``None`` where there is none.
            path (str): Of the file, for the message.

        Raises:
            ValueError: If the file is not of this package or is newer.
        """
        try:
            content = json.loads(text or '')
            number = content.pop('format')
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise ValueError(
                f'{path}: not exported by this package (no metadata '
                f'"{KEY}"): make it with tools/deployment/export_onnx.py'
            ) from error
        content.pop('convention', None)
        try:
            if number != FORMAT:
                raise ValueError(f'format {number}, not {FORMAT}')
            return cls(**{k: _tuples(v) for k, v in content.items()})
        except (TypeError, ValueError) as error:
            raise ValueError(
                f'{path}: its metadata cannot be read ({error}): export the '
                f'model again with version {__version__}'
            ) from error

    @classmethod
    def from_model(
        cls, model, config: str, half: bool = False
    ) -> 'PoseMetadata':
        """Describe a model.

        Args:
            model (nn.Module): From ``mmpose.apis.init_model``.
            config (str): Name of its config file.
            half (bool): Whether it is exported in float16.

        Raises:
            ValueError: If the test pipeline has no ``TopdownAffine``.
        """
        codec, meta = model.head.decoder, model.dataset_meta
        steps = {
            step['type'].rpartition('.')[2]: step
            for step in model.cfg.test_dataloader.dataset.pipeline
        }
        if not {'GetBBoxCenterScale', 'TopdownAffine'} <= set(steps):
            raise ValueError(
                f'{config}: the test pipeline must crop by GetBBoxCenterScale '
                f'and TopdownAffine, it has {sorted(steps)}'
            )
        names = meta['keypoint_id2name']
        return cls(
            config=config,
            half=half,
            input_size=_tuples(codec.input_size),
            depth_range_mm=codec.depth_range_mm,
            depth_unit=codec.depth_unit,
            box_padding=steps['GetBBoxCenterScale'].get('padding', 1.25),
            use_udp=steps['TopdownAffine'].get('use_udp', False),
            keypoint_names=tuple(names[i] for i in range(len(names))),
            flip_pairs=_pairs(meta['flip_indices']),
            skeleton_links=_tuples(meta['skeleton_links']),
            keypoint_colors=_tuples(meta['keypoint_colors']),
            skeleton_link_colors=_tuples(meta['skeleton_link_colors']),
        )

    def dataset_meta(self) -> dict:
        """The names, mirror, bones and colours as MMPose's models have them.

        Example:
            >>> meta = PoseMetadata('c', False, (8, 8), None, 'crop', 1.0,
            ...     False, ('head', 'left_hand', 'right_hand'), ((1, 2),),
            ...     ((0, 1), (0, 2)), ((0, 0, 0),) * 3, ((0, 0, 0),) * 2)
            >>> meta.dataset_meta()['flip_indices']
            [0, 2, 1]
        """
        names = self.keypoint_names
        mirror = {
            a: b for pair in self.flip_pairs for a, b in (pair, pair[::-1])
        }
        return dict(
            num_keypoints=len(names),
            keypoint_id2name=dict(enumerate(names)),
            keypoint_name2id={name: i for i, name in enumerate(names)},
            flip_pairs=list(self.flip_pairs),
            flip_indices=[mirror.get(i, i) for i in range(len(names))],
            num_skeleton_links=len(self.skeleton_links),
            skeleton_links=list(self.skeleton_links),
            keypoint_colors=np.array(self.keypoint_colors),
            skeleton_link_colors=np.array(self.skeleton_link_colors),
        )


def _pairs(flip_indices) -> Pairs:
    return tuple((i, int(j)) for i, j in enumerate(flip_indices) if i < j)


def _tuples(value):
    """Lists and arrays, at any depth, as tuples of plain numbers."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(value, (list, tuple)):
        return tuple(_tuples(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value
