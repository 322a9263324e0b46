"""Every model of the library as `[models] measurements`: taken by its name, or refused in words that are true."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from models.library.manifest import Manifest, write_manifest
from models.library.model_set import Role
from models.library.quantities import quantities_of, quantities_read, views_read
from models.library.registry import list_models
from models.library.roles import unfit_for
from node.errors import ConfigError
from node.settings import ModelSettings, Settings
from node.work.model_check import require_models

ECHONET = (
    "aorta", "aortic_root", "avvmax", "ivc", "ivs", "la", "la_area", "latevel", "lvid", "lvotvmax", "lvpw", "medevel", "mrvmax",
    "mvpeak_2c", "pa", "ra_area", "rv_base", "tapse_2c", "trvmax", "vti_av", "vti_lvot", "vti_mv", "vti_pv", "vti_rvot",
)  # fmt: skip
MEASURING = {
    *(f"echonet_measurements/{name}" for name in ECHONET),
    "echonet_dynamic/ef_r2plus1d_18",
    "EchoMotionNet_BiLSTM", "EchoMotionNet_TemporalTransformer", "EchoMotionNet_A4C_A2C",
    *(f"EchoApex_ViT-{size}_{task}" for size in "SBL" for task in ("ef", "lvh")),
    "EchoForge_PLAX_keypoints",
    "PanEcho",
    "phantom_spectra",
}  # fmt: skip
EVERY = {manifest.name: manifest for manifest in list_models()}


VIEW = "EchoView47_classifier"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path))
    return tmp_path


def bring(folder: Path, *names: str) -> None:
    """These published models, and one that tells views, as if their weights had been imported: the file and its hash."""
    (folder / "weights").mkdir()
    (folder / "weights" / "any.safetensors").write_bytes(b"weights")
    sha256 = hashlib.sha256(b"weights").hexdigest()
    for number, manifest in enumerate(EVERY[name] for name in {*names, VIEW}):
        if manifest.publication:
            own = replace(manifest, trained=True, weights_file="any.safetensors", weights_sha256=sha256)
            write_manifest(own, folder / "manifests" / f"{number}.toml")


def require(*names: str, view: str = VIEW) -> frozenset[str]:
    plan = Settings(models=ModelSettings(view=view, measurements=names)).model_set
    require_models(plan)
    return quantities_of(plan)


@pytest.mark.parametrize("name", sorted(MEASURING))
def test_what_measures_is_taken_by_its_name(folder: Path, name: str) -> None:
    bring(folder, name)
    manifest = EVERY[name]
    assert require(name) == set(quantities_read(manifest)) != set()
    assert views_read(manifest)
    for alias in manifest.aliases:
        assert require(alias) == require(name)


@pytest.mark.parametrize("name", sorted(EVERY.keys() - MEASURING))
def test_what_measures_nothing_is_refused(folder: Path, name: str) -> None:
    bring(folder, name)
    with pytest.raises(ConfigError, match=rf"models\.measurements: {name} (is of the family|reads nothing)"):
        require(name)


@pytest.mark.slow
def test_all_of_them_make_one_set(folder: Path) -> None:
    bring(folder, *EVERY)
    read = require(*sorted(MEASURING))
    assert read == {key for name in MEASURING for key in quantities_read(EVERY[name])}
    assert {"lvidd_2d", "av_vmax", "e_lateral", "tapse", "lvot_vti", "ra_area", "ef_video_regression"} <= read


def test_without_weights_the_start_says_how_to_bring_them() -> None:
    with pytest.raises(ConfigError, match=r"models\.measurements: .*echonode models import echonet_measurements/avvmax FILE"):
        require("avvmax", view="phantom_view")


def other_parts(manifest: Manifest) -> set[Role]:
    return {role for role in Role if role is not Role.MEASUREMENTS and not unfit_for(role, manifest)}


def test_who_measures_nothing_has_another_part_or_none_that_the_node_knows() -> None:
    """Those without any: unknown class order, encoders, prompted outlines, quality without a stated limit."""
    idle = {name for name in EVERY.keys() - MEASURING if not other_parts(EVERY[name])}
    assert idle == {
        *(f"EchoApex_ViT-{size}_{task}" for size in "SBL" for task in ("segmentation", "views")),
        *(f"EchoFine_TMED2_fold{fold}" for fold in range(3)), "EchoFine_contrastive_encoder",
        "EchoForge_image_quality", "EchoPrime_video_encoder", "EchoSDNet", "EchoView47_TMED2", "EchoView47_contrastive_encoder",
        "echonet_measurements/plax_quality",
    }  # fmt: skip
