"""Where documents differ from the standard or from one another, and how each difference is read: in tables.

`sr_templates.accepted_codes` has the codes of the standard that stand for one another; here is what carts and other editions do
beyond that. Nothing depends on a manufacturer's name, and nothing on the size of a number.
"""

from collections.abc import Iterator, Mapping

from models.catalogue import Phase
from sr_templates import codes
from sr_templates.accepted_codes import ACCEPTED
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.reading.named_code import CodeIdentity, identity_of_code

TWO_DIMENSIONAL: CodeIdentity = ("SCT", "399064001")
M_MODE: CodeIdentity = ("SCT", "399155008")
_MASS_BY_M_MODE: CodeIdentity = ("DCM", "125221")
_MASS_2D: CodeIdentity = (codes.PRIVATE_SCHEME, "MASS-2D-CALIPERS")
_CUBE: CodeIdentity = ("DCM", "125206")

# A stated code, and what it may stand for.
_FURTHER: tuple[tuple[CodeIdentity, CodeIdentity], ...] = (
    (("DCM", "130679"), TWO_DIMENSIONAL),  # 2D Speckle Tracking, which 2D images are tracked by
    (TWO_DIMENSIONAL, ("DCM", "130679")),
    (("SCT", "261199008"), ("SCT", "439858009")),  # Doppler Pulsed: tissue Doppler of one site is
    # 125206 stands among the methods of volumes, 125221 among those of mass by M-mode; carts use either for both modes.
    (_CUBE, _MASS_BY_M_MODE),
    # Modified Simpson: the method of discs, and it does not say in how many planes.
    (("DCM", "125227"), ("DCM", "125207")),
    (("DCM", "125227"), ("DCM", "125208")),
    (_CUBE, _MASS_2D),
    (_MASS_BY_M_MODE, _MASS_2D),
    (identity_of_code(codes.TRICUSPID_VALVE), identity_of_code(codes.TRICUSPID_ANNULUS)),
)

# Concepts that are read for the keys named beside them, beside those that are written.
FURTHER_CONCEPTS: Mapping[CodeIdentity, tuple[str, ...]] = {
    # A cart's private concept, by a public reader of its files: CID 12205 has no area of the atrium in A2C.
    ("99GEMS", "GEU-106-0104"): ("la_area_a2c",),
    # Diameter (SRT M-02550): how carts write the diameter of the left atrium.
    ("SCT", "81827009"): ("la_diam_ap_2d", "la_diam_ap_mm"),
    ("SCT", "399027007"): ("rvot_prox", "rvot_dist"),  # Cardiovascular Orifice Diameter: of both, and no code of TID 5203 says
}

PHASES: Mapping[Phase, frozenset[CodeIdentity]] = {  # CID 12233: carts also name the half of the cycle
    Phase.END_DIASTOLE: frozenset({("SCT", "416190007"), ("SCT", "90892000")}),
    Phase.END_SYSTOLE: frozenset({("SCT", "416430001"), ("SCT", "111973004"), ("SCT", "8997002")}),
}

# What a method of ours says of the mode, in documents that do not state it.
MODE_OF_METHOD: Mapping[CodeIdentity, CodeIdentity] = {
    (codes.PRIVATE_SCHEME, "CALIPERS"): TWO_DIMENSIONAL,  # until version 0.1
    _MASS_2D: TWO_DIMENSIONAL,
}

# The posterior wall's two codes of CID 12300 have one meaning, and editions disagree which is 2D. Mode or Short Label decides.
ONE_TEXT: frozenset[CodeIdentity] = frozenset({("LN", "80031-8"), ("LN", "80032-6")})
MODE_IN_LABEL: Mapping[str, CodeIdentity] = {"2d": TWO_DIMENSIONAL, "mm": M_MODE, "m-mode": M_MODE, "m mode": M_MODE}

# Derivations (121401) of numbers that are not what a key means: Standard Deviation, Minimum.
NOT_THE_VALUE: frozenset[CodeIdentity] = frozenset({("SCT", "386136009"), ("SCT", "255605001")})
MEAN: CodeIdentity = ("SCT", "373098007")

# CID 12002: a heart at rest. CID 224: which of several values counts, the surest first. CID 12234.
AT_REST: frozenset[CodeIdentity] = frozenset({("SCT", "128975004"), ("SCT", "307153007")})
CHOSEN: tuple[CodeIdentity, ...] = (("DCM", "121410"), ("DCM", "121412"), ("DCM", "121411"))
INSPIRATION: CodeIdentity = ("SCT", "14910006")

# CID 7001: History, Prior Procedure Descriptions, Previous Findings. What stands in them is of an earlier study.
EARLIER: frozenset[CodeIdentity] = frozenset({("DCM", "121060"), ("DCM", "121066"), ("DCM", "121068")})


def _pairs() -> Iterator[tuple[CodeIdentity, CodeIdentity]]:
    yield from _FURTHER
    for accepted in ACCEPTED:
        read, written = identity_of_code(accepted.read), identity_of_code(accepted.written)
        if read not in ONE_TEXT:
            yield read, written
    for concept, keys in FURTHER_CONCEPTS.items():
        for key in keys:
            yield concept, identity_of_code(QUANTITY_CODES[key].concept)


STANDS_FOR: dict[CodeIdentity, frozenset[CodeIdentity]] = {}
for _read, _written in _pairs():
    STANDS_FOR[_read] = STANDS_FOR.get(_read, frozenset()) | {_written}


def may_be(stated: CodeIdentity, wanted: CodeIdentity) -> bool:
    return stated == wanted or wanted in STANDS_FOR.get(stated, frozenset())
