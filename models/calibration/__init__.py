"""Ultrasound regions: from pixels to centimetres, seconds and centimetres per second (PS3.3 C.8.5.5).

A missing or contradictory region never becomes a guess: each `choose_*` then returns no region and the reason.
"""

from models.calibration.b_mode import RegionChoice, RegionProblem, choose_b_mode_region
from models.calibration.displays import (
    DisplayChoice,
    DisplayProblem,
    choose_m_mode_region,
    choose_spectral_region,
    lowest_region,
)
from models.calibration.region import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat

__all__ = [
    "DisplayChoice",
    "DisplayProblem",
    "PhysicalUnit",
    "RegionCalibration",
    "RegionChoice",
    "RegionDataType",
    "RegionProblem",
    "RegionSpatialFormat",
    "choose_b_mode_region",
    "choose_m_mode_region",
    "choose_spectral_region",
    "lowest_region",
]
