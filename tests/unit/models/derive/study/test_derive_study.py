"""From clips to a study: which clips count, what is measured, and every reason where nothing is."""

import math
from typing import Any

import pytest

from models.catalogue import OUTLINED, Phase, View
from models.derive.calipers.linear import length_cm
from models.derive.study.quantities import derive_study
from models.results import CaliperKind, ClipFindings, QualityFlag, QualityGrade, QualityIssue, Reason
from tests.unit.models.derive.apical_clips import (
    OF_EVERY_STUDY,
    PATIENT_WEIGHTS,
    PHANTOM_WEIGHTS,
    apical_clip,
    measured,
    missing,
    volume_ml,
)


def test_every_quantity_has_one_answer() -> None:
    for clips in ([], [apical_clip()], [apical_clip(), apical_clip(View.A2C, "1.2.4")], [apical_clip(View.PLAX)]):
        findings = derive_study("1.2", clips)
        assert sorted([*measured(findings), *missing(findings)]) == sorted(OF_EVERY_STUDY)


def test_two_planes_give_all_quantities_with_unit_method_and_view() -> None:
    findings = derive_study("1.2", [apical_clip(), apical_clip(View.A2C, "1.2.4")])
    found = measured(findings)
    assert missing(findings) == {}
    for key in ("lvedv_a4c", "lvedv_a2c", "lvedv_bp"):
        assert found[key].value == pytest.approx(volume_ml(8, 2.5), rel=2e-3)
    assert found["lvesv_bp"].value == pytest.approx(volume_ml(6.5, 1.8), rel=2e-3)
    expected_ef = 100 * (1 - volume_ml(6.5, 1.8) / volume_ml(8, 2.5))
    assert [found[key].value for key in ("ef_a4c", "ef_a2c", "ef_bp")] == pytest.approx([expected_ef] * 3, rel=2e-3)
    assert found["lv_len_d_a4c"].value == pytest.approx(8, rel=1e-3)
    assert [found[key].view for key in ("ef_a4c", "ef_a2c", "ef_bp")] == [View.A4C, View.A2C, None]
    assert {(found[key].unit, found[key].method) for key in OUTLINED} == {(q.unit, q.method) for q in OUTLINED.values()}


def test_sources_are_frames_of_the_phase_counted_from_one() -> None:
    found = measured(derive_study("1.2", [apical_clip(beats=[((8, 2.5), (6.5, 1.8))] * 2), apical_clip(View.A2C, "1.2.4")]))

    def frames(key: str) -> list[tuple[str, int, Phase | None]]:
        return [(source.sop_instance_uid, source.frame_number, source.phase) for source in found[key].sources]

    ed, es = Phase.END_DIASTOLE, Phase.END_SYSTOLE
    assert frames("ef_a4c") == [("1.2.3", 1, ed), ("1.2.3", 11, es), ("1.2.3", 21, ed), ("1.2.3", 31, es)]
    assert frames("lvedv_a4c") == [("1.2.3", 1, ed), ("1.2.3", 21, ed)]
    assert frames("ef_bp") == [("1.2.3", 1, ed), ("1.2.3", 11, es), ("1.2.4", 1, ed), ("1.2.4", 11, es)]


def test_a_length_keeps_the_line_of_each_beat_and_a_volume_has_its_outlines_in_the_clip() -> None:
    clip = apical_clip(beats=[((8, 2.5), (6.5, 1.8)), ((7.6, 2.5), (6.5, 1.8))])
    found = measured(derive_study("1.2", [clip]))
    lines = found["lv_len_d_a4c"].calipers
    assert [(line.kind, line.sop_instance_uid, line.frame_number) for line in lines] == [
        (CaliperKind.LINE, "1.2.3", 1), (CaliperKind.LINE, "1.2.3", 21),
    ]  # fmt: skip
    assert clip.cm_per_px is not None
    assert [length_cm(*line.points_px, clip.cm_per_px) for line in lines] == pytest.approx([8, 7.6], rel=1e-3)
    assert {key for key, value in found.items() if value.calipers} == {"lv_len_d_a4c"}


def test_ef_is_the_mean_of_the_beats_own() -> None:
    beats = [((8.0, 2.5), (6.5, 1.8)), ((8.0, 2.4), (6.5, 1.9)), ((8.0, 2.6), (6.5, 1.7))]
    found = measured(derive_study("1.2", [apical_clip(beats=beats)]))
    own = [100 * (1 - volume_ml(*es) / volume_ml(*ed)) for ed, es in beats]
    assert found["ef_a4c"].value == pytest.approx(sum(own) / 3, rel=2e-3)
    assert found["ef_a4c"].beats == 3
    mean = sum(own) / 3
    assert found["ef_a4c"].sd == pytest.approx(math.sqrt(sum((ef - mean) ** 2 for ef in own) / 2), rel=2e-2)


def test_a_single_beat_has_no_spread() -> None:
    assert measured(derive_study("1.2", [apical_clip()]))["ef_a4c"].sd is None


