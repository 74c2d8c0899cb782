"""What a drawing must know of a joint set: bones, colours and the root.

Convention: colours are RGB, 0 to 255. Bones are (parent, child) indices. Left
joints are green, right joints orange, the others blue, as in MMPose.
"""

from typing import NamedTuple, Optional, Sequence, Tuple

Color = Tuple[int, int, int]

LEFT: Color = (0, 255, 0)
RIGHT: Color = (255, 128, 0)
MIDDLE: Color = (51, 153, 255)


class Skeleton(NamedTuple):
    """Bones and colours of a joint set.

    ``links`` are (parent, child) pairs, ``link_colors`` has a colour for each
    of them, ``colors`` one for each of the K joints; ``root`` is the joint
    that 3D drawings are centred on.
    """

    links: Tuple[Tuple[int, int], ...]
    link_colors: Tuple[Color, ...]
    colors: Tuple[Color, ...]
    root: int = 0


def skeleton_from_parents(
    parents: Sequence[int], names: Optional[Sequence[str]] = None
) -> Skeleton:
    """Skeleton of a tree; a bone has the colour of its child.

    Args:
        parents (Sequence[int]): (K,) parent of each joint; the root's is
            itself.
        names (Sequence[str], optional): (K,) names; ``left_`` and ``right_``
            decide the colour. Without them all joints are blue.

    Returns:
        Skeleton: Bones in the order of their children.

    Raises:
        ValueError: If the lengths differ or no joint is its own parent.

    Example:
        >>> skeleton_from_parents([1, 1], ['left_eye', 'nose']).links
        ((1, 0),)
    """
    names = [''] * len(parents) if names is None else names
    if len(names) != len(parents):
        raise ValueError(
            f'{len(parents)} parents but {len(names)} names: both list every '
            'joint'
        )
    roots = [i for i, parent in enumerate(parents) if i == parent]
    if not roots:
        raise ValueError(
            "no joint is its own parent: set the root's parent to itself"
        )
    colors = tuple(color_of(name) for name in names)
    bones = [(p, i) for i, p in enumerate(parents) if i != p]
    return Skeleton(
        tuple(bones),
        tuple(colors[child] for _, child in bones),
        colors,
        roots[0],
    )


def skeleton_from_metainfo(metainfo: dict) -> Skeleton:
    """Skeleton of a data set's metainfo, as written or as MMPose parsed it.

    Args:
        metainfo (dict): With ``keypoint_info`` and ``skeleton_info``, or with
            ``keypoint_colors``, ``skeleton_links`` and
            ``skeleton_link_colors``.

    Returns:
        Skeleton: The root is the joint that is no bone's child, else 0.

    Raises:
        ValueError: If the metainfo has neither set of keys.
    """
    if 'skeleton_links' in metainfo and 'keypoint_colors' in metainfo:
        colors = metainfo['keypoint_colors']
        links = metainfo['skeleton_links']
        link_colors = metainfo['skeleton_link_colors']
    elif 'skeleton_info' in metainfo and 'keypoint_info' in metainfo:
        joints = sorted(
            metainfo['keypoint_info'].values(), key=lambda joint: joint['id']
        )
        index = {joint['name']: joint['id'] for joint in joints}
        bones = metainfo['skeleton_info'].values()
        colors = [joint['color'] for joint in joints]
        links = [[index[name] for name in bone['link']] for bone in bones]
        link_colors = [bone.get('color', MIDDLE) for bone in bones]
    else:
        raise ValueError(
            'metainfo needs keypoint_info and skeleton_info, or '
            'keypoint_colors and skeleton_links; it has '
            f'{sorted(metainfo)}'
        )
    children = {int(child) for _, child in links}
    roots = [i for i in range(len(colors)) if i not in children]
    return Skeleton(
        tuple((int(a), int(b)) for a, b in links),
        _tuples(link_colors),
        _tuples(colors),
        roots[0] if len(roots) == 1 else 0,
    )


def color_of(name: str) -> Color:
    """Colour of a joint by its name.

    Example:
        >>> color_of('left_wrist') == LEFT
        True
    """
    side = name.split('_')[0]
    return dict(left=LEFT, right=RIGHT).get(side, MIDDLE)


def _tuples(colors) -> Tuple[Color, ...]:
    return tuple(tuple(int(c) for c in color) for color in colors)
