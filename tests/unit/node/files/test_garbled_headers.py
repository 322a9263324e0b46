"""Each attribute of a clip removed or garbled in turn: documents or a reason, never an error that nobody foresaw."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from models.clip import Clip
from models.results import ClipFindings, Reason
from node.egress import building
from node.files.analysis import AnalysedStudy, analyse_files
from node.files.folder_contents import PassedOver
from node.settings import Settings
from node.work import clip_analysis
from tests.factories import clip_findings, source_file
from tests.garbled import KEYWORDS, as_file, header, some, variants

pytestmark = pytest.mark.slow  # each variant is a study from its file to its documents


class Looking:
    """Networks that decode every frame and outline the same ventricle."""

    def analyse(self, clip: Clip) -> ClipFindings:
        frames = clip.frames
        found = clip_findings(clip.sop_instance_uid, contours=(), beats=(), frame_times_ms=(0.0, 40.0))
        reasons = tuple(Reason(reason) for reason in clip.known_exclusions)
        return replace(found, rows=frames.shape[1], columns=frames.shape[2], number_of_frames=len(frames), gates=reasons)


@pytest.fixture(autouse=True)
def _without_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_analysis, "predictor_for", lambda plan: Looking())
    monkeypatch.setattr(building, "BY_DEFAULT", ("tid1500",))


def check(results: list[Any], what: str) -> None:
    assert results, what
    for one in results:
        if isinstance(one, PassedOver):
            assert one.reason, what
            continue
        assert isinstance(one, AnalysedStudy)
        said = "; ".join(one.problems)
        assert one.documents or one.withheld or said, what
        for unforeseen in ("fault of this program", "broke off", "not built"):
            assert unforeseen not in said, f"{what}: {said}"


def _analyse(folder: Path, content: bytes, what: str) -> None:
    folder.mkdir()
    (folder / "a.dcm").write_bytes(content)
    check(list(analyse_files([folder], folder / "out", Settings())), what)
    for document in (folder / "out").rglob("*.dcm"):
        assert "StudyInstanceUID" in dcmread(document)
    assert all(path.name.isdecimal() for path in folder.parent.iterdir()), what


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("keyword", KEYWORDS)
def test_a_garbled_attribute_has_documents_or_a_reason(tmp_path: Path, keyword: str) -> None:
    for number, content in enumerate(variants(keyword)):
        if some(keyword, number):
            _analyse(tmp_path / str(number), content, f"{keyword}, variant {number}")


@pytest.mark.further
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("keyword", KEYWORDS)
def test_an_attribute_garbled_in_every_way_has_documents_or_a_reason(tmp_path: Path, keyword: str) -> None:
    for number, content in enumerate(variants(keyword)):
        _analyse(tmp_path / str(number), content, f"{keyword}, variant {number}")


def test_the_header_itself_has_documents(tmp_path: Path) -> None:
    """The test's own footing."""
    _analyse(tmp_path / "0", as_file(source_file(header())), "nothing")
    assert list((tmp_path / "0" / "out").rglob("tid1500-*.dcm"))
