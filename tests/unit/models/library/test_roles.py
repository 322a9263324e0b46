"""Which model may take which role, and what its classes mean."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.analysis.adapters import likeliest_view, outlines_frames
from models.catalogue import DISPLAYS, ECHOVIEW47, READ, Mode, View
from models.library.manifest import write_manifest
from models.library.model_set import Role
from models.library.quantities import quantities_read, views_read, views_together
from models.library.recipe import Answer
from models.library.registry import all_recipes, find_manifest, list_models, load_model, named, recipe_of
from models.library.roles import image_of, unfit_for, view_of
from node.errors import ConfigError
from node.settings import ModelSettings, Settings
from node.work.model_check import require_models


def test_every_network_that_outlines_says_how_its_frames_are_placed() -> None:
    outlining = [manifest for manifest in list_models() if outlines_frames(manifest)]
    assert outlining
    for manifest in outlining:
        assert callable(named(recipe_of(manifest).sees)), manifest.name


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("lvid", ("lvidd_2d", "lvids_2d", "fs_2d", "ef_teichholz_2d")),
        ("la", ("la_diam_ap_2d",)),
        ("ivc", ("ivc_diam",)),
        ("rv_base", ("rv_basal",)),
        ("echonet_dynamic/ef_r2plus1d_18", ("ef_video_regression",)),
        ("EchoMotionNet_BiLSTM", ("ef_video_regression",)),
        ("EchoMotionNet_A4C_A2C", ("ef_video_regression_biplane",)),
        ("EchoApex_ViT-S_lvh", ("ivsd_2d", "lvidd_2d", "lvpwd_2d")),
        ("la_area", ("la_area_a4c", "la_area_a2c")),
        ("ra_area", ("ra_area",)),
        ("avvmax", ("av_vmax", "av_pg")),
        ("lvotvmax", ("lvot_vmax",)),
        ("mrvmax", ("mr_vmax",)),
        ("trvmax", ("tr_vmax", "tr_pg")),
        ("latevel", ("e_lateral",)),
        ("medevel", ("e_septal",)),
        ("mvpeak_2c", ("mv_e", "mv_a", "mv_ea")),
        ("tapse_2c", ("tapse",)),
        ("vti_lvot", ("lvot_vti",)),
        ("vti_mv", ("mv_vti",)),
        ("PanEcho", ("ef_video_regression",)),
        ("EchoForge_PLAX_keypoints", ("ivsd_2d", "lvidd_2d", "lvids_2d", "lvpwd_2d", "fs_2d", "ef_teichholz_2d")),
        ("phantom_lv", ()),
    ],
)
def test_which_quantities_a_model_can_give(name: str, keys: tuple[str, ...]) -> None:
    assert quantities_read(find_manifest(name)) == keys


def test_every_quantity_that_is_read_has_a_model_that_reads_it_or_a_family_that_can_be_taught_it() -> None:
    read = {key for manifest in list_models() for key in quantities_read(manifest)}
    taught = {key for recipe in all_recipes() if recipe.taught for key in (*recipe.needs, *recipe.quantities)}
    assert read | taught == READ.keys()


FIT = [
    (Role.VIEW, "phantom_view"),
    (Role.VIEW, "EchoView47_classifier"),
    (Role.VIEW, "EchoPrime_view_classifier"),
    (Role.QUALITY, "phantom_quality"),
    (Role.LV_SEGMENTATION, "phantom_lv"),
    (Role.LV_SEGMENTATION, "echonet_dynamic/lv_deeplabv3_resnet50"),
    (Role.LV_SEGMENTATION, "EchoLVSNet"),
    (Role.LV_SEGMENTATION, "EchoMotionNet_B0_SE"),
    (Role.MEASUREMENTS, "lvid"),
    (Role.MEASUREMENTS, "ivc"),
    (Role.MEASUREMENTS, "EchoMotionNet_BiLSTM"),
    (Role.MEASUREMENTS, "EchoMotionNet_A4C_A2C"),
    (Role.MEASUREMENTS, "EchoApex_ViT-S_lvh"),
    (Role.DISTRIBUTION, "phantom_view"),
    (Role.PHASE, "EchoPDNet"),
]
UNFIT = [
    (Role.VIEW, "phantom_lv", "of the family phantom_segmenter"),
    (Role.VIEW, "phantom_quality", "classes that are no views: 0, 1, 2, 3"),
    (Role.VIEW, "EchoView47_TMED2", "an order that nobody has stated"),
    (Role.QUALITY, "phantom_view", "states no limit adequate_quality"),
    (Role.QUALITY, "EchoView47_classifier", "of the family echoforge_xception"),
    (Role.QUALITY, "lvid", "grades no image quality"),
    (Role.QUALITY, "plax_quality", "states no limit adequate_quality"),
    (Role.LV_SEGMENTATION, "echonet_dynamic/ef_r2plus1d_18", "is no deeplabv3_resnet50"),
    (Role.LV_SEGMENTATION, "lvid", "of the family echonet_measurements"),
    (Role.MEASUREMENTS, "plax_quality", "reads nothing that the node has a quantity for"),
    (Role.MEASUREMENTS, "echonet_dynamic/lv_deeplabv3_resnet50", "quantity for; it fits [models] lv_segmentation"),
    (Role.MEASUREMENTS, "EchoPDNet", "it fits [models] phase"),
    (Role.VIEW, "EchoApex_ViT-S_views", "an order that nobody has stated"),
    (Role.VIEW, "EchoPrime_video_encoder", "is an encoder: its features name no views"),
    (Role.VIEW, "EchoApex_ViT-S_ef", "names no views: it measures; it fits [models] measurements"),
    (Role.VIEW, "EchoApex_ViT-S_lvh", "names no views: it measures; it fits [models] measurements"),
    (Role.VIEW, "EchoApex_ViT-S_segmentation", "names no views: it outlines what points and boxes ask for"),
    (Role.MEASUREMENTS, "EchoApex_ViT-S_segmentation", "reads nothing that the node has a quantity for"),
    (Role.MEASUREMENTS, "phantom_lv", "reads nothing that the node has a quantity for"),
    (Role.DISTRIBUTION, "phantom_quality", "keeps nothing of its training data"),
    (Role.DISTRIBUTION, "EchoView47_classifier", "of the family echoforge_xception"),
    (Role.PHASE, "EchoSDNet", "of the family echoforge_resnet"),
    (Role.SPLIT_SCREEN, "EchoSDNet", "an order that nobody has stated"),
    (Role.SPLIT_SCREEN, "EchoView47_classifier", "other classes than Single and Dual: "),
    (Role.SPLIT_SCREEN, "phantom_view", "of the family phantom_classifier"),
]


@pytest.mark.parametrize(("role", "name"), FIT)
def test_what_fits(role: Role, name: str) -> None:
    assert unfit_for(role, find_manifest(name)) == ""


@pytest.mark.parametrize(("role", "name", "why"), UNFIT)
def test_what_does_not_fit_is_refused_in_plain_words(role: Role, name: str, why: str) -> None:
    assert why in unfit_for(role, find_manifest(name))


@pytest.mark.parametrize(("role", "labels"), [(Role.VIEW, ("a4c", "a2c")), (Role.SPLIT_SCREEN, ("single", "dual"))])
def test_no_labels_make_a_classifier_of_a_network_that_gives_no_classes(role: Role, labels: tuple[str, ...]) -> None:
    """Bug prevented: a segmenter with a manifest of one's own, whose outputs are called views."""
    others = [manifest for manifest in list_models() if recipe_of(manifest).answers is not Answer.CLASSES]
    assert len(others) > 20
    for manifest in others:
        assert unfit_for(role, replace(manifest, labels=labels)), manifest.name


