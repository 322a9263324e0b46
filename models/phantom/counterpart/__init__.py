"""A second synthetic heart, written independently of the first: other anatomy, other motion, other physics of the picture.

Networks that learn from two simulators transfer better than from one, so this one shares with the first only the vocabulary of
`models.phantom.rendered`. Its heart is built of stacks of rings, its speckle of point scatterers that tissue carries along.
"""

from models.phantom.counterpart.film import render_plane
from models.phantom.counterpart.population import Disease, Heart, sample_heart
from models.phantom.counterpart.traces import TRACES, render_trace
from models.phantom.counterpart.windows import PLANES

__all__ = ["PLANES", "TRACES", "Disease", "Heart", "render_plane", "render_trace", "sample_heart"]
