"""Every published layout is read back exactly from a miniature of it, and a broken row names its file and line."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.clip import Clip
from models.errors import DatasetError
from models.evaluation.datasets import LAYOUTS, detect_layout, read_data
from models.evaluation.datasets.items import NOT_SURE
from models.evaluation.datasets.pictures import filled_polygon, read_image, read_video
from tests import miniatures

RANDOM = np.random.default_rng(0)


def picture(rows: int = 12, columns: int = 10) -> np.ndarray:
    return RANDOM.integers(0, 256, (rows, columns, 3), dtype=np.uint8)


def frames(count: int = 5, size: int = 16) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, size, size, 3), dtype=np.uint8)


# EchoNet-Dynamic

TRACES = {"one": {3: miniatures.box_trace(4, 4, 9, 10), 1: miniatures.box_trace(5, 5, 8, 9)}}
VIDEOS = {"one": frames(), "two": frames(7)}


@pytest.fixture
def dynamic(tmp_path: Path) -> Path:
    return miniatures.echonet_dynamic(tmp_path, VIDEOS, {"one": (60.5, "TEST"), "two": (41.0, "train")}, TRACES)


def test_echonet_dynamic_reads_back(dynamic: Path) -> None:
    data = read_data(dynamic)
    first, second = data.items
    assert (data.layout, first.key, first.group, first.split, second.split) == (
        "echonet_dynamic",
        "one",
        "one",
        "test",
        "train",
    )
    clip = first.load()
    assert np.array_equal(clip.frames, VIDEOS["one"])
    assert clip.frame_times_ms.tolist() == [0, 20, 40, 60, 80]
    assert clip.from_video_file
    assert (first.truth.ef_percent, first.truth.esv_ml, first.truth.edv_ml) == (60.5, 39.5, 100)
    assert (first.truth.ed_frame, first.truth.es_frame) == (3, 1)
    mask = first.truth.masks()["lv"][3]
    assert mask.shape == (16, 16)
    assert mask[4:11, 4:10].all()
    assert mask.sum() == 7 * 6
    assert first.truth.masks()["lv"][1].sum() == 5 * 4
    assert second.truth.masks() == {}
    assert data.notes == ("1 of 2 videos have not two traced frames",)


def test_the_larger_trace_is_end_diastole_whatever_the_order(tmp_path: Path) -> None:
    swapped = {"one": dict(reversed(list(TRACES["one"].items())))}
    root = miniatures.echonet_dynamic(tmp_path, VIDEOS, {"one": (60.5, "TEST")}, swapped)
    truth = next(iter(read_data(root).items)).truth
    assert (truth.ed_frame, truth.es_frame) == (3, 1)


def test_the_long_axis_is_no_part_of_the_polygon(tmp_path: Path) -> None:
    """The apex that the long axis alone reaches lies outside the published mask."""
    trace = [(6.0, 0.0, 6.0, 12.0), *miniatures.box_trace(4, 4, 9, 10)[1:]]
    root = miniatures.echonet_dynamic(tmp_path, VIDEOS, {"one": (60.5, "TEST")}, {"one": {0: trace, 1: TRACES["one"][1]}})
    mask = next(iter(read_data(root).items)).truth.masks()["lv"][0]
    assert not mask[:4].any()
    assert mask.sum() == 42


def test_a_polygon_holds_its_border_and_its_corners() -> None:
    triangle = filled_polygon(np.array([[1, 1], [5, 1], [1, 5]]), 7, 7)
    expected = np.array([[x >= 1 and y >= 1 and x + y <= 6 for x in range(7)] for y in range(7)])
    assert np.array_equal(triangle, expected)
    bow_tie = filled_polygon(np.array([[0, 0], [6, 6], [6, 0], [0, 6]]), 7, 7)
    assert bow_tie[3, 3]
    assert not bow_tie[0, 3]
    assert bow_tie[3, 1]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("FileList.csv", "60.5", "high", r"FileList\.csv line 2: EF is 'high', not a number"),
        ("FileList.csv", "60.5", "nan", r"FileList\.csv line 2: EF is nan"),
        ("FileList.csv", "TEST", "later", r"line 2: Split is 'later'"),
        ("FileList.csv", "two", "three", r"line 3: no video Videos/three\.avi"),
        ("FileList.csv", "EF,", "", r"FileList\.csv line 1: no column EF"),
        ("FileList.csv", "5,TEST", "TEST", r"line 2: 8 cells for 9 columns"),
        ("VolumeTracings.csv", "one.avi,6.5,4,6.5,10,3", "one.avi,6.5,,6.5,10,3", r"VolumeTracings\.csv line 2: no Y1"),
        ("VolumeTracings.csv", "6.5,10,3", "6.5,10,-3", r"line 2: Frame is '-3', not an index"),
        ("VolumeTracings.csv", "6.5,10,3", "6.5,10,7", r"one frame 7 has 1 lines"),
    ],
)
def test_a_broken_row_names_file_and_line(dynamic: Path, file: str, old: str, new: str, message: str) -> None:
    text = (dynamic / file).read_text()
    assert old in text
    (dynamic / file).write_text(text.replace(old, new, 1))
    with pytest.raises(DatasetError, match=message):
        read_data(dynamic)


def test_a_broken_video_is_named_when_it_is_loaded(dynamic: Path) -> None:
    (dynamic / "Videos" / "one.avi").write_bytes(b"no video")
    item = next(iter(read_data(dynamic).items))
    with pytest.raises(DatasetError, match=r"one\.avi: no readable video"):
        item.load()


def test_pictures_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    for file in (tmp_path / "a.png", tmp_path / "b.png"):
        with pytest.raises(DatasetError, match="no readable image"):
            read_image(file)
    with pytest.raises(DatasetError, match="no readable video"):
        read_video(tmp_path / "b.avi")


# EchoNet-LVH, EchoNet-Measurements

LVH_ROWS = [
    ("a", "LVIDd", 4.5, 2, 1, 4, 2, 6, 5, 50, 16, 16, "test"),
    ("a", "IVSd", 1.0, 2, 0, 0, 2, 4, 5, 50, 16, 16, "test"),
    ("b", "LVPWd", 1.2, 1, 0, 3, 0, 0, 7, 50, 16, 16, "train"),
]


def lvh(root: Path, rows: list[tuple[object, ...]]) -> Path:
    miniatures.write_video(root / "Batch1" / "a.avi", VIDEOS["one"])
    miniatures.write_video(root / "Batch2" / "b.avi", VIDEOS["two"])
    miniatures.write_csv(root / "MeasurementsList.csv", miniatures.LVH_HEADER, rows)
    return root


def test_echonet_lvh_reads_back(tmp_path: Path) -> None:
    data = read_data(lvh(tmp_path, LVH_ROWS))
    first, second = data.items
    assert [(item.key, item.split, len(item.truth.calipers)) for item in data.items] == [("a", "test", 2), ("b", "train", 1)]
    assert np.array_equal(first.load().frames, VIDEOS["one"])
    assert np.array_equal(second.load().frames, VIDEOS["two"])
    caliper = first.truth.calipers[0]
    assert (caliper.key, caliper.frame_index, caliper.ends_px) == ("LVIDd", 2, ((1, 2), (4, 6)))
    assert caliper.cm_per_px == pytest.approx(4.5 / 5)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (0, "c", r"MeasurementsList\.csv line 4: no video c\.avi"),
        (2, "-1", "line 4: LVPWd is -1.0 cm long"),
        (5, "0", r"line 4: LVPWd has no length"),
        (12, "elsewhere", "line 4: split is 'elsewhere'"),
    ],
)
def test_a_broken_caliper(tmp_path: Path, column: int, value: str, message: str) -> None:
    broken = [*LVH_ROWS[:2], (*LVH_ROWS[2][:column], value, *LVH_ROWS[2][column + 1 :])]
    with pytest.raises(DatasetError, match=message):
        read_data(lvh(tmp_path, broken))


def test_a_video_in_two_splits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="line 4: a is in train, and in test by an earlier line"):
        read_data(lvh(tmp_path, [*LVH_ROWS[:2], ("a", *LVH_ROWS[2][1:])]))


def test_measurements_read_back(tmp_path: Path) -> None:
    miniatures.write_video(tmp_path / "clips" / "a.avi", VIDEOS["one"])
    header = ("video_path", "frame_number", "measurement_name", "coordinates")
    miniatures.write_csv(tmp_path / "measurements.csv", header, [("clips/a.avi", 3, "lvid", "1:4:2:6")])
    (item,) = read_data(tmp_path).items
    assert item.truth.calipers[0].ends_px == ((1, 2), (4, 6))
    assert item.truth.calipers[0].cm_per_px is None
    miniatures.write_csv(tmp_path / "measurements.csv", header, [("clips/a.avi", 3, "lvid", "1:4:2")])
    with pytest.raises(DatasetError, match=r"measurements\.csv line 2: coordinates are '1:4:2'"):
        read_data(tmp_path)


# CAMUS

INFO = "ED: 1\nES: 18\nNbFrame: 18\nSex: F\nImageQuality: Good\nEF: 54\nFrameRate: 52.6\n"


@pytest.fixture
def camus(tmp_path: Path) -> Path:
    for number in (1, 2):
        pictures = {
            f"{view}_{phase}": (
                RANDOM.integers(0, 256, (12, 10), dtype=np.uint8),
                RANDOM.integers(0, 4, (12, 10), dtype=np.uint8),
            )
            for view in ("2CH", "4CH")
            for phase in ("ED", "ES")
        }
        np.save(tmp_path / f"{number}.npy", np.stack(list(pictures["4CH_ES"])))
        miniatures.camus_patient(tmp_path / "database_nifti", f"patient000{number}", pictures, INFO, mm=(0.3, 0.31))
    for split, number in (("training", 1), ("testing", 2)):
        folder = tmp_path / "database_split"
        folder.mkdir(exist_ok=True)
        (folder / f"subgroup_{split}.txt").write_text(f"patient000{number}\n")
    return tmp_path


def test_camus_reads_back(camus: Path) -> None:
    data = read_data(camus)
    items = list(data.items)
    assert [(item.key, item.group, item.split) for item in items] == [
        ("patient0001_2CH", "patient0001", "train"), ("patient0001_4CH", "patient0001", "train"),
        ("patient0002_2CH", "patient0002", "test"), ("patient0002_4CH", "patient0002", "test"),
    ]  # fmt: skip
    clip, (image, labels) = items[1].load(), np.load(camus / "1.npy")
    assert clip.frames.shape == (2, 12, 10, 3)
    assert np.array_equal(clip.frames[1, ..., 0], image)
    assert clip.regions[0].cm_per_px == pytest.approx((0.03, 0.031))
    masks = items[1].truth.masks()
    for label, structure in ((1, "lv"), (2, "myocardium"), (3, "la")):
        assert np.array_equal(masks[structure][1], labels == label)
    assert (items[1].truth.ef_percent, items[1].truth.ed_frame, items[1].truth.es_frame) == (54, 0, 1)
    assert (items[0].truth.label, data.classes) == ("2CH", ("2CH", "4CH"))


def test_oblong_pixels_become_square(tmp_path: Path) -> None:
    """0.3 by 0.15 mm: every column twice, labels unmixed."""
    labels = np.arange(12, dtype=np.uint8).reshape(4, 3) % 4
    image = np.full((4, 3), 77, np.uint8)
    pictures = {f"{view}_{phase}": (image, labels) for view in ("2CH", "4CH") for phase in ("ED", "ES")}
    miniatures.camus_patient(tmp_path, "patient0001", pictures, INFO, mm=(0.3, 0.15))
    item = next(iter(read_data(tmp_path).items))
    clip = item.load()
    assert clip.frames.shape == (2, 4, 6, 3)
    assert clip.regions[0].cm_per_px == pytest.approx((0.015, 0.015))
    assert np.array_equal(item.truth.masks()["lv"][0], np.repeat(labels == 1, 2, axis=1))


def test_the_older_camus_names_volumes(camus: Path) -> None:
    info = camus / "database_nifti" / "patient0001" / "Info_4CH.cfg"
    info.write_text("LVedv: 94.2\nLVesv: 43.9\nLVef: 53.4\n")
    truth = next(item.truth for item in read_data(camus).items if item.key == "patient0001_4CH")
    assert (truth.ef_percent, truth.edv_ml, truth.esv_ml) == (53.4, 94.2, 43.9)
    info.write_text("ED: 1\nEF: good\n")
    with pytest.raises(DatasetError, match=r"Info_4CH\.cfg line 2: EF is 'good'"):
        read_data(camus)
    info.write_text("ED: 1\nnothing\n")
    with pytest.raises(DatasetError, match=r"Info_4CH\.cfg line 2: 'nothing' is not `key: value`"):
        read_data(camus)


def test_a_camus_patient_with_a_missing_or_broken_file(camus: Path) -> None:
    folder = camus / "database_nifti" / "patient0002"
    (folder / "patient0002_4CH_ES.nii.gz").write_bytes(b"no NIfTI")
    with pytest.raises(DatasetError, match=r"patient0002_4CH_ES\.nii\.gz: no readable NIfTI"):
        list(read_data(camus).items)[3].load()
    (folder / "patient0002_4CH_ES_gt.nii.gz").unlink()
    with pytest.raises(DatasetError, match=r"no patient0002_4CH_ES_gt\.nii\.gz"):
        read_data(camus)


def test_a_camus_patient_in_no_or_two_subgroups(camus: Path) -> None:
    training = camus / "database_split" / "subgroup_training.txt"
    training.write_text("patient0001\npatient0002\n")
    with pytest.raises(DatasetError, match=r"subgroup_training\.txt line 2: patient0002 is in test already"):
        read_data(camus)
    training.write_text("\n")
    with pytest.raises(DatasetError, match="patient0001 is in no subgroup"):
        read_data(camus)
    shutil.rmtree(camus / "database_split")
    assert read_data(camus).notes == ("no database_split: every patient is in one split",)


# TMED-2

TMED2 = {
    "11s1_0.png": (picture(), "PLAX", "train"),
    "11s1_1.png": (picture(), "A4C", "train"),
    "12s1_0.png": (picture(), "A4CorA2CorOther", "val"),
    "13s2_5.png": (picture(), "PSAX", "test"),
}


def test_tmed2_reads_back(tmp_path: Path) -> None:
    fold = miniatures.tmed2(tmp_path, TMED2)
    data = read_data(tmp_path)
    assert [(item.key, item.group, item.split, item.truth.label) for item in data.items] == [
        (key, key[:2], split, label) for key, (_, label, split) in TMED2.items()
    ]
    for item in data.items:
        assert np.array_equal(item.load().frames[0], TMED2[item.key][0])
    assert data.classes == ("PLAX", "PSAX", "A2C", "A4C", "A4CorA2CorOther")
    assert data.notes[1] == "patient in two splits: 0 of 3 (0 in train and test, 0 in val and test, 0 in train and val)"
    assert [item.key for item in read_data(fold).items] == list(TMED2)


def test_several_folds_have_to_be_chosen_from(tmp_path: Path) -> None:
    miniatures.tmed2(tmp_path, TMED2)
    second = miniatures.tmed2(tmp_path, TMED2, "fold1.csv")
    with pytest.raises(DatasetError, match=r"2 folds \(DEV479/fold0\.csv, DEV479/fold1\.csv\); name one"):
        read_data(tmp_path)
    assert read_data(second).notes[0] == "fold fold1.csv"


def test_broken_rows_of_a_fold(tmp_path: Path) -> None:
    fold = miniatures.tmed2(tmp_path, TMED2)
    text = fold.read_text()
    for old, new, message in (
        ("PSAX", "SAX", r"fold0\.csv line 5: view_label is 'SAX'"),
        ("12s1_0", "99s1_0", r"fold0\.csv line 4: no image .*99s1_0\.png"),
    ):
        fold.write_text(text.replace(old, new))
        with pytest.raises(DatasetError, match=message):
            read_data(tmp_path)


# TTE47

CLASSES = ("a2ch-full", "a4ch-lv", "plax-tv")
HASHES = ["0" * 64, "1" * 64, "2" * 64]
TTE47 = {
    f"a2ch-full/01-{HASHES[0]}-3.png": (picture(), "train"),
    f"a4ch-lv/01-{HASHES[1]}-8.png": (picture(), "val"),
    f"a4ch-lv/01-{HASHES[0]}-4.png": (picture(), "test"),
    f"plax-tv/01-{HASHES[2]}-1.png": (picture(), "test"),
}
TESTED = [entry for entry, (_, split) in TTE47.items() if split == "test"]


def test_tte47_reads_back_with_its_experts(tmp_path: Path) -> None:
    experts = {TESTED[0]: ("a4ch-lv", NOT_SURE, "a2ch-full"), TESTED[1]: ("plax-tv", "plax-tv", "")}
    data = read_data(miniatures.tte47(tmp_path, CLASSES, TTE47, experts))
    assert [(item.key, item.split) for item in data.items] == [(entry, split) for entry, (_, split) in TTE47.items()]
    for item in data.items:
        assert item.truth.label == item.key.split("/")[0]
        assert np.array_equal(item.load().frames[0], TTE47[item.key][0])
    answers = {item.key: item.truth.answers for item in data.items}
    assert answers[TESTED[0]] == {"expert1": "a4ch-lv", "expert2": NOT_SURE, "expert3": "a2ch-full"}
    assert answers[TESTED[1]] == {"expert1": "plax-tv", "expert2": "plax-tv"}
    assert data.classes == CLASSES


def test_a_study_in_two_splits_is_noticed(tmp_path: Path) -> None:
    data = read_data(miniatures.tte47(tmp_path, CLASSES, TTE47))
    assert data.notes == ("study hash in two splits: 1 of 3 (1 in train and test, 0 in val and test, 0 in train and val)",)


def test_of_tte47_only_the_test_images_are_public(tmp_path: Path) -> None:
    """Bug prevented: the images of the other splits, which nobody outside can have, being asked for with --split test."""
    whole = read_data(miniatures.tte47(tmp_path, CLASSES, TTE47))
    tested = [entry for entry, (_, split) in TTE47.items() if split == "test"]
    others = [split for _, split in TTE47.values() if split != "test"]
    for entry in TTE47.keys() - set(tested):
        (tmp_path / entry).unlink()
    data = read_data(tmp_path, split="test")
    assert [item.key for item in data.items] == tested
    counts = ", ".join(f"{others.count(split)} of {split}" for split in dict.fromkeys(others))
    assert data.notes == (*whole.notes, f"left out, no image: {counts}")
    for split in ("", "train"):
        with pytest.raises(DatasetError, match="no image"):
            read_data(tmp_path, split=split)
    (tmp_path / tested[0]).unlink()
    with pytest.raises(DatasetError, match=f"no image {tested[0]}"):
        read_data(tmp_path, split="test")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("data_split.json", "plax-tv/", "psax/", r"data_split\.json line 10: 'psax/.*' begins with no class"),
        ("data_split.json", "-1.png", "-2.png", r"data_split\.json line 10: no image plax-tv"),
        ("data_split.json", '"val"', '"maybe"', r"data_split\.json line 5: 'maybe' is no list"),
        ("data_split.json", "[", "", r"data_split\.json line 4:"),
        ("class_lookup.json", '"0"', '"7"', r"class_lookup\.json line 1: keys are not 0 to 2"),
        ("expert_labels.csv", "not sure", "perhaps", r"expert_labels\.csv line 2: expert2 says 'perhaps'"),
        ("expert_labels.csv", HASHES[2], HASHES[1], r"expert_labels\.csv: plax-tv/.* is in no split"),
    ],
)
def test_broken_files_of_tte47(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    experts = {TESTED[0]: ("a4ch-lv", NOT_SURE, "a2ch-full"), TESTED[1]: ("plax-tv", "plax-tv", "")}
    miniatures.tte47(tmp_path, CLASSES, TTE47, experts)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    with pytest.raises(DatasetError, match=message):
        read_data(tmp_path)


# DICOM with truth.json

ENTRY = {
    "view": "a4c", "echoview47": "a4ch-full", "ed_frames": [2], "es_frames": [4], "study": "1.2",
    "measurements": [{"key": "ef_bp", "value": 61.0, "unit": "%"}],
    "contours": [{"structure": "lv", "frame_index": 2, "points_px": [[1, 1], [5, 1], [5, 3], [1, 3]]}],
}  # fmt: skip


def test_truth_json_reads_back(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps({"study": "1.2", "clips": []}))
    clip = Clip("1.2.3", frames(), None)

    def source(path: Path) -> Iterator[tuple[Clip, dict[str, object]]]:
        assert path == tmp_path
        yield clip, ENTRY

    (item,) = read_data(tmp_path, "auto", source).items
    assert (item.key, item.group, item.truth.label, item.load()) == ("1.2.3", "1.2", "a4ch-full", clip)
    assert (item.truth.ef_percent, item.truth.ed_frame, item.truth.es_frame) == (61.0, 2, 4)
    assert item.truth.masks()["lv"][2].sum() == 15
    with pytest.raises(DatasetError, match="nothing here reads them"):
        read_data(tmp_path)
    with pytest.raises(DatasetError, match=r"of clip 1\.2\.3 what cannot be read"):
        list(read_data(tmp_path, "dicom", lambda path: iter([(clip, {**ENTRY, "ed_frames": ["x"]})])).items)


# Which layout it is


def test_a_folder_of_no_or_two_layouts(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none of the known layouts") as refused:
        detect_layout(tmp_path)
    assert all(name in str(refused.value) for name in LAYOUTS)
    miniatures.tmed2(tmp_path, TMED2)
    assert detect_layout(tmp_path) == "tmed2"
    (tmp_path / "truth.json").write_text("{}")
    with pytest.raises(DatasetError, match="could be tmed2 or dicom"):
        detect_layout(tmp_path)
    assert read_data(tmp_path, "tmed2").layout == "tmed2"
    with pytest.raises(DatasetError, match="no layout 'camuz'"):
        read_data(tmp_path, "camuz")


def test_a_folder_of_several_data_sets_is_none_of_them(tmp_path: Path) -> None:
    """TMED-2's folds are sought at any depth, so a folder above several data sets looked like TMED-2 alone."""
    miniatures.tmed2(tmp_path / "tmed", TMED2)
    assert detect_layout(tmp_path) == "tmed2"
    (tmp_path / "lvh").mkdir()
    (tmp_path / "lvh" / "MeasurementsList.csv").touch()
    with pytest.raises(DatasetError, match=r"could be tmed2 or echonet_lvh \(its folder lvh\): say which with --layout"):
        detect_layout(tmp_path)
    assert read_data(tmp_path, "tmed2").layout == "tmed2"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_of_another_layout_is_said_to_be_none(tmp_path: Path, layout: str) -> None:
    with pytest.raises(DatasetError, match=f"is not laid out as {layout}: .* is missing"):
        read_data(tmp_path, layout)


@pytest.mark.slow
def test_reading_data_sets_needs_no_training_tool() -> None:
    """Bug prevented: `measure` and `evaluate` that ask for plots and learning tools only to open a video."""
    code = "import sys, models.evaluation.datasets; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "sklearn", "matplotlib", "pydicom"} & set(found)
