from dataclasses import replace
from pathlib import Path

import pytest

from models.catalogue import PROBE_VIEWS, View
from models.errors import ManifestError
from models.library.manifest import (
    PHANTOM_ONLY,
    Manifest,
    Probe,
    Publication,
    manifest_text,
    manifests_in,
    read_manifest,
    read_manifests,
    write_manifest,
)
from models.library.registry import list_models
from models.phantom.acquisition import RENDERED_VIEWS
from models.phantom.displays import DRAWN_DISPLAYS

MANIFEST = Manifest(
    name="small", version="1.2.0", family="phantom_classifier", licence="Apache-2.0", intended_use=PHANTOM_ONLY,
    trained=True, weights_file="small.safetensors", weights_sha256="a" * 64, input_size_px=64, labels=("a4c", "other"),
    trained_on_phantoms=True, training_data='hearts with a "quote" and é', generator="1", train_seeds=(0, 10),
    validation_seeds=(10, 12), test_seeds=(12, 20), command="echonode train x.toml", probe=Probe(View.A2C, 4, 5),
    architecture={"channels": [8, 16]},
    thresholds={"view_probability": 0.5}, gate={"constant": 1, "largest_error_points": 5.5},
    metrics={"accuracy_percent": 98.5, "accuracy_percent_95": [97.0, 99.0], "n": 3},
)  # fmt: skip