def test_tmed2_fits_once_the_order_of_its_classes_is_stated() -> None:
    stated = replace(find_manifest("EchoView47_TMED2"), labels=("A2C", "A4C", "A4CorA2CorOther", "PLAX", "PSAX"))
    assert unfit_for(Role.VIEW, stated) == ""
    assert [view_of(label) for label in stated.labels] == [View.A2C, View.A4C, View.OTHER, View.PLAX, View.PSAX]


@pytest.mark.parametrize("labels", [("Single", "Dual"), ("dual", "single")])
def test_echosdnet_fits_once_the_order_of_its_classes_is_stated(labels: tuple[str, ...]) -> None:
    assert unfit_for(Role.SPLIT_SCREEN, replace(find_manifest("EchoSDNet"), labels=labels)) == ""


def test_a_reference_of_the_distribution_needs_a_limit() -> None:
    manifest = replace(find_manifest("phantom_view"), thresholds={"view_probability": 0.5})
    assert "states no limit out_of_distribution" in unfit_for(Role.DISTRIBUTION, manifest)


def test_all_classes_of_echoview47_mean_a_view() -> None:
    views = {known.name: view_of(known.name) for known in ECHOVIEW47}
    assert None not in views.values()
    assert views["a4ch-full"] is views["a4ch-lv"] is View.A4C
    assert views["a4ch-la"] is views["a4ch-ias"] is views["a2ch-la"] is View.APICAL_ZOOM, "no whole left ventricle in them"
    assert views["plax-full-mv"] is View.PLAX
    assert {views[known.name] for known in ECHOVIEW47 if known.mode is not Mode.B_MODE} == {View.OTHER}
    assert view_of("liver") is None


