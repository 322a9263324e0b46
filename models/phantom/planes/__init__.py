"""Every plane of the heart that an examination looks at: where the probe is held, the picture, and what is true in it."""

from models.phantom.planes.clip import hold_probe, render_plane
from models.phantom.planes.framing import place
from models.phantom.planes.pictures import label_map, square_pictures, square_px
from models.phantom.planes.placement import Placement
from models.phantom.planes.table import PLANES, Plane

__all__ = [
    "PLANES", "Placement", "Plane", "hold_probe", "label_map", "place", "render_plane", "square_pictures", "square_px",
]  # fmt: skip
