"""The claims of the paper, as functions that yield comparisons of cells."""

from . import controls, in_2d, in_3d, in_text  # noqa: F401, the paper's order
