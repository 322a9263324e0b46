"""What a site chooses of the arithmetic of its studies; the configuration's table [conventions]."""

from dataclasses import dataclass
from enum import StrEnum


class BodySurfaceFormula(StrEnum):
    DU_BOIS = "du_bois"
    MOSTELLER = "mosteller"


@dataclass(frozen=True)
class Conventions:
    """With the default nothing is assumed that no image shows."""

    body_surface: BodySurfaceFormula = BodySurfaceFormula.DU_BOIS


BY_DEFAULT = Conventions()
