"""Published weights of others, from their files into our networks: read, placed strictly, stored as safetensors with origin.

A family's importer is a module with `architecture(file, manifest)`, what the file itself asks for in [architecture] (not how
many outputs: that says whose file it is), and `place(file, network)`, the state of a network of that architecture. `file` is a
KerasFile or a TorchFile.
"""

import hashlib
import importlib
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from models.importers.exports import Export, ExportError, read_export
from models.importers.keras_files import KerasFile, KerasFileError, read_keras_file
from models.importers.placing import MisplacedWeights, checked
from models.importers.torch_files import TorchFile, TorchFileError, read_torch_file
from models.manifest import Manifest, ManifestError, Value, write_manifest
from models.registry import FAMILIES, model_folder, published_manifest

# Family name -> module with `architecture` and `place`, as a string: each is imported only when its family is.
IMPORTERS: dict[str, str] = {
    "echoforge_xception": "models.importers.xception",
    "echoforge_resnet": "models.importers.resnet",
    "echoforge_unet": "models.importers.unet",
    "echoforge_phase": "models.importers.phase",
    "echoforge_densenet": "models.importers.densenet",
    "echoforge_efficientnet": "models.importers.efficientnet",
    "echoforge_convnext": "models.importers.convnext",
    "echoforge_transformer": "models.importers.vision_transformer",
    "echoforge_swin": "models.importers.swin",
    "echonet_dynamic": "models.importers.torch_layout",
    "echonet_measurements": "models.importers.torch_layout",
    "echo_prime": "models.importers.torch_layout",
    "pan_echo": "models.importers.pan_echo",
    "echo_apex": "models.importers.dino_v2",
}

IMPORTER_VERSION = "1"  # a change of what an import writes
_HDF5 = b"\x89HDF\r\n\x1a\n"


class ImportRefused(ValueError):
    """The weights are not taken: they are not those the manifest means."""


class NotSaid(ImportRefused):
    """Something must be known that neither the publication nor the file says, and it is not guessed."""


def import_weights(
    name: str,
    file: Path,
    *,
    labels: Sequence[str] | None = None,
    settings: Mapping[str, Value] | None = None,
    folder: Path | None = None,
) -> Manifest:
    """Stores the weights of `file` for the model `name`, and a manifest that names them; afterwards `load_model` finds both.

    `labels` are the network's outputs in order, needed where the order is not published; `settings` go into [architecture].
    `file` may also be what `exports.export_model` wrote elsewhere, labels and settings in it. `folder` (default:
    `registry.model_folder()`) gets `weights` and `manifests`. Raises ImportRefused, ManifestError, KerasFileError,
    TorchFileError, ExportError, and MisplacedWeights with the lists of what does not fit.
    """
    manifest = published_manifest(name)
    if file.is_file() and (export := read_export(file)) is not None:
        tensors = _exported(manifest, export, settings or {}, labels)
        origin = export.origin
        return _store(export.manifest, tensors, origin["source_file"], origin["source_sha256"], folder or model_folder())
    sha256 = _known_hash(manifest, file)
    source = read_source(file)
    manifest = _described(manifest, source, settings or {}, labels)
    tensors = _placed(manifest, source)
    return _store(manifest, tensors, file.name, sha256, folder or model_folder())


def read_source(file: Path) -> KerasFile | TorchFile:
    """The file by what is in it, whatever its name: HDF5 and zips with a `config.json` are Keras', all else is torch's."""
    if file.is_dir():
        return read_keras_file(file)  # which says what is wrong with it
    try:
        with file.open("rb") as opened:
            start = opened.read(len(_HDF5))
    except FileNotFoundError:
        raise ImportRefused(f"no file {file}") from None
    if start.startswith(b"version https"[: len(_HDF5)]):
        raise ImportRefused(f"{file.name} is a pointer of Git LFS, not the weights: fetch them with `git lfs pull`")
    if start == _HDF5 or _is_keras_zip(file):
        return read_keras_file(file)
    return read_torch_file(file)


