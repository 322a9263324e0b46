"""Movement over time in an M-mode display: the tricuspid annulus' excursion (TAPSE)."""

import math

from models.calibration import RegionCalibration
from models.catalogue import READ
from models.results import Point

TAPSE_LIMITS_CM = READ["tapse"].limits  # impossible outside


def published_tapse_cm(first: Point, last: Point, region: RegionCalibration) -> float:
    """EchoNet-Measurements' TAPSE: the length of the slanted line, two decimals.

    The x axis of an M-mode display is in seconds, so this adds the square of seconds to that of centimetres. Over 0.3 s and
    2.0 cm it is 2.02; where the annulus moves little the seconds outweigh it:

    >>> region = RegionCalibration(0, 340, 799, 739, 2, 1, 4, 3, 0.005, 0.05)
    >>> published_tapse_cm((100, 600), (180, 594), region), tapse_cm((100, 600), (180, 594), region)
    (0.5, 0.3)
    """
    dx_px, dy_px = last[0] - first[0], last[1] - first[1]
    return round(math.hypot(dx_px * abs(region.physical_delta_x), dy_px * abs(region.physical_delta_y)), 2)


def tapse_cm(first: Point, last: Point, region: RegionCalibration) -> float:
    """The way along the ultrasound beam alone, in cm (Rudski et al., J Am Soc Echocardiogr 2010;23:685-713)."""
    return round(abs(last[1] - first[1]) * abs(region.physical_delta_y), 6)
