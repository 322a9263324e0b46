"""EchoForge's networks on whole clips: the class of each frame, and the outline of EchoLVSNet."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.clip import Clip
from models.errors import ReadingError
from models.inputs.stretched_frame import stretched_frames
from models.library.reading import Decoding, Reading
from models.library.registry import find_manifest, load_model
from models.networks.reading_network import as_if_trained
from models.results import CaliperKind, ReadValue, Reason
from tests.unit.models.families.drawn_maps import SECTOR, clip

CLASSIFIERS = (
    "EchoView47_classifier", "Xception_TTE47_baseline", "ResNet50_TTE47_baseline", "DenseNet121_TTE47_baseline",
    "EfficientNetV2_TTE47_baseline", "ConvNeXt_TTE47_baseline", "ViT_TTE47_baseline", "SwinTransformerV2_TTE47_baseline",
    "EchoSDNet", "EchoLVSNet",
)  # fmt: skip


class Drawn(nn.Module):
    """Answers with the next of the drawn outputs for every frame, and keeps what it was shown."""

    def __init__(self, outputs: NDArray[np.floating]) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.outputs = torch.from_numpy(np.asarray(outputs, np.float32))
        self.seen: list[Tensor] = []

    def forward(self, frames: Tensor) -> Tensor:
        first = len(self.seen)
        self.seen += list(frames)
        return self.outputs[first : first + len(frames)]


def drawn(name: str, outputs: NDArray[np.floating]) -> Any:
    """The network `name` whose own arithmetic is replaced."""
    network = as_if_trained(load_model(name, device="meta").network)
    if name == "EchoLVSNet":
        network.network, network.scale = Drawn(outputs), 1.0
    else:
        network.backbone, network.scale = Drawn(outputs), 1.0
        network.pool = lambda maps: maps  # type: ignore[method-assign, assignment]
        network.head = nn.Identity()
    return network


def logits_of(classes: list[int], outputs: int = 47, value: float = 8.0) -> NDArray[np.float32]:
    return value * np.eye(outputs, dtype=np.float32)[classes]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_network_of_frames_reads(name: str) -> None:
    assert hasattr(as_if_trained(load_model(name, device="meta").network), "read")


@pytest.mark.parametrize("decoding", Decoding)
def test_every_frame_has_its_class_and_most_frames_decide(decoding: Decoding) -> None:
    labels = find_manifest("EchoView47_classifier").labels
    reading = drawn("EchoView47_classifier", logits_of([3, 3, 5, 3] * 5)).read(clip(20), decoding)
    assert reading.values == ()
    assert reading.columns == ("frame_index", "class", "probability")
    assert [row["class"] for row in reading.rows] == [labels[index] for index in [3, 3, 5, 3] * 5]
    assert [row["frame_index"] for row in reading.rows] == list(range(20))
    assert reading.rows[0]["probability"] == pytest.approx(np.exp(8) / (np.exp(8) + 46))
    assert reading.notes[0].startswith(f"class: {labels[3]}, on 15 of 20 frames, mean probability 0.7")


def test_of_as_many_frames_the_surer_class_wins() -> None:
    outputs = np.concatenate([logits_of([1], value=2.0), logits_of([2], value=9.0)])
    reading = drawn("EchoView47_classifier", outputs).read(clip(2))
    assert find_manifest("EchoView47_classifier").labels[2] in reading.notes[0]


def test_classes_without_a_stated_order_are_numbered() -> None:
    reading = drawn("EchoSDNet", logits_of([1, 1], outputs=2)).read(clip(2))
    assert [row["class"] for row in reading.rows] == ["class 2", "class 2"]


def test_an_encoder_has_no_classes() -> None:
    with pytest.raises(ReadingError, match="models embed"):
        as_if_trained(load_model("EchoView47_contrastive_encoder", device="meta").network).read(clip())


def test_the_frame_is_stretched_and_keeps_its_values() -> None:
    frames = np.zeros((1, 448, 896, 3), np.uint8)
    frames[0, :, 448:] = (200, 100, 255)
    network = drawn("EchoView47_classifier", logits_of([0]))
    network.read(Clip("1.2", frames, None))
    (seen,) = network.backbone.seen
    assert seen.shape == (3, 224, 224)
    assert seen[:, 0, 0].tolist() == [0, 0, 0]
    assert seen[:, 100, 200].tolist() == [200, 100, 255]
    assert seen[0, 100, 111].item() == 0  # the border lies in the middle of the square, as in the image
    grey = stretched_frames(frames, find_manifest("EchoLVSNet"))
    assert grey.shape == (1, 1, 512, 512)
    assert grey[0, 0, 0, 511].item() == pytest.approx(185)


def discs(*radii: float, centre: tuple[float, float] = (255.5, 255.5)) -> NDArray[np.float32]:
    """Logits (frames, 1, 512, 512) of discs."""
    rows, columns = np.mgrid[:512, :512]
    distance = np.hypot(columns - centre[0], rows - centre[1])
    return np.stack([np.clip(radius - distance, -5, 5) for radius in radii])[:, None].astype(np.float32)


def value(reading: Reading, key: str, unit: str) -> ReadValue:
    (found,) = [item for item in reading.values if (item.key, item.unit) == (key, unit)]
    return found


# A px of 640 x 480 is 0.8 x 1.0667 px of the network's 512 x 512.
PX_PER_CELL = (640 / 512) * (480 / 512)


@pytest.mark.slow
def test_a_ventricle_is_outlined_on_the_image_and_measured_at_both_ends_of_the_beat() -> None:
    radii = [100 + 20 * np.cos(2 * np.pi * frame / 12) for frame in range(42)]
    reading = drawn("EchoLVSNet", discs(*radii)).read(clip(42, interval_ms=1000 / 12))
    assert len(reading.rows) == len(reading.marks) == 42
    assert reading.rows[12]["area_px"] == pytest.approx(np.pi * 120**2 * PX_PER_CELL, rel=0.005)
    assert reading.rows[12]["area_cm2"] == pytest.approx(np.pi * 120**2 * PX_PER_CELL * 0.03**2, rel=0.005)
    assert value(reading, "lv_area_d", "cm2").value == pytest.approx(np.pi * 120**2 * PX_PER_CELL * 0.03**2, rel=0.005)
    assert value(reading, "lv_area_s", "cm2").value == pytest.approx(np.pi * 80**2 * PX_PER_CELL * 0.03**2, rel=0.005)
    mark = reading.marks[0]
    assert [caliper.frame_number for caliper in value(reading, "lv_area_s", "cm2").calipers] == [19, 31]
    assert mark.kind is CaliperKind.OUTLINE
    x, y = np.array(mark.points_px).T
    assert np.hypot((x - 319.5) * 0.8, (y - 239.5) * 512 / 480) == pytest.approx(120, abs=0.5)


def test_without_a_region_there_are_pixels_and_a_reason() -> None:
    reading = drawn("EchoLVSNet", discs(100.0)).read(clip(regions=()))
    assert value(reading, "lv_area", "px").value == pytest.approx(np.pi * 100**2 * PX_PER_CELL, rel=0.005)
    assert value(reading, "lv_area", "px").detail == "one frame, its phase is not known"
    assert value(reading, "lv_area", "cm2").reasons == (Reason.NO_CALIBRATION,)
    assert reading.rows[0]["area_cm2"] is None


def test_nothing_found_is_said() -> None:
    reading = drawn("EchoLVSNet", discs(-50.0)).read(clip())
    assert value(reading, "lv_area", "cm2").reasons == (Reason.QUALITY,)
    assert reading.marks == ()
    assert reading.rows[0]["area_px"] is None


def test_without_frame_times_there_is_no_phase() -> None:
    reading = drawn("EchoLVSNet", discs(100.0, 90.0)).read(replace(clip(2), frame_times_ms=None))
    assert {item.reasons for item in reading.values} == {(Reason.NO_CARDIAC_CYCLE,)}
    assert len(reading.rows) == 2


def test_an_impossible_area_is_refused() -> None:
    reading = drawn("EchoLVSNet", discs(200.0)).read(clip())  # 133 cm2
    assert value(reading, "lv_area", "cm2").reasons == (Reason.OUTSIDE_LIMITS,)


def test_what_lies_outside_the_calibrated_region_is_not_measured() -> None:
    left = replace(SECTOR, x1_px=319)
    reading = drawn("EchoLVSNet", discs(60.0, centre=(400.0, 255.5))).read(clip(regions=(left,)))
    assert reading.rows[0]["area_px"] is None


def test_the_largest_of_several_counts() -> None:
    both = np.maximum(discs(60.0, centre=(150.0, 255.5)), discs(30.0, centre=(400.0, 255.5)))
    reading = drawn("EchoLVSNet", both).read(clip())
    assert reading.rows[0]["area_px"] == pytest.approx(np.pi * 60**2 * PX_PER_CELL, rel=0.01)
