"""From echo strength to a polar picture: point spread, speckle, artefacts, gain, grey map, in four levels of quality."""

from models.phantom.image.display import persisted
from models.phantom.image.grid import Grid, box_mm, polar_grid, scan_convert, square_picture, square_places_mm
from models.phantom.image.picture import Scanner, frame_generator, polar_picture, prepare, sweep
from models.phantom.image.style import CAUSES, Style, sample_style

__all__ = [
    "CAUSES",
    "Grid",
    "Scanner",
    "Style",
    "box_mm",
    "frame_generator",
    "persisted",
    "polar_grid",
    "polar_picture",
    "prepare",
    "sample_style",
    "scan_convert",
    "square_picture",
    "square_places_mm",
    "sweep",
]
