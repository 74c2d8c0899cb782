"""MPII with exact 0-based coordinates.

mmpose's own MpiiDataset serves the file's 1-based joints as if they were
0-based, one pixel off; this one subtracts 1 from joints and centre, so that
ground truth and prediction live in one frame. Any data set in MPII's layout
works, found by ``data_root`` and ``split`` alone.

Convention: the box is the official code's (see ``mpii_box``). ``bbox`` is
already padded by 1.25: use ``GetBBoxCenterScale(padding=1.0)``.
"""

import os.path as osp
from typing import List, Optional, Tuple

import numpy as np
from mmengine.fileio import join_path
from mmengine.logging import print_log
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from integral_mmpose.geometry import BOX_MM, is_positive

from ..checks import (
    ANY,
    TEXT,
    annotation_error,
    check_fields,
    float_field,
    number_within,
    require_root,
    shown,
)
from ..joints import MPII_METAINFO
from ..metainfo import FlatMetainfo
from .box_checks import check_joints_in_boxes
from .head_boxes import head_sizes
from .mpii_box import box_of_fields
from .mpii_joints import find_file, labelled_joints, load_people

FIELDS = dict(image=TEXT, center=ANY, scale=ANY, joints=ANY, joints_vis=ANY)
#: Depth of the joints in px, for a 3D model; a person may lack it.
DEPTH = 'joints_depth'
#: Fields that only labelled people have.
LABELS = ('joints', 'joints_vis')
#: Heights of 2 px to 20,000 px.
SCALES = (0.01, 100.0)
#: Place of a test person in MPII's own test list, 1-based: a submission needs
#: it. List them in meta_keys of PackPoseInputs.
PLACE = ('image_index', 'annorect_index')


