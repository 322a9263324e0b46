"""The coded concepts that our documents use: sites, units, methods, views, reasons, names of content items.

Standard codes and meanings are those of PS3.16 (context groups named beside them), checked against pydicom's dictionaries by
the tests. What the standard has no code for carries our private scheme, which every document then identifies in its Coding
Scheme Identification Sequence (PS3.3 C.12.1).
"""

from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from models.catalogue import DISPLAYS, M_MODES, TISSUE_DOPPLER, Direction, Method, Phase, View
from models.results import QualityIssue, Reason

PRIVATE_SCHEME = "99ECHONODE"
# Root 2.25 (PS3.5 B.2), constant: names this list of codes wherever it is used.
PRIVATE_SCHEME_UID = "2.25.327188528995638486812847550490981289858"


def coding_scheme_identification() -> Dataset:
    """The item of (0008,0110) that tells a receiver whose codes 99ECHONODE are."""
    item = Dataset()
    item.CodingSchemeDesignator = PRIVATE_SCHEME
    item.CodingSchemeUID = PRIVATE_SCHEME_UID
    item.CodingSchemeName = "EchoNode private codes"
    item.CodingSchemeResponsibleOrganization = "EchoNode"
    return item


def _private(value: str, meaning: str) -> Code:
    return Code(value, PRIVATE_SCHEME, meaning)


HEART = Code("80891009", "SCT", "Heart")  # CID 4
LEFT_VENTRICLE = Code("87878005", "SCT", "Left ventricle")
LEFT_ATRIUM = Code("82471001", "SCT", "Left atrium")
AORTA = Code("15825003", "SCT", "Aorta")
RIGHT_VENTRICLE = Code("53085002", "SCT", "Right ventricle")
PULMONARY_ARTERY = Code("81040000", "SCT", "Pulmonary artery")
VENA_CAVA = Code("35532006", "SCT", "Vena cava")
RIGHT_ATRIUM = Code("73829009", "SCT", "Right atrium")
LV_OUTFLOW_TRACT = Code("13418002", "SCT", "Left ventricle outflow tract")
RV_OUTFLOW_TRACT = Code("44627009", "SCT", "Right ventricle outflow tract")
AORTIC_VALVE = Code("34202007", "SCT", "Aortic Valve")
MITRAL_VALVE = Code("91134007", "SCT", "Mitral Valve")
TRICUSPID_VALVE = Code("46030003", "SCT", "Tricuspid valve")
PULMONIC_VALVE = Code("39057004", "SCT", "Pulmonic Valve")
MITRAL_ANNULUS = Code("65197004", "SCT", "Mitral Annulus")
MEDIAL_MITRAL_ANNULUS = Code("399093001", "SCT", "Medial Mitral Annulus")
LATERAL_MITRAL_ANNULUS = Code("399086000", "SCT", "Lateral Mitral Annulus")
SINOTUBULAR_JUNCTION = Code("443167003", "SCT", "Aortic Sinotubular Junction")
AORTIC_VALVE_RING = Code("77583004", "SCT", "Aortic Valve Ring")
TRICUSPID_ANNULUS = Code("113259005", "SCT", "Tricuspid Annulus")
PULMONARY_VEIN = Code("430757002", "SCT", "Pulmonary Vein")
ENTIRE_BODY = Code("38266002", "SCT", "Entire body")
STRUCTURE_CODES: dict[str, Code] = {  # as `Quantity.structure` and `Contour` name them
    "lv": LEFT_VENTRICLE,
    "la": LEFT_ATRIUM,
    "ra": RIGHT_ATRIUM,
    "aorta": AORTA,
    "rv": RIGHT_VENTRICLE,
    "pa": PULMONARY_ARTERY,
    "ivc": VENA_CAVA,
    "lvot": LV_OUTFLOW_TRACT,
    "rvot": RV_OUTFLOW_TRACT,
    "av": AORTIC_VALVE,
    "mv": MITRAL_VALVE,
    "tv": TRICUSPID_VALVE,
    "pv": PULMONIC_VALVE,
    "mitral annulus": MITRAL_ANNULUS,
    "septal annulus": MEDIAL_MITRAL_ANNULUS,
    "lateral annulus": LATERAL_MITRAL_ANNULUS,
    "sinotubular junction": SINOTUBULAR_JUNCTION,
    "aortic annulus": AORTIC_VALVE_RING,
    "tricuspid annulus": TRICUSPID_ANNULUS,
    "pulmonary vein": PULMONARY_VEIN,
    "heart": HEART,
    "body": ENTIRE_BODY,
}
_BERNOULLI = Code("125218", "DCM", "Simplified Bernoulli")
_DISCS_SINGLE_PLANE = Code("125208", "DCM", "Method of Disks, Single Plane")
_DISCS_BIPLANE = Code("125207", "DCM", "Method of Disks, Biplane")
_TEICHHOLZ = Code("125209", "DCM", "Teichholz")

