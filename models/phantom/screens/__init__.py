"""Screens of carts: a plane or a trace set among text and marks, which depend on the seed and never on the view."""

from models.phantom.screens.composition import compose
from models.phantom.screens.gate import ABOVE, gate_mm
from models.phantom.screens.look import screen_of
from models.phantom.screens.screen import SCREENS, Screen
from models.phantom.screens.words import Annotation, Banner

__all__ = ["ABOVE", "SCREENS", "Annotation", "Banner", "Screen", "compose", "gate_mm", "screen_of"]
