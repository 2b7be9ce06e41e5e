"""Figures of finished runs (`fig_*`), and scenes with controls, one for each lesson.

Nothing here uses pyplot or any other global state.
"""

from .contour import SMALLEST, contours
from .picture import BLACK, DESK, GREY, ORANGE, PROJECTOR, SKY, SPARE, STYLES, VERMILION, Picture
from .runs import fig_digits, fig_fit, fig_loss, fig_paths
from .scene import Control, Handle, Scene

__all__ = [
    "BLACK",
    "DESK",
    "GREY",
    "ORANGE",
    "PROJECTOR",
    "SKY",
    "SMALLEST",
    "SPARE",
    "STYLES",
    "VERMILION",
    "Control",
    "Handle",
    "Picture",
    "Scene",
    "contours",
    "fig_digits",
    "fig_fit",
    "fig_loss",
    "fig_paths",
]
