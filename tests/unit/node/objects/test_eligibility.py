"""Only what is known to exclude does; absent, empty and unfamiliar values exclude nothing."""

from typing import Any

import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from models.results import Reason
from node.objects.eligibility import TRANSTHORACIC_PROBES, known_exclusions


def header(**attributes: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def test_an_empty_header_excludes_nothing() -> None:
    assert known_exclusions(Dataset()) == ()


@pytest.mark.parametrize(
    ("attributes", "stress"),
    [
        ({"StageName": "PEAK EXERCISE"}, True),
        ({"StageName": "Dobutamine 20"}, True),
        ({"StageName": "Low Dose"}, True),
        ({"StageName": "Recovery"}, True),
        ({"StageName": "Post Exercise", "StageNumber": 1}, True),
        ({"StageNumber": 2}, True),
        ({"StageNumber": 3, "StageName": ""}, True),
        ({"StageName": "REST", "StageNumber": 1}, False),
        ({"StageName": "Baseline", "StageNumber": 2}, False),
        ({"StageName": "Rest (stress)"}, False),
        ({"StageName": "STRESS/REST"}, True),  # the first word decides
        ({"StudyDescription": "Stress Echo"}, True),
        ({"SeriesDescription": "ECHO_DOBUTAMINE"}, True),
        ({"ProtocolName": "Exercise-bike", "StageNumber": 1}, True),
        ({"StudyDescription": "Stress echo", "StageName": "REST"}, False),
        ({"StudyDescription": "Dobutamine", "StageName": "Baseline"}, False),
        ({"StudyDescription": "Distressed patient"}, False),  # a word, not a part of one
        ({"StageNumber": 1, "StageName": ""}, False),  # the Acuson sample, an ordinary study
        ({"StageNumber": 0}, False),
        ({"StageNumber": None, "StageName": None}, False),
    ],
)
def test_stress_stages(attributes: dict[str, Any], stress: bool) -> None:
    assert known_exclusions(header(**attributes)) == ((Reason.STRESS_STAGE,) if stress else ())


@pytest.mark.parametrize(
    "probe", ["S5-1", "X5-1", "M5Sc-D", "3Sc-RS", "4V1c-S", "4Vc-D", "P21x", "50.80.103.002", "PHANTOM_CARDIAC", ""]
)
def test_transthoracic_and_unknown_probes_exclude_nothing(probe: str) -> None:
    assert known_exclusions(header(TransducerData=[probe, "", ""])) == ()
    assert known_exclusions(header(TransducerData=["85", probe])) == ()


@pytest.mark.parametrize(
    "probe", ["C5-1", "C9-4v", "L12-3", "L9-3", "C1-5-D", "ML6-15-D", "9L-D", "4C-RS", "4C1", "IC5-9-D", "RAB6-D", "V6-2"]
)
def test_other_probes_are_not_cardiac(probe: str) -> None:
    assert known_exclusions(header(TransducerData=[probe, "UNUSED", "UNUSED"])) == (Reason.NON_CARDIAC_PROBE,)


@pytest.mark.parametrize(
    "examination",
    ["OBSTETRICAL", "GYNECOLOGY", "SMALL PARTS", "SMALL_PARTS", "MUSCULOSKELETAL", "INTRAOPERATIVE", "VASCULAR",
     "INTRAVASCULAR", "TRANSCRANIAL", "ABDOMINAL", "BREAST", "THYROID"],
)  # fmt: skip
def test_another_examination_is_no_transthoracic_echo(examination: str) -> None:
    image_type = ["ORIGINAL", "PRIMARY", examination, "0001"]
    assert known_exclusions(header(ImageType=image_type)) == (Reason.NON_CARDIAC_PROBE,)
    if "INTRAV" not in examination:  # a cardiac probe is used on other organs, too
        assert known_exclusions(header(ImageType=image_type, TransducerData="S5-1")) == (Reason.NON_CARDIAC_PROBE,)


@pytest.mark.parametrize("examination", ["TTE", "CHEST", "ADULT ECHO", ""])
def test_examinations_of_the_chest_and_unknown_ones_exclude_nothing(examination: str) -> None:
    assert known_exclusions(header(ImageType=["ORIGINAL", "PRIMARY", examination, "0001"])) == ()


@pytest.mark.parametrize("probe", ["S5-1", "M5Sc-D", "3Sc-RS", "4V1c-S", "X5-1", "s5-1 cardiac", "P21x"])
@pytest.mark.parametrize("examination", ["INTRACARDIAC", "INTRAVASCULAR", "ENDOCAVITARY"])
def test_a_probe_on_the_chest_wall_cannot_be_inside(probe: str, examination: str) -> None:
    image_type = ["ORIGINAL", "PRIMARY", examination, "0001"]
    assert known_exclusions(header(ImageType=image_type, TransducerData=[probe, "", ""])) == ()
    assert known_exclusions(header(ImageType=image_type, TransducerData=["ICE", "", ""])) == (Reason.NON_CARDIAC_PROBE,)


@pytest.mark.parametrize("probe", sorted(TRANSTHORACIC_PROBES))
def test_no_transthoracic_probe_is_taken_for_another(probe: str) -> None:
    assert known_exclusions(header(TransducerData=[probe])) == ()


@pytest.mark.parametrize("probe", ["X7-2t", "X8-2t", "S7-3t", "6VT-D", "6Tc-RS", "9T", "Z6Ms", "V5M", "TEE probe"])
def test_oesophageal_probes(probe: str) -> None:
    assert known_exclusions(header(TransducerData=[probe])) == (Reason.TRANSOESOPHAGEAL,)


@pytest.mark.parametrize(
    ("attributes", "excluded"),
    [
        ({"StudyDescription": "TEE"}, True),
        ({"StudyDescription": "echo, T.O.E. / TOE"}, True),
        ({"SeriesDescription": "Transesophageal Echocardiogram"}, True),
        ({"ProtocolName": "trans-oesophageal"}, True),
        ({"StudyDescription": "TTE and TEE"}, False),  # does not tell which of them this clip is
        ({"StudyDescription": "Echo at Steepleton"}, False),
        ({"StudyDescription": "Transthoracic"}, False),
    ],
)
def test_oesophageal_studies_by_name(attributes: dict[str, Any], excluded: bool) -> None:
    assert known_exclusions(header(**attributes)) == ((Reason.TRANSOESOPHAGEAL,) if excluded else ())


@pytest.mark.parametrize(
    ("present", "data_types", "excluded"),
    [(1, [1, 2], True), (1, [1], False), (1, [], False), (0, [1, 2], False), (None, [1, 2], False)],
)
def test_colour_flow_region_with_colour_present(present: int | None, data_types: list[int], excluded: bool) -> None:
    regions = Sequence([header(RegionDataType=data_type) for data_type in data_types])
    found = known_exclusions(header(UltrasoundColorDataPresent=present, SequenceOfUltrasoundRegions=regions))
    assert found == ((Reason.COLOUR_DOPPLER,) if excluded else ())


@pytest.mark.parametrize("probe", ["AcuNav 10F", "ViewFlex Xtra", "SoundStar"])
def test_intracardiac_probes(probe: str) -> None:
    assert known_exclusions(header(TransducerData=[probe])) == (Reason.NON_CARDIAC_PROBE,)


@pytest.mark.parametrize(
    ("transducer_type", "excluded"),
    [
        ("SECTOR_PHASED", False),
        ("VECTOR_PHASED", False),
        ("SINGLE CRYSTAL", False),
        ("", False),
        ("LINEAR", True),
        ("CURVED LINEAR", True),
        ("IV_PHASED", True),
        ("ENDOCAV_CLA", True),
    ],
)
def test_transducer_types(transducer_type: str, excluded: bool) -> None:
    expected = (Reason.NON_CARDIAC_PROBE,) if excluded else ()
    assert known_exclusions(header(TransducerType=transducer_type)) == expected


@pytest.mark.parametrize(
    ("image_type", "expected"),
    [
        (["ORIGINAL", "PRIMARY", "TEE", "0001"], (Reason.TRANSOESOPHAGEAL,)),
        (["ORIGINAL", "PRIMARY", "TEE", "0011"], (Reason.TRANSOESOPHAGEAL, Reason.COLOUR_DOPPLER)),
        (["ORIGINAL", "PRIMARY", "INTRACARDIAC", "0001"], (Reason.NON_CARDIAC_PROBE,)),
        (["ORIGINAL", "PRIMARY", "FETAL HEART", "0001"], (Reason.PAEDIATRIC,)),
        (["ORIGINAL", "PRIMARY", "", "0040"], (Reason.THREE_DIMENSIONAL,)),
        (["ORIGINAL", "PRIMARY", "", "0051"], (Reason.THREE_DIMENSIONAL, Reason.COLOUR_DOPPLER)),
        (["ORIGINAL", "PRIMARY", "", "0001"], ()),
        (["ORIGINAL", "PRIMARY", "EPICARDIAL", "0001"], ()),
        (["ORIGINAL", "PRIMARY", "EPICARDIAL", "0011"], (Reason.COLOUR_DOPPLER,)),
        (["ORIGINAL", "PRIMARY", "", "0010"], (Reason.COLOUR_DOPPLER,)),
        (["ORIGINAL", "PRIMARY", "", "0022"], (Reason.COLOUR_DOPPLER,)),
        (["ORIGINAL", "PRIMARY", "", "0101"], (Reason.COLOUR_DOPPLER,)),
        (["ORIGINAL", "PRIMARY", "", "020D"], ()),  # tissue, PW, CW
        (["ORIGINAL", "PRIMARY"], ()),
        (["ORIGINAL", "PRIMARY", "", "ABC"], ()),
        ("ORIGINAL", ()),
    ],
)
def test_image_type(image_type: list[str] | str, expected: tuple[Reason, ...]) -> None:
    assert known_exclusions(header(ImageType=image_type)) == expected


def test_volumes_are_three_dimensional() -> None:
    assert known_exclusions(header(SOPClassUID=uid.EnhancedUSVolumeStorage)) == (Reason.THREE_DIMENSIONAL,)
    assert known_exclusions(header(SOPClassUID=uid.UltrasoundMultiFrameImageStorage)) == ()


@pytest.mark.parametrize(
    ("agent", "excluded"), [("SonoVue", True), ("Optison 3 ml", True), ("", False), ("NONE", False), ("no", False)]
)
def test_contrast_agent(agent: str, excluded: bool) -> None:
    assert known_exclusions(header(ContrastBolusAgent=agent)) == ((Reason.CONTRAST_AGENT,) if excluded else ())


def test_contrast_agent_by_code() -> None:
    assert known_exclusions(header(ContrastBolusAgentSequence=Sequence([Dataset()]))) == (Reason.CONTRAST_AGENT,)
    assert known_exclusions(header(ContrastBolusAgentSequence=Sequence())) == ()


@pytest.mark.parametrize(
    ("attributes", "child"),
    [
        ({"PatientAge": "017Y"}, True),
        ({"PatientAge": "018Y"}, False),
        ({"PatientAge": "011M"}, True),
        ({"PatientAge": "005D"}, True),
        ({"PatientAge": "300M"}, False),
        ({"PatientAge": "052W"}, True),
        ({"PatientAge": ""}, False),
        ({"PatientBirthDate": "20100101", "StudyDate": "20261120"}, True),
        ({"PatientBirthDate": "20081121", "StudyDate": "20261120"}, True),
        ({"PatientBirthDate": "20081119", "StudyDate": "20261120"}, False),
        ({"PatientBirthDate": "19700101", "StudyDate": "20261120"}, False),
        ({"PatientBirthDate": "20100101"}, False),
        ({"PatientBirthDate": "20300101", "StudyDate": "20261120"}, False),  # born after the study: a mistake, not a child
        ({"PatientBirthDate": "", "StudyDate": ""}, False),
        ({"PatientAge": "045Y", "PatientBirthDate": "20200101", "StudyDate": "20261120"}, False),
        ({"PatientBirthDate": "20200101", "StudyDate": "", "AcquisitionDate": "20261120"}, True),
        ({"ProtocolName": "Congenital"}, True),
        ({"ProtocolName": "Adult echo"}, False),
        ({"StudyDescription": "Pediatric Echo"}, True),
        ({"SeriesDescription": "PAEDIATRIC"}, True),
        ({"StudyDescription": "Adult_congenital"}, True),
    ],
)
def test_under_eighteen(attributes: dict[str, Any], child: bool) -> None:
    assert known_exclusions(header(**attributes)) == ((Reason.PAEDIATRIC,) if child else ())


def test_several_reasons_come_in_order_of_precedence() -> None:
    found = known_exclusions(header(PatientAge="005Y", TransducerData=["X7-2t"], StageName="PEAK"))
    assert found == (Reason.STRESS_STAGE, Reason.TRANSOESOPHAGEAL, Reason.PAEDIATRIC)
