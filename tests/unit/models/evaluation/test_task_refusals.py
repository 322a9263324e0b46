"""What a data set says and its videos do not hold is told with file and line; a model of clips takes no single frames."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from models.clip import Clip
from models.errors import DatasetError, EvaluationError
from models.evaluation.datasets import read_data
from models.evaluation.datasets.items import DataSet, Item, Truth
from models.evaluation.datasets.pictures import read_video
from models.evaluation.tasks import run_task
from models.evaluation.tasks.evaluation_result import Options
from models.library.reading import Decoding
from tests import miniatures
from tests.loaded import as_model
from tests.unit.models.families.echonet.test_echonet_dynamic import KNOWN, BrightVentricle, MeanFraction

FRAMES = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
BOX = miniatures.box_trace(4, 4, 9, 10)


def _data(root: Path, frame: int) -> DataSet:
    traces = {"one": {1: BOX, frame: miniatures.box_trace(5, 5, 8, 9)}}
    return read_data(miniatures.echonet_dynamic(root, {"one": FRAMES}, {"one": (50.0, "TEST")}, traces))


def test_a_trace_beyond_the_clip_names_its_line(tmp_path: Path) -> None:
    line = 2 + len(BOX)
    with pytest.raises(DatasetError, match=rf"VolumeTracings\.csv line {line}: a trace on frame 5 of one\.avi, which has 5"):
        run_task(as_model(BrightVentricle(**KNOWN)), _data(tmp_path, 5), Options())
    _data(tmp_path, 4)


def test_a_size_that_is_not_the_video_s_names_its_line(tmp_path: Path) -> None:
    _data(tmp_path, 4)
    table = tmp_path / "FileList.csv"
    table.write_text(table.read_text().replace(",16,16,", ",16,20,"))
    with pytest.raises(
        DatasetError, match=r"FileList\.csv line 2: FrameHeight and FrameWidth are 16 and 20, one\.avi has 16 by 16"
    ):
        next(iter(read_data(tmp_path).items)).load()


@pytest.mark.parametrize(
    "entry",
    [
        {"ed_frames": [2], "es_frames": [5]},
        {"contours": [{"structure": "lv", "frame_index": 7, "points_px": [[1, 1], [5, 1], [5, 3]]}]},
    ],
)
def test_a_frame_that_truth_json_alone_knows(tmp_path: Path, entry: dict[str, object]) -> None:
    (tmp_path / "truth.json").write_text(json.dumps({"study": "1.2", "clips": []}))
    with pytest.raises(DatasetError, match=r"clip 1\.2\.3 what cannot be read: frame \d of 5"):
        list(read_data(tmp_path, "dicom", lambda _: iter([(Clip("1.2.3", FRAMES, None), entry)])).items)


@pytest.mark.parametrize("decoding", Decoding)
def test_a_model_of_clips_is_not_tried_on_single_frames(decoding: Decoding) -> None:
    """Bug prevented: CAMUS's two single frames, padded to 64 frames, that are read as a beat."""
    singles = Clip("1", np.full((2, 112, 112, 3), 55, np.uint8), None)
    cine = replace(singles, frames=singles.frames.repeat(40, axis=0), frame_times_ms=np.arange(80) * 20.0)
    items = [
        Item(str(n), str(n), "test", lambda clip=clip: clip, Truth(ef_percent=50.0)) for n, clip in enumerate((singles, cine))
    ]
    for item in items:
        item.load().frames[:, :20] = 0  # the dark rows that the published cut needs
    model, options = MeanFraction(**KNOWN), Options(decoding=decoding)
    assert run_task(as_model(model), DataSet("camus", items), options).figures["items"] == 1
    with pytest.raises(EvaluationError, match="the model reads clips of several frames, and 1 are single frames"):
        run_task(as_model(model), DataSet("camus", items[:1]), options)


def test_times_are_those_of_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "uneven.mkv"
    with av.open(str(path), mode="w") as container:
        stream = container.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for pixels, time_ms in zip(FRAMES, (0, 40, 100, 130, 190), strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert read_video(path).frame_times_ms == pytest.approx([0, 40, 100, 130, 190], abs=1)


def test_a_missing_extra_is_told_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug prevented: a traceback from the plots, after hours of reading clips."""
    monkeypatch.setattr("models.evaluation.tasks.find_spec", lambda name: None if name == "sklearn" else name)
    with pytest.raises(EvaluationError, match=r"sklearn cannot be imported: pip install 'echonode\[train\]'"):
        run_task(as_model(BrightVentricle(**KNOWN)), _data(tmp_path, 4), Options())
