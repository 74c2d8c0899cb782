"""Joint sets, their metadata and every index table between them.

The 3D models predict 18 joints: the 17 of Human3.6M and the middle of the
shoulders (index 17), so that MPII's thorax-like joints have a place. Metrics
use the first 17.

Another joint set: write its names, pairs and parents with
:func:`build_metainfo`, add the result to ``METAINFO`` and the index table from
it to its target to ``MAPPINGS``; or hand both to ``ConvertJoints`` in a config
(``mapping=[...]``, ``target=dict(...)``) and ``metainfo=dict(...)`` to the
data set. No other file knows joint numbers.

Convention: a table lists, for every target joint, the source joint; -1 stands
for "not labelled" and becomes weight 0. All indices are 0-based.
"""

from typing import Dict, Sequence, Tuple

from integral_mmpose.geometry.colors import LEFT, MIDDLE, RIGHT, Color


def _names(text: str) -> Tuple[str, ...]:
    return tuple(text.split())


#: Joints of Human3.6M in its usual 17-joint order (mmpose's names).
H36M17_NAMES = _names(
    'root right_hip right_knee right_foot left_hip left_knee left_foot spine '
    'thorax neck_base head left_shoulder left_elbow left_wrist '
    'right_shoulder right_elbow right_wrist'
)
#: The joints of the 3D models: Human3.6M and the middle of the shoulders.
H36M18_NAMES = H36M17_NAMES + ('thorax_mid',)
MPII_NAMES = _names(
    'right_ankle right_knee right_hip left_hip left_knee left_ankle pelvis '
    'thorax upper_neck head_top right_wrist right_elbow right_shoulder '
    'left_shoulder left_elbow left_wrist'
)
#: The same joints as the .mat files of MPII's validation persons call them.
MPII_SHORT_NAMES = _names(
    'rank rkne rhip lhip lkne lank pelv thor neck head rwri relb rsho lsho '
    'lelb lwri'
)
#: MPI-INF-3DHP's 28 joints, in the order of annot.mat (the data set's
#: mpii_get_joint_set.m, 'all').
MPI_INF_3DHP_NAMES = _names(
    'spine3 spine4 spine2 spine pelvis neck head head_top left_clavicle '
    'left_shoulder left_elbow left_wrist left_hand right_clavicle '
    'right_shoulder right_elbow right_wrist right_hand left_hip left_knee '
    'left_ankle left_foot left_toe right_hip right_knee right_ankle '
    'right_foot right_toe'
)
#: The groups of MPII's benchmark, in its order.
MPII_GROUPS = _names('Head Shoulder Elbow Wrist Hip Knee Ankle')

