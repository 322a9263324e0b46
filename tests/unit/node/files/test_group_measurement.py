"""Files that are measured together: any number of views, in the order that the model's manifest says."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from models.catalogue import View
from models.clip import Clip
from models.library.model import Model
from models.library.reading import Decoding, Reading
from models.library.registry import find_manifest
from models.results import ReadValue
from node.errors import ConfigError
from node.files.file_measurement import measure_file
from node.files.group_measurement import of_group
from node.files.input_files import InputFile
from tests import miniatures
from tests.loaded import Reads, as_model
from tests.unit.node.objects.ultrasound_object import as_file, ultrasound_object

VIEWS = (View.A4C, View.A2C, View.A3C)


class Lengths(Reads, nn.Module):
    """Says how long the clips are, in their order."""

    manifest = find_manifest("EchoMotionNet_A4C_A2C")

    def read_group(self, clips: Sequence[Clip]) -> Reading:
        return Reading(tuple(ReadValue("frames", "1", clip.number_of_frames) for clip in clips), notes=("its own",))


@pytest.fixture
def videos(tmp_path: Path) -> list[Path]:
    """Of 6, 4 and 5 frames."""
    paths = [tmp_path / f"{name}.avi" for name in ("four", "two", "three")]
    for path, frames in zip(paths, (6, 4, 5), strict=True):
        miniatures.write_video(path, miniatures.discs(frames, 8))
    return paths


def wanted(paths: Sequence[Path]) -> list[InputFile]:
    return [InputFile(path, path.name) for path in paths]


def model() -> Model:
    return as_model(Lengths())


def test_three_files_are_read_in_their_order(videos: list[Path]) -> None:
    reader, (group,) = of_group(model(), VIEWS, videos, wanted(videos), None)
    assert (group.path, group.name) == (videos[2], "four.avi + two.avi + three.avi")
    reading = measure_file(reader, group, Decoding.CORRECTED, None).reading
    assert reading is not None
    assert [value.value for value in reading.values] == [6, 4, 5]
    assert reading.notes[0] == "its own"


def test_a_file_that_cannot_be_read_fails_its_group(videos: list[Path]) -> None:
    reader, (group,) = of_group(model(), VIEWS, videos, wanted(videos), None)
    videos[1].write_bytes(b"no video")
    measured = measure_file(reader, group, Decoding.CORRECTED, None)
    assert (measured.reading, bool(measured.error)) == (None, True)


def test_any_clip_of_a_group_may_be_the_one_cut_short(videos: list[Path]) -> None:
    """Only the last one was once asked."""
    dataset = ultrasound_object(np.zeros((3, 8, 8), np.uint8))
    dataset.NumberOfFrames = 5
    videos[0] = videos[0].with_suffix(".dcm")
    videos[0].write_bytes(as_file(dataset))
    reader, (group,) = of_group(model(), VIEWS, videos, wanted(videos), None)
    assert measure_file(reader, group, Decoding.CORRECTED, None).cut_short


def test_what_is_no_group_is_refused_with_the_order_that_it_needs(videos: list[Path]) -> None:
    name = "EchoMotionNet_A4C_A2C reads"
    for views, paths, why in (
        (
            VIEWS,
            videos[:2],
            f"{name} three clips together: give three files, first the A4C clip, then the A2C clip, then the A3C clip",
        ),
        (VIEWS[:2], videos, f"{name} two clips together: give two files, first the A4C clip, then the A2C clip"),
        (VIEWS, [videos[0], videos[1], videos[0]], f"{name} three clips together: four.avi was given twice"),
        (VIEWS, [videos[0], videos[1], videos[1]], f"{name} three clips together: two.avi was given twice"),
    ):
        with pytest.raises(ConfigError) as refused:
            of_group(model(), views, paths, wanted(paths), None)
        assert str(refused.value) == why
    with pytest.raises(ConfigError) as refused:
        of_group(model(), VIEWS, videos, wanted(videos), Path("o.mp4"))
    assert str(refused.value) == "--out: EchoMotionNet_A4C_A2C finds nothing in the images that could be drawn"
