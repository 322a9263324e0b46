"""Atrial areas and PLAX quality, published and corrected, on drawn maps."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.families.echonet.frames import Screen
from models.families.echonet.quality import QualitySquares
from models.library.reading import Decoding, Reading
from models.library.registry import find_manifest, load_model
from models.networks.reading_network import as_if_trained
from models.networks.stored_weights import WeightCount, count_weights
from models.results import CaliperKind, ReadValue, Reason
from tests.unit.models.families.drawn_maps import SECTOR, clip, drawn_reader

PUBLISHED, CORRECTED = Decoding.PUBLISHED, Decoding.CORRECTED


def _discs(*radii: float, centre: tuple[float, float] = (320.0, 240.0), value: float = 3.0) -> NDArray[np.float32]:
    """Logits (frames, 1, 480, 640): `value` inside a disc, its negative outside."""
    rows, columns = np.mgrid[:480, :640]
    distance = np.hypot(columns - centre[0], rows - centre[1])
    return np.stack([np.where(distance < radius, value, -value) for radius in radii])[:, None].astype(np.float32)


def _value(reading: Reading, key: str, unit: str | None = None) -> ReadValue:
    (found,) = [value for value in reading.values if value.key == key and unit in (None, value.unit)]
    return found


def _beating(frames: int) -> tuple[float, ...]:
    """Radii with end-systole, 80 px, at frames 12, 24 and 36 of 12 frames a beat."""
    return tuple(70 + 10 * np.cos(2 * np.pi * np.arange(frames) / 12))


@pytest.mark.parametrize("decoding", Decoding)
def test_a_disc_is_counted(decoding: Decoding) -> None:
    reading = drawn_reader("la_area", _discs(80.0)).read(clip(), decoding)
    assert reading.rows[0]["area_px"] == pytest.approx(np.pi * 80**2, rel=0.01)
    assert reading.rows[0]["mean_confidence"] == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-3)
    (mark,) = reading.marks
    assert mark.kind is CaliperKind.OUTLINE
    assert np.hypot(*(np.array(mark.points_px) - (320, 240)).T) == pytest.approx(80, abs=1)


@pytest.mark.slow
def test_published_takes_the_first_frame_in_pixels_and_corrected_end_systole_in_square_centimetres() -> None:
    cine = clip(42, interval_ms=1000 / 12)
    published = drawn_reader("la_area", _discs(*_beating(42))[6:]).read(cine, PUBLISHED)
    assert len(published.rows) == 1
    assert (_value(published, "la_area").unit, _value(published, "la_area").frame_index) == ("px", 0)
    assert _value(published, "la_area").value == pytest.approx(np.pi * 60**2, rel=0.01)
    corrected = drawn_reader("la_area", _discs(*_beating(42))).read(cine, CORRECTED)
    assert len(corrected.rows) == 42
    assert _value(corrected, "la_area").value == pytest.approx(np.pi * 80**2 * 0.03**2, rel=0.01)
    assert _value(corrected, "la_area").unit == "cm2"
    frames = [source.frame_number for source in _value(corrected, "la_area").sources]
    assert [caliper.frame_number for caliper in _value(corrected, "la_area").calipers] == frames
    assert {caliper.kind for caliper in _value(corrected, "la_area").calipers} == {CaliperKind.OUTLINE}
    assert corrected.rows[6]["area_cm2"] == pytest.approx(np.pi * 60**2 * 0.03**2, rel=0.01)


@pytest.mark.parametrize("decoding", Decoding)
def test_the_border_is_at_one_half(decoding: Decoding) -> None:
    """A disc of 0.6 within one of 0.4."""
    rows, columns = np.mgrid[:480, :640]
    distance = np.hypot(columns - 320, rows - 240)
    probability = np.select([distance < 50, distance < 90], [0.6, 0.4], 0.01)
    reading = drawn_reader("la_area", np.log(probability / (1 - probability))[None, None]).read(clip(), decoding)
    assert reading.rows[0]["area_px"] == pytest.approx(np.pi * 50**2, rel=0.01)
    assert reading.columns[0] == "frame_index"


def test_only_the_region_counts_in_the_corrected_decoding() -> None:
    """A disc around the border of the region: a half of it has no square centimetres."""
    half = clip(regions=(replace(SECTOR, y1_px=239),))
    corrected = drawn_reader("la_area", _discs(80.0)).read(half, CORRECTED)
    assert corrected.rows[0]["area_px"] == pytest.approx(np.pi * 80**2 / 2, rel=0.02)
    assert max(y for _, y in corrected.marks[0].points_px) < 240
    assert drawn_reader("la_area", _discs(80.0)).read(half, PUBLISHED).rows[0]["area_px"] > 20000


def test_both_deltas_count() -> None:
    oblong = replace(SECTOR, physical_delta_x=-0.03, physical_delta_y=0.036)
    reading = drawn_reader("ra_area", _discs(80.0)).read(clip(regions=(oblong,)), CORRECTED)
    assert _value(reading, "ra_area").value == pytest.approx(np.pi * 80**2 * 0.03 * 0.036, rel=0.01)


def test_without_a_region_there_are_pixels_and_a_reason() -> None:
    reading = drawn_reader("la_area", _discs(80.0)).read(clip(regions=()), CORRECTED)
    assert _value(reading, "la_area", "px").value == pytest.approx(np.pi * 80**2, rel=0.01)
    assert _value(reading, "la_area", "cm2").reasons == (Reason.NO_CALIBRATION,)
    assert reading.rows[0]["area_cm2"] is None


def test_published_stretches_the_image_and_corrected_keeps_its_shape() -> None:
    """A circle of the network is an ellipse of 1000 x 600 when stretched, and as many pixels as the black borders leave."""
    image = clip(rows=600, columns=1000, regions=(replace(SECTOR, x1_px=999, y1_px=599, physical_delta_x=0.03),))
    published = drawn_reader("la_area", _discs(80.0)).read(image, PUBLISHED)
    assert published.rows[0]["area_px"] == pytest.approx(np.pi * 80**2 * (1000 / 640) * (600 / 480), rel=0.01)
    corrected = drawn_reader("la_area", _discs(80.0)).read(image, CORRECTED)
    assert corrected.rows[0]["area_px"] == pytest.approx(np.pi * 80**2 * (1000 / 640) ** 2, rel=0.01)
    radius = np.hypot(*(np.array(corrected.marks[0].points_px) - Screen(600, 1000).to_image(np.array([320.0, 240.0]))).T)
    assert radius == pytest.approx(125, abs=2)


def test_only_the_largest_cavity_counts_in_the_corrected_decoding() -> None:
    both = np.maximum(_discs(60.0, centre=(200.0, 240.0)), _discs(30.0, centre=(450.0, 240.0)))
    assert drawn_reader("la_area", both).read(clip(), CORRECTED).rows[0]["area_px"] == pytest.approx(np.pi * 3600, rel=0.01)
    published = drawn_reader("la_area", both).read(clip(), PUBLISHED)
    assert published.rows[0]["area_px"] == pytest.approx(np.pi * (3600 + 900), rel=0.01)


@pytest.mark.parametrize("decoding", Decoding)
def test_no_cavity_is_no_area(decoding: Decoding) -> None:
    reading = drawn_reader("la_area", _discs(0.0)).read(clip(), decoding)
    assert reading.values[0].reasons == (Reason.QUALITY,)
    assert reading.rows[0]["area_px"] == 0
    assert reading.marks == ()


def test_a_clip_without_a_beat_has_no_area_at_end_systole() -> None:
    reading = drawn_reader("la_area", _discs(*[80.0] * 12)).read(clip(12), CORRECTED)
    assert _value(reading, "la_area").reasons == (Reason.NO_CARDIAC_CYCLE,)


def test_an_impossible_area_is_refused() -> None:
    reading = drawn_reader("la_area", _discs(15.0)).read(clip(), CORRECTED)
    assert _value(reading, "la_area").reasons == (Reason.OUTSIDE_LIMITS,)


def _red(photometric: str) -> Any:
    image = clip(photometric_interpretation=photometric)
    image.frames[:] = (200, 0, 0)
    return image


def test_chroma_is_exchanged_in_the_published_decoding_of_ycbcr_only() -> None:
    def shown(photometric: str, decoding: Decoding) -> Any:
        reader = drawn_reader("la_area", _discs(80.0))
        reader.read(_red(photometric), decoding)
        return reader.network.seen[0][:, 240, 320] * 255

    assert shown("YBR_FULL_422", CORRECTED) == pytest.approx([200, 0, 0], abs=1e-3)
    assert shown("RGB", PUBLISHED) == pytest.approx([200, 0, 0], abs=1e-3)
    red, _, blue = shown("YBR_FULL_422", PUBLISHED)
    assert blue > 150
    assert red < 60


def test_the_quality_network_is_ours_and_nobody_s_weights_are_named() -> None:
    manifest = find_manifest("echonet_measurements/plax_quality")
    assert manifest.publication is not None
    assert (manifest.publication.weights_file, manifest.licence) == ("", "no weights published")
    network = as_if_trained(load_model("plax_quality", device="meta").network)
    assert count_weights(network) == WeightCount(31_300_638, 25_350)
    assert network(torch.empty(2, *manifest.input_shape, device="meta")).shape == (2,)


def test_quality_is_a_percentage_of_32_frames() -> None:
    reader = as_if_trained(load_model("plax_quality", device="meta").network)
    shown: list[torch.Tensor] = []

    class Answer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(1))

        def forward(self, clips: torch.Tensor) -> torch.Tensor:
            shown.append(clips)
            return torch.full((len(clips), 1), float(np.log(3))) * self.scale

    reader.network = Answer()
    reading = reader.read(clip(7, rows=60, columns=80, regions=()))
    assert shown[0].shape == (1, 3, 32, 112, 112)
    assert shown[0].max().item() == pytest.approx(100 / 255)
    assert _value(reading, "image_quality").value == pytest.approx(75)
    assert reading.rows[0] == {"filename": None, "quality": 75.0}


def test_quality_looks_at_the_region_alone_and_at_the_whole_clip() -> None:
    cine = clip(64, rows=480, columns=640, regions=(replace(SECTOR, x0_px=100, x1_px=499, y0_px=40, y1_px=239),))
    cine.frames[:] = np.arange(64, dtype=np.uint8)[:, None, None, None]
    cine.frames[:, :40] = 255
    seen = QualitySquares(cine, find_manifest("echonet_measurements/plax_quality"))
    squares = (255 * seen.batch(seen.chosen(()))).round().permute(0, 2, 3, 1).numpy()
    assert squares[0].max() == 0
    assert squares[-1].max() == 63
    assert (squares[-1, 28:84] == 63).all()
    assert (squares[-1, :28] == 0).all()