def test_a_trace_is_what_its_class_says_and_its_mode_what_the_region_says() -> None:
    traced = {known.name: image_of(known.name) for known in ECHOVIEW47 if known.mode is not Mode.B_MODE}
    assert len(set(traced.values())) == len(traced) == 13
    assert set(traced.values()) == {view for view in DISPLAYS if not view.endswith(("_pw", "_cw"))}
    assert traced["doppler-tissue-lateral"] is View.DOPPLER_TISSUE_LATERAL
    assert image_of("a4ch-la") is view_of("a4ch-la")


def test_no_two_models_of_traces_read_the_same_quantity() -> None:
    """Bug prevented: an aortic jet under the outflow tract's name, since the display shows both alike."""
    asked = {manifest.name: views_read(manifest) for manifest in list_models() if set(views_read(manifest)) & DISPLAYS}
    assert len(asked) == 14
    for name, views in asked.items():
        keys = quantities_read(find_manifest(name))
        assert keys, name
        assert {READ[key].views for key in keys} == {(view,) for view in views}, name


def test_the_probabilities_of_a_view_s_classes_add_up() -> None:
    manifest = find_manifest("EchoView47_classifier")
    probabilities = dict.fromkeys(manifest.labels, 0.0) | {"a4ch-full": 0.3, "a4ch-lv": 0.3, "plax-full-lv": 0.4}
    assert likeliest_view(manifest, list(probabilities.values())) == (View.A4C, pytest.approx(0.6))
    spread = dict.fromkeys(manifest.labels, 0.0) | {"a4ch-full": 0.4, "a2ch-full": 0.35, "doppler-mv": 0.25}
    assert likeliest_view(manifest, list(spread.values())) == (View.OTHER, 0.0), "none is likely enough"
    traces = dict.fromkeys(manifest.labels, 0.0) | {"doppler-mv": 0.45, "doppler-tissue-lateral": 0.45, "a4ch-full": 0.1}
    assert likeliest_view(manifest, list(traces.values()))[0] is View.OTHER, "two traces do not add up to a sure one"


def test_readers_are_asked_on_their_views() -> None:
    assert View.PLAX in views_read(find_manifest("lvid"))
    assert views_read(find_manifest("ivc")) == (View.SUBCOSTAL_IVC,)
    assert views_read(find_manifest("mvpeak_2c")) == (View.DOPPLER_MV_PW,)


def test_what_has_an_untrained_decoder_takes_no_part() -> None:
    manifest = find_manifest("EchoApex_ViT-S_lvh")
    manifest = replace(manifest, architecture={**manifest.architecture, "decoder": "untrained"})
    assert "untrained decoder" in unfit_for(Role.MEASUREMENTS, manifest)


@pytest.mark.slow
def test_every_model_that_may_measure_reads_clips() -> None:
    """Bug prevented: a model set that passes the plan and fails on every study."""
    may = [manifest for manifest in list_models() if not unfit_for(Role.MEASUREMENTS, manifest)]
    one_of_each = {
        (manifest.family, str(manifest.architecture.get("task") or manifest.architecture.get("network"))): manifest
        for manifest in may
    }
    assert len(one_of_each) >= 8
    for manifest in one_of_each.values():
        reads = "read_group" if views_together(manifest) else "read"
        assert hasattr(load_model(manifest.name, device="meta").network, reads), manifest.name


def test_a_model_of_several_clips_reads_one_of_each_of_its_views() -> None:
    for manifest in list_models():
        views, clips_read = views_together(manifest), recipe_of(manifest).clips_read
        assert (clips_read if clips_read > 1 else 0) == len(views), manifest.name


def required(**models: object) -> None:
    require_models(Settings(models=ModelSettings(**models)).model_set)  # type: ignore[arg-type]


def test_the_plan_refuses_what_does_not_fit() -> None:
    required()
    required(quality="")
    with pytest.raises(ConfigError, match=r"models\.measurements: plax_quality reads nothing"):
        required(measurements=("plax_quality",))
    with pytest.raises(ConfigError, match=r"models\.lv_segmentation: phantom_view is of the family phantom_classifier"):
        required(lv_segmentation="phantom_view")
    with pytest.raises(ConfigError, match=r"models\.measurements: .*echonode models import"):
        required(measurements=("lvid",))


def test_an_engine_that_is_not_there_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    required(engine="auto")
    with pytest.raises(ConfigError, match=r"models\.engine: OpenVINO is not installed"):
        required(engine="openvino")


def test_a_model_of_one_s_own_is_described_by_its_own_manifest(tmp_path: Path) -> None:
    own = tmp_path / "manifests" / "own.toml"
    write_manifest(replace(find_manifest("phantom_view"), name="own", labels=("a4c", "liver", "other")), own)
    with pytest.raises(ConfigError, match="classes that are no views: liver"):
        required(view=str(own))


def test_every_model_has_an_answer_for_every_part() -> None:
    for manifest in list_models():
        for role in Role:
            assert isinstance(unfit_for(role, manifest), str)
