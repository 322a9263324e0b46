"""An import takes exactly the published file, asks for what nobody published, and leaves its origin with the weights."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from models.errors import ImportSettingError, ManifestError, WeightsError, WeightsFileError, WeightsMismatch
from models.importers import import_weights, importer_of
from models.importers.verification import verify_model
from models.library.registry import FAMILIES, find_manifest, list_models, load_model, published_manifest

TINY = "tests.unit.models.importers.tiny_family"
MANIFEST = """
name = "tiny/views"
version = "1"
family = "tiny"
licence = "none"
intended_use = "Tests."
[input]
shape = [3, 4, 4]
[output]
labels = []
values = "2 logits"
[training]
data = "none"
[probe]
view = "a4c"
seed = 0
frames = 1
[architecture]
outputs = 2
[publication]
paper = "P"
code_licence = "C"
weights_origin = "example.org"
weights_file = "tiny.pt"
weights_sha256 = "{sha256}"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own model folder, and a published family `tiny` that knows no hash."""
    monkeypatch.setitem(FAMILIES, "tiny", TINY)
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    (tmp_path / "tiny.toml").write_text(MANIFEST.format(sha256=""))
    return tmp_path


def weights_file(folder: Path, outputs: int = 2, value: float = 0.5) -> Path:
    tensors: dict[str, Tensor] = {"m.1.weight": torch.full((outputs, 48), value), "m.1.bias": torch.arange(float(outputs))}
    torch.save(tensors, folder / "tiny.pt")
    return folder / "tiny.pt"


def test_afterwards_the_model_is_found_by_name_with_its_origin(home: Path) -> None:
    file = weights_file(home)
    manifest = import_weights(str(home / "tiny.toml"), file, labels=["a4c", "plax"])
    assert find_manifest("tiny/views") == manifest
    assert manifest.labels == ("a4c", "plax")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (manifest.source_file, manifest.source_sha256) == ("tiny.pt", sha256)
    assert manifest.publication == published_manifest(str(home / "tiny.toml")).publication  # it states no hash
    with safe_open(manifest.weights_path, "pt") as stored:
        origin = stored.metadata()
    assert origin == {
        "model": "tiny/views",
        "origin": "example.org",
        "paper": "P",
        "licence": "none",
        "source_file": "tiny.pt",
        "source_sha256": sha256,
        "importer_version": "1",
    }
    network = load_model("tiny/views", pretrained=True).network
    assert network(torch.ones(1, 3, 4, 4)).tolist() == [[24.0, 25.0]]
    assert verify_model(manifest).problem == ""


def test_an_own_folder_is_loaded_by_the_manifest_s_path(home: Path) -> None:
    manifest = import_weights(str(home / "tiny.toml"), weights_file(home), labels=["a", "b"], folder=home / "elsewhere")
    assert manifest.path == home / "elsewhere" / "manifests" / "tiny_views.toml"
    assert "tiny/views" not in {model.name for model in list_models()}
    assert load_model(str(manifest.path), pretrained=True)(torch.ones(1, 3, 4, 4)).shape == (1, 2)


def test_weights_that_changed_after_the_import_are_refused_and_verify_says_so(home: Path) -> None:
    manifest = import_weights(str(home / "tiny.toml"), weights_file(home), labels=["a", "b"])
    content = bytearray(manifest.weights_path.read_bytes())
    content[-1] ^= 1
    manifest.weights_path.write_bytes(content)
    with pytest.raises(WeightsError, match="is not what its manifest describes"):
        load_model("tiny/views", pretrained=True)
    assert "is not what its manifest describes" in verify_model(manifest).problem


def test_outputs_that_are_not_finite_fail_the_verification(home: Path) -> None:
    manifest = import_weights(str(home / "tiny.toml"), weights_file(home, value=3e38), labels=["a", "b"])
    assert verify_model(manifest).problem == "2 outputs of a random input are not finite"


def test_an_import_that_is_not_the_published_file_fails_the_verification(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file taken before its hash was known, or by a manifest written by hand."""
    manifest = import_weights(str(home / "tiny.toml"), weights_file(home), labels=["a", "b"])
    (home / "known").mkdir()
    (home / "known" / "tiny.toml").write_text(MANIFEST.format(sha256="0" * 64))
    monkeypatch.setattr("models.library.stored_manifests.MANIFESTS", home / "known")
    found = manifest.source_sha256
    words = f"imported from a file with SHA-256 {found}, while that of the published tiny.pt is {'0' * 64}"
    assert manifest.publication is not None
    stated_by_publisher = replace(manifest.publication, weights_sha256=found)
    before = replace(manifest, source_file="", source_sha256="", publication=stated_by_publisher)  # as imports once wrote it
    assert [verify_model(one).problem for one in (manifest, before)] == [words, words]


