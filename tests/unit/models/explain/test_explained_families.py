"""Every family of the library has a heat map, or a reason why not; and the layer that the table names is there."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from models.calibration import RegionCalibration, RegionDataType, RegionSpatialFormat
from models.clip import Clip
from models.errors import NoHeatMap, ReadingError
from models.explain import Place, grad_cam, place_of
from models.explain.inputs import shown_of
from models.families.echonet.clips import squares
from models.library.manifest import Manifest
from models.library.reading import Decoding
from models.library.registry import FAMILIES, find_manifest, list_models, load_model, named, recipe_of, recipes_of

SECTOR = RegionCalibration(50, 20, 289, 199, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, 3, 3, 0.05, 0.05)


def test_every_recipe_says_how_it_is_explained_or_why_not() -> None:
    """Bug prevented: a new family whose answers nobody can look into, and nobody noticed."""
    for family in FAMILIES:
        for recipe in recipes_of(family):
            assert bool(recipe.heat_map) != bool(recipe.no_heat_map), f"{family} {recipe.task}"
            assert callable(named(recipe.sees)), f"{family} {recipe.task}"


def _has_place(manifest: Manifest) -> bool:
    try:
        place_of(manifest)
    except NoHeatMap:
        return False
    return True


MODELS = [manifest for manifest in list_models() if manifest.family in FAMILIES]


def test_only_embeddings_and_the_listed_have_no_map() -> None:
    without = {manifest.name for manifest in MODELS if not _has_place(manifest)}
    listed = {manifest.name for manifest in MODELS if recipe_of(manifest).no_heat_map}
    assert without == listed | {"EchoView47_contrastive_encoder", "EchoFine_contrastive_encoder"}


def test_a_network_that_the_table_does_not_know_is_refused() -> None:
    manifest = find_manifest("ViT_TTE47_baseline")
    with pytest.raises(NoHeatMap, match="nobody has said where convmixer"):
        place_of(_with_network(manifest, "convmixer"))
    with pytest.raises(NoHeatMap, match="two clips"):
        place_of(find_manifest("EchoMotionNet_A4C_A2C"))
    with pytest.raises(NoHeatMap, match="untrained"):
        place_of(_manifest("EchoApex_ViT-S_ef", decoder="untrained"))


def _with_network(manifest: Manifest, name: str) -> Manifest:
    return Manifest(**{**manifest.__dict__, "architecture": {**manifest.architecture, "network": name}})


def _one_of_each() -> list[Any]:
    """One model for each place of the table."""
    found: dict[Any, str] = {}
    for manifest in MODELS:
        if _has_place(manifest):
            found.setdefault((manifest.family, recipe_of(manifest).heat_map), manifest.name)
    return sorted(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", _one_of_each())
def test_the_layer_is_there_and_its_map_has_the_input_s_size(name: str) -> None:
    """Without memory: on "meta" a layer that is missing or writes in another form fails as it would with numbers."""
    network = load_model(name, device="meta").network
    place: Place = place_of(network.manifest)
    manifest = network.manifest
    shape = manifest.input_shape or (1, manifest.input_size_px, manifest.input_size_px)
    shape = tuple((2 if len(shape) == 4 and index == 1 else 64) if side == -1 else side for index, side in enumerate(shape))
    values = torch.empty(1, *shape, device="meta")
    outputs = place.outputs(network(values))
    heat, _ = grad_cam(network, place.layer, values, lambda answer: place.outputs(answer)[:, 0].sum())
    assert heat.shape == (1, *shape[1:])
    labels = place.labels(network)
    assert len(labels) in (0, outputs.shape[1])
    assert not place.default or place.default in labels


def _clip(length: int = 40, **changes: Any) -> Clip:
    """A bright spot in the middle of dark, at (170, 110) of 340 x 220 px, inside the sector."""
    pixels = np.zeros((length, 220, 340, 3), np.uint8)
    pixels[:, 100:121, 160:181] = 255
    values: dict[str, Any] = {"regions": (SECTOR,), "frame_times_ms": np.arange(length) * 20.0, **changes}
    return Clip(sop_instance_uid="1.2.3", frames=pixels, **values)


def _manifest(name: str, **architecture: Any) -> Manifest:
    manifest = find_manifest(name)
    return replace(manifest, architecture={**manifest.architecture, **architecture})


@pytest.mark.parametrize(
    "manifest",
    [
        _manifest("phantom_view"),
        _manifest("EchoView47_classifier"),
        _manifest("EchoLVSNet"),
        _manifest("EchoPDNet"),
        _manifest("EchoForge_image_quality"),
        _manifest("EchoForge_PLAX_keypoints"),
        _manifest("echonet_dynamic/lv_deeplabv3_resnet50", mean=30, std=50),
        _manifest("echonet_dynamic/ef_r2plus1d_18", mean=30, std=50),
        _manifest("lvid"),
        _manifest("echonet_measurements/plax_quality"),
        _manifest("EchoMotionNet_B0_SE"),
        _manifest("EchoMotionNet_BiLSTM"),
        _manifest("EchoPrime_view_classifier"),
        _manifest("PanEcho"),
        _manifest("EchoApex_ViT-S_lvh"),
        _manifest("EchoApex_ViT-S_ef"),
    ],
    ids=lambda manifest: manifest.name,
)
def test_what_is_bright_in_the_input_lies_there_in_the_image(manifest: Manifest) -> None:
    """Bug prevented: a heat map beside what it explains, because one preprocessing was inverted as another."""
    clip = _clip()
    shown = shown_of(clip, manifest, [0, 3])
    values = shown.values[0].transpose(0, 1) if shown.values.dim() == 5 else shown.values
    assert len(values) == len(shown.frames)
    expected = manifest.input_shape or (1, 128, 128)
    assert values.shape[1] == expected[0]
    assert values.shape[2:] == expected[-2:]
    brightness = values[0].mean(dim=0).numpy()
    heat = (brightness - brightness.min()) / (brightness.max() - brightness.min())
    in_image = shown.in_image(heat.astype(np.float32), clip.rows, clip.columns)
    rows, columns = np.nonzero(in_image > 0.8)
    assert columns.mean() == pytest.approx(170, abs=1)
    assert rows.mean() == pytest.approx(110, abs=1)
    assert np.ptp(rows) == pytest.approx(20, abs=5)


def test_padding_of_a_short_clip_belongs_to_no_frame() -> None:
    shown = shown_of(_clip(10), _manifest("echonet_dynamic/ef_r2plus1d_18", mean=30, std=50), [])
    assert shown.values.shape == (1, 3, 32, 112, 112)
    assert [index for index in shown.frames if index >= 0] == [0, 2, 4, 6, 8]


def test_a_clip_too_short_for_its_network_is_refused_as_its_reader_does() -> None:
    with pytest.raises(ReadingError, match="needs at least 30"):
        shown_of(_clip(10), _manifest("EchoPDNet"), [])


def test_without_times_every_second_frame_is_shown() -> None:
    manifest = _manifest("echonet_dynamic/ef_r2plus1d_18", mean=30, std=50)
    assert shown_of(_clip(70, frame_times_ms=None), manifest, []).frames == tuple(range(0, 64, 2))
    assert len(squares(_clip(2), Decoding.CORRECTED).frames) == 2


def test_a_trace_lies_below_its_region_s_upper_edge() -> None:
    region = RegionCalibration(0, 100, 339, 219, RegionSpatialFormat.SPECTRAL, RegionDataType.PW_SPECTRAL, 4, 7, 0.005, -0.5)
    shown = shown_of(_clip(1, regions=(region,)), _manifest("trvmax"), [])
    assert shown.values.shape == (1, 3, 120, 340)
    in_image = shown.in_image(shown.values[0, 0].numpy(), 220, 340)
    assert in_image[:100].max() == 0
    assert in_image[110, 170] == 1
