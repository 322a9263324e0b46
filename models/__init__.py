"""Frames -> findings -> numbers. `list_models`, `load_model` and `preprocess` are the way in; importing this imports no network
library.
"""

from models.library.model import Model
from models.library.registry import list_models, load_model, preprocess

__all__ = ["Model", "list_models", "load_model", "preprocess"]
