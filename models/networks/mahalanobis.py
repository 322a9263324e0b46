"""How far features lie from the nearest of several classes: Mahalanobis' distance with one covariance shared by the classes.

Lee et al., NeurIPS 2018 (arXiv:1807.03888). Here it is divided by the square root of the number of features. So it is about 1
for a frame of the data that the classes were learnt from.
"""

import torch
from torch import Tensor


def nearest_class_distance(features: Tensor, class_means: Tensor, precision: Tensor) -> Tensor:
    """Distance (n,) of `features` (n, f) to the nearest of `class_means` (c, f), all float32.

    `precision` (f, f) is the inverse of their covariance. The distance has no unit.

    >>> round(nearest_class_distance(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2), torch.eye(2)).item() * 2**0.5, 6)
    5.0
    """
    offsets = features.float()[:, None, :] - class_means
    squared = torch.einsum("ncf,fg,ncg->nc", offsets, precision, offsets)
    return (squared / features.shape[1]).clamp(min=0).sqrt().amin(dim=1)
