"""Atria and right ventricle from perfect maps: the areas and volumes that were drawn, or a reason."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.analysis.loaded_model import prepare_for_role
from models.analysis.outlines import outline_ventricle
from models.catalogue import Phase, View
from models.clip import Clip
from models.families.phantom.segmenter import PhantomSegmenter
from models.inputs.letterbox import Letterbox
from models.library.model import Model
from models.library.model_set import Role
from models.library.quantities import quantities_read, views_read
from models.library.registry import find_manifest, recipe_of
from models.library.roles import unfit_for
from models.phantom.rendered import STRUCTURES
from models.results import Beat, CaliperKind, ReadValue, Reason
from tests.unit.models.families.phantom.drawn_truth import REGION, SIZE_PX, box_of, clip_of, drawn, manifest_of

MANIFEST = manifest_of("phantom_segmenter", STRUCTURES)
DX, DY = REGION.cm_per_px
Dome = tuple[tuple[float, float], float, float]  # middle of the annulus in cm of the region, half width, length


def map_of(domes: list[Dome], box: Letterbox) -> NDArray[np.float32]:
    """Logits (size, size) of half ellipses; one of a negative length points to the probe."""
    along = np.arange(SIZE_PX, dtype=np.float64)
    x_px, y_px = box.to_image(np.stack([along, along], axis=1)).T
    x, y = (x_px - REGION.x0_px)[None] * DX, (y_px - REGION.y0_px)[:, None] * DY
    logits = np.full((SIZE_PX, SIZE_PX), -14.0)
    for (x0, y0), half, length in domes:
        deep = (y - y0) * np.sign(length)
        round_cm = (1 - np.hypot((x - x0) / half, deep / length)) * min(half, abs(length))
        logits = np.maximum(logits, 60 * np.minimum(round_cm, deep))
    return np.clip(logits, -14, 14).astype(np.float32)


def four_chambers(frame: int, **more: list[Dome]) -> dict[str, list[Dome]]:
    """A beat of 20 frames from frame 2 on: the ventricles are smallest, the atria largest, on frame 10 and 11."""
    now = (frame - 2) % 20
    share = (1 - math.cos(math.pi * (now / 8 if now < 8 else (20 - now) / 12))) / 2
    return {
        "lv": [((9.0, 7.5), 2.4 - 0.7 * share, -6.0)],
        "rv": [((4.0, 7.5), 1.6 - 0.4 * share, -5.0)],
        "la": [((9.0, 8.0), 1.5 + 0.5 * share, 4.5)],
        "ra": [((4.0, 8.0), 1.4 + 0.4 * share, 4.0)],
        **more,
    }


def reader_of(clip: Clip, **more: list[Dome]) -> Any:
    box = box_of(clip)

    def maps(frame: int) -> NDArray[np.float32]:
        shown = four_chambers(frame, **more)
        return np.stack([map_of(shown.get(name, []), box) for name in STRUCTURES])

    return drawn(PhantomSegmenter(MANIFEST), maps)


def read(
    reader: Any, clip: Clip, beats: tuple[Beat, ...] = (Beat(2, 10),), view: View | None = View.A4C
) -> dict[str, ReadValue]:
    return {value.key: value for value in reader.read_values(clip, beats, view)}


@pytest.fixture(scope="module")
def clip() -> Clip:
    return clip_of(26, heart_rate_bpm=75.0)


def test_perfect_maps_give_the_areas_and_volumes_that_were_drawn(clip: Clip) -> None:
    found = read(reader_of(clip), clip)
    true = {
        "la_area": math.pi / 2 * 2.0 * 4.5,
        "la_vol_mod": 2 / 3 * math.pi * 2.0**2 * 4.5,
        "ra_area": math.pi / 2 * 1.8 * 4.0,
        "ra_vol": 2 / 3 * math.pi * 1.8**2 * 4.0,
        "rv_fac": 100 * (1 - 1.2 / 1.6),
    }
    assert {key: value.value for key, value in found.items()} == pytest.approx(true, rel=0.03)
    outline = found["la_area"].calipers[0]
    assert (outline.kind, outline.frame_number) == (CaliperKind.OUTLINE, found["la_area"].sources[0].frame_number)
    assert [(source.frame_number, source.phase) for source in found["rv_fac"].sources] == [
        (3, Phase.END_DIASTOLE),
        (11, Phase.END_SYSTOLE),
    ]


def test_a_border_that_nobody_is_sure_of_is_none() -> None:
    short = clip_of(2)
    box = box_of(short)

    def maps(frame: int) -> NDArray[np.float32]:
        left, right = (map_of(four_chambers(frame)[name], box) for name in ("la", "ra"))
        return np.stack([left / 40, right])

    network = PhantomSegmenter(replace(MANIFEST, labels=("la", "ra")))
    found = read(drawn(network, maps), short, (Beat(0, 1),))
    assert (found["la_area"].reasons, found["la_area"].detail) == ((Reason.QUALITY,), "the left atrium has no sure border")
    assert found["ra_area"].value is not None


def test_the_view_says_which_chambers() -> None:
    short = clip_of(2)
    reader = reader_of(short)
    assert set(read(reader, short, (Beat(0, 1),), View.A2C)) == {"la_area", "la_vol_mod"}
    assert read(reader, short, (Beat(0, 1),), View.PLAX) == {}


@pytest.mark.parametrize(
    ("more", "key", "words"),
    [
        ({"la": [((9.0, 10.5), 2.0, 4.5)]}, "la_area", "the left atrium is cut off by the edge of the image"),
        ({"rv": [((1.0, 7.5), 1.6, -5.0)]}, "rv_fac", "the right ventricle is cut off by the edge of the image"),
        ({"ra": []}, "ra_area", "the right atrium is not to be seen"),
        ({"ra": [((2.5, 8.0), 1.1, 3.0), ((5.5, 8.0), 1.0, 3.0)]}, "ra_vol", "the right atrium is in several parts"),
    ],
)
def test_what_is_not_whole_is_not_measured(clip: Clip, more: dict[str, list[Dome]], key: str, words: str) -> None:
    value = read(reader_of(clip, **more), clip)[key]
    assert (value.value, value.reasons, value.detail) == (None, (Reason.QUALITY,), words)


@pytest.mark.slow
def test_the_ventricle_that_it_marks_itself_tells_the_beats(clip: Clip) -> None:
    assert read(reader_of(clip), clip, beats=())["la_area"].value == pytest.approx(math.pi / 2 * 2.0 * 4.5, rel=0.03)
    short = clip_of(4)
    assert read(reader_of(short), short, beats=())["la_area"].reasons == (Reason.NO_CARDIAC_CYCLE,)


@pytest.mark.slow
def test_the_node_outlines_the_map_that_is_called_lv(clip: Clip) -> None:
    """Bug prevented: an atrium measured as the ventricle of a network that names the atrium first."""
    labels = ("la", "lv")
    manifest, box = replace(MANIFEST, labels=labels), box_of(clip)
    network = drawn(
        PhantomSegmenter(manifest), lambda frame: np.stack([map_of(four_chambers(frame)[name], box) for name in labels])
    )
    loaded = prepare_for_role(Role.LV_SEGMENTATION, Model(network, recipe_of(manifest), manifest))
    found = outline_ventricle(clip, loaded)
    assert {contour.structure for contour in found.contours} == {"lv"}
    assert found.area_curve_cm2[2] == pytest.approx(math.pi / 2 * 2.4 * 6.0, rel=0.03)
    assert found.beats == (Beat(2, 10),)


def test_without_a_scale_nothing_is_measured() -> None:
    short = clip_of(2, regions=())
    assert {value.reasons for value in read(reader_of(short), short, (Beat(0, 1),)).values()} == {(Reason.NO_CALIBRATION,)}


def test_a_network_reads_the_chambers_of_its_labels_alone() -> None:
    assert set(quantities_read(MANIFEST)) == {
        "la_area_a4c", "la_area_a2c", "la_vol_mod_a4c", "la_vol_mod_a2c", "ra_area", "ra_vol", "rv_fac",
    }  # fmt: skip
    atrium = replace(MANIFEST, labels=("la",), architecture={"channels": [4, 6], "new_head": True})
    assert set(views_read(atrium)) == {View.A4C, View.A2C}
    assert unfit_for(Role.MEASUREMENTS, atrium) == ""
    assert "does not mark the left ventricle (lv), but la" in unfit_for(Role.LV_SEGMENTATION, atrium)
    assert unfit_for(Role.LV_SEGMENTATION, replace(MANIFEST, labels=("la", "lv"))) == ""
    assert "nothing" in unfit_for(Role.MEASUREMENTS, find_manifest("phantom_lv"))
