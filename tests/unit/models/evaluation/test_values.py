"""Measurements a truth.json states, by key and unit, for every model that reads them off a clip or off a study's two clips."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from models.catalogue import View
from models.clip import Clip
from models.errors import EvaluationError, ReadingError
from models.evaluation.datasets import read_data
from models.evaluation.datasets.items import DataSet, Item, TrueValue, Truth
from models.evaluation.tasks import run_task, tasks_of
from models.evaluation.tasks.evaluation_result import Options
from models.evaluation.tasks.values import keys_read
from models.library.reading import Decoding, Reading
from models.library.registry import find_manifest, list_models
from models.results import ReadValue, Reason
from tests.loaded import as_model


class KnownReader:
    """Reads what it was told, by the key of the clip; remembers which clips it was asked about."""

    def __init__(self, name: str, readings: dict[str, Reading | ReadingError]) -> None:
        self.manifest = find_manifest(name)
        self.readings = readings
        self.asked: list[str] = []

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        self.asked.append(clip.sop_instance_uid)
        found = self.readings[clip.sop_instance_uid]
        if isinstance(found, ReadingError):
            raise found
        return found


class GroupReader(KnownReader):
    def read_group(self, clips: Sequence[Clip]) -> Reading:
        return self.read(Clip("+".join(clip.sop_instance_uid for clip in clips), clips[0].frames, None))


def item(
    key: str, view: View | None, values: dict[str, tuple[float, str]], study: str = "", frames: int = 6, **truth: object
) -> Item:
    clip = Clip(key, np.zeros((frames, 8, 8, 3), np.uint8), None)
    true = {name: TrueValue(*value) for name, value in values.items()}
    return Item(key, study or key, "", lambda: clip, Truth(values=true, view=view, **truth))


def read(*values: tuple[str, str, float | None]) -> Reading:
    return Reading(
        tuple(
            ReadValue(key, unit, value, reasons=() if value is not None else (Reason.NO_CALIBRATION,))
            for key, unit, value in values
        )
    )


CW = View.DOPPLER_AV_CW


def test_velocities_by_key_with_coverage_and_reasons() -> None:
    """Stated are 2.0, 3.0, 4.0, 1.5 and 2.5 m/s; read are 2.2 and 2.8, twice nothing, and one in cm/s."""
    items = [item(name, CW, {"av_vmax": (true, "m/s")}) for name, true in zip("abcde", (2.0, 3.0, 4.0, 1.5, 2.5), strict=True)]
    readings: dict[str, Reading | ReadingError] = {
        "a": read(("av_vmax", "m/s", 2.2), ("av_pg", "mm[Hg]", 19.4)),
        "b": read(("av_vmax", "m/s", 2.8)),
        "c": read(("peak_y", "px", 40.0), ("av_vmax", "m/s", None)),
        "d": ReadingError("6 frames, one is needed"),
        "e": read(("av_vmax", "cm/s", 250.0)),
    }
    result = run_task(as_model(KnownReader("avvmax", readings)), DataSet("dicom", items), Options())
    figures = result.figures
    assert result.task == "values"
    assert (figures["values"], figures["av_vmax_n"], figures["av_vmax_coverage_percent"]) == (5, 2, 40)
    assert figures["av_vmax_mae_m_s"] == pytest.approx(0.2)
    assert figures["av_vmax_bias_m_s"] == pytest.approx(0)
    assert not any(key.startswith("av_pg") for key in figures)  # nobody stated it
    assert result.notes == (
        "corrected decoding",
        "not measured: 1 x no_calibration",
        "not measured: 1 x unreadable: 6 frames, one is needed",
        "not measured: 1 x av_vmax is in cm/s, stated in m/s: not compared",
    )
    assert [row["error"] for row in result.rows] == [pytest.approx(0.2), pytest.approx(-0.2), None, None, None]
    assert set(result.plots) == {"scatter_av_vmax", "bland_altman_av_vmax"}


def test_several_quantities_of_one_model_each_with_its_own_figures() -> None:
    """Of an uncalibrated clip lengths stand in px beside the missing ones in cm: never compared as if they were cm."""
    truth = {"lvidd_2d": (5.0, "cm"), "lvids_2d": (3.0, "cm"), "ef_teichholz_2d": (60.0, "%")}
    both = ("lvidd_2d", "cm", 5.5), ("lvids_2d", "cm", 3.1), ("ef_teichholz_2d", "%", 62.0)
    readings: dict[str, Reading | ReadingError] = {
        "a": read(*both), "b": read(*both), "c": read(("lvidd_2d", "px", 200.0), ("lvidd_2d", "cm", None)),
    }  # fmt: skip
    result = run_task(
        as_model(KnownReader("lvid", readings)), DataSet("dicom", [item(k, View.PLAX, truth) for k in "abc"]), Options()
    )
    figures = result.figures
    assert figures["lvidd_2d_mae_cm"] == pytest.approx(0.5)
    assert figures["lvids_2d_mae_cm"] == pytest.approx(0.1)
    assert figures["ef_teichholz_2d_mae_points"] == pytest.approx(2)
    assert figures["lvidd_2d_coverage_percent"] == pytest.approx(200 / 3)
    missed = {str(row["key"]): row["not_measured"] for row in result.rows if row["item"] == "c"}
    assert missed["lvidd_2d"] == "no_calibration"
    assert missed["lvids_2d"] == "the model gave no such value"


def test_clips_of_other_views_are_not_asked() -> None:
    """A display that does not say whether PW or CW may be the one; a clip of which nobody says what it shows, too."""
    truth = {"av_vmax": (2.0, "m/s")}
    views = {"cw": CW, "either": View.DOPPLER_AV, "unknown": None, "a4c": View.A4C, "pw": View.DOPPLER_AV_PW}
    model = KnownReader("avvmax", {key: read(("av_vmax", "m/s", 2.1)) for key in views})
    items = [item(key, view, truth, study="one") for key, view in views.items()]
    result = run_task(as_model(model), DataSet("dicom", items), Options())
    assert model.asked == ["cw", "either", "unknown"]
    assert result.notes[-1] == "not asked: 2 clips of views that the model does not read"
    with pytest.raises(EvaluationError, match="of clips that show doppler_av_cw: 2 are of other views"):
        run_task(as_model(model), DataSet("dicom", items[3:]), Options())
    with pytest.raises(EvaluationError, match=r"has a stated av_vmax or av_pg$"):
        run_task(as_model(model), DataSet("dicom", [item("x", CW, {"tr_vmax": (2.0, "m/s")})]), Options())


def test_an_area_is_compared_under_the_key_of_its_view() -> None:
    truth = {"la_area_a4c": (15.0, "cm2"), "la_area_a2c": (18.0, "cm2")}
    model = KnownReader("la_area", {key: read(("la_area", "cm2", 16.0)) for key in "ab"})
    items = [item("a", View.A4C, truth, "one"), item("b", View.A2C, truth, "one")]
    rows = run_task(as_model(model), DataSet("dicom", items), Options()).rows
    found = {(row["item"], row["key"]): (row["found"], row["not_measured"]) for row in rows}
    assert found["a", "la_area_a4c"] == found["b", "la_area_a2c"] == (16.0, None)


def test_every_model_that_measures_can_be_tried_at_it() -> None:
    """But those of the ejection fraction alone, which have a trial of their own."""
    for manifest in list_models():
        if manifest.family in ("echonet_measurements", "echoforge_keypoints") and keys_read(manifest):
            assert "values" in tasks_of(manifest), manifest.name
    assert keys_read(find_manifest("EchoMotionNet_B0_SE")) == ("ef_a4c", "lvedv_a4c", "lvesv_a4c")
    assert tasks_of(find_manifest("EchoForge_PLAX_keypoints")) == ("linear", "values", "landmarks")


def apical(key: str, view: View, study: str, ef_percent: float, frames: int = 6) -> Item:
    return item(key, view, {}, study, frames, ef_percent=ef_percent)


def test_a_model_of_pairs_reads_the_two_clips_of_each_study() -> None:
    """Two studies with both views, the second with an A4C to spare, and one without an A2C."""
    items = [
        apical("1a", View.A4C, "one", 50), apical("1b", View.A2C, "one", 50),
        apical("2b", View.A2C, "two", 60), apical("2x", View.PLAX, "two", 60),
        apical("2a", View.A4C, "two", 60), apical("2c", View.A4C, "two", 60),
        apical("3a", View.A4C, "three", 40),
    ]  # fmt: skip
    readings: dict[str, Reading | ReadingError] = {
        key: read(("ef_video_regression_biplane", "%", ef)) for key, ef in (("1a+1b", 53.0), ("2a+2b", 59.0))
    }
    model = GroupReader("EchoMotionNet_A4C_A2C", readings)
    result = run_task(as_model(model), DataSet("dicom", items), Options())
    assert model.asked == ["1a+1b", "2a+2b"]
    assert (result.figures["items"], result.figures["ef_mae_points"]) == (3, pytest.approx(2))
    assert [(row["item"], row["found"]) for row in result.rows] == [("one", 53.0), ("two", 59.0), ("three", None)]
    assert "not measured: 1 x no a2c clip" in result.notes


def test_an_ejection_fraction_is_asked_of_clips_of_the_model_s_view_alone() -> None:
    """The truth is the study's, so every clip of it has one; a clip of which nobody says what it shows is asked, too."""
    items = [
        apical("1a", View.A4C, "one", 50), apical("1b", View.A2C, "one", 50), apical("1p", View.PLAX, "one", 50),
        apical("2a", View.A4C, "two", 60), item("3", None, {}, "three", ef_percent=40),
    ]  # fmt: skip
    model = KnownReader("PanEcho", {key: read(("ef_video_regression", "%", 55.0)) for key in ("1a", "2a", "3")})
    result = run_task(as_model(model), DataSet("dicom", items), Options(), "ef")
    assert model.asked == ["1a", "2a", "3"]
    assert (result.figures["items"], result.figures["coverage_percent"]) == (3, 100)
    assert "not asked: 2 clips of views that the model does not read" in result.notes
    with pytest.raises(EvaluationError, match="2 clips are of views that the model does not read"):
        run_task(as_model(model), DataSet("dicom", items[1:3]), Options(), "ef")


