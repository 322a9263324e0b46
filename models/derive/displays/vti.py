"""Velocity-time integrals: from the mask of a beat's flow to centimetres, and which masks are believed.

The network sees one beat's columns at 256 x 256; the mask of that size is checked, and mapped back to the columns by nearest
neighbour. The limits are those of EchoNet-Segmentation, named there per crop.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionCalibration
from models.catalogue import READ, Direction, Method

Mask = NDArray[np.bool_]

SIZE_PX = 256
PROBABILITY = 0.5  # a pixel from this on is flow
_LEAST_AREA_PX, _LARGEST_SHARE = 200, 0.60
_LEAST_CONFIDENCE, _MOST_OUTLINES = 0.65, 4
_TOP_ROWS, _MOST_AT_TOP_PX = 10, 5  # mitral inflow only
_ABOVE_BASELINE, _BELOW_BASELINE, _LEAST_AT_BASELINE_PX = 20, 5, 10
# Shares by which areas may differ from that of the most confident mask, and values from their median.
PUBLISHED_SPREAD, SPREAD = 0.2, 0.5
_EDGE_PX = 2

# Impossible outside, in cm.
LIMITS_CM = {key: quantity.limits for key, quantity in READ.items() if quantity.method is Method.SPECTRAL_ENVELOPE}


@dataclass(frozen=True)
class BeatMask:
    """The flow of one beat as the network marks it: `mask` (256, 256) is true where flow is.

    `confidence` is the mean probability in it; `rejected` says why it is not believed, "" where it is.
    """

    mask: Mask
    area_px: int
    confidence: float
    rejected: str


def checked_mask(probability: NDArray[np.floating], baseline_row: float | None, forbids_top: bool) -> BeatMask:
    """The mask of `probability` (256, 256), any float, 0 to 1, and what is wrong with it.

    Without `baseline_row`, a row of the map, nothing has to touch the baseline. `forbids_top` is for mitral inflow, whose
    envelope ends below the top of the display.
    """
    mask = probability >= PROBABILITY
    area_px = int(mask.sum())
    confidence = float(probability[mask].mean()) if area_px else 0.0
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    at_top_px = int(mask[:_TOP_ROWS].sum())
    rejected = ""
    if area_px < _LEAST_AREA_PX:
        rejected = f"area of {area_px} px, less than {_LEAST_AREA_PX}"
    elif area_px > _LARGEST_SHARE * mask.size:
        rejected = f"area of {area_px / mask.size:.2f} of the crop, more than {_LARGEST_SHARE:.2f}"
    elif confidence < _LEAST_CONFIDENCE:
        rejected = f"mean probability {confidence:.3f}, less than {_LEAST_CONFIDENCE}"
    elif len(outlines) > _MOST_OUTLINES:
        rejected = f"{len(outlines)} pieces, more than {_MOST_OUTLINES}"
    elif forbids_top and at_top_px > _MOST_AT_TOP_PX:
        rejected = "touches the top"
    elif baseline_row is not None and not _touches_baseline(mask, baseline_row):
        rejected = "does not touch the baseline"
    return BeatMask(mask, area_px, confidence, rejected)


def _touches_baseline(mask: Mask, baseline_row: float) -> bool:
    first, end = int(baseline_row) - _ABOVE_BASELINE, int(baseline_row) + _BELOW_BASELINE
    return int(mask[max(first, 0) : max(end, 0)].sum()) > _LEAST_AT_BASELINE_PX


def published_inconsistent(masks: Sequence[BeatMask]) -> tuple[int, ...]:
    """Indices of the believed masks whose area is not within 20 % of that of the most confident one."""
    believed = [index for index, mask in enumerate(masks) if not mask.rejected]
    if not believed:
        return ()
    reference_px = masks[max(believed, key=lambda index: masks[index].confidence)].area_px
    low, high = (1 - PUBLISHED_SPREAD) * reference_px, (1 + PUBLISHED_SPREAD) * reference_px
    return tuple(index for index in believed if not low <= masks[index].area_px <= high)


def inconsistent(values: Sequence[float]) -> tuple[int, ...]:
    """Indices of the values that lie further than half the median from it.

    A mask gone wrong does; the beats of an arrhythmia, which differ by 20 %, do not.

    >>> inconsistent([20.0, 24.0, 17.0, 45.0])
    (3,)
    """
    if not values:
        return ()
    middle = float(np.median(values))
    return tuple(index for index, value in enumerate(values) if abs(value - middle) > SPREAD * middle)


def most_confident(masks: Sequence[BeatMask]) -> int | None:
    believed = [index for index, mask in enumerate(masks) if not mask.rejected]
    return max(believed, key=lambda index: masks[index].confidence, default=None)


def published_in_columns(mask: Mask, columns: slice, shape: tuple[int, int]) -> Mask:
    """`mask` (256, 256), true where flow is, back in its `columns` of a map of `shape`: (rows, columns).

    It reaches from top to bottom and is resized by nearest neighbour.
    """
    size = (columns.stop - columns.start, shape[0])
    whole = np.zeros(shape, dtype=bool)
    whole[:, columns] = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return whole


def in_columns(probability: NDArray[np.floating], columns: slice, shape: tuple[int, int]) -> Mask:
    """As `published_in_columns`, from `probability` (256, 256), any float, 0 to 1: (rows, columns), true where flow is.

    It is interpolated before the threshold, so the envelope keeps parts of a pixel.
    """
    size = (columns.stop - columns.start, shape[0])
    whole = np.zeros(shape, dtype=bool)
    whole[:, columns] = cv2.resize(np.asarray(probability, np.float32), size) >= PROBABILITY
    return whole


def vti_cm(mask: Mask, region: RegionCalibration) -> float:
    """As `envelope` of `mask` (rows, columns), true where flow is, whichever way the flow runs."""
    return envelope(mask, region)[0]


def envelope(mask: Mask, region: RegionCalibration) -> tuple[float, Direction]:
    """The sum over the columns of |velocity at the envelope| * time per column: centimetres, and the direction of the flow.

    `mask` is (rows, columns) of the whole image, true where flow is. The direction is by the signs of the region's axis.

    The envelope is the outer border of the outermost marked pixel of each column, on the side of the baseline where more is
    marked. What does not count: marked pixels outside the region, on the other side, and pieces of the mask that come no nearer
    to the baseline than `checked_mask` asks of a whole mask.

    >>> region = RegionCalibration(0, 100, 99, 199, 3, 3, 4, 7, 0.01, -1.0, 0, 50)
    >>> mask = np.zeros((300, 100), dtype=bool)
    >>> mask[150:170, 20:50] = True  # 19.5 cm/s away from the transducer, for 0.3 s
    >>> cm, direction = envelope(mask, region)
    >>> round(cm, 6), direction.value
    (5.85, 'away')
    """
    inside = _inside(mask, region)
    rows = np.arange(region.y0_px, region.y1_px + 1)[:, None]
    depth_px = rows - region.zero_row_px
    per_row_px = (mask.shape[0] - region.y0_px) / SIZE_PX  # the crop reaches down to the bottom of the image
    near_above, near_below = -depth_px <= _ABOVE_BASELINE * per_row_px, depth_px <= _BELOW_BASELINE * per_row_px
    above = np.where(_joined(inside & (depth_px < 0), near_above), -depth_px, 0)
    below = np.where(_joined(inside & (depth_px > 0), near_below), depth_px, 0)
    upwards = bool(above.sum() > below.sum())
    outermost_px = (above if upwards else below).max(axis=0)
    envelope_px = outermost_px + 0.5 * (outermost_px > 0)
    direction = Direction.TOWARDS if upwards == (region.physical_delta_y < 0) else Direction.AWAY
    return float(envelope_px.sum() * abs(region.physical_delta_y) * abs(region.physical_delta_x)), direction


def _joined(side: Mask, near: Mask) -> Mask:
    """The pieces of a mask, corners joining, that have a pixel in the rows `near` (rows, 1) the baseline."""
    _, pieces = cv2.connectedComponents(side.astype(np.uint8))
    return np.asarray(side & np.isin(pieces, np.unique(pieces[side & near])))


def runs_off(mask: Mask, region: RegionCalibration) -> bool:
    """Whether the flow reaches the upper or lower edge of the region: aliasing, or a scale set too small.

    `mask` is (rows, columns) of the whole image, true where flow is.
    """
    inside = _inside(mask, region)
    return bool(inside[:_EDGE_PX].any() or inside[-_EDGE_PX:].any())


def _inside(mask: Mask, region: RegionCalibration) -> Mask:
    return mask[region.y0_px : region.y1_px + 1, region.x0_px : region.x1_px + 1]
