"""Pictures: skeletons in 2D and 3D, heat vectors, training curves."""

from .curves import plot_curves, read_scalars
from .heat_vectors import draw_heat_vectors, overlay_heatmaps
from .interactive import place_people, pose_figure, save_html
from .overlay import draw_skeleton_2d, enlarge
from .panel import draw_panel, save_contact_sheet, save_image
from .pckh_curves import plot_pckh, read_pckh
from .pose_visualizer import IntegralPoseVisualizer
from .skeleton import Skeleton, skeleton_from_metainfo, skeleton_from_parents
from .views import draw_skeleton_3d, render_views

__all__ = [
    'IntegralPoseVisualizer',
    'Skeleton',
    'draw_heat_vectors',
    'draw_panel',
    'draw_skeleton_2d',
    'draw_skeleton_3d',
    'enlarge',
    'overlay_heatmaps',
    'place_people',
    'plot_curves',
    'plot_pckh',
    'pose_figure',
    'read_pckh',
    'read_scalars',
    'render_views',
    'save_contact_sheet',
    'save_html',
    'save_image',
    'skeleton_from_metainfo',
    'skeleton_from_parents',
]