def test_a_model_of_pairs_is_not_tried_on_single_frames() -> None:
    singles: Iterable[Item] = [apical("a", View.A4C, "one", 50, frames=2), apical("b", View.A2C, "one", 50, frames=2)]
    with pytest.raises(EvaluationError, match="the model reads clips of several frames, and 1 are single frames"):
        run_task(as_model(GroupReader("EchoMotionNet_A4C_A2C", {})), DataSet("camus", singles), Options())


@pytest.mark.parametrize(
    ("entry", "view"),
    [
        ({"view": "a4c", "echoview47": "a4ch-lv"}, View.A4C),
        ({"echoview47": "a4ch-full"}, View.A4C),
        ({"echoview47": "doppler-av"}, View.DOPPLER_AV),
        ({"view": "upside down"}, None),
    ],
)
def test_what_truth_json_says_of_a_clip(entry: dict[str, object], view: View | None, tmp_path: Path) -> None:
    """Of two values of one key the later one, the clip's own, counts."""
    (tmp_path / "truth.json").write_text(json.dumps({"study": "1.2", "clips": []}))
    stated = [{"key": "av_vmax", "value": value, "unit": "m/s"} for value in (2, 2.5)] + [{"key": "tapse", "value": 2.1}]
    clip = Clip("1.2.3", np.zeros((5, 16, 16, 3), np.uint8), None)
    (one,) = read_data(tmp_path, "dicom", lambda _: iter([(clip, entry | {"measurements": stated})])).items
    assert one.truth.values == {"av_vmax": TrueValue(2.5, "m/s"), "tapse": TrueValue(2.1, "")}
    assert one.truth.view == view
