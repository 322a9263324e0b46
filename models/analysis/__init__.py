"""The predictor: one clip through the networks of a model set, by whichever backend gives what the reference gives."""

from models.analysis.predictor import Predictor, load_predictor, model_use, predictor_of

__all__ = ["Predictor", "load_predictor", "model_use", "predictor_of"]
