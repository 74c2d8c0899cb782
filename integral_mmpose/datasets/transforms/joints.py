"""From one joint set to another, without losing z.

mmpose's KeypointConverter drops z, or puts 3D x and y into the pixels, and
keeps the flip indices of the source. This one keeps z and replaces everything
that depends on the joint set, so that RandomFlip after it is right.
"""

from typing import Optional, Sequence, Tuple, Union

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from integral_mmpose.geometry import is_count

from ..joints import MAPPINGS, METAINFO
from ..metainfo import copy_metainfo, parse_metainfo


@TRANSFORMS.register_module()
class ConvertJoints(BaseTransform):
    """Reorder joints by an index table; what has no source gets weight 0.

    Args:
        mapping (str | Sequence[int]): A name of ``joints.MAPPINGS``, or for
            every target joint its source joint, -1 for none.
        target (str | dict, optional): The joint set of the result; needed
            with a table of your own.
        dim (int, optional): 3 appends z = 0 to 2D keypoints, 2 drops z; by
            default the number of axes stays. ``has_depth`` says whether z is
            a label.
        between (Sequence[tuple[int, int, int]]): ``(joint, a, b)``: a target
            joint without a source that is put into the middle of two others,
            if both are labelled: about the place of a spine.

    Raises:
        ValueError: If the table, the target and the sample do not fit, or
            ``between`` names a joint that there is not, or one with a source.
    """

    def __init__(
        self,
        mapping: Union[str, Sequence[int]],
        target: Optional[Union[str, dict]] = None,
        dim: Optional[int] = None,
        between: Sequence[Tuple[int, int, int]] = (),
    ):
        self.sources = None
        if isinstance(mapping, str):
            if mapping not in MAPPINGS:
                raise ValueError(
                    f'no joint table is named {mapping!r}. '
                    f'Choose from {sorted(MAPPINGS)}.'
                )
            self.sources, default, mapping = MAPPINGS[mapping]
            target = target or default
        if isinstance(target, str) and target in METAINFO:
            target = METAINFO[target]
        if not isinstance(target, dict):
            raise ValueError(
                f'target must be one of {sorted(METAINFO)} or a '
                f'metainfo dict, got {target!r}'
            )
        if dim not in (None, 2, 3):
            raise ValueError(f'dim must be None, 2 or 3, got {dim}')
        if not all(is_count(source, least=-1) for source in mapping):
            raise ValueError(
                'mapping must list the source of each joint, a whole number, '
                f'or -1 for none: {list(mapping)}'
            )
        self.mapping = np.asarray(mapping, np.int64)
        self.dim = dim
        self.metainfo = info = parse_metainfo(target)
        if self.mapping.shape != (info['num_keypoints'],):
            raise ValueError(
                f'the joint table has {self.mapping.size} entries, the joint '
                f'set {info["dataset_name"]} {info["num_keypoints"]} joints'
            )
        self.between = [tuple(joints) for joints in between]
        without = np.flatnonzero(self.mapping < 0).tolist()
        sourced = set(range(len(self.mapping))).difference(without)
        for joint, *ends in self.between:
            fits = joint in without and sourced.issuperset(ends)
            if not fits or len(ends) != 2:
                raise ValueError(
                    f'between: {(joint, *ends)} must be a target joint '
                    'without a source and two that have one; without: '
                    f'{without}'
                )

    def transform(self, results: dict) -> dict:
        """Convert keypoints (N, K, 2|3) and keypoints_visible (N, K).

        And ``keypoints_cam`` (N, K, 3), the truth of the metrics, where every
        target joint has a source; else it is left out. An image without
        labels, whose pose is to be found, only gets the joint set.
        """
        if 'keypoints' not in results:
            results.update(copy_metainfo(self.metainfo))
            return results
        keypoints = results['keypoints']
        count = keypoints.shape[1]
        if self.mapping.max(initial=-1) >= count or self.sources not in (
            None,
            count,
        ):
            raise ValueError(
                f'{results.get("img_path")}: the joint table needs '
                f'{self.sources or self.mapping.max() + 1} source joints, '
                f'the sample has {count}'
            )
        has_z = keypoints.shape[-1] == 3
        results.setdefault(
            'has_depth', np.full(len(keypoints), has_z, np.float32)
        )
        missing = self.mapping < 0
        for key in ('keypoints', 'keypoints_visible'):
            values = results[key][:, self.mapping].astype(np.float32)
            values[:, missing] = 0
            results[key] = values
        visible = results['keypoints_visible']
        for joint, a, b in self.between:
            points = results['keypoints']
            points[:, joint] = (points[:, a] + points[:, b]) / 2
            visible[:, joint] = np.minimum(visible[:, a], visible[:, b])
        in_camera = results.pop('keypoints_cam', None)
        if in_camera is not None and not missing.any():
            results['keypoints_cam'] = in_camera[:, self.mapping]
        if self.dim == 2:
            results['keypoints'] = results['keypoints'][..., :2].copy()
            results['has_depth'] = np.zeros(len(keypoints), np.float32)
        elif self.dim == 3 and not has_z:
            results['keypoints'] = np.pad(
                results['keypoints'], ((0, 0), (0, 0), (0, 1))
            )
        results.update(copy_metainfo(self.metainfo))
        return results
