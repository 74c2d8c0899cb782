"""The evaluation mode: what has to be said with every 3D number.

Human3.6M numbers with ground truth boxes or root depth, over other joints, or
without the damaged sequences are not comparable with others.
"""

from typing import Iterable, List, Optional, Sequence

#: What the sources of the root depth are called in the evaluation mode.
ROOT_DEPTH_NAMES = dict(
    gt='from ground truth', estimate='estimated from the box'
)
#: What the boxes of H36MImageDataset are called in the evaluation mode.
BOX_NAMES = {
    '2000mm': '2000 mm from ground truth',
    'tight': 'tight from ground truth',
    'file': 'from a detection file',
}


def describe_mode(
    results: List[dict], root_depth: str, num_joints: int
) -> str:
    """Boxes, root depth, joints, alignment, frames, sequences, flip test.

    Of what ``IntegralMPJPE`` collected; None is "not stated".
    """
    boxes = {r['box'] for r in results}
    depth = ROOT_DEPTH_NAMES[root_depth]
    if root_depth == 'estimate' and '2000mm' in boxes:
        depth += ', which the ground truth depth made'
    sets = _said(r['joint_set'] or 'a set not stated' for r in results)
    out = _said(_left_out(r['excluded']) for r in results)
    flips = {None: 'not stated', True: 'on', False: 'off'}
    return (
        f'box {_said(BOX_NAMES.get(b, b) or "not stated" for b in boxes)}, '
        f'root depth {depth}, {num_joints} joints of {sets} '
        f'(PA rigid over {len(results[0]["gt"])}, then root on root; -rigid '
        f'and -sim, with scale, over {num_joints}), {len(results)} frames, '
        f'sequences left out: {out}, '
        f'flip test {_said(flips[r["flip_test"]] for r in results)}'
    )


def _said(values: Iterable[str]) -> str:
    return ' and '.join(sorted(set(values)))


def _left_out(excluded: Optional[Sequence[str]]) -> str:
    if excluded is None:
        return 'not stated'
    return ' and '.join(sorted(excluded)) or 'none by the config'
