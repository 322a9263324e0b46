"""One clip through the networks of a model set, by whichever backend gives what the reference gives."""

from models.analysis.predictor import Predictor, open_model_set

__all__ = ["Predictor", "open_model_set"]
