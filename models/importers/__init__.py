"""Published weights of others, from their files into our networks: read, placed strictly, stored as safetensors with origin.

Which tensor goes where is the family's: its recipe names the module whose `IMPORTER` says it (`importers.importer`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from models.errors import ImportSettingError, ManifestError, WeightsFileError
from models.importers.exports import Export, read_export
from models.importers.importer import Importer
from models.importers.keras.files import KerasFile
from models.importers.keras.graph import check_steps
from models.importers.keras.heads import refuse_guess, saying_its_scaling
from models.importers.own_exports import store_own
from models.importers.placement import checked
from models.importers.provenance import described
from models.importers.sources import read_source, refuse_pointer, sha256_of
from models.importers.tensor_files import write_tensors
from models.importers.torch import layout
from models.importers.torch.files import TorchFile
from models.library.manifest import Manifest, Value, write_manifest
from models.library.own_models import phantom_lineage
from models.library.registry import build, named, published_manifest, recipe_of
from models.library.stored_manifests import model_folder, stored_name

IMPORTER_VERSION = "1"  # a change of what an import writes


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
    `stored_manifests.model_folder()`) gets `weights` and `manifests`. Raises ManifestError, ImportSettingError and
    WeightsFileError, of which WeightsMismatch has the lists of what does not fit.
    """
    export = read_export(file) if file.is_file() else None
    if export is not None and export.manifest.publication is None:
        if settings or labels is not None:
            raise ImportSettingError(f"{export.manifest.name}: an export has its labels and its settings; give none")
        return store_own(name, export, folder or model_folder())
    manifest = published_manifest(name)
    if export is not None:
        tensors = _exported(manifest, export, settings or {}, labels)
        origin = export.origin
        theirs = replace(export.manifest, publication=manifest.publication)
        return _store(theirs, tensors, origin["source_file"], origin["source_sha256"], folder or model_folder())
    sha256 = _known_hash(manifest, file)
    source = read_source(file)
    importer = importer_of(manifest, source)
    asked = importer.architecture(source, manifest)
    check_steps(source, importer.steps, asked)
    refuse_guess(manifest, importer.unpublished, {*asked, *(settings or {})})
    manifest = described(manifest, asked, settings or {}, labels, importer.settings)
    tensors = _placed(manifest, source)
    manifest = saying_its_scaling(manifest, importer.preprocessing)
    return _store(manifest, tensors, file.name, sha256, folder or model_folder())


def importer_of(manifest: Manifest, source: object = None) -> Importer:
    """Of its family: it knows where each tensor of a published file goes.

    Of a family that publishes no file, or one of Keras, torch's tensors (`source`) come by the network's own names.
    """
    if not (path := recipe_of(manifest).importer):
        return layout.IMPORTER
    importer: Importer = named(f"{path}:IMPORTER")
    if importer.of_keras and isinstance(source, TorchFile):
        return replace(importer, architecture=layout.architecture, place=layout.place, steps=None)
    return importer


def _known_hash(manifest: Manifest, file: Path) -> str:
    if manifest.publication is None:
        raise WeightsFileError(f"{manifest.name} is not a published model: nothing is known of weights to import")
    if not file.exists():
        raise WeightsFileError(f"no file {file}")
    if file.is_dir():
        return ""
    refuse_pointer(file)
    found = sha256_of(file)
    if phantom_lineage(found):
        raise WeightsFileError(f"{file.name} holds weights that were trained on phantoms: they are no {manifest.name}")
    expected = manifest.publication.weights_sha256
    if expected and found != expected:
        raise WeightsFileError(
            f"{file.name} is not the published {manifest.publication.weights_file}: SHA-256 {found}, published {expected}"
        )
    return found


def _exported(
    manifest: Manifest, export: Export, settings: Mapping[str, Value], labels: Sequence[str] | None
) -> dict[str, Tensor]:
    """The tensors of a model that another machine imported. Which file they came from there is that machine's word."""
    theirs, published = export.manifest, manifest.publication
    if (theirs.name, theirs.family) != (manifest.name, manifest.family):
        raise WeightsFileError(f"the file is an export of {theirs.name} ({theirs.family}), not of {manifest.name}")
    if published is None or theirs.publication is None or not {"source_file", "source_sha256"} <= export.origin.keys():
        raise WeightsFileError(f"the export of {theirs.name} does not say which published file its weights came from")
    if published.weights_sha256 and published.weights_sha256 != export.origin["source_sha256"]:
        found = export.origin["source_sha256"]
        raise WeightsFileError(
            f"the export came from another file than the published {published.weights_file}: SHA-256 {found}, "
            f"published {published.weights_sha256}"
        )
    if settings or (labels is not None and tuple(labels) != theirs.labels):
        raise ImportSettingError(
            f"{manifest.name}: an export has its labels ({', '.join(theirs.labels)}) and its settings; give none"
        )
    network = build(recipe_of(theirs), theirs, None, "meta")
    return _finite(theirs, checked(export.tensors, network))


def _placed(manifest: Manifest, source: KerasFile | TorchFile) -> dict[str, Tensor]:
    network = build(recipe_of(manifest), manifest, None, "meta")
    return _finite(manifest, importer_of(manifest, source).place(source, network))


def _finite(manifest: Manifest, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    if empty := [name for name, tensor in tensors.items() if tensor.is_meta]:
        raise WeightsFileError(f"{manifest.name}: the file has no values of {', '.join(empty)}")
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if broken:
        raise WeightsFileError(f"{manifest.name}: not a number in {', '.join(broken)}")
    return tensors


def _store(manifest: Manifest, tensors: dict[str, Tensor], source_file: str, source_sha256: str, folder: Path) -> Manifest:
    if manifest.publication is None:
        raise ManifestError(f"{manifest.name} has no [publication]")
    safe_name = stored_name(manifest.name)
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
    write_tensors(weights, tensors, origin)
    path = folder / "manifests" / f"{safe_name}.toml"
    imported = replace(
        manifest,
        weights_file=weights.name,
        weights_sha256=sha256_of(weights),
        trained=manifest.architecture.get("decoder") != "untrained",
        source_file=source_file,
        source_sha256=source_sha256,
        path=path,
    )
    write_manifest(imported, path)
    return imported


__all__ = [
    "KerasFile",
    "TorchFile",
    "import_weights",
    "importer_of",
    "read_source",
]
