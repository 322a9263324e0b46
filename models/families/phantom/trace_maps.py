"""What a network of our own says of a whole display: its windows put together again, and how sure they are."""

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.calibration import RegionCalibration
from models.derive.calipers.heat_map import sigmoid
from models.inputs.display_windows import COLUMNS, ROWS, DisplayWindows
from models.networks.frame_answers import frame_answers

Maps = NDArray[np.float32]

_AT_ONCE = 4  # windows
_EDGE_COLUMNS = 24  # at a window's side, where the network sees half of what it needs


def stitched(network: nn.Module, seen: DisplayWindows) -> Maps:
    """Probabilities (labels, rows, columns) of the display at the network's pace; windows fade into each other."""
    starts, columns = seen.starts(), seen.columns
    ramp = np.minimum(np.arange(COLUMNS) + 1, np.arange(COLUMNS, 0, -1)) / _EDGE_COLUMNS
    weight = np.clip(ramp, 1e-3, 1).astype(np.float32)
    total = np.zeros(columns, np.float32)
    whole: Maps | None = None
    for start, logits in zip(starts, frame_answers(network, seen, range(len(starts)), _AT_ONCE), strict=True):
        shown = min(COLUMNS, columns - start)
        part = sigmoid(logits.numpy())[..., :shown] * weight[:shown]
        whole = np.zeros((len(part), ROWS, columns), np.float32) if whole is None else whole
        whole[..., start : start + shown] += part
        total[start : start + shown] += weight[:shown]
    assert whole is not None
    return np.asarray(whole / total, np.float32)


def zero_row_of(seen: DisplayWindows, region: RegionCalibration) -> float:
    """The row of the network's windows at which the base line of the spectrum lies."""
    from_top = region.y1_px - region.zero_row_px if seen.turned else region.zero_row_px - region.y0_px
    return float((from_top + 0.5) * ROWS / seen.picture.shape[0] - 0.5)


def per_row(seen: DisplayWindows, region: RegionCalibration) -> float:
    """What a row of the network's windows stands for, positive, in the unit of the region's axis."""
    return float(abs(region.physical_delta_y) * seen.picture.shape[0] / ROWS)


def step_s(seen: DisplayWindows, region: RegionCalibration) -> float:
    """How long a column of the display at the network's pace is."""
    return float(abs(region.physical_delta_x) * seen.picture.shape[1] / seen.columns)
