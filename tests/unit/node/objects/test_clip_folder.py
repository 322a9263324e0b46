"""Clips are found by what their truth says of them, not by their file names."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.evaluation.datasets.truth_json import read
from node.errors import EchoNodeError, UnreadableClip
from node.objects.clip_folder import clips_to_open_again, clips_with_truth
from tests.unit.node.objects.ultrasound_object import as_file, moving_picture, ultrasound_object


def write_study(folder: Path, names: dict[str, str], true_clips: list[dict[str, Any]] | None = None) -> None:
    """File name to SOP Instance UID; by default the truth names them all, last first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sop_instance_uid in names.items():
        (folder / name).write_bytes(as_file(ultrasound_object(moving_picture(2), SOPInstanceUID=sop_instance_uid)))
    if true_clips is None:
        true_clips = [{"sop_instance_uid": given, "view": "a4c"} for given in reversed(names.values())]
    (folder / "truth.json").write_text(json.dumps({"study": "1.2", "clips": true_clips, "measurements": []}))


def test_each_clip_comes_with_its_own_truth(tmp_path: Path) -> None:
    write_study(tmp_path, {"b.dcm": "1.2.1", "a.dcm": "1.2.2"})
    found = list(clips_with_truth(tmp_path))
    assert [(clip.sop_instance_uid, truth["sop_instance_uid"]) for clip, truth in found] == [("1.2.2",) * 2, ("1.2.1",) * 2]
    assert found[0][0].frames.shape == (2, 24, 32, 3)


def test_a_clip_s_own_measurements_come_after_those_of_its_study(tmp_path: Path) -> None:
    write_study(tmp_path, {"a.dcm": "1.2.1"}, [{"sop_instance_uid": "1.2.1", "measurements": [{"key": "av_vmax", "value": 2}]}])
    truth = json.loads((tmp_path / "truth.json").read_text()) | {"measurements": [{"key": "ef_bp", "value": 60}]}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    ((_, entry),) = clips_with_truth(tmp_path)
    assert [one["key"] for one in entry["measurements"]] == ["ef_bp", "av_vmax"]


def test_clips_that_are_opened_again_are_not_kept(tmp_path: Path) -> None:
    """Bug prevented: a training on a large folder that holds every decoded frame until memory ends."""
    write_study(tmp_path, {"a.dcm": "1.2.1"})
    (item,) = read(tmp_path, clips_to_open_again).items
    first, again = item.load(), item.load()
    assert first is not again
    assert (first.frames == again.frames).all()
    (kept,) = read(tmp_path, clips_with_truth).items
    assert kept.load() is kept.load()


def test_studies_below_a_folder_are_read_one_after_another(tmp_path: Path) -> None:
    write_study(tmp_path / "one", {"a.dcm": "1.2.1"})
    write_study(tmp_path / "two" / "deep", {"a.dcm": "1.2.2"})
    assert [clip.sop_instance_uid for clip, _ in clips_with_truth(tmp_path)] == ["1.2.1", "1.2.2"]


def test_objects_without_truth_are_passed_over(tmp_path: Path) -> None:
    write_study(tmp_path, {"a.dcm": "1.2.1", "b.dcm": "1.2.2"}, [{"sop_instance_uid": "1.2.2"}])
    (tmp_path / "c.dcm").write_bytes(b"no DICOM")
    assert [clip.sop_instance_uid for clip, _ in clips_with_truth(tmp_path)] == ["1.2.2"]


def test_truth_without_its_object_is_an_error(tmp_path: Path) -> None:
    write_study(tmp_path, {"a.dcm": "1.2.1"}, [{"sop_instance_uid": "1.2.1"}, {"sop_instance_uid": "1.2.9"}])
    clips = clips_with_truth(tmp_path)
    assert next(clips)[0].sop_instance_uid == "1.2.1"
    with pytest.raises(EchoNodeError, match="1 clips are not beside it"):
        next(clips)


def test_no_truth_at_all(tmp_path: Path) -> None:
    with pytest.raises(EchoNodeError, match=r"no truth\.json"):
        list(clips_with_truth(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"clips": [{}]}', '{"clips": 3}'])
def test_an_unreadable_truth(tmp_path: Path, text: str) -> None:
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(EchoNodeError, match="not a readable"):
        list(clips_with_truth(tmp_path))


def test_an_undecodable_clip_is_not_left_out_quietly(tmp_path: Path) -> None:
    write_study(tmp_path, {"a.dcm": "1.2.1"})
    broken = ultrasound_object(moving_picture(2), SOPInstanceUID="1.2.1", Rows=9000)
    (tmp_path / "a.dcm").write_bytes(as_file(broken))
    with pytest.raises(UnreadableClip):
        list(clips_with_truth(tmp_path))
