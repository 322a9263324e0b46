"""Models out of the library for other programs: tensors with their origin, or a graph that runs without this code."""

from enum import StrEnum
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.importers.verification import probe
from models.manifest import Manifest
from models.registry import load_manifest


class Format(StrEnum):
    """SAFETENSORS: the tensors by name. PT2: the graph of `torch.export`, any number of frames or clips at once."""

    SAFETENSORS = "safetensors"
    PT2 = "pt2"


def export_model(manifest: Manifest, path: Path, form: Format) -> None:
    """Writes the model with its weights to `path`. Raises ManifestError and families.WeightsError as `load_model` does."""
    network = load_manifest(manifest, pretrained=True)
    if form is Format.SAFETENSORS:
        tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
        save_file(tensors, path, metadata=_origin(manifest))
        return
    network.to(memory_format=torch.contiguous_format)  # torch.export cannot store the other layout without a warning
    example = torch.cat([probe(manifest)] * 2)  # a batch of one would become a constant of the graph
    program = torch.export.export(network, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, path, extra_files={f"{key}.txt": value for key, value in _origin(manifest).items()})


def _origin(manifest: Manifest) -> dict[str, str]:
    """What the weights' own file says of its origin, and what the manifest knows."""
    with safe_open(manifest.weights_path, "pt") as stored:
        kept: dict[str, str] = stored.metadata() or {}
    return kept | {"model": manifest.name, "licence": manifest.licence, "intended_use": manifest.intended_use}
