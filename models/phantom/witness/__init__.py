"""A third, small generator with anatomy and pictures of its own: A4C, A2C and PLAX of hearts that train nothing.

Networks and gates that never saw it are judged by it. `Setting.CALIBRATION` sets the gate; `Setting.REPORT` is only reported.
It shares nothing with the other generators but the vocabulary of `rendered`.
"""

from models.phantom.witness.clip import render_plane
from models.phantom.witness.heart import Heart, Setting, sample_heart
from models.phantom.witness.planes import PLANES

__all__ = ["PLANES", "Heart", "Setting", "render_plane", "sample_heart"]
