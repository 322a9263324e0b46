"""What one destination wants documents to look like; templates ask it instead of the destination."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Literal

Scheme = Literal["sct", "srt"]  # codes of SNOMED CT, or their SNOMED RT forms that older receivers compare with
FindingsConcept = Literal["59776-5", "121070"]  # LOINC today, DCM in the first edition of TID 5202
VelocityUnit = Literal["m/s", "cm/s"]
Fill = Literal["missing", "all", "none_if_cart_sr"]

# What the prefill dialects (TID 5200, TID 5300) look at; every template looks at `strict`.
DIALECT = frozenset({"scheme", "findings", "velocity", "replicates", "fill"})
COMMON = frozenset({"strict"})
REPORT = frozenset({"heat_maps"})  # what a report of TID 1500 looks at beside it


@dataclass(frozen=True)
class Profile:
    """One destination's choices; their default is what everybody gets who chose nothing.

    `fill` says which values a prefill dialect writes beside those of the cart's own SR. `strict` leaves a value empty that
    its value representation does not allow. `heat_maps`: the receiver gets them, too, so that a report refers to them.
    """

    scheme: Scheme = "sct"
    findings: FindingsConcept = "59776-5"
    velocity: VelocityUnit = "m/s"
    replicates: bool = False
    fill: Fill = "missing"
    strict: bool = False
    heat_maps: bool = False

    def key(self) -> str:
        """Short text that tells profiles apart for ever: part of derived UIDs and of the database's key.

        >>> Profile().key(), Profile(scheme="srt", strict=True).key()
        ('', 'scheme=srt;strict')
        """
        chosen = {name: value for name, value in asdict(self).items() if value != getattr(Profile, name)}
        return ";".join(name if value is True else f"{name}={value}" for name, value in chosen.items())

    def limited_to(self, names: Iterable[str]) -> "Profile":
        """The same choices where `names` has them, else the default: what a template that looks at nothing else gets."""
        return Profile(**{name: getattr(self, name) for name in names})


DEFAULT_PROFILE = Profile()
PROFILE_FIELDS = tuple(field.name for field in fields(Profile))