def test_labels_that_got_lost_fail_the_verification(home: Path) -> None:
    manifest = import_weights(str(home / "tiny.toml"), weights_file(home), labels=["a", "b"])
    problem = verify_model(replace(manifest, labels=("a",))).problem
    assert problem == "2 outputs and 1 labels: import it again with --labels NAME,NAME,..."


def test_another_file_than_the_published_one_is_refused(home: Path) -> None:
    (home / "tiny.toml").write_text(MANIFEST.format(sha256="0" * 64))
    file = weights_file(home)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(WeightsFileError, match=f"tiny.pt is not the published tiny.pt: SHA-256 {found}, published {'0' * 64}"):
        import_weights(str(home / "tiny.toml"), file, labels=["a", "b"])
    assert not (home / "home").exists()


def test_the_published_hashes_are_those_asked_for(tmp_path: Path) -> None:
    with pytest.raises(WeightsFileError, match="0a7b56274cddbc6ed33d05abc0004a9462ab213431c498be08f14212eb4e53a1"):
        import_weights("lvid", weights_file(tmp_path), folder=tmp_path)


def test_a_pointer_of_git_lfs_is_not_the_weights(home: Path) -> None:
    """Bug prevented: where a hash is published, as of 17 models that come by Git LFS, the pointer was merely another file."""
    (home / "p.ckpt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 158894746\n")
    for name in (str(home / "tiny.toml"), "lvid"):
        with pytest.raises(WeightsFileError, match="is a pointer of Git LFS, not the weights"):
            import_weights(name, home / "p.ckpt")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (None, "has 2 outputs whose order is not published, and it is not guessed; give it: --labels"),
        (["a"], "has 2 outputs, and there are 1 labels: a"),
        (["a", "a"], "a label is given twice"),
        (["a", "b", ""], "label 3 of 3 is empty"),
    ],
)
def test_a_class_order_is_never_guessed(labels: list[str] | None, words: str, home: Path) -> None:
    with pytest.raises(ImportSettingError, match=words):
        import_weights(str(home / "tiny.toml"), weights_file(home), labels=labels)


def test_a_published_order_cannot_be_overruled(home: Path) -> None:
    text = MANIFEST.format(sha256="").replace("labels = []", 'labels = ["plax", "a4c"]')
    (home / "tiny.toml").write_text(text)
    with pytest.raises(ImportSettingError, match="the published order is plax, a4c"):
        import_weights(str(home / "tiny.toml"), weights_file(home), labels=["a4c", "plax"])
    assert import_weights(str(home / "tiny.toml"), weights_file(home)).labels == ("plax", "a4c")


