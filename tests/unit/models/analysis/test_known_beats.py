"""The beats that an analysis knows, for models that read a value of each."""

from dataclasses import replace

import pytest

from models.analysis import predictor as analysis
from models.analysis.loaded_model import prepare_for_role
from models.analysis.measured_values import ClipReadings, read_clip_values
from models.analysis.outlines import Ventricle
from models.catalogue import View
from models.clip import Clip
from models.derive.beats.beat_to_beat import timed_starts_ms
from models.library.model_set import Role
from models.results import Beat
from tests.loaded import as_model
from tests.unit.models.analysis.test_mixed_sets import model_set
from tests.unit.models.families.drawn_maps import clip
from tests.unit.models.families.echonet.test_echonet_dynamic import KNOWN, MeanFraction, beating

BEATS = (Beat(40, 60), Beat(80, 100))


@pytest.mark.slow
def test_the_video_regression_takes_one_clip_of_each_known_beat_and_all_clips_without() -> None:
    cine = beating(frames=160, period=40)
    assert cine.frame_times_ms is not None
    loaded = (prepare_for_role(Role.MEASUREMENTS, as_model(MeanFraction(**KNOWN))),)
    (of_beats,) = read_clip_values(cine, View.A4C, loaded, BEATS).values
    assert "mean of 2 beats" in of_beats.detail
    assert (of_beats.beats, of_beats.sd is None) == (2, False)
    (of_all,) = read_clip_values(cine, View.A4C, loaded).values
    assert f"mean of {len(timed_starts_ms(cine.frame_times_ms))} clips" in of_all.detail
    assert of_all.beats == 1


def test_the_analysis_hands_on_the_beats_of_the_ventricle(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[object] = []

    def read(*given: object) -> ClipReadings:
        handed.append(given[3])
        return ClipReadings()

    monkeypatch.setattr(analysis, "outline_ventricle", lambda *_: Ventricle(beats=BEATS))
    monkeypatch.setattr(analysis, "read_clip_values", read)
    model_set(label="a4ch-full").analyse(replace(clip(20), is_quality_control_subject=True))
    assert handed == [BEATS]


def test_what_the_ventricle_took_is_there_for_the_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[object] = []

    def outline(cine: Clip, *_: object) -> Ventricle:
        prepared.append(cine.cache.once("squares", object))
        return Ventricle()

    def read(cine: Clip, *_: object) -> ClipReadings:
        prepared.append(cine.cache.once("squares", object))
        return ClipReadings()

    monkeypatch.setattr(analysis, "outline_ventricle", outline)
    monkeypatch.setattr(analysis, "read_clip_values", read)
    cine = replace(clip(20), is_quality_control_subject=True)
    model_set(label="a4ch-full").analyse(cine)
    assert prepared[0] is prepared[1]
    assert cine.cache.once("squares", object) is not prepared[0], "afterwards nothing is kept"