def _is_keras_zip(file: Path) -> bool:
    """torch's files are zips, too."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return "config.json" in archive.namelist()


def _known_hash(manifest: Manifest, file: Path) -> str:
    if manifest.publication is None:
        raise ImportRefused(f"{manifest.name} is not a published model: nothing is known of weights to import")
    if manifest.family not in IMPORTERS:
        raise ImportRefused(f"{manifest.name}: there is no importer for the family {manifest.family}")
    if not file.exists():
        raise ImportRefused(f"no file {file}")
    if file.is_dir():
        return ""
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    expected = manifest.publication.weights_sha256
    if expected and found != expected:
        raise ImportRefused(
            f"{file.name} is not the published {manifest.publication.weights_file}: SHA-256 {found}, published {expected}"
        )
    return found


def _described(
    manifest: Manifest, source: KerasFile | TorchFile, settings: Mapping[str, Value], labels: Sequence[str] | None
) -> Manifest:
    asked = importlib.import_module(IMPORTERS[manifest.family]).architecture(source, manifest)
    architecture = {**manifest.architecture, **asked, **settings}
    needed = manifest.publication.needed_settings if manifest.publication else ()
    unsaid = [key for key in needed if not _numbers(architecture.get(key))]
    if unsaid:
        raise NotSaid(
            f"{manifest.name}: {' and '.join(unsaid)} are not published and not in the file, and every result depends on them; "
            f"give them as numbers: {' '.join(f'--set {key}=...' for key in unsaid)}"
        )
    return replace(manifest, architecture=architecture, labels=_labels(manifest, architecture, labels))


def _numbers(value: Value | None) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(item, (int, float)) for item in values)


def _labels(manifest: Manifest, architecture: Mapping[str, Value], given: Sequence[str] | None) -> tuple[str, ...]:
    outputs = architecture.get("outputs", 0)
    labels = manifest.labels
    if given is not None:
        if labels and tuple(given) != labels:
            raise NotSaid(f"{manifest.name}: the published order is {', '.join(labels)}")
        labels = tuple(given)
    if not outputs:
        return labels
    if not labels:
        raise NotSaid(
            f"{manifest.name} has {outputs} outputs whose order is not published, and it is not guessed; "
            f"give it: --labels NAME,NAME,... ({manifest.output_values})"
        )
    if len(labels) != outputs:
        raise NotSaid(f"{manifest.name} has {outputs} outputs, and there are {len(labels)} labels: {', '.join(labels)}")
    if len(set(labels)) != len(labels):
        raise NotSaid(f"{manifest.name}: a label is given twice: {', '.join(labels)}")
    return labels


def _exported(
    manifest: Manifest, export: Export, settings: Mapping[str, Value], labels: Sequence[str] | None
) -> dict[str, Tensor]:
    """The tensors of a model that another machine imported. Which file they came from there is that machine's word."""
    theirs, published = export.manifest, manifest.publication
    if (theirs.name, theirs.family) != (manifest.name, manifest.family):
        raise ImportRefused(f"the file is an export of {theirs.name} ({theirs.family}), not of {manifest.name}")
    if published is None or theirs.publication is None or not {"source_file", "source_sha256"} <= export.origin.keys():
        raise ImportRefused(f"the export of {theirs.name} does not say which published file its weights came from")
    if published.weights_sha256 and published.weights_sha256 != export.origin["source_sha256"]:
        found = export.origin["source_sha256"]
        raise ImportRefused(
            f"the export came from another file than the published {published.weights_file}: SHA-256 {found}, "
            f"published {published.weights_sha256}"
        )
    if settings or (labels is not None and tuple(labels) != theirs.labels):
        raise NotSaid(f"{manifest.name}: an export has its labels ({', '.join(theirs.labels)}) and its settings; give none")
    network = importlib.import_module(FAMILIES[theirs.family]).load(theirs, None, "meta")
    return _finite(theirs, checked(export.tensors, network))


def _placed(manifest: Manifest, source: KerasFile | TorchFile) -> dict[str, Tensor]:
    network = importlib.import_module(FAMILIES[manifest.family]).load(manifest, None, "meta")
    return _finite(manifest, importlib.import_module(IMPORTERS[manifest.family]).place(source, network))


def _finite(manifest: Manifest, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if broken:
        raise ImportRefused(f"{manifest.name}: not a number in {', '.join(broken)}")
    return tensors


def _store(manifest: Manifest, tensors: dict[str, Tensor], source_file: str, source_sha256: str, folder: Path) -> Manifest:
    if manifest.publication is None:
        raise ManifestError(f"{manifest.name} has no [publication]")
    safe_name = re.sub(r"[^\w.-]+", "_", manifest.name)
    weights = folder / "weights" / f"{safe_name}.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    origin = {
        "model": manifest.name,
        "origin": manifest.publication.weights_origin,
        "paper": manifest.publication.paper,
        "licence": manifest.licence,
        "source_file": source_file,
        "source_sha256": source_sha256,
        "importer_version": IMPORTER_VERSION,
    }
    save_file(tensors, weights, metadata=origin)
    with weights.open("rb") as written:
        sha256 = hashlib.file_digest(written, "sha256").hexdigest()
    path = folder / "manifests" / f"{safe_name}.toml"
    imported = replace(
        manifest,
        weights_file=weights.name,
        weights_sha256=sha256,
        publication=replace(manifest.publication, weights_sha256=source_sha256),
        path=path,
    )
    write_manifest(imported, path)
    return imported


__all__ = [
    "IMPORTERS",
    "ExportError",
    "ImportRefused",
    "KerasFile",
    "KerasFileError",
    "MisplacedWeights",
    "NotSaid",
    "TorchFile",
    "TorchFileError",
    "import_weights",
    "read_source",
]