PERCENT = Code("%", "UCUM", "Percent")
MILLILITRE = Code("mL", "UCUM", "mL")
CENTIMETRE = Code("cm", "UCUM", "cm")
SQUARE_CENTIMETRE = Code("cm2", "UCUM", "Centimeter**2")
METRE_PER_SECOND = Code("m/s", "UCUM", "m/s")
CENTIMETRE_PER_SECOND = Code("cm/s", "UCUM", "centimeter/second")
MILLIMETRE_OF_MERCURY = Code("mm[Hg]", "UCUM", "mmHg")
SCORE_OF_100 = Code("{0:100}", "UCUM", "range: 0:100")
NO_UNITS = Code("1", "UCUM", "no units")
MILLISECOND = Code("ms", "UCUM", "millisecond")
GRAM = Code("g", "UCUM", "g")
SQUARE_CENTIMETRE_PER_SQUARE_METRE = Code("cm2/m2", "UCUM", "cm2/m2")
GRAM_PER_SQUARE_METRE = Code("g/m2", "UCUM", "g/m2")
MILLILITRE_PER_SQUARE_METRE = Code("mL/m2", "UCUM", "mL/m2")
LITRE_PER_MINUTE = Code("L/min", "UCUM", "L/min")
LITRE_PER_MINUTE_AND_SQUARE_METRE = Code("L/min/m2", "UCUM", "L/min/m2")
BEATS_PER_MINUTE = Code("{H.B.}/min", "UCUM", "beats per minute")
SQUARE_METRE = Code("m2", "UCUM", "m2")
MEAN = Code("373098007", "SCT", "Mean")  # CID 3627
UNIT_CODES: dict[str, Code] = {
    code.value: code
    for code in (
        PERCENT, MILLILITRE, CENTIMETRE, SQUARE_CENTIMETRE, METRE_PER_SECOND, CENTIMETRE_PER_SECOND, MILLIMETRE_OF_MERCURY,
        NO_UNITS, MILLISECOND, GRAM, GRAM_PER_SQUARE_METRE, MILLILITRE_PER_SQUARE_METRE, LITRE_PER_MINUTE,
        LITRE_PER_MINUTE_AND_SQUARE_METRE, BEATS_PER_MINUTE, SQUARE_METRE, SQUARE_CENTIMETRE_PER_SQUARE_METRE,
    )
}  # fmt: skip
# None where the concept says it, and where only the algorithm could be named: TID 4019 does that.
METHOD_CODES: dict[Method, Code | None] = {
    Method.DISCS_SINGLE_PLANE: _DISCS_SINGLE_PLANE,
    Method.DISCS_BIPLANE: _DISCS_BIPLANE,
    Method.LENGTH: None,
    Method.CALIPERS: None,
    Method.TEICHHOLZ: _TEICHHOLZ,
    Method.OUTLINE: None,
    Method.SPECTRAL_PEAK: None,
    Method.BERNOULLI: _BERNOULLI,
    Method.SPECTRAL_ENVELOPE: None,
    Method.M_MODE_EXCURSION: None,
    Method.RATIO: None,
    Method.VIDEO_REGRESSION: None,
    Method.VIDEO_REGRESSION_BIPLANE: None,
    Method.M_MODE_CALIPERS: None,
    # CID 12232 has a method of mass for M-mode alone; 125206 Cube Method is one of volumes.
    Method.MASS_2D: _private("MASS-2D-CALIPERS", "Left Ventricle Mass by cube formula of 2D calipers"),
    Method.MASS_M_MODE: Code("125221", "DCM", "Left Ventricle Mass by M-mode"),
    Method.AREA_LENGTH_BIPLANE: Code("125204", "DCM", "Area-Length Biplane"),
    Method.CONTINUITY_VTI: Code("125215", "DCM", "Continuity Equation by Velocity Time Integral"),
    Method.CONTINUITY_VMAX: Code("125214", "DCM", "Continuity Equation by Peak Velocity"),
    Method.VOLUME_FLOW: Code("125219", "DCM", "Doppler Volume Flow"),
    Method.VTI_RATIO: None,
    Method.INTERVAL: None,
    Method.SPECKLE_TRACKING: Code("130683", "DCM", "Endocardial Method"),  # CID 12310
    Method.ASSUMPTION: None,
    Method.RATE: None,
    Method.BODY_SIZE: None,
    Method.DU_BOIS: None,  # TID 5201 states the formula beside the area
    Method.MOSTELLER: None,
}


