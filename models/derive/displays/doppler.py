"""Velocities: from the row of a peak to cm/s, from cm/s to mmHg, and when a peak must not be believed.

Positive is towards the transducer, as the signs of the region's axis say; inverted displays change the axis, not the sign.
"""

import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionCalibration
from models.catalogue import READ, Direction
from models.derive.displays.spectral_image import threshold_of, without_speckle
from models.results import Reason

# Impossible outside, as magnitudes in cm/s.
LIMITS_CM_S: dict[str, tuple[float, float]] = {
    key: quantity.limits if quantity.unit == "cm/s" else (100 * quantity.limits[0], 100 * quantity.limits[1])
    for key, quantity in READ.items()
    if quantity.unit in ("cm/s", "m/s")
}

# A display of tissue shows about 20 cm/s to either side (Nagueh et al., J Am Soc Echocardiogr 2009;22:107-133). The
# limit is twice as much: our choice. The whole height counts, for a baseline may be shifted.
_TISSUE_HEIGHT_CM_S = 80.0

_EDGE_PX = 3  # a peak this close to the edge is where the display ends, not where the flow does
_BAND_PX = 2  # columns on either side of the peak that are looked at with it
_RUNS_ON = 0.8  # share of bright pixels between peak and edge at which the spectrum runs off the display
_WRAP_ROWS_PX = 6  # rows at the opposite edge in which an aliased spectrum continues
_BASELINE_SHARE = 0.1  # share of the rows: an opposite edge this near to the baseline shows the bright walls beside it


def published_velocity_cm_s(row_px: float, region: RegionCalibration) -> float:
    """EchoNet-Measurements' peak velocity: |dY| times the rows below the reference pixel, two decimals.

    The sign of dY and the physical value at the reference pixel are left out. So flow drawn below the baseline is positive,
    whichever way it runs:

    >>> region = RegionCalibration(0, 340, 799, 739, 3, 4, 4, 7, 0.004, -0.5, 0, 200)
    >>> published_velocity_cm_s(640, region), region.physical_y(640)
    (50.0, -50.0)
    """
    reference_row_px = region.y0_px + (region.reference_pixel_y0_px or 0)
    return round(abs(region.physical_delta_y) * (row_px - reference_row_px), 2)


def direction_of(velocity_cm_s: float) -> Direction:
    return Direction.TOWARDS if velocity_cm_s > 0 else Direction.AWAY


def wrong_way(key: str, found: Direction) -> tuple[Reason, str] | None:
    """Why flow in this direction is not that of `key`: the image is not of what its class says."""
    expected = READ[key].direction
    if expected is None or found is expected or READ[key].either_way:
        return None
    return Reason.VIEW_MISSING, f"flow {found.words}; that of {key} runs {expected.words}"


def is_scaled_for_tissue(region: RegionCalibration) -> bool:
    """Whether a display of velocities spans too little for blood that fills a ventricle."""
    return abs(region.physical_delta_y) * (region.y1_px - region.y0_px + 1) < _TISSUE_HEIGHT_CM_S


def shown_cm_s(region: RegionCalibration) -> float:
    """The highest magnitude that a display can show, to the side where there is more room.

    >>> shown_cm_s(RegionCalibration(0, 340, 799, 739, 3, 4, 4, 7, 0.004, -0.5, 0, 100))
    149.5
    """
    return max(abs(region.physical_y(row)) for row in (region.y0_px, region.y1_px))


def pressure_gradient_mmhg(velocity_m_s: float) -> float:
    """Simplified Bernoulli, 4 v^2 (Hatle et al., Br Heart J 1978;40:131-140).

    >>> pressure_gradient_mmhg(-2.5)
    25.0
    """
    return 4 * velocity_m_s**2


def is_cut_off(grey: NDArray[np.float64], column: float, row: float, zero_row: float) -> bool:
    """Whether the flow at a peak exceeds what the display can show: aliasing, or a scale set too small.

    `grey` is (rows, columns), 0 to 255, of the region alone; the other arguments are in its px. The flow is cut off where the
    peak stands at the upper or lower edge, or the spectrum runs on beyond it to the edge. It also is where the spectrum
    continues at the opposite edge.
    """
    rows = grey.shape[0]
    if not _EDGE_PX <= row <= rows - 1 - _EDGE_PX:
        return True
    first = max(round(column) - _BAND_PX, 0)
    even = without_speckle(grey)
    bright = even[:, first : round(column) + _BAND_PX + 1] > threshold_of(even)
    peak = round(row)
    upwards = row < zero_row
    beyond = bright[:peak] if upwards else bright[peak + 1 :]
    opposite = bright[-_WRAP_ROWS_PX:] if upwards else bright[:_WRAP_ROWS_PX]
    apart = (rows - 1 - zero_row if upwards else zero_row) > _BASELINE_SHARE * rows
    return bool(beyond.mean() >= _RUNS_ON or (apart and opposite.mean() >= _RUNS_ON))
