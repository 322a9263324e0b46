"""The outer dense edge of the flow in a spectrum, from the probability of each pixel to be flow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

_LEAST_ROWS = 1.0  # of flow: less is the rest of what every pixel is thought to be
_AT_EDGE_ROWS = 2
_REACHES = 0.5  # of an outermost row's probability


@dataclass(frozen=True, eq=False)
class Edge:
    """The outer edge of the flow: `velocity_cm_s` and its `doubt_cm_s`, float64 (columns,), and where it is `cut_off`.

    Doubt is how far the edge may be off by the network's own probabilities, about a standard deviation.
    """

    velocity_cm_s: Curve
    doubt_cm_s: Curve
    cut_off: NDArray[np.bool_]


def edge_of(flow: NDArray[np.floating], zero_row: float, cm_s_per_row: float) -> Edge:
    """Of `flow` (rows, columns), any float, 0 to 1, whose rows run from towards the transducer to away from it.

    The flow of a column is the sum of its probabilities beyond the base line, which counts an unsure edge half.
    """
    rows = np.arange(len(flow))[:, None]
    share = np.clip(zero_row - rows + 0.5, 0, 1)  # of each row that lies above the base line
    above, below = (flow * share).sum(axis=0), (flow * (1 - share)).sum(axis=0)
    towards = above >= below
    spread = flow * (1 - flow)
    doubt = np.sqrt(np.where(towards, (spread * share).sum(axis=0), (spread * (1 - share)).sum(axis=0)))
    reach = np.maximum(above, below)
    velocity = np.where(reach < _LEAST_ROWS, 0.0, np.where(towards, above, -below)) * cm_s_per_row
    top, bottom = (part.max(axis=0) > _REACHES for part in (flow[:_AT_EDGE_ROWS], flow[-_AT_EDGE_ROWS:]))
    return Edge(velocity.astype(np.float64), doubt.astype(np.float64) * cm_s_per_row, np.where(towards, top, bottom))
