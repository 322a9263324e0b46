"""From a rejection note to the documents that follow from it, through the jobs of the node."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from sqlalchemy import select

from node.db.tables import Document, JobKind, StudyState
from tests.arrivals import CLIP_UID, clip
from tests.migrated_database import migrated_database
from tests.rejections import PATIENT_SAFETY, rejection_of
from tests.unit.node.work.test_report_reading import AnalysedStudy

FIRST, SECOND = f"{CLIP_UID}.0", f"{CLIP_UID}.1"
WORK = (JobKind.ANALYSE_STUDY, JobKind.BUILD_DOCUMENTS)


def reports(study: AnalysedStudy) -> list[Dataset]:
    with study.database.reading() as session:
        rows = session.scalars(select(Document).where(Document.template == "tid1500").order_by(Document.id)).all()
        return [dcmread(study.archive.path(row.path)) for row in rows]


@pytest.mark.slow
def test_each_note_amends_and_the_last_takes_everything_back(tmp_path: Path) -> None:
    with migrated_database(tmp_path / "p.sqlite") as database:
        study = AnalysedStudy(tmp_path, database)
        study.take(clip(0), clip(1))
        study.close()
        study.run(*WORK)
        for number, uid in enumerate((FIRST, SECOND)):
            study.take(rejection_of(uid, title=PATIENT_SAFETY, number=number))
            study.close()
            study.run(*WORK)
        whole, amended, nothing = reports(study)
        assert (study.study.state, study.study.revision) == (StudyState.ANALYSED, 3)
    assert FIRST in whole.to_json()
    assert FIRST not in amended.to_json()
    assert SECOND in amended.to_json()
    assert "1 object of the study left out: Rejected for Patient Safety Reasons" in amended.to_json()
    assert SECOND not in nothing.to_json()
    assert "2 objects of the study left out" in nothing.to_json()
    assert [report.SeriesDescription[-10:] for report in (whole, amended, nothing)] == [f"revision {n}" for n in (1, 2, 3)]
    for before, after in ((whole, amended), (amended, nothing)):
        (named,) = after.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
        assert named.ReferencedSOPInstanceUID == before.SOPInstanceUID
        assert "no value changed" in after.to_json()