PUBLISHED = replace(
    MANIFEST, trained=False,
    weights_file="", weights_sha256="", input_size_px=0, trained_on_phantoms=False, generator="", train_seeds=(0, 0),
    validation_seeds=(0, 0), test_seeds=(0, 0), command="", aliases=("tiny",), input_shape=(3, 480, 640), input_values="RGB",
    output_values="logits",
    publication=Publication("A paper, 2026", "MIT", "example.org", "small.ckpt", "b" * 64, ("mean", "std")),
)  # fmt: skip
FAMILY = """
version = "1"
family = "f"
licence = "none stated"
intended_use = "research"
output = { labels = ["a"], values = "logits" }
training.data = "hearts"
architecture.outputs = 1
probe = { view = "a4c", seed = 0, frames = 3 }
publication = { paper = "p", code_licence = "MIT", weights_origin = "o", weights_file = "", weights_sha256 = "" }
[[model]]
name = "one"
publication.weights_file = "one.h5"
[[model]]
name = "two"
probe = { view = "doppler_av_cw", frames = 1 }
aliases = ["deux"]
output.labels = []
publication.weights_file = "two.h5"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifests" / "small.toml"


def test_what_is_written_is_read_back(path: Path) -> None:
    write_manifest(MANIFEST, path)
    assert read_manifest(path) == replace(MANIFEST, path=path)


def test_a_published_model_needs_no_weights_of_ours(path: Path) -> None:
    write_manifest(PUBLISHED, path)
    assert read_manifest(path) == replace(PUBLISHED, path=path)
    assert "seeds" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            'view = "ivc"\nseed = 0\nframes = 3',
            r"\[probe\] view: nothing is drawn of 'ivc', only of a4c, a2c, .*, doppler_av_cw, ",
        ),
        ('view = "psax_av"\nseed = 0\nframes = 3', "nothing is drawn of"),
        ("view = 4\nseed = 0\nframes = 3", r"\[probe\] view: nothing is drawn of 4"),
        ('view = "mmode_a4ch_rv"\nseed = 0\nframes = 3', r"\[probe\] frames of a Doppler or M-mode display is 1"),
        ('view = "a4c"\nseed = 0', r"\[probe\] frames is missing"),
        ('view = "a4c"\nseed = 0\nframes = 0', r"\[probe\] frames should be greater than or equal to 1"),
        ('view = "a4c"\nseed = true\nframes = 3', r"\[probe\] seed should be a valid integer"),
        ('view = "a4c"\nseed = 0\nframes = 3\nrows = 9', r"unknown \[probe\] rows"),
    ],
)
def test_a_wrong_probe_is_refused(path: Path, table: str, message: str) -> None:
    write_manifest(MANIFEST, path)
    text = path.read_text(encoding="utf-8")
    stated = 'view = "a2c"\nseed = 4\nframes = 5'
    assert stated in text
    path.write_text(text.replace(stated, table), encoding="utf-8")
    with pytest.raises(ManifestError, match=message):
        read_manifest(path)


def test_a_manifest_without_a_probe_is_refused(path: Path) -> None:
    """An engine is never tried on an image that nobody has stated."""
    write_manifest(MANIFEST, path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('[probe]\nview = "a2c"\nseed = 4\nframes = 5\n', ""), encoding="utf-8")
    with pytest.raises(ManifestError, match=r"\[probe\] is missing"):
        read_manifest(path)


def test_every_view_of_a_probe_is_drawn() -> None:
    assert set(PROBE_VIEWS) == {*RENDERED_VIEWS, *DRAWN_DISPLAYS}


def test_imported_weights_stand_beside_their_publication(path: Path) -> None:
    imported = replace(
        PUBLISHED,
        trained=True,
        weights_file="small.safetensors",
        weights_sha256="c" * 64,
        source_file="mine.ckpt",
        source_sha256="d" * 64,
    )
    write_manifest(imported, path)
    assert read_manifest(path) == replace(imported, path=path)
    words = "# Published of the authors' own file; not measured with the weights that were imported.\n[metrics]"
    assert words in path.read_text(encoding="utf-8")
    write_manifest(PUBLISHED, path)
    assert words not in path.read_text(encoding="utf-8")


def test_what_is_only_assumed_and_names_without_order_are_kept(path: Path) -> None:
    assert PUBLISHED.publication is not None
    stated = replace(PUBLISHED, label_names=("a", "b"), publication=replace(PUBLISHED.publication, assumed="size S: ours"))
    write_manifest(stated, path)
    assert read_manifest(path) == replace(stated, path=path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('weights_sha256 = "' + "b" * 64, 'weights_sha256 = "b', r"\[publication\] weights_sha256: not a SHA-256"),
        ("trained = false", "trained = true", r"\[weights\] trained, and no file of them"),
        ("code_licence = ", "code_license = ", r"\[publication\] code_licence is missing"),
        ("[weights]\n", '[weights]\nfile = "small.safetensors"\n', r"\[weights\] sha256 is not a SHA-256"),
    ],
)
def test_a_wrong_publication_is_refused_with_the_place(path: Path, old: str, new: str, message: str) -> None:
    write_manifest(PUBLISHED, path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ManifestError, match=message):
        read_manifest(path)


def test_models_of_one_file_share_what_stands_before_them(tmp_path: Path) -> None:
    path = tmp_path / "family.toml"
    path.write_text(FAMILY, encoding="utf-8")
    one, two = read_manifests(path)
    assert (one.name, one.labels, one.aliases, one.architecture) == ("one", ("a",), (), {"outputs": 1})
    assert (one.probe, two.probe) == (Probe(View.A4C, 0, 3), Probe(View.DOPPLER_AV_CW, 0, 1))
    assert (two.name, two.labels, two.aliases, two.output_values) == ("two", (), ("deux",), "logits")
    assert [m.publication and m.publication.weights_file for m in (one, two)] == ["one.h5", "two.h5"]
    with pytest.raises(ManifestError, match="holds 2 models"):
        read_manifest(path)


def test_weights_lie_beside_the_folder_of_manifests(path: Path) -> None:
    write_manifest(MANIFEST, path)
    assert read_manifest(path).weights_path == path.parent.parent / "weights" / "small.safetensors"


@pytest.mark.parametrize(
    "line",
    [
        "name",
        "family",
        "licence",
        "intended_use",
        "sha256",
        "size_px",
        "labels",
        "trained_on_phantoms",
        "train_seeds",
        "command",
    ],
)
def test_a_missing_key_is_named(path: Path, line: str) -> None:
    write_manifest(MANIFEST, path)
    kept = [text for text in path.read_text(encoding="utf-8").splitlines() if not text.startswith(f"{line} =")]
    path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(ManifestError, match=f"{line} is missing"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("trained_on_phantoms = true", 'trained_on_phantoms = "no"', "trained_on_phantoms should be a valid boolean"),
        ("size_px = 64", "size_px = true", "size_px should be a valid integer"),
        ('sha256 = "' + "a" * 64, 'sha256 = "' + "a" * 63, "not a SHA-256"),
        ("size_px = 64", "size_px = 64\nspacing = 1", r"unknown \[input\] spacing"),
        ('name = "small"', 'name = "small"\ncolour = "blue"', "unknown colour"),
        ("[input]", '[inputs]\nvalues = "RGB"\n[input]', "unknown table inputs"),
        (
            "labels = [",
            "lables = [",
            r"unknown \[output\] lables, did you mean \[output\] labels\?",
        ),
        ("frames = 5", "frame = 5", r"\[probe\] frames is missing; unknown \[probe\] frame, did you mean frames\?"),
        ("[input]\nsize_px = 64", "", r"\[input\] size_px is missing"),
        ('[output]\nlabels = ["a4c", "other"]', "[[output]]", "output should be a table"),
        ("[thresholds]", "[[thresholds]]", "thresholds should be a table"),
        ('name = "small"', 'name = "small"\npath = "elsewhere"', "unknown path"),
        ('name = "small"', "name = small", "small.toml"),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_place(path: Path, old: str, new: str, message: str) -> None:
    write_manifest(MANIFEST, path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ManifestError, match=message):
        read_manifest(path)


def test_a_single_bracket_around_model_is_told(tmp_path: Path) -> None:
    path = tmp_path / "family.toml"
    path.write_text(FAMILY.split("[[model]]", maxsplit=1)[0] + '[model]\nname = "one"\n', encoding="utf-8")
    with pytest.raises(ManifestError, match=r"one \[\[model\]\] each"):
        read_manifests(path)


def test_a_model_s_table_in_place_of_a_shared_text_is_refused(tmp_path: Path) -> None:
    """Bug prevented: a traceback out of adding the two."""
    path = tmp_path / "family.toml"
    path.write_text(FAMILY + 'licence.of = "weights"\n', encoding="utf-8")
    with pytest.raises(ManifestError, match="licence should be a valid string"):
        read_manifests(path)


def test_no_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no manifest"):
        read_manifest(tmp_path / "none.toml")


def test_every_bundled_manifest_is_written_as_it_was_read() -> None:
    paths = {manifest.path for manifest in list_models()}
    assert len(paths) > 10
    for path in paths:
        for manifest in read_manifests(path):
            assert manifests_in(manifest_text(manifest), path) == (manifest,), manifest.name


def test_a_limit_that_is_not_stated_is_not_assumed() -> None:
    assert MANIFEST.threshold("view_probability") == 0.5
    with pytest.raises(ManifestError, match="out_of_distribution"):
        MANIFEST.threshold("out_of_distribution")


def test_bundled_manifests_say_what_their_weights_are_not_for() -> None:
    bundled = [manifest for manifest in list_models() if manifest.weights_file]
    assert {manifest.name for manifest in bundled} >= {"phantom_view", "phantom_quality", "phantom_lv"}
    for manifest in bundled:
        assert manifest.trained_on_phantoms
        assert manifest.intended_use == PHANTOM_ONLY
        assert manifest.licence
        assert manifest.command.startswith("echonode train ")


def test_no_heart_of_the_bundled_models_is_both_learnt_and_tested_on() -> None:
    for manifest in list_models():
        seeds = [set(range(*pair)) for pair in (manifest.train_seeds, manifest.validation_seeds, manifest.test_seeds)]
        assert sum(len(part) for part in seeds) == len(set().union(*seeds)), manifest.name


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('labels = ["a4c", "other"]', "labels = [1, 2]", r"\[output\] labels.0 should be a valid string"),
        ("train_seeds = [", 'train_seeds = ["a"]\n#', r"\[training\] train_seeds.0 should be a valid integer"),
        ("train_seeds = [", "train_seeds = [0, ", r"\[training\] train_seeds should have at most 2 items, not 3"),
        ("train_seeds = [", "train_seeds = 3 #", r"\[training\] train_seeds should be a valid list"),
        ("channels = [", "channels = [[1], ", r"\[architecture\] channels should be text, a number, .* or a list"),
        ("channels = ", "channels = 1979-05-27 #", r"\[architecture\] channels should be text"),
        ("[thresholds]\n", '[thresholds]\nlimit = "high"\n', r"\[thresholds\] limit should be a number"),
        ("[thresholds]\n", "[thresholds]\nlimit = true\n", r"\[thresholds\] limit should be a number"),
    ],
)
def test_what_lists_and_limits_hold_is_looked_at(path: Path, old: str, new: str, message: str) -> None:
    """Bug prevented: labels that are numbers, met by whoever compares them with names much later."""
    write_manifest(replace(MANIFEST, thresholds={"other": 0.5}), path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ManifestError, match=message):
        read_manifest(path)