#: Parent of every joint (the official code's tree); the root's is itself.
H36M18_PARENTS = (0, 0, 1, 2, 0, 4, 5, 0, 17, 17, 8, 17, 11, 12, 17, 14, 15, 0)
#: Without joint 17 the tree runs through the neck (mmpose's skeleton).
H36M17_PARENTS = (0, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
MPII_PARENTS = (1, 2, 6, 6, 3, 4, 6, 6, 7, 8, 11, 12, 8, 8, 13, 14)

#: (right, left) pairs that a mirror exchanges.
H36M_FLIP_PAIRS = ((1, 4), (2, 5), (3, 6), (14, 11), (15, 12), (16, 13))
MPII_FLIP_PAIRS = ((0, 5), (1, 4), (2, 3), (10, 15), (11, 14), (12, 13))

#: The two shoulders whose middle is joint 17.
SHOULDERS = (11, 14)

# mmpose gives MPII sigmas "adapted from COCO" and Human3.6M none; the joints
# of Human3.6M take the value of the same body part.
_SIGMA = dict(
    ankle=0.089,
    foot=0.089,
    knee=0.087,
    hip=0.107,
    pelvis=0.107,
    root=0.107,
    wrist=0.062,
    elbow=0.072,
    shoulder=0.079,
)
_OTHER_SIGMA = 0.026
_LEG = ('hip', 'knee', 'foot', 'ankle', 'root', 'pelvis')
_COLORS = dict(left=LEFT, right=RIGHT)

MPII_TO_H36M18 = (6, 2, 1, 0, 3, 4, 5, -1, 8, -1, 9, 13, 14, 15, 12, 11, 10, 7)
COCO_TO_H36M18 = (
    *(-1, 12, 14, 16, 11, 13, 15, -1, -1, 0, -1),
    *(5, 7, 9, 6, 8, 10, -1),
)
# Human3.6M's feet are ankles, its thorax the base of the neck, its neck_base
# the face, its head the top of the head.
MPI_INF_3DHP_TO_H36M17 = (
    *(4, 23, 24, 25, 18, 19, 20, 3, 5, 6, 7),
    *(9, 10, 11, 14, 15, 16),
)
H36M18_TO_H36M17 = tuple(range(17))


def build_metainfo(
    dataset_name: str,
    names: Sequence[str],
    flip_pairs: Sequence[Tuple[int, int]],
    parents: Sequence[int],
) -> dict:
    """Write a joint set in the form that mmpose's data sets read.

    Args:
        dataset_name (str): The name of the joint set.
        names (Sequence[str]): (K,) names of the joints, in order.
        flip_pairs (Sequence): Pairs of indices that a mirror exchanges.
        parents (Sequence[int]): (K,) parent of each joint; roots are their
            own parent.

    Returns:
        dict: ``dataset_name``, ``keypoint_info``, ``skeleton_info``,
        ``joint_weights`` of 1 and ``sigmas`` by the part of the body.

    Raises:
        ValueError: If the lengths differ, a name repeats or an index is not
            a joint.

    Example:
        >>> info = build_metainfo('eyes', ['left_eye', 'right_eye'],
        ...                       [(0, 1)], [0, 0])
        >>> info['keypoint_info'][0]['swap']
        'right_eye'
    """
    count = len(names)
    if len(set(names)) != count:
        raise ValueError(f'joint set {dataset_name}: a joint name repeats')
    if len(parents) != count:
        raise ValueError(
            f'joint set {dataset_name}: {count} names need {count} parents'
        )
    used = [*parents, *(i for pair in flip_pairs for i in pair)]
    if any(not 0 <= index < count for index in used):
        raise ValueError(
            f'joint set {dataset_name}: parents and flip_pairs must lie in '
            f'0..{count - 1}'
        )
    swap = {a: b for pair in flip_pairs for a, b in (pair, pair[::-1])}
    info = {
        i: dict(
            name=name,
            id=i,
            color=list(_color(name)),
            type='lower' if any(part in name for part in _LEG) else 'upper',
            swap=names[swap[i]] if i in swap else '',
        )
        for i, name in enumerate(names)
    }
    bones = [(i, p) for i, p in enumerate(parents) if i != p]
    links = {
        n: dict(
            link=(names[parent], names[child]),
            id=n,
            color=list(_color(names[child])),
        )
        for n, (child, parent) in enumerate(bones)
    }
    return dict(
        dataset_name=dataset_name,
        keypoint_info=info,
        skeleton_info=links,
        joint_weights=[1.0] * count,
        sigmas=[_SIGMA.get(n.split('_')[-1], _OTHER_SIGMA) for n in names],
    )


#: How PCKh groups the joints that have no left and right.
_HEAD = ('head', 'head_top', 'neck', 'upper_neck')
_NO_GROUP = ('pelvis', 'root', 'thorax', 'spine', 'thorax_mid')


def pckh_groups(names: Sequence[str]) -> Dict[str, Tuple[int, ...]]:
    """Group joints by the part of the body, left and right together.

    Head and neck are one group, as on MPII; pelvis, thorax and spine are in
    none, and do not count in PCKh.

    Example:
        >>> pckh_groups(['left_hip', 'right_hip', 'pelvis', 'head_top'])
        {'Head': (3,), 'Hip': (0, 1)}
    """
    groups: Dict[str, Tuple[int, ...]] = {}
    for joint, name in enumerate(names):
        part = name.removeprefix('left_').removeprefix('right_')
        if part in _NO_GROUP:
            continue
        title = 'Head' if part in _HEAD else part.capitalize()
        groups[title] = (*groups.get(title, ()), joint)
    order = [*MPII_GROUPS, *groups]
    return {title: groups[title] for title in sorted(groups, key=order.index)}


def _color(name: str) -> Color:
    return _COLORS.get(name.split('_')[0], MIDDLE)


H36M18_METAINFO = build_metainfo(
    'h36m18', H36M18_NAMES, H36M_FLIP_PAIRS, H36M18_PARENTS
)
H36M17_METAINFO = build_metainfo(
    'h36m17', H36M17_NAMES, H36M_FLIP_PAIRS, H36M17_PARENTS
)
MPII_METAINFO = build_metainfo(
    'mpii', MPII_NAMES, MPII_FLIP_PAIRS, MPII_PARENTS
)

#: Joint sets by name, for ``MixedDataset(metainfo=...)`` and
#: ``ConvertJoints(target=...)``.
METAINFO: Dict[str, dict] = dict(
    h36m18=H36M18_METAINFO, h36m17=H36M17_METAINFO, mpii=MPII_METAINFO
)

#: Index tables by name: (number of source joints, target joint set, table).
MAPPINGS: Dict[str, Tuple[int, str, Tuple[int, ...]]] = dict(
    mpii_to_h36m=(16, 'h36m18', MPII_TO_H36M18),
    coco_to_h36m=(17, 'h36m18', COCO_TO_H36M18),
    mpi_inf_3dhp_to_h36m=(28, 'h36m17', MPI_INF_3DHP_TO_H36M17),
    h36m18_to_h36m17=(18, 'h36m17', H36M18_TO_H36M17),
)
