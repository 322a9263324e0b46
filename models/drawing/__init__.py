"""Pictures for people: a frame under the outlines, calipers and words that belong to it, or under a heat map.

What documents, pages and overlays of files show is drawn here and nowhere else.
"""

from models.drawing.heat import heated
from models.drawing.marks import draw, legible_scale

__all__ = ["draw", "heated", "legible_scale"]