@DATASETS.register_module()
class MpiiExactDataset(FlatMetainfo, BaseCocoStyleDataset):
    """People of MPII, 16 joints, 0-based pixels; or of another joint set.

    ``metainfo`` decides how many joints a person has: a file in MPII's layout
    with other joints needs nothing but ``metainfo=dict(...)``, as
    :func:`~integral_mmpose.datasets.joints.build_metainfo` writes it.

    A person may have ``joints_depth``, the depth of the joints in px relative
    to the pelvis, which a 3D model then learns: ``keypoints`` get z in mm, the
    box being that of 2000 mm. ``add_depth.py`` writes it.

    MPII's test people have no labels. With ``test_mode``, a file in which
    nobody has ``joints`` or ``joints_vis`` is read: every joint is invisible
    (weight 0, coordinates without meaning). A file in which some people have
    them and others have not is an error, in every mode.

    Args:
        split (str, optional): Which files to find:
            ``annotations/*_{split}.json``, else ``*_{split}.json`` in the
            data root, and ``*_gt_{split}.mat`` beside it. Default: what
            follows the last ``_`` in the name of ``ann_file`` (``val`` of
            mpii_val.json), or ``train`` without one.
        ann_file (str): The annotation file, to name it outright.
        headbox_file (str, optional): The file with ``headboxes_src``. Found
            like the annotations; without one there is no ``head_size``.
        bbox_padding (float): Factor on the side of the box.
        **kwargs: ``data_root``, ``data_prefix``, ``pipeline``, ``test_mode``,
            ``indices``, ... of mmengine's ``BaseDataset``.

    Raises:
        FileNotFoundError, ValueError: Naming file, id, field and the fix.
    """

    METAINFO = MPII_METAINFO

    def __init__(
        self,
        split: Optional[str] = None,
        ann_file: str = '',
        headbox_file: Optional[str] = None,
        bbox_padding: float = 1.25,
        **kwargs,
    ):
        self.split = split
        self.headbox_file = headbox_file
        if not is_positive(bbox_padding):
            raise ValueError(
                f'bbox_padding must be a number above 0, got {bbox_padding!r}'
            )
        self.bbox_padding = bbox_padding
        kwargs.setdefault('data_prefix', dict(img='images/'))
        super().__init__(ann_file=ann_file, **kwargs)

    def _join_prefix(self) -> None:
        self.data_prefix = dict(self.data_prefix)
        if self.split is None:
            stem = osp.splitext(osp.basename(self.ann_file))[0]
            self.split = stem.rpartition('_')[2] or 'train'
        if not self.ann_file:
            found = find_file(self.data_root or '.', f'*_{self.split}.json')
            self.ann_file = found or ''
        super()._join_prefix()
        if self.headbox_file is None:
            self.headbox_file = find_file(
                self.data_root or '.', f'*_gt_{self.split}.mat'
            )
        elif self.headbox_file and self.data_root:
            self.headbox_file = join_path(self.data_root, self.headbox_file)

    def _load_annotations(self) -> Tuple[List[dict], List[dict]]:
        require_root(self.data_root, type(self).__name__)
        if not self.ann_file:
            raise FileNotFoundError(
                f'{self.data_root}: no annotations/*_{self.split}.json and no '
                f'*_{self.split}.json. Correct split or data_root.'
            )
        people = load_people(self.ann_file)
        if self.test_mode:
            people = _with_hidden_joints(
                people, self.metainfo['num_keypoints']
            )
        instances = [self._person(p, i) for i, p in enumerate(people)]
        heads = None
        if self.headbox_file:
            heads = head_sizes(
                self.headbox_file,
                self.ann_file,
                np.concatenate([i['keypoints'][..., :2] for i in instances]),
                np.concatenate([i['keypoints_visible'] for i in instances]),
                self.metainfo['keypoint_id2name'].values(),
            )
        self._metainfo['head_boxes'] = heads is not None  # asked by PCKh
        image_ids = _image_ids([info['img_path'] for info in instances])
        for id_, info in enumerate(instances):
            info['img_id'] = image_ids[info['img_path']]
            if heads is not None:
                info['head_size'] = heads[id_ : id_ + 1]
        used = sum(map(self._is_valid_instance, instances))
        if not used:
            raise ValueError(
                f'{self.ann_file}: none of its {len(instances)} people has a '
                'labelled joint. Point to the right file.'
            )
        labelled = [i for i in instances if i['keypoints_visible'].any()]
        check_joints_in_boxes(labelled, self.ann_file)
        if used < len(instances):
            print_log(
                f'{self.ann_file}: {used} of {len(instances)} people are '
                'used; the others have no labelled joint',
                'current',
            )
        return instances, []  # no image is without a person

    def _is_valid_instance(self, info: dict) -> bool:
        """Training skips people without a joint; tests keep everyone."""
        return self.test_mode or bool(info['keypoints_visible'].any())

    def _person(self, person: dict, id_: int) -> dict:
        file, count = self.ann_file, self._metainfo['num_keypoints']
        check_fields(person, FIELDS, file, id_)
        center = float_field(person['center'], file, id_, 'center', (2,))
        scale = number_within(person['scale'], file, id_, 'scale', *SCALES)
        joints, visible = labelled_joints(person, file, id_, count)
        center, side = box_of_fields(center, scale)
        side *= self.bbox_padding
        # No camera: the box counts as the 2000 mm box of the 3D data.
        mm_per_px = BOX_MM / side
        has_depth = DEPTH in person
        if has_depth:
            depth = float_field(person[DEPTH], file, id_, DEPTH, (count,))
            joints = np.column_stack([joints, depth * mm_per_px])
        return dict(
            _place(person, file, id_),
            id=id_,
            img_path=osp.join(self.data_prefix['img'], person['image']),
            bbox=np.concatenate([center - side / 2, center + side / 2])[
                None
            ].astype(np.float32),
            bbox_score=np.ones(1, np.float32),
            keypoints=joints[None],
            keypoints_visible=visible[None].astype(np.float32),
            has_depth=np.full(1, has_depth, np.float32),
            mm_per_px=mm_per_px,
        )


def _with_hidden_joints(people: list, count: int) -> list:
    """The people, with invisible joints if nobody has a label."""
    people_dicts = [person for person in people if isinstance(person, dict)]
    if any(field in person for person in people_dicts for field in LABELS):
        return people
    hidden = dict(joints=[[0.0, 0.0]] * count, joints_vis=[0] * count)
    return [dict(p, **hidden) if isinstance(p, dict) else p for p in people]


def _place(person: dict, file: str, id_: int) -> dict:
    """The person's place in MPII's test list, if the file gives it."""
    place = {field: person[field] for field in PLACE if field in person}
    for field, index in place.items():
        if type(index) is not int or index < 1:
            problem = f'must be a whole number >= 1, got {shown(index)}'
            raise annotation_error(file, id_, field, problem)
    return place


def _image_ids(paths: List[str]) -> dict:
    """The number in the file name, as MPII's images have it, or a count."""
    stems = {path: osp.splitext(osp.basename(path))[0] for path in paths}
    if all(stem.isdecimal() for stem in stems.values()):
        ids = {path: int(stem) for path, stem in stems.items()}
        if len(set(ids.values())) == len(ids):
            return ids
    return {path: number for number, path in enumerate(stems)}