def test_settings_nobody_published_are_asked_for(home: Path) -> None:
    text = MANIFEST.format(sha256="")
    assert "weights_sha256" in text.splitlines()[-1]
    (home / "tiny.toml").write_text(text + 'needed_settings = ["mean", "std"]\n')
    with pytest.raises(WeightsError, match=r"import tiny/views FILE --labels NAME,\.\.\. --set mean=\.\.\. --set std=\.\.\.`"):
        load_model(str(home / "tiny.toml"), pretrained=True)
    file = weights_file(home)
    for settings in ({}, {"mean": "a word", "std": []}):
        with pytest.raises(ImportSettingError, match=re.escape("mean and std are not published")):
            import_weights(str(home / "tiny.toml"), file, labels=["a", "b"], settings=settings)
    manifest = import_weights(
        str(home / "tiny.toml"), file, labels=["a", "b"], settings={"mean": 32.0, "std": [50.0, 49.0, 48.0]}
    )
    assert find_manifest("tiny/views").architecture == {"outputs": 2, "mean": 32.0, "std": [50.0, 49.0, 48.0]}
    assert manifest.architecture["mean"] == 32.0


def test_a_network_of_another_size_is_refused(home: Path) -> None:
    with pytest.raises(
        WeightsMismatch, match=r"misshaped: network\.1\.weight is \(3, 48\) in the file, \(2, 48\) in the network"
    ):
        import_weights(str(home / "tiny.toml"), weights_file(home, outputs=3), labels=["a", "b"])
    assert not (home / "home").exists()


def test_weights_that_are_no_numbers_are_refused(home: Path) -> None:
    with pytest.raises(WeightsFileError, match=r"not a number in network\.1\.weight"):
        import_weights(str(home / "tiny.toml"), weights_file(home, value=float("nan")), labels=["a", "b"])


def test_weights_without_values_are_refused(home: Path) -> None:
    torch.save({"1.weight": torch.zeros(2, 48, device="meta"), "1.bias": torch.zeros(2)}, home / "tiny.pt")
    with pytest.raises(WeightsFileError, match=r"the file has no values of network\.1\.weight"):
        import_weights(str(home / "tiny.toml"), home / "tiny.pt", labels=["a", "b"])


def test_the_same_file_is_stored_under_the_same_hash(home: Path) -> None:
    """Bug prevented: the hash that the audit trail and the SR name was another one after each import."""
    hashes = set()
    for number in range(3):
        labels = ["a", "b"]
        manifest = import_weights(str(home / "tiny.toml"), weights_file(home), labels=labels, folder=home / str(number))
        hashes.add(manifest.weights_sha256)
    assert len(hashes) == 1


def test_a_second_import_starts_from_the_published_manifest(home: Path) -> None:
    """The hash of the first file must not refuse the second, nor its labels be taken for published ones."""
    import_weights(str(home / "tiny.toml"), weights_file(home), labels=["a", "b"])
    again = import_weights(str(home / "tiny.toml"), weights_file(home, value=1.0), labels=["b", "a"])
    assert find_manifest("tiny/views").labels == again.labels == ("b", "a")
    assert published_manifest("EchoView47_TMED2").labels == ()


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("phantom_lv", WeightsFileError, "phantom_lv is not a published model"),
        ("nothing", ManifestError, "no model 'nothing'"),
        ("EchoView47_contrastive_encoder", WeightsMismatch, "the weights do not fit the network"),
    ],
)
def test_what_cannot_be_imported_is_said(name: str, error: type[Exception], words: str, home: Path) -> None:
    with pytest.raises(error, match=words):
        import_weights(name, weights_file(home))


def test_missing_files_are_said(home: Path) -> None:
    with pytest.raises(WeightsFileError, match="no file"):
        import_weights(str(home / "tiny.toml"), home / "none.pt")


def test_a_model_without_weights_says_which_command_brings_them() -> None:
    with pytest.raises(WeightsError) as refused:
        load_model("EchoView47_classifier", pretrained=True)
    text = str(refused.value)
    assert "Fetch TTE47_Classifier_Model.h5 from huggingface.co/thrive-2025/EchoView47" in text
    assert "echonode models import EchoView47_classifier FILE" in text


def test_every_published_family_with_weights_has_an_importer() -> None:
    for model in list_models():
        if model.publication and model.publication.weights_file:
            assert importer_of(model).place
