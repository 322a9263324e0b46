"""Where documents differ from the standard or from one another, and how each difference is read: in tables.

`sr_templates.accepted_codes` has the codes of the standard that stand for one another; here is what carts and other editions do
beyond that. Nothing depends on a manufacturer's name, and nothing on the size of a number.
"""

from collections.abc import Iterator, Mapping

from models.catalogue import Phase, View
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

# A site and its laterality or topographical modifier (TID 300 rows 6 and 7), and the site that both are together.
_LEFT, _RIGHT, _LATERAL, _MEDIAL = ("SCT", "7771000"), ("SCT", "24028007"), ("SCT", "49370004"), ("SCT", "255561001")
SITE_WITH_PART: Mapping[tuple[CodeIdentity, CodeIdentity], CodeIdentity] = {
    (identity_of_code(site), part): identity_of_code(whole)
    for site, part, whole in (
        (codes.MITRAL_ANNULUS, _LATERAL, codes.LATERAL_MITRAL_ANNULUS),
        (codes.MITRAL_ANNULUS, _MEDIAL, codes.MEDIAL_MITRAL_ANNULUS),
        (codes.TRICUSPID_ANNULUS, _LATERAL, codes.TRICUSPID_ANNULUS),
        (codes.LEFT_VENTRICLE, _LEFT, codes.LEFT_VENTRICLE),
        (codes.LEFT_ATRIUM, _LEFT, codes.LEFT_ATRIUM),
        (codes.RIGHT_VENTRICLE, _RIGHT, codes.RIGHT_VENTRICLE),
        (codes.RIGHT_ATRIUM, _RIGHT, codes.RIGHT_ATRIUM),
    )
}
# Whatever part of these: there are four, and a key is of any.
OF_ANY_PART: frozenset[CodeIdentity] = frozenset({identity_of_code(codes.PULMONARY_VEIN)})

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

# Of quantities that the catalogue has at no phase, and that would be others at another: volumes, reservoir and contraction.
PHASES_OF_KEY: Mapping[str, frozenset[CodeIdentity]] = {
    **dict.fromkeys(
        ("lvedv_bp", "lvedv_a4c", "lvedv_a2c", "lvedv_bp_index", "lv_len_d_a4c"),
        PHASES[Phase.END_DIASTOLE],
    ),
    **dict.fromkeys(("lvesv_bp", "lvesv_a4c", "lvesv_a2c", "lvesv_bp_index"), PHASES[Phase.END_SYSTOLE]),
    "la_strain": PHASES[Phase.END_SYSTOLE] | {("SCT", "444371003"), ("SCT", "255236000")},
}

# The direction of a diameter that its key has, and how every caliper is: methods that say nothing more.
NO_OTHER_METHOD: frozenset[CodeIdentity] = frozenset({("DCM", "122675"), ("DCM", "125316")})

# CID 12224: what moves in these is tissue, or is blood.
TISSUE_DOPPLER: CodeIdentity = ("SCT", "439858009")
BLOOD_DOPPLER: frozenset[CodeIdentity] = frozenset({("SCT", "261199008"), ("SCT", "261198000")})
# What no key is measured in: 3D mode, 3D Speckle Tracking.
IN_THREE_DIMENSIONS: frozenset[CodeIdentity] = frozenset({("SCT", "426865009"), ("DCM", "130680")})

# An M-mode of the parasternal window is said to be in the plane that its cursor lay in, never in one of these.
NOT_PARASTERNAL: frozenset[View] = frozenset(
    {View.A4C, View.A2C, View.A3C, View.A5C, View.APICAL_ZOOM, View.SUBCOSTAL_4C, View.SUBCOSTAL_IVC, View.SUPRASTERNAL}
)

# What a method of ours says of the mode, in documents that do not state it.
MODE_OF_METHOD: Mapping[CodeIdentity, CodeIdentity] = {
    (codes.PRIVATE_SCHEME, "CALIPERS"): TWO_DIMENSIONAL,  # until version 0.1
    _MASS_2D: TWO_DIMENSIONAL,
}

# The posterior wall's two codes of CID 12300 have one meaning, and editions disagree which is 2D. Mode or Short Label decides.
ONE_TEXT: frozenset[CodeIdentity] = frozenset({("LN", "80031-8"), ("LN", "80032-6")})
MODE_IN_LABEL: Mapping[str, CodeIdentity] = {"2d": TWO_DIMENSIONAL, "mm": M_MODE, "m-mode": M_MODE, "m mode": M_MODE}

# Derivations (121401) of numbers that a key means. CID 3627: best value, calculated, estimated, measured, median, mode, point
# source, visual estimation; not "peak to peak", which of a gradient is another one. A statistic of CID 226 or 7464 is no value.
MEAN: CodeIdentity = ("SCT", "373098007")
MAXIMUM: CodeIdentity = ("SCT", "56851009")
THE_VALUE: frozenset[CodeIdentity] = frozenset({
    MEAN, MAXIMUM, ("SCT", "371912002"), ("SCT", "258090004"), ("SCT", "414135002"), ("SCT", "258104002"), ("SCT", "373099004"),
    ("SCT", "373100007"), ("SCT", "371913007"), ("SCT", "258083009"),
})  # fmt: skip

# CID 12002: a heart at rest. CID 224: which of several values counts, the surest first. CID 12234.
_RESTING: CodeIdentity = ("SCT", "128975004")
AT_REST: frozenset[CodeIdentity] = frozenset({_RESTING, ("SCT", "307153007")})
CHOSEN: tuple[CodeIdentity, ...] = (("DCM", "121410"), ("DCM", "121412"), ("DCM", "121411"))
EXPIRATION: CodeIdentity = ("SCT", "58322009")
# CID 12001: protocols in which a heart is under stress for a time, and that of another heart.
NOT_AT_REST: frozenset[CodeIdentity] = frozenset(
    ("SCT", value)
    for value in (
        "424444005", "129097005", "129095002", "422685009", "424225000", "129098000", "46136006", "433233004", "129096001",
        "129102008", "129101001", "129100000", "428813002", "424064009", "129099008", "26046004", "428685003", "433235006",
    )
)  # fmt: skip
FETUS: CodeIdentity = ("DCM", "121026")  # CID 271
# Stages, derivations and the like in a person's words, where these are plain.
IN_WORDS: Mapping[str, CodeIdentity] = {
    **dict.fromkeys(("rest", "at rest", "resting", "resting state", "baseline"), _RESTING),
    **dict.fromkeys(("mean", "average", "avg", "avg."), MEAN),
    "expiration": EXPIRATION,
}
STRESS_IN_WORDS = "stress"

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
