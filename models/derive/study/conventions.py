"""What a site chooses of the arithmetic of its studies; the configuration's table [conventions]."""

from dataclasses import dataclass
from enum import StrEnum


class BodySurfaceFormula(StrEnum):
    DU_BOIS = "du_bois"
    MOSTELLER = "mosteller"


class RightAtrialPressure(StrEnum):
    """Whence the pressure that makes an RVSP of a tricuspid gradient."""

    NONE = "none"
    FIXED = "fixed"
    VENA_CAVA = "vena_cava"


class Breathing(StrEnum):
    """How patients breathe while the vena cava is shown: the same collapse means more on quiet breathing."""

    UNKNOWN = "unknown"
    SNIFF = "sniff"
    QUIET = "quiet"


@dataclass(frozen=True)
class Conventions:
    """With the default nothing is assumed that no image shows."""

    body_surface: BodySurfaceFormula = BodySurfaceFormula.DU_BOIS
    right_atrial_pressure: RightAtrialPressure = RightAtrialPressure.NONE
    right_atrial_pressure_mmhg: float = 8.0
    vena_cava_breathing: Breathing = Breathing.UNKNOWN


BY_DEFAULT = Conventions()
