"""A whole examination: objects that read back, truth that fits its schema and its pixels, flaws that stay in the headers."""

import json
from dataclasses import replace
from importlib.resources import files
from itertools import islice
from pathlib import Path

import jsonschema
import numpy as np
import pydicom
import pytest
from pydicom.uid import UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from models.calibration import choose_b_mode_region, choose_m_mode_region, choose_spectral_region
from models.catalogue import DISPLAYS, M_MODES, View
from models.evaluation.datasets import truth_json
from node.objects.clip_folder import clips_with_truth
from node.objects.clip_reader import read_clip
from node.objects.exam_plan import ExamDetail, Kind, plan_exam
from node.objects.exam_writer import make_objects, write_whole_study
from node.objects.phantom_writer import WrittenStudy

pytestmark = pytest.mark.slow  # the fixture draws an examination

DETAIL = ExamDetail(polar=(48, 24), frame_rate_hz=4.0, columns=240, seconds=1.0, longest_beats=1.0)
SEED = 11


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> WrittenStudy:
    return write_whole_study(
        tmp_path_factory.mktemp("exam") / "new", seed=SEED, objects=12, flawed=True, detail=DETAIL, processes=1
    )


def test_truth_fits_its_schema_and_is_what_was_returned(study: WrittenStudy) -> None:
    truth = json.loads((study.paths[0].parent / "truth.json").read_text(encoding="utf-8"))
    assert truth == json.loads(json.dumps(study.truth))
    schema = json.loads(files("node").joinpath("schemas/truth.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(truth, schema)
    broken = {**truth, "clips": [{**truth["clips"][0], "lines": [{"key": "lvidd_2d"}]}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_objects_and_truth_name_the_same(study: WrittenStudy) -> None:
    plan = plan_exam(SEED, objects=12, flawed=True, detail=DETAIL)
    for path, true, planned in zip(study.paths, study.truth["clips"], plan.objects, strict=True):
        dataset = pydicom.dcmread(path)
        assert dataset.QualityControlSubject == "YES"
        assert dataset.StudyInstanceUID == study.study_instance_uid
        assert dataset.SOPInstanceUID == true["sop_instance_uid"]
        assert dataset.file_meta.TransferSyntaxUID == planned.transfer_syntax_uid
        assert dataset.get("NumberOfFrames", 1) == true["frames"]
        expected = UltrasoundMultiFrameImageStorage if true["frames"] > 1 else UltrasoundImageStorage
        assert dataset.SOPClassUID == expected
        assert (planned.kind is Kind.DISPLAY) == (View(true["view"]) in DISPLAYS)
        assert (true["mode"] == "colour") == (planned.kind is Kind.COLOUR) == bool(dataset.UltrasoundColorDataPresent)
        clip = read_clip(path)
        assert clip.take([0]).size
    assert len({pydicom.dcmread(path, stop_before_pixels=True).AcquisitionTime for path in study.paths}) == 12


def test_headers_without_flaw_have_the_true_regions(study: WrittenStudy) -> None:
    checked = 0
    for path, true in zip(study.paths, study.truth["clips"], strict=True):
        if true["flaws"]:
            continue
        clip = read_clip(path)
        assert [region.corners_px for region in clip.regions] == [
            (one["x0_px"], one["y0_px"], one["x1_px"], one["y1_px"]) for one in true["regions"]
        ]
        view = View(true["view"])
        choose = (
            choose_m_mode_region if view in M_MODES else choose_spectral_region if view in DISPLAYS else choose_b_mode_region
        )
        assert choose(clip.regions, clip.rows, clip.columns).problem is None
        checked += 1
    assert checked >= 6


def test_flaws_are_in_the_header_and_not_in_the_truth(study: WrittenStudy) -> None:
    found = {}
    for path, true in zip(study.paths, study.truth["clips"], strict=True):
        dataset = pydicom.dcmread(path)
        assert true["regions"], "the truth has its regions, whatever the header says"
        for flaw in true["flaws"]:
            found[flaw] = (dataset, true)
    for flaw, (dataset, true) in found.items():
        match flaw:
            case "no_region":
                assert "SequenceOfUltrasoundRegions" not in dataset
            case "scaled_pixels":
                true_x1 = true["regions"][0]["x1_px"]
                assert dataset.SequenceOfUltrasoundRegions[0].RegionLocationMaxX1 == pytest.approx(2 * true_x1, abs=2)
                assert true_x1 < dataset.Columns
            case "no_frame_time":
                assert "FrameTime" not in dataset
            case "private_tags":
                assert any(element.tag.is_private for element in dataset)
            case "zero_body":
                assert float(dataset.PatientSize) == 0
            case _:
                spectral = next(item for item in dataset.SequenceOfUltrasoundRegions if item.RegionSpatialFormat == 3)
                true_delta = next(one for one in true["regions"] if one["spatial_format"] == 3)["physical_delta_y"]
                assert spectral.PhysicalDeltaY != pytest.approx(true_delta)
    assert len(found) >= 4


def test_the_data_set_of_the_evaluation_reads_it(study: WrittenStudy) -> None:
    folder = study.paths[0].parent
    items = list(truth_json.read(folder, clips_with_truth).items)
    assert len(items) == 12
    outlined = [item for item in items if item.truth.landmarks]
    assert outlined
    assert all(0 <= mark.point_px[0] < 240 for item in outlined for mark in item.truth.landmarks)


def test_same_arguments_same_bytes(study: WrittenStudy, tmp_path: Path) -> None:
    plan = plan_exam(SEED, objects=12, flawed=True, detail=DETAIL)
    for one in islice(make_objects(tmp_path, plan, processes=1), 2):
        assert one.path.read_bytes() == (study.paths[0].parent / one.path.name).read_bytes()
    other = plan_exam(SEED + 1, objects=1, detail=DETAIL)
    (made,) = make_objects(tmp_path / "other", other, processes=1)
    assert made.truth["sop_instance_uid"] not in {clip["sop_instance_uid"] for clip in study.truth["clips"]}


def test_a_loop_of_few_frames_shows_a_whole_beat(tmp_path: Path) -> None:
    plan = plan_exam(SEED, objects=20, detail=replace(DETAIL, frames=9))
    made = next(make_objects(tmp_path, plan, processes=1))
    assert pydicom.dcmread(made.path).NumberOfFrames == made.truth["frames"] == 9
    assert len(made.truth["r_wave_times_ms"]) == 2
    assert made.truth["ed_frames"] == [0]
    assert len(made.truth["es_frames"]) == 1


def test_outlines_lie_where_the_picture_is(study: WrittenStudy) -> None:
    """What a sector cuts off is outlined beyond it; but for zoomed pictures most is not cut off."""
    outlined = [
        clip
        for clip in study.truth["clips"]
        if clip["view"] != View.PLAX_ZOOM and any(one["structure"] == "lv" for one in clip["contours"])
    ]
    assert outlined
    for clip in outlined:
        region = clip["regions"][0]
        points = np.array(next(one["points_px"] for one in clip["contours"] if one["structure"] == "lv"))
        inside = (points >= (region["x0_px"], region["y0_px"])) & (points <= (region["x1_px"], region["y1_px"]))
        assert inside.all(axis=1).mean() > 0.5
