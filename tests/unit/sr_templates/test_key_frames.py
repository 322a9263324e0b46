"""Key Object Selections of the frames used, read back by highdicom."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import highdicom as hd
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.results import Caliper, CaliperKind, FrameReference, Measurement, StudyFindings
from node.settings import Destination
from sr_templates import key_frames, quality
from sr_templates.document import BuiltDocument
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from tests.factories import A2C_UID, A4C_UID, evidence, identity, measurement, source_header, study_findings

Build = Callable[[StudyFindings, Evidence, DocumentIdentity], tuple[BuiltDocument, ...]]
BOTH: tuple[Build, ...] = (key_frames.build_best_in_set, key_frames.build_of_interest)


def read(documents: tuple[BuiltDocument, ...]) -> Dataset:
    (document,) = documents
    file = BytesIO()
    document.dataset.save_as(file, enforce_file_format=True)
    return dcmread(BytesIO(file.getvalue()))


def frames(selection: Dataset) -> dict[str, list[int]]:
    """Of each object referred to; highdicom accepts the whole."""
    items = hd.ko.KeyObjectSelectionDocument.from_dataset(selection).content.get_references()
    references = [item.ReferencedSOPSequence[0] for item in items]
    found = {}
    for reference in references:
        numbers = reference.get("ReferencedFrameNumber") or []
        several = [numbers] if isinstance(numbers, int) else numbers
        found[reference.ReferencedSOPInstanceUID] = [int(number) for number in several]
    return found


def words(selection: Dataset) -> list[str]:
    contained = (item for item in selection.ContentSequence if item.RelationshipType == "CONTAINS")
    (item,) = (item for item in contained if item.ValueType == "TEXT")
    return str(item.TextValue).splitlines()


def of(*measurements: Measurement) -> StudyFindings:
    return study_findings(measurements=measurements)


def test_best_in_set_is_end_diastole_and_end_systole() -> None:
    selection = read(key_frames.build_best_in_set(of(measurement("ef_a4c", 55.0)), evidence(), identity()))
    assert selection.ConceptNameCodeSequence[0].CodeValue == "113013"
    assert selection.ContentSequence[0].ConceptCodeSequence[0].CodeValue == "113017"
    assert frames(selection) == {A4C_UID: [1, 11]}
    assert words(selection)[-2:] == ["a4c, frame 1, end-diastole: ef_a4c", "a4c, frame 11, end-systole: ef_a4c"]


def test_of_interest_is_every_frame_that_was_read_and_every_caliper() -> None:
    caliper = Caliper(CaliperKind.LINE, A2C_UID, 7, ((1.0, 2.0), (3.0, 4.0)))
    jet = measurement("av_vmax", 3.1, sources=(FrameReference(A2C_UID, 3),), calipers=(caliper,))
    selection = read(key_frames.build_of_interest(of(measurement("ef_a4c", 55.0), jet), evidence(), identity()))
    assert selection.ConceptNameCodeSequence[0].CodeValue == "113000"
    assert frames(selection) == {A4C_UID: [1, 11], A2C_UID: [3, 7]}
    assert words(selection)[-2:] == ["a2c, frame 3: av_vmax", "a2c, frame 7: av_vmax"]


def test_no_number_stands_in_a_selection() -> None:
    """It is no report: what is measured stands where it is marked and may be withheld."""
    for build in BOTH:
        selection = read(build(of(measurement("ef_a4c", 55.123)), evidence(), identity()))
        assert "55.1" not in selection.to_json()
        assert "NumericValue" not in selection


@pytest.mark.parametrize("build", BOTH)
def test_what_has_one_frame_is_referred_to_as_a_whole(build: Build) -> None:
    still = source_header(A4C_UID, frames=None)
    findings = of(measurement("lvedv_a4c", 118.0))
    selection = read(build(findings, evidence(still), identity()))
    assert frames(selection) == {A4C_UID: []}


@pytest.mark.parametrize("build", BOTH)
def test_without_a_frame_there_is_no_selection(build: Build) -> None:
    assert build(of(measurement("ef_a4c", 55.0, sources=())), evidence(), identity()) == ()


@pytest.mark.parametrize("build", BOTH)
def test_a_frame_that_is_not_there_is_refused(build: Build) -> None:
    beyond = measurement("ef_a4c", 55.0)
    beyond = replace(beyond, sources=(replace(beyond.sources[0], frame_number=21),))
    with pytest.raises(DocumentError, match="frame"):
        build(of(beyond), evidence(), identity())


def test_each_selection_is_a_series_of_its_own_and_asked_for_by_name() -> None:
    documents = [one for build in (*BOTH, quality.build) for one in build(study_findings(), evidence(), identity())]
    assert len({document.dataset.SeriesInstanceUID for document in documents}) == len(documents)
    assert len({document.dataset.SeriesNumber for document in documents}) == len(documents)
    assert not {"kos_best_in_set", "kos_of_interest"} & set(Destination(name="pacs").documents)
