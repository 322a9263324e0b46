"""What is known of a quantity but its codes: how it is computed, when in the beat, which way it moves, what it is made of."""

from dataclasses import dataclass
from enum import StrEnum

from models.catalogue.views import View


class Method(StrEnum):
    """How a value was computed; part of its identity."""

    DISCS_SINGLE_PLANE = "method of discs, single plane"
    DISCS_BIPLANE = "method of discs, biplane"
    LENGTH = "length"
    CALIPERS = "calipers, ends placed by a network"
    TEICHHOLZ = "Teichholz, from calipers"
    OUTLINE = "outline drawn by a network"
    SPECTRAL_PEAK = "peak of a spectrum, placed by a network"
    BERNOULLI = "simplified Bernoulli, 4 v^2"
    SPECTRAL_ENVELOPE = "envelope of a spectrum, drawn by a network"
    M_MODE_EXCURSION = "M-mode excursion, ends placed by a network"
    RATIO = "ratio of peak velocities"
    VIDEO_REGRESSION = "video regression"
    VIDEO_REGRESSION_BIPLANE = "video regression, biplane"
    M_MODE_CALIPERS = "M-mode calipers"
    MASS_2D = "cube formula of mass, 2D calipers"
    MASS_M_MODE = "cube formula of mass, M-mode calipers"
    AREA_LENGTH_BIPLANE = "area-length, biplane"
    CONTINUITY_VTI = "continuity equation by velocity time integrals"
    CONTINUITY_VMAX = "continuity equation by peak velocities"
    VOLUME_FLOW = "area of the outflow tract times its velocity time integral"
    VTI_RATIO = "ratio of velocity time integrals"
    INTERVAL = "interval between two points of a spectrum"
    SPECKLE_TRACKING = "2D speckle tracking, endocardial"
    ASSUMPTION = "assumed, not measured"
    RATE = "beats in a minute"
    BODY_SIZE = "formula of height and weight"
    DU_BOIS = "Du Bois: 0.007184 * kg^0.425 * cm^0.725"
    MOSTELLER = "Mosteller: square root of cm * kg / 3600"


class Phase(StrEnum):
    END_DIASTOLE = "ed"
    END_SYSTOLE = "es"


class Direction(StrEnum):
    """Which way something moves, seen from the transducer."""

    TOWARDS = "towards"
    AWAY = "away"

    @property
    def words(self) -> str:
        return f"{self.value}{' from' if self is Direction.AWAY else ''} the transducer"


@dataclass(frozen=True)
class Quantity:
    """One thing that may be issued, and everything that is known of it but its codes.

    `views` are all needed; none where no image shows it. What a single view shows may be read in those of `also_in` as well.
    `limits` are inclusive, in `unit`. `structure` is what it is measured on, as a `Contour` names it: with the views it makes
    the group of a report that a value stands in. `phase` is the one at which it is read, by convention; of the others no frame
    of one phase is known. `direction` is which way the flow or tissue runs from the window it is taken in; where `either_way`,
    another window shows it running the other way. Of `parts` it is made. Of several clips the best image counts; where
    `highest`, the highest adequate value of all.
    """

    key: str
    name: str
    unit: str
    method: Method
    views: tuple[View, ...]
    limits: tuple[float, float]
    structure: str = "lv"
    phase: Phase | None = None
    direction: Direction | None = None
    either_way: bool = False
    highest: bool = False
    parts: tuple[str, ...] = ()
    also_in: tuple[View, ...] = ()

    def is_read_in(self, *views: View) -> bool:
        """Whether a clip of each of `views`, and of no other, gives it."""
        return self.views == views or (len(self.views) == 1 and len(views) == 1 and views[0] in self.also_in)