def test_biplane_pairs_as_many_beats_as_both_have_and_takes_ef_from_the_means() -> None:
    a4c = apical_clip(beats=[((8.0, 2.5), (6.5, 1.8)), ((8.0, 2.7), (6.5, 1.6)), ((8.0, 2.0), (6.5, 1.9))])
    a2c = apical_clip(View.A2C, "1.2.4", beats=[((8.0, 2.5), (6.5, 1.8)), ((8.0, 2.3), (6.5, 1.8))])
    found = measured(derive_study("1.2", [a4c, a2c]))
    edv = (2 / 3 * math.pi * 8) * (2.5 * 2.5 + 2.7 * 2.3) / 2
    esv = (2 / 3 * math.pi * 6.5) * (1.8 * 1.8 + 1.6 * 1.8) / 2
    assert found["ef_bp"].beats == 2
    assert found["lvedv_bp"].value == pytest.approx(edv, rel=2e-3)
    assert found["ef_bp"].value == pytest.approx(100 * (edv - esv) / edv, rel=2e-3)


def test_the_least_foreshortened_clip_counts() -> None:
    short = apical_clip(uid="1.2.1", beats=[((7.5, 2.5), (6.0, 1.8))], quality=QualityGrade(99, adequate=True))
    long = apical_clip(uid="1.2.2", beats=[((8.2, 2.5), (6.5, 1.8))], quality=QualityGrade(60, adequate=True))
    for clips in ([short, long], [long, short]):
        found = measured(derive_study("1.2", clips))
        assert {source.sop_instance_uid for source in found["ef_a4c"].sources} == {"1.2.2"}


def test_of_equally_long_clips_the_better_image_counts() -> None:
    clips = [apical_clip(uid=f"1.2.{score}", quality=QualityGrade(score, adequate=True)) for score in (60, 90, 70)]
    assert measured(derive_study("1.2", clips))["ef_a4c"].sources[0].sop_instance_uid == "1.2.90"


def test_a_stopped_clip_never_counts_however_long() -> None:
    stopped = apical_clip(uid="1.2.9", beats=[((9.5, 2.5), (7, 1.8))], gates=(Reason.QUALITY,))
    found = measured(derive_study("1.2", [stopped, apical_clip()]))
    assert {source.sop_instance_uid for source in found["ef_a4c"].sources} == {"1.2.3"}


@pytest.mark.parametrize(("a2c_length", "kept", "foreshortened"), [(7.0, "a4c", "1.2.4"), (9.5, "a2c", "1.2.3")])
def test_of_planes_of_different_length_only_the_longer_gives_numbers(a2c_length: float, kept: str, foreshortened: str) -> None:
    a2c = apical_clip(View.A2C, "1.2.4", beats=[((a2c_length, 2.5), (6.0, 1.8))], outlined_by="phantom_lv")
    findings = derive_study("1.2", [apical_clip(outlined_by="phantom_lv"), a2c])
    assert set(measured(findings)) == {key for key in OUTLINED if key.endswith(kept)} | {"bsa", "hr"}
    assert {result.reasons for result in findings.not_measured} == {(Reason.DISAGREEMENT,)}
    of_outlines = [result for result in findings.not_measured if result.key in OUTLINED]
    assert all(f"A4C 8.0 cm, A2C {a2c_length} cm" in result.detail for result in of_outlines)
    assert [(flag.issue, flag.sop_instance_uid) for flag in findings.flags] == [(QualityIssue.FORESHORTENING, foreshortened)]
    assert [flag.judges for flag in findings.flags] == [("phantom_lv",)]


@pytest.mark.parametrize(("a2c_length", "agree"), [(7.21, True), (7.19, False), (8.88, True), (8.9, False)])
def test_ten_percent_of_the_longer_axis(a2c_length: float, agree: bool) -> None:
    a2c = apical_clip(View.A2C, "1.2.4", beats=[((a2c_length, 2.5), (6.0, 1.8))])
    assert ("ef_bp" in measured(derive_study("1.2", [apical_clip(), a2c]))) is agree


def test_a_missing_plane_is_view_missing() -> None:
    not_measured = missing(derive_study("1.2", [apical_clip()]))
    assert {result.reasons for result in not_measured.values()} == {(Reason.VIEW_MISSING,)}
    of_two_planes = {"ef_bp", "lvedv_bp", "lvesv_bp", "sv_bp", "svi_bp", "lvedv_bp_index", "lvesv_bp_index"}
    assert set(not_measured) == of_two_planes | {"ef_a2c", "lvedv_a2c", "lvesv_a2c"}


def test_no_clip_at_all() -> None:
    not_measured = missing(derive_study("1.2", []))
    assert {not_measured[key].reasons for key in OUTLINED} == {(Reason.VIEW_MISSING,)}
    assert (not_measured["bsa"].reasons, not_measured["hr"].reasons) == ((Reason.PATIENT_SIZE,), (Reason.NO_CARDIAC_CYCLE,))