# CID 12226 where it has the view; it has no five-chamber, no apical zoom, no apical short axis and no IVC view.
VIEW_CODES: dict[View, Code] = {
    View.A4C: Code("399214001", "SCT", "Apical four chamber"),
    View.A2C: Code("399232001", "SCT", "Apical two chamber"),
    View.A3C: Code("399339008", "SCT", "Apical long axis"),
    View.A5C: _private("VIEW-A5C", "Apical five chamber"),
    View.APICAL_ZOOM: _private("VIEW-APEX-ZOOM", "Apical view zoomed on the apex"),
    View.PLAX: Code("399139001", "SCT", "Parasternal long axis"),
    View.PLAX_HIGH: _private("VIEW-PLAX-HIGH", "Parasternal long axis, ascending aorta"),
    View.PLAX_ZOOM: _private("VIEW-PLAX-ZOOM", "Parasternal long axis zoomed on the valves"),
    View.RV_INFLOW: Code("398998003", "SCT", "Right Ventricular Inflow Tract View"),
    View.PSAX: Code("399306005", "SCT", "Parasternal short axis"),
    View.PSAX_AV: Code("399239005", "SCT", "Parasternal short axis at the aortic valve level"),
    View.PSAX_MV: Code("399036006", "SCT", "Parasternal short axis at the Mitral Valve level"),
    View.PSAX_PM: Code("399271003", "SCT", "Parasternal short axis at the Papillary Muscle level"),
    View.PSAX_APEX: _private("VIEW-PSAX-APEX", "Parasternal short axis at the apex"),
    View.SUBCOSTAL_4C: _private("VIEW-SUBC-4C", "Subcostal four chamber"),
    View.SUBCOSTAL_IVC: _private("VIEW-SUBC-IVC", "Subcostal view of the inferior vena cava"),
    View.SUPRASTERNAL: Code("399106004", "SCT", "Suprasternal long axis"),
    # Of a trace, what it is of: its plane is not known from that.
    View.DOPPLER_AO_DESCENDING: _private("DOPPLER-AO-DESC", "Doppler of the descending aorta"),
    View.DOPPLER_AV: _private("DOPPLER-AV", "Doppler of the aortic valve"),
    View.DOPPLER_AV_PW: _private("DOPPLER-AV-PW", "Pulsed wave Doppler of aortic valve or LV outflow tract"),
    View.DOPPLER_AV_CW: _private("DOPPLER-AV-CW", "Continuous wave Doppler of the aortic valve"),
    View.DOPPLER_MV: _private("DOPPLER-MV", "Doppler of the mitral valve"),
    View.DOPPLER_MV_PW: _private("DOPPLER-MV-PW", "Pulsed wave Doppler of the mitral valve"),
    View.DOPPLER_MV_CW: _private("DOPPLER-MV-CW", "Continuous wave Doppler of the mitral valve"),
    View.DOPPLER_PULMONARY_VEIN_PW: _private("DOPPLER-PVEIN-PW", "Pulsed wave Doppler of a pulmonary vein"),
    View.DOPPLER_PV: _private("DOPPLER-PV", "Doppler of the pulmonic valve"),
    View.DOPPLER_PV_PW: _private("DOPPLER-PV-PW", "Pulsed wave Doppler of pulmonic valve or RV outflow tract"),
    View.DOPPLER_PV_CW: _private("DOPPLER-PV-CW", "Continuous wave Doppler of the pulmonic valve"),
    View.DOPPLER_TV: _private("DOPPLER-TV", "Doppler of the tricuspid valve"),
    View.DOPPLER_TV_PW: _private("DOPPLER-TV-PW", "Pulsed wave Doppler of the tricuspid valve"),
    View.DOPPLER_TV_CW: _private("DOPPLER-TV-CW", "Continuous wave Doppler of the tricuspid valve"),
    View.DOPPLER_TISSUE_LATERAL: _private("TDI-LATERAL", "Tissue Doppler of the lateral mitral annulus"),
    View.DOPPLER_TISSUE_RV: _private("TDI-RV", "Tissue Doppler of the tricuspid annulus"),
    View.DOPPLER_TISSUE_SEPTAL: _private("TDI-SEPTAL", "Tissue Doppler of the septal mitral annulus"),
    View.MMODE_A4CH_RV: _private("M-MODE-TV-ANNUL", "M-mode of the lateral tricuspid annulus"),
    View.MMODE_IVC: _private("M-MODE-IVC", "M-mode of the inferior vena cava"),
    View.MMODE_PLAX_AV: _private("M-MODE-AV", "M-mode of the aortic valve"),
    View.MMODE_PLAX_LV: _private("M-MODE-LV", "M-mode of the left ventricle"),
    View.MMODE_PLAX_MITRAL: _private("M-MODE-MV", "M-mode of the mitral valve"),
    View.OTHER: _private("VIEW-OTHER", "None of the views that are measured in"),
}

