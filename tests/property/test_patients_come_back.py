"""Whoever the patient is and however long the identifiers are: every document is built, and says the same of both."""

from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.catalogue import QUANTITIES, Phase, View
from models.results import FrameReference, Measurement, StudyFindings
from node.egress.building import TEMPLATES
from node.egress.built_files import document_bytes
from sr_templates.evidence import Evidence
from sr_templates.patient_characteristics import OF_THE_PATIENT
from sr_templates.reading.content_tree import read_report
from sr_templates.reading.measured_values import measured_values
from tests.factories import clip_findings, evidence, identity, source_file, source_header, study_findings
from tests.property.test_reports_come_back import assert_same, several

REPORTS = ("tid1500", "tid1500_3d", "tid5200", "tid5300")
OTHERS = ("seg", "kos")

# Letters, and the character sets (PS3.3 C.12.1.1.2) that a cart of that country writes them in. U+20BB7 is a letter of many
# Japanese names, and has four bytes in UTF-8.
SCRIPTS = {
    "Japanese": ("\u5c71\u7530\u592a\u90ce\u3084\u307e\u3060\u30e4\u30de\u30c0\u9ad8", ["", "ISO 2022 IR 87"]),
    "Chinese": ("\u738b\u5c0f\u660e\u5f20\u674e\u5a1c\u4e1c\u534e", "GB18030"),
    "Cyrillic": ("\u0418\u0432\u0430\u043d\u043e\u0432\u0451\u0429\u044e\u042f", "ISO_IR 144"),
    "Greek": ("\u03a0\u03b1\u03c0\u03b4\u03cc\u03c5\u03bb\u03bf\u03c2\u03a9", "ISO_IR 126"),
    "Latin": ("M\u00fcllerÅse\u00f1\u00c7\u00df'-. ", "ISO_IR 100"),
    "beyond the first plane": ("\U00020bb7\u7530\u5c71", "ISO_IR 192"),
}
_ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\")


def _text(alphabet: str | st.SearchStrategy[str], longest: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=1, max_size=longest).filter(lambda text: text == text.strip())


@st.composite
def named(draw: st.DrawFn) -> dict[str, object]:
    """Family and given name in one script, with one to three component groups, in UTF-8 or in the script's own set."""
    letters, character_set = SCRIPTS[draw(st.sampled_from(sorted(SCRIPTS)))]
    group = st.builds("^".join, st.lists(_text(letters, 20), min_size=1, max_size=3))
    groups = draw(st.lists(group, min_size=1, max_size=1 if letters[0] == "M" else 3))
    return {"PatientName": "=".join(groups), "SpecificCharacterSet": draw(st.sampled_from(["ISO_IR 192", character_set]))}


@st.composite
def uid(draw: st.DrawFn) -> str:
    """Of 64 characters, the most that there may be."""
    return (
        "1.2." + str(draw(st.integers(1, 9))) + "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=59, max_size=59)))
    )


PATIENTS = st.builds(
    lambda name, rest: name | rest,
    named(),
    st.fixed_dictionaries(
        {
            "PatientID": _text(_ASCII, 64),
            "AccessionNumber": _text(_ASCII, 64),
            "PatientBirthDate": st.sampled_from(["", "19040229", "20080229"]),
            "PatientSize": st.sampled_from(["", "0", "1.70000000000000", "1.699999999999e0", "170"]),
            "PatientWeight": st.sampled_from(["", "72.5999999999999", "7.2599999999E+01"]),
        }
    ),
)


def _source(patient: dict[str, object], study: str, series: str, clip: str) -> Dataset:
    """As the cart wrote it: through bytes, in its own character set."""
    uids = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
    file = BytesIO()
    source_file(source_header(clip, **uids, **patient)).save_as(file, enforce_file_format=True)
    file.seek(0)
    return dcmread(file, stop_before_pixels=True)


def _measured_in(value: Measurement, clips: dict[View, str], frames: list[int]) -> Measurement:
    """On these frames of these clips."""
    views = QUANTITIES[value.key].views or (View.A4C,)
    phase = QUANTITIES[value.key].phase
    uids = dict.fromkeys(clips.get(view, clips[View.A4C]) for view in views)
    sources = tuple(FrameReference(uid, number, phase or Phase.END_DIASTOLE) for uid in uids for number in frames)
    return replace(value, sources=sources)


@st.composite
def studies(draw: st.DrawFn) -> tuple[dict[str, object], Evidence, StudyFindings]:
    patient = draw(PATIENTS)
    study, series, four, two = draw(st.lists(uid(), min_size=4, max_size=4, unique=True))
    source = evidence(*(_source(patient, study, series, clip) for clip in (four, two)))
    frames = sorted(draw(st.sets(st.integers(1, 20), min_size=1, max_size=20)))
    values = tuple(_measured_in(value, {View.A4C: four, View.A2C: two}, frames) for value in draw(several()))
    clips = (clip_findings(four), clip_findings(two, View.A2C))
    return patient, source, study_findings(study_instance_uid=study, clips=clips, measurements=values, not_measured=())


def _through_bytes(found: StudyFindings, source: Evidence, template: str) -> list[Dataset]:
    built = TEMPLATES[template].build(found, source, identity())
    return [dcmread(BytesIO(document_bytes(document))) for document in built]


@pytest.mark.filterwarnings("ignore:The value length")  # accession numbers of more than 16 characters do come
@pytest.mark.slow
@settings(deadline=None, max_examples=5)
@given(studies())
def test_every_document_is_of_the_patient_and_states_the_same_values_of_the_same_frames(
    drawn: tuple[dict[str, object], Evidence, StudyFindings],
) -> None:
    patient, source, found = drawn
    for template in (*REPORTS, *OTHERS):
        for document in _through_bytes(found, source, template):
            assert str(document.PatientName) == patient["PatientName"]
            for keyword in ("PatientID", "AccessionNumber", "PatientBirthDate"):
                assert document[keyword].value == patient[keyword], keyword
            assert document.StudyInstanceUID == source.study_instance_uid
            if template in REPORTS:
                _assert_values(document, template, found)


def _assert_values(document: Dataset, template: str, found: StudyFindings) -> None:
    """Each with its frames; where all frames of an object are meant none is named (PS3.3 10.3)."""
    stated = {value.key: value for value in found.measurements}
    read = {str(value.key): value for value in measured_values(read_report(document)) if value.key and value.preferred}
    computed = set(read) - set(stated)
    assert computed <= {"bsa"}, "of height and weight"
    assert template.startswith("tid5") or set(read) == set(stated)
    for key in set(read) - computed:
        assert_same(stated[key], read[key], has_site=template != "tid5300")
        frames = {(one.sop_instance_uid, one.frame_number) for one in stated[key].sources}
        if key not in OF_THE_PATIENT or template.startswith("tid1500"):
            assert {(one.sop_instance_uid, n) for one in read[key].images for n in one.frames or range(1, 21)} == frames
