"""Every quantity this node may issue or read, every view it may name, and EchoView47's classes in terms of both.

Keys and units (UCUM) are the `key` and `ucum_unit` of the project's dictionary of echo measurements.
"""

from models.catalogue.derived_quantities import DERIVED
from models.catalogue.further_quantities import FURTHER
from models.catalogue.lines import LINE_OF, LINE_POINTS, LINES, in_order
from models.catalogue.quantities import ATRIAL, GRADIENT_OF, OUTLINED, READ
from models.catalogue.quantity import Direction, Method, Phase, Quantity
from models.catalogue.views import (
    DISPLAYS,
    ECHOVIEW47,
    M_MODES,
    PROBE_VIEWS,
    TISSUE_DOPPLER,
    EchoViewClass,
    Mode,
    View,
)

QUANTITIES = OUTLINED | READ | DERIVED | ATRIAL | FURTHER

__all__ = [
    "ATRIAL",
    "DERIVED",
    "DISPLAYS",
    "ECHOVIEW47",
    "FURTHER",
    "GRADIENT_OF",
    "LINES",
    "LINE_OF",
    "LINE_POINTS",
    "M_MODES",
    "OUTLINED",
    "PROBE_VIEWS",
    "QUANTITIES",
    "READ",
    "TISSUE_DOPPLER",
    "Direction",
    "EchoViewClass",
    "Method",
    "Mode",
    "Phase",
    "Quantity",
    "View",
    "in_order",
]