_PULSED = Code("261199008", "SCT", "Doppler Pulsed")  # CID 12224
_CONTINUOUS = Code("261198000", "SCT", "Doppler Continuous Wave")
MODE_2D = Code("399064001", "SCT", "2D mode")
SPECKLE_TRACKING_2D = Code("130679", "DCM", "2D Speckle Tracking")
MODE_CODES: dict[View, Code] = {  # of a cross-section, which OTHER need not be; of a display as far as it is known
    **{view: MODE_2D for view in View if view not in DISPLAYS | {View.OTHER}},
    **{view: _PULSED for view in DISPLAYS if view.endswith("_pw")},
    **{view: _CONTINUOUS for view in DISPLAYS if view.endswith("_cw")},
    **dict.fromkeys(TISSUE_DOPPLER, Code("439858009", "SCT", "Tissue Doppler Imaging")),
    **dict.fromkeys(M_MODES, Code("399155008", "SCT", "M mode")),
}

DIRECTION_CODES: dict[Direction, Code] = {
    Direction.TOWARDS: _private("TOWARDS", "Towards the transducer"),
    Direction.AWAY: _private("AWAY", "Away from the transducer"),
}

PHASE_CODES: dict[Phase, Code] = {  # CID 12233
    Phase.END_DIASTOLE: Code("416190007", "SCT", "End diastole"),
    Phase.END_SYSTOLE: Code("416430001", "SCT", "End Systole"),
}

_NOT_ATTEMPTED = Code("114007", "DCM", "Measurement not attempted")
_FAILURE = Code("114006", "DCM", "Measurement failure")
_OUT_OF_RANGE = Code("114009", "DCM", "Value out of range")
_INDETERMINATE = Code("114011", "DCM", "Value indeterminate")


@dataclass(frozen=True)
class ReasonCode:
    """Why there is no value: in the standard's words (CID 42) and in ours."""

    qualifier: Code
    reason: Code


