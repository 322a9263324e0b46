"""What whoever imports may say of a network, and what contradicts its publisher or its file."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import ImportSettingError
from models.families.echoforge.weights import xception
from models.importers import import_weights
from models.importers.provenance import described
from models.library.manifest import Manifest, Value
from models.library.registry import find_manifest, published_manifest
from tests.unit.models.importers.test_import_weights import weights_file

EF = "echonet_dynamic/ef_r2plus1d_18"


@pytest.mark.parametrize(
    ("mean", "std"),
    [(32.0, 50), ([32.0, 32.5, 33.0], 50.0), ([32.0], [50.0, 50.5, 51.0])],
)
def test_one_number_or_one_a_colour(mean: Value, std: Value) -> None:
    said = described(published_manifest(EF), {}, {"mean": mean, "std": std}, None).architecture
    assert (said["mean"], said["std"]) == (mean, std)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mean": 32, "std": 0}, "std is 0, and a standard deviation is above 0"),
        ({"mean": 32, "std": [50.0, -1.0, 50.0]}, "a standard deviation is above 0"),
        ({"mean": [32, 33], "std": 50}, "mean is one number or 3, one for each colour; 2 are given"),
        ({"mean": 32, "std": [50, 50, 50, 50]}, "std is one number or 3, one for each colour; 4 are given"),
        ({"mean": 32, "std": float("nan")}, "std are not published and not in the file"),
        ({"mean": True, "std": 50}, "mean are not published and not in the file"),
        ({"mean": 32, "std": 50, "foo": "bar"}, f"{EF} has no setting foo; it has mean, std, network"),
        ({"mean": 32, "std": 50, "network": "other"}, "contradicts what is published, network = r2plus1d_18"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Value], words: str) -> None:
    """Bug prevented: an import went well, and the first measurement failed, or divided by nothing."""
    with pytest.raises(ImportSettingError, match=words):
        described(published_manifest(EF), {}, settings, None)


def test_what_the_file_says_is_not_overruled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = published_manifest("EchoView47_contrastive_encoder")
    of_file: dict[str, Value] = {"pooling": "average", "rescale": True}
    words = "--set rescale=False contradicts the file, which says rescale = True"
    with pytest.raises(ImportSettingError, match=words):
        described(known, of_file, {"rescale": False}, None)
    assert described(known, of_file, {"rescale": True}, None).architecture["rescale"] is True
    describing = replace(xception.IMPORTER, of_keras=False, architecture=lambda file, manifest: of_file)
    monkeypatch.setattr(xception, "IMPORTER", describing)
    with pytest.raises(ImportSettingError, match=words):
        import_weights(known.name, weights_file(tmp_path), settings={"rescale": False}, folder=tmp_path / "models")


def test_what_is_only_assumed_may_be_said() -> None:
    """Of a file that does not describe itself: the baselines' head is our default, the scaling of EchoView47 published."""
    baseline = published_manifest("Xception_TTE47_baseline")
    assert described(baseline, {}, {"pooling": "average"}, None).architecture["pooling"] == "average"
    with pytest.raises(ImportSettingError, match="--set rescale=maybe should be like rescale = False"):
        described(baseline, {}, {"rescale": "maybe"}, None)
    with pytest.raises(ImportSettingError, match="contradicts what is published, rescale = True"):
        described(published_manifest("EchoView47_classifier"), {}, {"rescale": False}, None)


def _of_tmed2(labels: str) -> Manifest:
    return described(published_manifest("EchoView47_TMED2"), {}, {}, labels.split(","))


def test_only_the_order_of_tmed2_is_unknown() -> None:
    """Its five names are published: a label that is none of them is a slip, and would name a view that nobody knows."""
    assert _of_tmed2("A2C,A4C,A4CorA2CorOther,PLAX,PSAX").labels == ("A2C", "A4C", "A4CorA2CorOther", "PLAX", "PSAX")
    assert _of_tmed2("plax,psax,a2c,a4c,a4cora2corother").labels == ("PLAX", "PSAX", "A2C", "A4C", "A4CorA2CorOther")
    words = "no output is called foo, bar; the outputs are PLAX, PSAX, A2C, A4C, A4CorA2CorOther, and only their order"
    with pytest.raises(ImportSettingError, match=words):
        _of_tmed2("foo,bar,A2C,PLAX,PSAX")
    with pytest.raises(ImportSettingError, match="label 5 of 5 is empty"):
        _of_tmed2("foo,bar,baz,qux,")
    with pytest.raises(ImportSettingError, match="a label is given twice"):
        _of_tmed2("PLAX,plax,A2C,A4C,PSAX")


def test_names_nobody_published_are_free() -> None:
    views = replace(published_manifest("EchoApex_ViT-S_views"), architecture={"outputs": 2})
    assert described(views, {}, {}, ["a", "b"]).labels == ("a", "b")


def test_a_refused_setting_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ImportSettingError):
        import_weights(EF, weights_file(tmp_path), settings={"mean": 32, "std": 0}, folder=tmp_path / "models")
    assert not (tmp_path / "models").exists()
    assert not find_manifest(EF).weights_file
