"""Draw skeletons in 2D and 3D, heat vectors and training curves.

The visualizer of MMPose's hooks is in ``pose_visualizer``, which needs MMPose.
"""

from .curves import draw_pckh, plot_curves, read_scalars
from .heat_vectors import draw_heat_vectors, overlay_heatmaps
from .interactive import need_plotly, place_people, pose_figure, save_html
from .overlay import draw_skeleton_2d, enlarge
from .panel import save_contact_sheet, save_image
from .rendering import draw_people, render, render_frame
from .skeleton import Skeleton, skeleton_from_metainfo
from .views import draw_skeleton_3d, render_views

__all__ = [
    'Skeleton',
    'draw_heat_vectors',
    'draw_pckh',
    'draw_people',
    'draw_skeleton_2d',
    'draw_skeleton_3d',
    'enlarge',
    'overlay_heatmaps',
    'need_plotly',
    'place_people',
    'plot_curves',
    'pose_figure',
    'read_scalars',
    'render',
    'render_frame',
    'render_views',
    'save_contact_sheet',
    'save_html',
    'save_image',
    'skeleton_from_metainfo',
]