REASON_CODES: dict[Reason, ReasonCode] = {
    Reason.UNDECODABLE: ReasonCode(_FAILURE, _private("NM-UNDECODABLE", "Pixel data cannot be decoded")),
    Reason.COMPUTATION_FAILED: ReasonCode(_FAILURE, _private("NM-COMPUTATION", "Computation failed or took too long")),
    Reason.NO_CALIBRATION: ReasonCode(_NOT_ATTEMPTED, _private("NM-NO-CALIB", "Image has no calibration in centimeters")),
    Reason.CALIBRATION_INCONSISTENT: ReasonCode(
        _NOT_ATTEMPTED, _private("NM-CALIB-INCONS", "Calibration does not fit the image")
    ),
    Reason.VIEW_MISSING: ReasonCode(_NOT_ATTEMPTED, _private("NM-VIEW-MISSING", "No clip of the view needed")),
    Reason.QUALITY: ReasonCode(_NOT_ATTEMPTED, _private("NM-QUALITY", "Image quality below the limit")),
    Reason.OUT_OF_DISTRIBUTION: ReasonCode(
        _NOT_ATTEMPTED, _private("NM-OOD", "Image unlike the training data of the algorithm")
    ),
    Reason.UNCERTAIN_OUTLINES: ReasonCode(_INDETERMINATE, _private("NM-OUTLINES", "Outlines of the ventricle are uncertain")),
    Reason.NO_CARDIAC_CYCLE: ReasonCode(_FAILURE, _private("NM-NO-CYCLE", "No complete cardiac cycle found")),
    Reason.STRESS_STAGE: ReasonCode(_NOT_ATTEMPTED, _private("NM-STRESS", "Stress echocardiography stage")),
    Reason.TRANSOESOPHAGEAL: ReasonCode(_NOT_ATTEMPTED, _private("NM-TEE", "Transesophageal image")),
    Reason.NON_CARDIAC_PROBE: ReasonCode(_NOT_ATTEMPTED, _private("NM-PROBE", "Transducer is not a cardiac one")),
    Reason.CONTRAST_AGENT: ReasonCode(_NOT_ATTEMPTED, _private("NM-CONTRAST", "Contrast agent used")),
    Reason.PAEDIATRIC: ReasonCode(_NOT_ATTEMPTED, _private("NM-PEDIATRIC", "Patient younger than 18 years")),
    Reason.THREE_DIMENSIONAL: ReasonCode(_NOT_ATTEMPTED, _private("NM-3D", "Three-dimensional or biplane display")),
    Reason.COLOUR_DOPPLER: ReasonCode(_NOT_ATTEMPTED, _private("NM-COLOR", "Color Doppler image")),
    Reason.SPLIT_SCREEN: ReasonCode(_NOT_ATTEMPTED, _private("NM-SPLIT", "Several images on one screen")),
    Reason.OUTSIDE_LIMITS: ReasonCode(_OUT_OF_RANGE, _private("NM-LIMITS", "Computed value is physically impossible")),
    Reason.DISAGREEMENT: ReasonCode(_INDETERMINATE, _private("NM-DISAGREE", "Findings contradict each other")),
    Reason.PATIENT_SIZE: ReasonCode(_NOT_ATTEMPTED, _private("NM-PATIENT-SIZE", "Height or weight is unknown or implausible")),
    Reason.SITE_CHOICE: ReasonCode(_NOT_ATTEMPTED, _private("NM-SITE-CHOICE", "The site has not chosen a convention")),
    Reason.RESEARCH_WEIGHTS: ReasonCode(
        _NOT_ATTEMPTED, _private("NM-RESEARCH", "Algorithm trained on synthetic phantoms, patient image")
    ),
    Reason.UNTRAINED_WEIGHTS: ReasonCode(_NOT_ATTEMPTED, _private("NM-UNTRAINED", "Algorithm was never trained")),
}

# CID 7011. None of its codes is made for ultrasound: the Key Object Description says in words what was found. Issues that
# are no fault of an image (demographics, tolerated deviations) make no Key Object Selection.
QUALITY_ISSUE_REASONS: dict[QualityIssue, Code] = {
    QualityIssue.POOR_IMAGE_QUALITY: Code("111207", "DCM", "Image artifact(s)"),
    QualityIssue.FORESHORTENING: Code("111209", "DCM", "Positioning"),
    QualityIssue.UNDECODABLE: Code("111213", "DCM", "No image"),
    QualityIssue.CALIBRATION: Code("111220", "DCM", "Other failure"),
    QualityIssue.OUT_OF_DISTRIBUTION: Code("111221", "DCM", "Unknown failure"),
}

