"""When two clips are read together, which files they are, and what is said where they could not be."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.catalogue import View
from models.derive.study.groups import ClipGroup
from models.derive.study.quantities import derive_study
from models.library.model_set import ModelSet
from models.library.quantities import quantities_of
from models.results import ClipFindings, FrameReference, ModelUse, QualityGrade, ReadValue, Reason
from node.work.clip_analysis import read_group
from node.work.failures import group_without_values
from node.work.groups import with_groups
from tests.unit.models.derive.apical_clips import PATIENT_WEIGHTS, PHANTOM_WEIGHTS, apical_clip, measured, missing

KEY, MODEL = "ef_video_regression_biplane", "EchoMotionNet_A4C_A2C"
PAIR_SET = ModelSet(measurements=(MODEL,))
EVERY = tuple(FrameReference(uid, number) for uid in ("4", "2") for number in range(1, 21))
USE = ModelUse(MODEL, "1", "e" * 64, trained_on_phantoms=False)


def clip(view: View, uid: str, **changes: object) -> ClipFindings:
    return apical_clip(view, uid, **{"models": (PATIENT_WEIGHTS,), **changes})


A4C, A2C, OTHER = clip(View.A4C, "4"), clip(View.A2C, "2"), clip(View.OTHER, "5")
GROUP = ClipGroup((View.A4C, View.A2C), (A4C, A2C))


class Reading:
    """Says 61 %, and remembers what it was asked."""

    def __init__(self, percent: float = 61.0, use: ModelUse = USE) -> None:
        self.asked: list[tuple[str, Path, Path]] = []
        self.percent, self.use = percent, use

    def __call__(self, group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        a4c, (a4c_path, a2c_path) = group.clips[0], files
        self.asked.append((a4c.sop_instance_uid, a4c_path, a2c_path))
        value = ReadValue(KEY, "%", self.percent, model=MODEL, sources=EVERY)
        return replace(a4c, values=(*a4c.values, value), models=(*a4c.models, self.use))


def files(clips: list[ClipFindings]) -> list[Path]:
    return [Path(f"file-{clip.sop_instance_uid}") for clip in clips]


def test_the_pair_s_own_files_are_read_and_the_value_stands_with_the_a4c_clip() -> None:
    short = clip(View.A4C, "41", beats=[((7.5, 2.5), (6.3, 1.8))])
    clips, reading = [OTHER, short, A2C, A4C], Reading()
    found = with_groups(files(clips), clips, PAIR_SET, reading)
    assert reading.asked == [("4", Path("file-4"), Path("file-2"))]
    assert found[:3] == clips[:3]
    study = derive_study("1", found, asked=quantities_of(PAIR_SET))
    value = measured(study)[KEY]
    assert (value.value, value.method, value.view) == (61.0, "video regression, biplane", None)
    assert value.sources == EVERY
    assert "ef_bp" in measured(study), "discs are a quantity of their own"
    assert USE in study.models


def test_nothing_is_read_without_a_model_of_pairs_or_without_a_pair() -> None:
    reading = Reading()
    for plan, clips in (
        (PAIR_SET.but(measurements=()), [A4C, A2C]),
        (PAIR_SET.but(measurements=("EchoMotionNet_BiLSTM",)), [A4C, A2C]),
        (PAIR_SET, [A4C, OTHER]),
        (PAIR_SET, []),
    ):
        assert with_groups(files(clips), clips, plan, reading) == clips
    assert reading.asked == []


def test_a_study_without_a_pair_says_what_is_missing() -> None:
    stopped = clip(View.A2C, "2", gates=(Reason.QUALITY,), quality=QualityGrade(5, adequate=False))
    foreshortened = clip(View.A2C, "2", beats=[((7.0, 2.5), (6.0, 1.8))])
    for clips, reasons in (
        ([A4C, OTHER], (Reason.VIEW_MISSING,)),
        ([A4C, stopped], (Reason.QUALITY,)),
        ([A4C, foreshortened], (Reason.DISAGREEMENT,)),
        ([], (Reason.VIEW_MISSING,)),
    ):
        found = with_groups(files(clips), clips, PAIR_SET, Reading())
        assert missing(derive_study("1", found, asked=quantities_of(PAIR_SET)))[KEY].reasons == reasons


def test_an_impossible_value_is_refused() -> None:
    found = with_groups(files([A4C, A2C]), [A4C, A2C], PAIR_SET, Reading(91.0))
    assert missing(derive_study("1", found))[KEY].reasons == (Reason.OUTSIDE_LIMITS,)


def test_phantom_weights_read_no_patient() -> None:
    """Also where they are those of the pair's model alone."""
    clips = [replace(one, is_quality_control_subject=False) for one in (A4C, A2C)]
    use = replace(USE, trained_on_phantoms=True)
    study = derive_study("1", with_groups(files(clips), clips, PAIR_SET, Reading(use=use)), asked=(KEY,))
    assert study.measurements == ()
    assert missing(study)[KEY].reasons == (Reason.RESEARCH_WEIGHTS,)
    stopped = [replace(clips[0], models=(PHANTOM_WEIGHTS,)), replace(clips[1], gates=(Reason.QUALITY,))]
    assert missing(derive_study("1", stopped, asked=(KEY,)))[KEY].reasons == (Reason.QUALITY, Reason.RESEARCH_WEIGHTS)


def test_what_broke_off_is_a_reason_and_the_rest_of_the_study_stands() -> None:
    found = [group_without_values(GROUP, PAIR_SET, Reason.COMPUTATION_FAILED, "took longer than 600 s"), A2C]
    study = derive_study("1", found, asked=(KEY,))
    assert missing(study)[KEY].reasons == (Reason.COMPUTATION_FAILED,)
    assert missing(study)[KEY].detail == f"{MODEL}: took longer than 600 s"
    assert {"ef_bp", "ef_a4c", "ef_a2c"} <= measured(study).keys()


def test_a_file_that_cannot_be_read_is_a_reason(tmp_path: Path) -> None:
    text = tmp_path / "text.dcm"
    text.write_bytes(b"no DICOM")
    (value,) = read_group(GROUP, [text, text], PAIR_SET).values
    assert (value.key, value.value, value.reasons) == (KEY, None, (Reason.UNDECODABLE,))
