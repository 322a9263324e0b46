"""A model taken out on one machine is the same model on another: tensors, settings, labels, licence, origin."""

import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from models.errors import ExportFileError, ImportSettingError, WeightsFileError
from models.importers import import_weights
from models.importers.exports import Format, digest, export_model, read_export
from models.library.manifest import Manifest
from models.library.registry import FAMILIES, find_manifest, load_model
from tests.unit.models.importers.test_import_weights import MANIFEST, TINY, weights_file


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Manifest, Path]:
    """A tiny published model imported on the first machine, and its export; afterwards the second, empty machine is at work."""
    monkeypatch.setitem(FAMILIES, "tiny", TINY)
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "first"))
    settings = "mean = [32.5, 0.1]\nnote = 'an \"odd\" word'\n"
    (tmp_path / "tiny.toml").write_text(MANIFEST.format(sha256="").replace("[publication]", f"{settings}[publication]"))
    manifest = import_weights(str(tmp_path / "tiny.toml"), weights_file(tmp_path), labels=["a4c", "plax"])
    export_model(manifest, tmp_path / "out.safetensors", Format.SAFETENSORS)
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "second"))
    return manifest, tmp_path / "out.safetensors"


def metadata(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as stored:
        found: dict[str, str] = stored.metadata()
    return found


def test_an_export_goes_round_unchanged(exported: tuple[Manifest, Path], tmp_path: Path) -> None:
    first, file = exported
    second = import_weights(str(tmp_path / "tiny.toml"), file)
    assert second.path == tmp_path / "second" / "manifests" / "tiny_views.toml"
    stored, original = load_file(second.weights_path), load_file(first.weights_path)
    assert digest(stored) == digest(original)
    assert all(stored[name].numpy().tobytes() == tensor.numpy().tobytes() for name, tensor in original.items())
    assert metadata(second.weights_path) == metadata(first.weights_path)
    assert find_manifest("tiny/views") == second
    for known in ("labels", "architecture", "licence", "publication", "intended_use", "input_shape", "version"):
        assert getattr(second, known) == getattr(first, known), known
    ones = torch.ones(1, 3, 4, 4)
    assert torch.equal(load_model("tiny/views", pretrained=True)(ones), load_model(str(first.path), pretrained=True)(ones))


def test_an_export_of_an_import_of_an_export_is_the_same(exported: tuple[Manifest, Path], tmp_path: Path) -> None:
    _, file = exported
    export_model(import_weights(str(tmp_path / "tiny.toml"), file), tmp_path / "again.safetensors", Format.SAFETENSORS)
    one, other = read_export(file), read_export(tmp_path / "again.safetensors")
    assert one is not None
    assert other is not None
    assert (digest(one.tensors), one.origin) == (digest(other.tensors), other.origin)


def test_an_export_that_was_altered_is_refused(exported: tuple[Manifest, Path], tmp_path: Path) -> None:
    _, file = exported
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ExportFileError, match="the tensors are not those that were exported"):
        import_weights(str(tmp_path / "tiny.toml"), file)


def test_an_export_of_another_model_is_refused(exported: tuple[Manifest, Path]) -> None:
    with pytest.raises(WeightsFileError, match=re.escape("is an export of tiny/views (tiny), not of EchoLVSNet")):
        import_weights("EchoLVSNet", exported[1])


def test_an_export_has_its_labels_and_settings(exported: tuple[Manifest, Path], tmp_path: Path) -> None:
    name = str(tmp_path / "tiny.toml")
    with pytest.raises(ImportSettingError, match=re.escape("has its labels (a4c, plax) and its settings")):
        import_weights(name, exported[1], labels=["plax", "a4c"])
    with pytest.raises(ImportSettingError, match="give none"):
        import_weights(name, exported[1], settings={"mean": 1.0})
    assert import_weights(name, exported[1], labels=["a4c", "plax"]).labels == ("a4c", "plax")


def test_an_export_of_another_file_than_the_published_one_is_refused(exported: tuple[Manifest, Path], tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(MANIFEST.format(sha256="0" * 64))
    with pytest.raises(WeightsFileError, match=f"came from another file than the published tiny.pt: .* published {'0' * 64}"):
        import_weights(str(tmp_path / "tiny.toml"), exported[1])


def test_an_export_without_origin_is_refused(exported: tuple[Manifest, Path], tmp_path: Path) -> None:
    """Such are those of networks of one's own training: their manifest and weights are copied as they are."""
    _, file = exported
    known = {key: value for key, value in metadata(file).items() if key != "source_sha256"}
    save_file(load_file(file), file, metadata=known)
    with pytest.raises(WeightsFileError, match="does not say which published file"):
        import_weights(str(tmp_path / "tiny.toml"), file)


def test_other_files_are_no_exports(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "plain.safetensors")
    (tmp_path / "text").write_text("no tensors")
    assert read_export(tmp_path / "plain.safetensors") is None
    assert read_export(tmp_path / "text") is None


def test_the_digest_tells_names_types_shapes_and_bits_apart() -> None:
    zeros = torch.zeros(2, 3)
    others = [{"b": zeros}, {"a": zeros.double()}, {"a": zeros.T}, {"a": -zeros}, {"a": zeros, "b": zeros}]
    assert len({digest(tensors) for tensors in [{"a": zeros}, *others]}) == 1 + len(others)
    assert digest({"a": zeros, "b": zeros.T}) == digest({"b": zeros.T.contiguous(), "a": zeros.clone()})