# Titles and names of content items
IMAGING_MEASUREMENT_REPORT = Code("126000", "DCM", "Imaging Measurement Report")  # CID 7021
RESEARCH_REPORT = _private("RESEARCH-REPORT", "Research Measurement Report, not for clinical use")  # CID 7021 is extensible
QUALITY_ISSUE = Code("113010", "DCM", "Quality Issue")  # CID 7010
BEST_IN_SET = Code("113013", "DCM", "Best In Set")
OF_STAGE_AND_VIEW = Code("113017", "DCM", "Stage-View")  # CID 7012: what the set is, of which an object is the best
OF_INTEREST = Code("113000", "DCM", "Of Interest")
DOCUMENT_TITLE_MODIFIER = Code("113011", "DCM", "Document Title Modifier")
PROCEDURE_REPORTED = Code("121058", "DCM", "Procedure reported")
ECHOCARDIOGRAPHY = Code("40701008", "SCT", "Echocardiography")
IMAGING_MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements")
QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
COMMENT = Code("121106", "DCM", "Comment")
EQUIVALENT_MEANING = Code("121050", "DCM", "Equivalent Meaning of Concept Name")
FINDING_SITE = Code("363698007", "SCT", "Finding Site")
MEASUREMENT_METHOD = Code("370129005", "SCT", "Measurement Method")
IMAGE_VIEW = Code("111031", "DCM", "Image View")
# TID 5202 row 4 modifies a group with it, TID 5203 row 5 has it as the acquisition context of a value; TID 1500 knows neither.
# Ours is a modifier of the value, as the view is: only modifiers tell values of one concept apart.
IMAGE_MODE = Code("399264008", "SCT", "Image Mode")
FLOW_DIRECTION = Code("260674002", "SCT", "Flow Direction")  # TID 5203 row 2
DIRECTION_FOUND = _private("DIRECTION", "Direction found, seen from the transducer")
SELECTION_STATUS = Code("121404", "DCM", "Selection Status")  # TID 310 row 6, CID 224
MOST_RECENT_VALUE = Code("121411", "DCM", "Most recent value chosen")
MEAN_VALUE = Code("121412", "DCM", "Mean value chosen")
CARDIAC_CYCLE_POINT = Code("272518008", "SCT", "Cardiac Cycle Point")
IMAGE_QUALITY_RATING = Code("111029", "DCM", "Image Quality Rating")
QUALITY_ASSESSMENT = Code("111050", "DCM", "Quality Assessment")  # CID 6044
MEETS_QUALITY_STANDARD = Code("111237", "DCM", "Usable - Meets the quality control standard")
MISSES_QUALITY_STANDARD = Code("111236", "DCM", "Usable - Does not meet the quality control standard")
CERTAINTY_OF_FINDING = Code("111012", "DCM", "Certainty of Finding")
SOURCE_OF_MEASUREMENT = Code("121112", "DCM", "Source of Measurement")  # CID 7551
STANDARD_DEVIATION = Code("386136009", "SCT", "Standard Deviation")  # CID 7464
BEATS_AVERAGED = _private("BEATS", "Number of beats averaged")
REASON_NOT_MEASURED = _private("REASON-NM", "Reason not measured")
GATE_LIFTED = _private("GATE-LIFTED", "Reason not to measure, overridden for research")
DISTRIBUTION_VERDICT = _private("OOD-VERDICT", "Similarity to the training data")
INSIDE_DISTRIBUTION = _private("OOD-INSIDE", "Like the training data of the algorithm")
OUTSIDE_DISTRIBUTION = _private("OOD-OUTSIDE", "Unlike the training data of the algorithm")

# Segmentation
ANATOMICAL_STRUCTURE = Code("91723000", "SCT", "Anatomical Structure")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")  # CID 7162
VISUAL_EXPLANATION = Code("130401", "DCM", "Visual explanation")
IMAGE_REGION = Code("111030", "DCM", "Image Region")
SPATIAL_RESAMPLING = Code("113085", "DCM", "Spatial resampling")  # CID 7203
LOSSY_COMPRESSION = Code("113040", "DCM", "Lossy Compression")
SEGMENTATION_DERIVATION = Code("113076", "DCM", "Segmentation")
SOURCE_IMAGE_FOR_PROCESSING = Code("121322", "DCM", "Source image for image processing operation")


def code_item(code: Code) -> Dataset:
    """A code sequence item (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item
