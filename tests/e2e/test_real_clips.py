"""Real ultrasound through the whole node. The networks are trained on phantoms: no number may come out of a patient's clip."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from sqlalchemy import select

from models.catalogue import OUTLINED, View
from models.results import Reason, StudyFindings
from node.db.session import Database
from node.db.tables import Analysis, Study
from node.objects.findings_json import load_findings
from sr_templates import codes
from tests.peers.dcmtk import storescu
from tests.peers.echonode import RunningNode, running_node, wait_until_settled, write_config
from tests.peers.orthanc import Orthanc
from tests.unit.models.derive.apical_clips import OF_EVERY_STUDY
from tests.waiting import free_port

pytestmark = [pytest.mark.orthanc, pytest.mark.slow]
ACUSON = "fodicom_DIRW0007_acuson_sequoia_65f.dcm"


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    with Orthanc(tmp_path / "orthanc") as peer:
        yield peer


def _config(tmp_path: Path, orthanc: Orthanc, *, override: bool = False) -> Path:
    destinations = {"pacs": (orthanc.ae_title, orthanc.dicom_port)}
    return write_config(tmp_path, port=free_port(), destinations=destinations, override=override)


def _send_as_is(node: RunningNode, *paths: Path) -> None:
    peer = f"ECHONODE@127.0.0.1:{node.settings.node.port}"
    subprocess.run([sys.executable, "-m", "node.cli", "send", peer, *map(str, paths)], check=True, capture_output=True)


def _findings(node: RunningNode) -> list[StudyFindings]:
    with Database(node.settings.database_url) as database, database.reading() as session:
        return [load_findings(row) for row in session.scalars(select(Analysis.findings))]


def _the_report(orthanc: Orthanc) -> Dataset:
    (file,) = orthanc.files(Modality="SR")
    return pydicom.dcmread(pydicom.filebase.DicomBytesIO(file))


def _numbers(item: Dataset) -> Iterator[Dataset]:
    """Every NUM content item of a report."""
    for child in item.get("ContentSequence", []):
        if child.ValueType == "NUM":
            yield child
        yield from _numbers(child)


def _codes(report: Dataset) -> set[str]:
    return {number.ConceptNameCodeSequence[0].CodeValue for number in _numbers(report) if number.MeasuredValueSequence}


EF_AND_VOLUMES = {"18043-0", "18026-5", "18148-7", "18077-8"}


@pytest.mark.dcmtk
def test_the_sonosite_clip_has_no_number_and_the_right_reasons(tmp_path: Path, orthanc: Orthanc) -> None:
    """Its region says 84..595 x 31..414 on pixels of 320 x 240, and it shows a patient."""
    path = Path(str(pydicom.examples.get_path("ybr_color")))
    with running_node(_config(tmp_path, orthanc)) as node:
        assert storescu(node.settings.node.port, path, options=("-xy",)).returncode == 0
        wait_until_settled(node.settings)
        (findings,) = _findings(node)
    assert findings.measurements == ()
    why = {missing.key: missing.reasons for missing in findings.not_measured}
    assert why.keys() == {*OF_EVERY_STUDY}
    for key in OUTLINED:
        assert why[key][0] is Reason.CALIBRATION_INCONSISTENT
    for reasons in why.values():
        assert Reason.RESEARCH_WEIGHTS in reasons
    assert not _codes(_the_report(orthanc)) & EF_AND_VOLUMES


def test_the_acuson_clip_has_no_number_by_default(tmp_path: Path, orthanc: Orthanc, samples: Path) -> None:
    """Calibrated, with sequences that DCMTK cannot parse: sent as it is."""
    with running_node(_config(tmp_path, orthanc)) as node:
        _send_as_is(node, samples / ACUSON)
        wait_until_settled(node.settings)
        (findings,) = _findings(node)
    assert findings.measurements == ()
    for missing in findings.not_measured:
        assert Reason.RESEARCH_WEIGHTS in missing.reasons
        assert not {Reason.NO_CALIBRATION, Reason.CALIBRATION_INCONSISTENT} & set(missing.reasons)
    assert findings.clips[0].cm_per_px is not None, "the region with the negative PhysicalDeltaX is usable"
    assert not _codes(_the_report(orthanc)) & EF_AND_VOLUMES


def test_the_research_override_marks_instead_of_stopping(tmp_path: Path, orthanc: Orthanc, samples: Path) -> None:
    with running_node(_config(tmp_path, orthanc, override=True)) as node:
        _send_as_is(node, samples / ACUSON)
        wait_until_settled(node.settings)
        (findings,) = _findings(node)
    (clip,) = findings.clips
    report = _the_report(orthanc)
    assert report.ConceptNameCodeSequence[0].CodeValue == codes.RESEARCH_REPORT.value, "the title, not only the series"
    assert clip.view is not None
    assert clip.distribution is not None
    assert findings.research_override
    if clip.view.view not in (View.A4C, View.A2C):
        assert findings.measurements == ()
        assert all(Reason.VIEW_MISSING in missing.reasons for missing in findings.not_measured)
        return
    assert len(clip.contours) > clip.number_of_frames / 2
    assert orthanc.find("Instance", Modality="SEG")
    of_view = {key for key, quantity in OUTLINED.items() if quantity.views == (clip.view.view,)}
    for missing in findings.not_measured:
        if missing.key in of_view:
            assert not {Reason.OUT_OF_DISTRIBUTION, Reason.QUALITY, Reason.RESEARCH_WEIGHTS} & set(missing.reasons)


# What the header of these objects says and no network is needed for.
KNOWN = {
    "dcm4che_US-RGB-8-esopecho": Reason.TRANSOESOPHAGEAL,
    "pydicomdata_OBXXXX1A_rle_2frame": Reason.NON_CARDIAC_PROBE,
    "pydicomdata_gdcm-US-ALOKA-16": Reason.SPLIT_SCREEN,
    "dcm4che_US-PAL-8-10x-echo": Reason.NO_CALIBRATION,
    "pydicom_examples_ybr_color_30f": Reason.CALIBRATION_INCONSISTENT,
}


def test_every_sample_ends_in_findings_or_a_clear_reason(tmp_path: Path, orthanc: Orthanc, samples: Path) -> None:
    """Obstetric, transoesophageal, big-endian, palette, SR: all are taken, none stops the node."""
    paths = sorted(samples.glob("*.dcm"))
    images = {str(d.StudyInstanceUID) for d in map(_header, paths) if str(d.SOPClassUID).startswith("1.2.840.10008.5.1.4.1.1.6")
              or str(d.SOPClassUID).startswith("1.2.840.10008.5.1.4.1.1.3")}  # fmt: skip
    with running_node(_config(tmp_path, orthanc)) as node:
        _send_as_is(node, *paths)
        wait_until_settled(node.settings, studies=len(images))
        found = {findings.study_instance_uid: findings for findings in _findings(node)}
        with Database(node.settings.database_url) as database, database.reading() as session:
            studies = {study.study_instance_uid: study for study in session.scalars(select(Study))}
    assert images <= studies.keys()
    for uid in images:
        assert studies[uid].state == "analysed", studies[uid].failed_reason
        assert found[uid].measurements == ()
        assert {missing.key for missing in found[uid].not_measured} == {*OF_EVERY_STUDY}
    gates = {clip.sop_instance_uid: clip.gates for findings in found.values() for clip in findings.clips}
    for name, reason in KNOWN.items():
        assert reason in gates[str(_header(samples / f"{name}.dcm").SOPInstanceUID)], name


def _header(path: Path) -> Dataset:
    return pydicom.dcmread(path, stop_before_pixels=True)
