"""Models out of the library: tensors with their manifest and origin, which the library takes back, or a graph that runs without
this code, of torch or ONNX.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from models.errors import ExportFileError, ManifestError
from models.importers.onnx_files import require_onnx, write_onnx
from models.importers.tensor_files import write_tensors
from models.importers.verification import probe
from models.library.manifest import Manifest, manifest_text, manifests_in
from models.library.registry import load_manifest

_MANIFEST, _DIGEST = "echonode_manifest", "tensors_sha256"  # beside the origin in the file's metadata


class Format(StrEnum):
    """SAFETENSORS: the tensors by name with their manifest, which `echonode models import` takes elsewhere. PT2: the graph of
    `torch.export`, ONNX that of the Open Neural Network Exchange, either of any number of frames or clips at once.
    """

    SAFETENSORS = "safetensors"
    PT2 = "pt2"
    ONNX = "onnx"


def export_model(manifest: Manifest, path: Path, form: Format) -> None:
    """Writes the model with its weights to `path`. Raises ManifestError and WeightsError as `load_model` does.

    BackendError where ONNX is asked for, and its libraries are not there or cannot write this network.
    """
    if form is Format.ONNX:
        require_onnx()
    network = load_manifest(manifest, pretrained=True).network
    if form is Format.SAFETENSORS:
        tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
        carried = {_MANIFEST: manifest_text(manifest), _DIGEST: digest(tensors)}
        write_tensors(path, tensors, _origin(manifest) | carried)
        return
    # torch.export cannot store the other layout without a warning
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    example = torch.cat([probe(manifest)] * 2)  # a batch of one would become a constant of the graph
    if form is Format.ONNX:
        write_onnx(network, example, path, _origin(manifest) | {_MANIFEST: manifest_text(manifest)})
        return
    program = torch.export.export(network, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, path, extra_files={f"{key}.txt": value for key, value in _origin(manifest).items()})


def _origin(manifest: Manifest) -> dict[str, str]:
    """What the weights' own file says of its origin, and what the manifest knows."""
    with safe_open(manifest.weights_path, "pt") as stored:
        kept: dict[str, str] = stored.metadata() or {}
    return kept | {"model": manifest.name, "licence": manifest.licence, "intended_use": manifest.intended_use}


@dataclass(frozen=True)
class Export:
    """A model as another machine had it: its manifest, tensors, and what their own file said of their origin."""

    manifest: Manifest
    tensors: Mapping[str, Tensor]
    origin: Mapping[str, str]


def read_export(path: Path) -> Export | None:
    """What `export_model` wrote as safetensors; None for any other file. Raises ExportFileError for an altered one."""
    try:
        with safe_open(path, "pt") as stored:
            origin: dict[str, str] = stored.metadata() or {}
    except (SafetensorError, OSError):
        return None
    if _MANIFEST not in origin:
        return None
    try:
        (manifest,) = manifests_in(origin.pop(_MANIFEST), path)
    except (ManifestError, ValueError) as error:
        raise ExportFileError(f"{path.name}: the manifest inside cannot be read: {error}") from error
    tensors = load_file(path)
    if digest(tensors) != origin.pop(_DIGEST, ""):
        raise ExportFileError(f"{path.name}: the tensors are not those that were exported")
    return Export(manifest, tensors, origin)


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, types, shapes and bytes, in the order of the names: of the tensors alone, whatever file they are in."""
    sha256 = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous().cpu()
        sha256.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha256.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha256.hexdigest()
