"""Training on one's own data: `dataset` for loops of one's own; `echonode train` is `models.training.train`."""

from models.training.own_loop import dataset

__all__ = ["dataset"]
