"""Draw rotatable 3D poses as plotly figures and HTML files.

Convention: points are camera space in mm, x right, y down, z forward. The
drawing's axes are (x, z, -y), as in ``views``, so that up is up. The first
view is from the camera. Needs plotly, which is optional.
"""

from typing import List, Optional, Sequence, Tuple

import numpy as np

from integral_mmpose.files import write_atomically
from integral_mmpose.geometry import Person, check_shape
from integral_mmpose.geometry.colors import Color

from .skeleton import Skeleton, ground_grid, on_white, upright

#: Distance in mm between people without a camera.
SPACING_MM = 1500.0
#: Place of the viewer in units of the scene: behind the camera, above.
EYE = dict(x=0.25, y=-1.5, z=0.3)
#: Width of the widest group that this viewer sees in a 3:4 view.
WIDE = 0.8
GROUND_CELLS = 8
SIDES = ('left', 'right')


def pose_figure(
    poses_mm: Sequence[np.ndarray],
    skeleton: Skeleton,
    names: Optional[Sequence[str]] = None,
    scores: Optional[Sequence[np.ndarray]] = None,
):
    """Draw people in 3D, with equal axes and a ground plane.

    Args:
        poses_mm (Sequence[np.ndarray]): N of (K, 3) in mm, in one space.
        skeleton (Skeleton): Bones and colours.
        names (Sequence[str], optional): (K,) names of the joints, shown
            under the mouse.
        scores (Sequence[np.ndarray], optional): N of (K,) confidence, shown
            under the mouse.

    Returns:
        plotly.graph_objects.Figure: Empty axes if there are no people.

    Raises:
        ImportError: If plotly is not installed.
        ValueError: If a pose has another number of joints.
    """
    go = need_plotly()
    joints = len(skeleton.colors)
    names = [str(k) for k in range(joints)] if names is None else list(names)
    figure = go.Figure()
    placed, eye = [], EYE
    for number, pose in enumerate(poses_mm):
        check_shape(pose, f'{joints} 3', 'poses_mm')
        pose = upright(pose)
        placed.append(pose)
        for color in dict.fromkeys(skeleton.link_colors):
            bones = _bones(go, pose, skeleton, color, names, number == 0)
            figure.add_trace(bones)
        score = None if scores is None else scores[number]
        figure.add_trace(_joints(go, pose, skeleton, names, score))
    if placed:
        points = np.concatenate(placed)
        points = points[np.isfinite(points).all(-1)]
        ground = _ground(points)
        eye = _eye(points, ground)
        figure.add_scatter3d(
            **_axes(ground),
            mode='lines',
            line=dict(color='#c8c8c8', width=1),
            hoverinfo='skip',
            showlegend=False,
        )
    hidden = dict(visible=False)
    figure.update_layout(
        scene=dict(
            xaxis=hidden,
            yaxis=hidden,
            zaxis=hidden,
            aspectmode='data',
            camera=dict(eye=eye, up=dict(x=0, y=0, z=1)),
        ),
        margin=dict(l=0, r=0, t=0, b=0),
        legend=dict(orientation='h', x=0, y=0, font=dict(size=14)),
        paper_bgcolor='white',
    )
    return figure


def place_people(people: Sequence[Person]) -> List[np.ndarray]:
    """Place the people of an image in one space.

    Args:
        people (Sequence[Person]): With a 3D pose.

    Returns:
        list[np.ndarray]: (K, 3) mm each, in camera space if all people have
        it, else side by side on the ground, ordered as in the image.

    Raises:
        ValueError: If a person has no 3D pose.
    """
    if any(person.keypoints_3d_mm is None for person in people):
        raise ValueError('there is no 3D pose: use a 3D model')
    if all(person.keypoints_camera_mm is not None for person in people):
        return [np.array(person.keypoints_camera_mm) for person in people]
    middles = [person.box[0] + person.box[2] for person in people]
    rank = np.argsort(np.argsort(middles, kind='stable'), kind='stable')
    placed = []
    for person, place in zip(people, rank):
        pose = np.array(person.keypoints_3d_mm, np.float64)
        place_mm = SPACING_MM * (place - (len(people) - 1) / 2)
        placed.append(pose + [place_mm, -pose[:, 1].max(), 0])
    return placed


def save_html(figure, path: str) -> None:
    """Write a figure as one HTML file that needs no network."""
    html = figure.to_html(include_plotlyjs=True, full_html=True)
    write_atomically(path, html.encode())


def need_plotly():
    """Import ``plotly.graph_objects``, which is optional."""
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise ImportError(
            'rotatable 3D poses need plotly: pip install plotly'
        ) from error
    return go


def _bones(go, pose, skeleton: Skeleton, color: Color, names, first):
    """Draw the bones of one colour as one line with gaps."""
    gap = np.full((1, 3), np.nan)
    links = [
        list(link)
        for link, other in zip(skeleton.links, skeleton.link_colors)
        if other == color
    ]
    parts = [np.concatenate([pose[link], gap]) for link in links]
    name = _side([names[joint] for link in links for joint in link])
    return go.Scatter3d(
        **_axes(np.concatenate(parts)),
        mode='lines',
        line=dict(color=_css(color), width=8),
        name=name,
        legendgroup=name,
        showlegend=bool(first),
        hoverinfo='skip',
    )


def _side(names: Sequence[str]) -> str:
    """Return the side of bones between these joints."""
    sides = {side for side in SIDES for n in names if n.startswith(side)}
    return sides.pop() if len(sides) == 1 else 'middle'


def _joints(go, pose: np.ndarray, skeleton: Skeleton, names, scores):
    """Draw joints, with names, places and scores under the mouse."""
    text = []
    for k, name in enumerate(names):
        right, forward, up = pose[k]
        line = f'{name}<br>x {right:.0f}, y {-up:.0f}, z {forward:.0f} mm'
        if scores is not None:
            line += f'<br>score {scores[k]:.2f}'
        text.append(line)
    return go.Scatter3d(
        **_axes(pose),
        mode='markers',
        marker=dict(color=[_css(c) for c in skeleton.colors], size=4),
        text=text,
        hoverinfo='text',
        showlegend=False,
    )


def _ground(points: np.ndarray) -> np.ndarray:
    """Return the grid under the lowest joint."""
    low, high = points.min(0), points.max(0)
    reach = max(0.7 * float((high - low)[:2].max()), 700.0)
    return ground_grid((low + high)[:2] / 2, reach, low[2], GROUND_CELLS)


def _eye(points: np.ndarray, ground: np.ndarray) -> dict:
    """Return the place of the viewer, farther away for a wide group.

    An upright view, as on a phone, shows all people, too. plotly's unit is
    the geometric mean of the sides of the scene.
    """
    scene = np.concatenate([points, ground])
    sides = np.nanmax(scene, 0) - np.nanmin(scene, 0)
    width = np.ptp(points[:, 0]) / max(float(np.cbrt(sides.prod())), 1.0)
    factor = max(1.0, width / WIDE)
    return {axis: float(factor * value) for axis, value in EYE.items()}


def _axes(points: np.ndarray) -> dict:
    return dict(zip('xyz', points.T))


def _css(color: Tuple[int, ...]) -> str:
    return 'rgb({:.0f},{:.0f},{:.0f})'.format(*on_white(color))
