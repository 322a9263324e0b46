"""What a folder holds: nothing of it is passed over in silence, and nothing in it becomes a path."""

from pathlib import Path
from typing import Any

import pytest
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from typer.testing import CliRunner

from models.library.model_set import ModelSet
from models.results import ClipFindings
from node.cli import app
from node.errors import ConfigError
from node.files import analysis
from node.files.analysis import AnalysedStudy, analyse_files, folder_name
from node.files.folder_contents import find_files
from node.objects.video_file import write_video
from node.settings import ModelSettings, Settings
from node.work import clip_analysis
from tests.factories import A2C_UID, A4C_UID, clip_findings, source_file, source_header


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def analysed(sop_instance_uid: str, path: Path, plan: ModelSet) -> ClipFindings:
        return clip_findings(sop_instance_uid)

    monkeypatch.setattr(analysis, "analyse_clip", analysed)


def save(path: Path, header: Dataset) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    source_file(header).save_as(path, enforce_file_format=True)
    return path


def with_uid(study_instance_uid: str, sop_instance_uid: str = A4C_UID) -> Dataset:
    header = source_header(sop_instance_uid)
    header["StudyInstanceUID"] = DataElement("StudyInstanceUID", "UI", study_instance_uid, validation_mode=config.IGNORE)
    return header


def run(*arguments: Any, config: Path = Path("none.toml")) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["analyse", *map(str, arguments), "--config", str(config)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.parametrize(
    "uid", ["../x", "/abs/x", "..", ".", "", "a/b", "1.2/../../x", "1.2\0x", "x" * 300, "1.2.03", "%s", "[/X]"]
)
def test_no_text_of_a_sender_becomes_a_path(uid: str) -> None:
    name = folder_name(uid)
    assert Path(name).name == name
    assert name.startswith("study-")
    assert len(name) < 80


@pytest.mark.parametrize("uid", ["../outside", "{tmp}/absolute"])
def test_a_study_uid_that_is_a_path_writes_into_the_folder_asked_for(tmp_path: Path, uid: str) -> None:
    uid = uid.format(tmp=tmp_path)
    save(tmp_path / "in" / "a.dcm", with_uid(uid[:64]))
    code, output = run(tmp_path / "in", "--out", tmp_path / "out")
    written = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"in", "out"}
    assert list((tmp_path / "out").glob("study-*/findings.json"))
    assert code == 0, output


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "neither a DICOM object nor a video"),
        ("a.py", b"print('x')\n" * 50, "neither a DICOM object nor a video"),
        ("empty", b"", "neither a DICOM object nor a video"),
        ("a.dcm", b"not at all", "neither a DICOM object nor a video"),
    ],
)
def test_what_cannot_be_used_is_said_with_exit_code_1(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / name
    file.write_bytes(content)
    for asked in (tmp_path / "in", file):
        code, output = run(asked, "--out", tmp_path / "out")
        assert code == 1
        assert f"{name}: passed over: {said}" in output
        assert "nothing was analysed" in output


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert run(tmp_path / "in", "--out", tmp_path / "out") == (1, "nothing was analysed: there is no DICOM image and no video")


def test_a_report_alone_is_no_image(tmp_path: Path) -> None:
    report = source_header()
    for keyword in ("Rows", "Columns", "NumberOfFrames"):
        del report[keyword]
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    report.file_meta = source_file(source_header()).file_meta
    (tmp_path / "in").mkdir()
    report.save_as(tmp_path / "in" / "sr.dcm", enforce_file_format=True)
    code, output = run(tmp_path / "in", "--out", tmp_path / "out")
    assert code == 1
    assert "sr.dcm: passed over: no image: Comprehensive SR Storage" in output


@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "StudyInstanceUID", "SOPInstanceUID"])
def test_an_object_without_a_uid_takes_no_other_along(tmp_path: Path, keyword: str) -> None:
    save(tmp_path / "in" / "a.dcm", source_header(A4C_UID))
    other = source_file(source_header(A2C_UID))
    del other[keyword]
    other.save_as(tmp_path / "in" / "b.dcm", enforce_file_format=True)
    code, output = run(tmp_path / "in", "--out", tmp_path / "out")
    assert code == 1
    assert f"b.dcm: passed over: no {keyword}" in output
    assert "2 documents" in output or "3 documents" in output


