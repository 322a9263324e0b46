"""Frames -> findings -> numbers. `list_models` and `load_model` are the way in; importing this imports no network library."""

from models.library.registry import list_models, load_model

__all__ = ["list_models", "load_model"]