def test_all_gates_of_all_clips_of_the_view_are_listed() -> None:
    clips = [
        apical_clip(uid="1.2.1", gates=(Reason.QUALITY,)),
        apical_clip(uid="1.2.2", gates=(Reason.OUT_OF_DISTRIBUTION, Reason.STRESS_STAGE)),
        apical_clip(View.A2C, "1.2.4", gates=(Reason.CONTRAST_AGENT,)),
    ]
    not_measured = missing(derive_study("1.2", clips))
    a4c = (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION, Reason.STRESS_STAGE)
    assert not_measured["ef_a4c"].reasons == a4c
    assert not_measured["ef_a2c"].reasons == (Reason.CONTRAST_AGENT,)
    assert not_measured["ef_bp"].reasons == (*a4c, Reason.CONTRAST_AGENT)


def test_a_clip_without_a_beat() -> None:
    assert missing(derive_study("1.2", [apical_clip(beats=[])]))["ef_a4c"].reasons == (Reason.NO_CARDIAC_CYCLE,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"contours": ()}, "no outline of the left ventricle on any frame"),
        ({"frame_times_ms": ()}, "the clip states no frame times"),
        ({"frame_times_ms": (0.0, 40.0)}, "no whole regular beat"),
    ],
)
def test_the_detail_says_why_there_is_no_beat(changes: dict[str, Any], words: str) -> None:
    clip = apical_clip(**{"contours": apical_clip().contours, "beats": [], **changes})
    not_measured = missing(derive_study("1.2", [clip]))
    assert not_measured["ef_a4c"].detail.startswith(words)
    assert not_measured["ef_bp"].detail.startswith(words)
    assert not_measured["ef_a2c"].detail == ""


def test_a_beat_whose_frame_has_no_outline_is_no_beat() -> None:
    without = apical_clip(contours=apical_clip().contours[:1])
    assert missing(derive_study("1.2", [without]))["ef_a4c"].reasons == (Reason.NO_CARDIAC_CYCLE,)


def test_a_clip_without_calibration_gives_no_number_even_ungated() -> None:
    assert missing(derive_study("1.2", [apical_clip(cm_per_px=None)]))["ef_a4c"].reasons == (Reason.NO_CALIBRATION,)


def test_gates_of_an_unrecognised_clip_explain_the_missing_view() -> None:
    other = apical_clip(View.OTHER, "1.2.5", gates=(Reason.QUALITY,), beats=[])
    not_measured = missing(derive_study("1.2", [apical_clip(), other]))
    assert not_measured["ef_a2c"].reasons == (Reason.VIEW_MISSING, Reason.QUALITY)


def test_gates_of_a_recognised_clip_do_not_explain_another_view() -> None:
    poor_a4c = apical_clip(uid="1.2.5", gates=(Reason.QUALITY,), beats=[])
    assert missing(derive_study("1.2", [apical_clip(), poor_a4c]))["ef_a2c"].reasons == (Reason.VIEW_MISSING,)


@pytest.mark.parametrize("view", [View.OTHER, View.A4C])
def test_an_uncalibrated_patient_clip_lists_all_that_stood_in_the_way(view: View) -> None:
    gates = (Reason.CALIBRATION_INCONSISTENT, Reason.OUT_OF_DISTRIBUTION)
    clip = apical_clip(view, gates=gates, cm_per_px=None, beats=[], is_quality_control_subject=False)
    not_measured = missing(derive_study("1.2", [clip]))
    missing_view = (gates[0], Reason.VIEW_MISSING, gates[1], Reason.RESEARCH_WEIGHTS)
    assert set(not_measured) == set(OF_EVERY_STUDY)
    assert not_measured["ef_a2c"].reasons == missing_view
    assert not_measured["ef_a4c"].reasons == ((*gates, Reason.RESEARCH_WEIGHTS) if view is View.A4C else missing_view)


def test_an_undecodable_clip_explains_why_nothing_is_measured() -> None:
    flag = QualityFlag(QualityIssue.UNDECODABLE, "1.2.7", "no pixel data")
    clip = ClipFindings("1.2.7", 0, 0, 0, gates=(Reason.UNDECODABLE,), flags=(flag,))
    findings = derive_study("1.2", [clip])
    assert missing(findings)["ef_bp"].reasons == (Reason.UNDECODABLE, Reason.VIEW_MISSING)
    assert findings.flags == (flag,)


def test_models_and_flags_of_all_clips_are_gathered_once() -> None:
    flag = QualityFlag(QualityIssue.TOLERATED, "1.2.3", "no transfer syntax")
    clips = [apical_clip(flags=(flag,)), apical_clip(View.A2C, "1.2.4", models=(PHANTOM_WEIGHTS, PATIENT_WEIGHTS))]
    findings = derive_study("1.2", clips)
    assert findings.models == (PHANTOM_WEIGHTS, PATIENT_WEIGHTS)
    assert findings.flags == (flag,)
    assert findings.clips == tuple(clips)