def test_a_study_that_fails_takes_no_other_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2, 3):
        save(tmp_path / "in" / f"{number}.dcm", with_uid(f"1.2.{number}", f"{A4C_UID}.{number}"))

    def breaks(sop_instance_uid: str, path: Path, plan: ModelSet) -> ClipFindings:
        if path.name == "2.dcm":
            raise KeyError("Secret^Name")
        return clip_findings(sop_instance_uid)

    monkeypatch.setattr(analysis, "analyse_clip", breaks)
    code, output = run(tmp_path / "in", "--out", tmp_path / "out")
    assert code == 1
    assert "Secret" not in output
    assert "1.2.2: not analysed: KeyError" in output
    assert output.count(" documents") == 2


@pytest.fixture
def of_two_patients(tmp_path: Path) -> Path:
    header = source_header(A4C_UID)
    header["PatientID"] = DataElement("PatientID", "LO", ["77", "88"])
    save(tmp_path / "in" / "a.dcm", header)
    return tmp_path / "in"


def test_what_a_person_should_look_at_is_said(tmp_path: Path, of_two_patients: Path) -> None:
    code, output = run(of_two_patients, "--out", tmp_path / "out")
    assert code == 0
    assert "PatientID of the source object is 2 values where one is allowed: echoed as it is" in " ".join(output.split())


def test_documents_that_cannot_be_built_leave_the_findings_and_a_reason(tmp_path: Path, of_two_patients: Path) -> None:
    config = tmp_path / "refuse.toml"
    config.write_text('[node]\nmultiple_identifiers = "refuse"\n', encoding="utf-8")
    code, output = run(of_two_patients, "--out", tmp_path / "out", config=config)
    assert code == 1
    assert "no documents: PatientID of the source object is 2 values" in output
    assert len(list((tmp_path / "out").rglob("findings.json"))) == 1


def test_other_files_beside_a_study_are_said_and_no_fault(tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.dcm", source_header(A4C_UID))
    (tmp_path / "in" / "truth.json").write_text("{}")
    code, output = run(tmp_path / "in", "--out", tmp_path / "out")
    assert code == 0
    assert "truth.json: passed over" in output


def test_a_file_without_preamble_is_found(tmp_path: Path) -> None:
    path = save(tmp_path / "in" / "bare", source_header(A4C_UID))
    data = path.read_bytes()
    path.write_bytes(data[144 + int.from_bytes(data[140:144], "little") :])
    found = find_files([tmp_path / "in"])
    assert list(found.studies) == [source_header().StudyInstanceUID]


def test_of_two_files_of_one_object_the_earlier_is_named(tmp_path: Path) -> None:
    for name in ("a.dcm", "b.dcm"):
        save(tmp_path / name, source_header(A4C_UID))
    found = find_files([tmp_path])
    ((only, _),) = found.studies[str(source_header().StudyInstanceUID)].values()
    assert only.name == "b.dcm"
    (note,) = found.replaced[str(source_header().StudyInstanceUID)]
    assert note.startswith("a.dcm not used: another file of this object")


def test_a_broken_video_takes_no_study_along(tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.dcm", source_header(A4C_UID))
    (tmp_path / "in" / "broken.avi").write_bytes(b"RIFF")
    results = list(analyse_files([tmp_path / "in"], tmp_path / "out", Settings()))
    assert [isinstance(one, AnalysedStudy) and one.failed for one in results] == [False, True]


def test_videos_of_one_name_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from models.results import StudyFindings

    monkeypatch.setattr(analysis, "analyse_video", lambda path, plan: StudyFindings(path.name, (), (), ()))
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_video(tmp_path / folder / "..weird [x].avi", [np.zeros((16, 16, 3), np.uint8)] * 3, 30.0)
    results = [one for one in analyse_files([tmp_path], tmp_path / "out", Settings()) if isinstance(one, AnalysedStudy)]
    folders = {one.folder for one in results}
    assert len(folders) == 2
    assert all(folder.parent == tmp_path / "out" and folder.name.startswith("film-_weird_x_-") for folder in folders)
    assert all((folder / "findings.json").exists() and not list(folder.glob("*.dcm")) for folder in folders)


def test_a_model_that_is_not_there_is_no_fault_of_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "analyse_clip", clip_analysis.analyse_clip)
    source_file(source_header(A4C_UID)).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(ConfigError, match="unheard_of"):
        list(analyse_files([tmp_path], tmp_path / "out", Settings(models=ModelSettings(view="unheard_of"))))
