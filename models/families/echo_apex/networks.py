"""EchoApex: one vision transformer for four tasks, each with adapters and a decoder of its own.

Amadou et al., arXiv 2410.11092. Neither code nor weights are published: the architecture is made from the abstract, and every
size in it but the backbone's is our choice. A backbone of DINOv2 can be imported (`weights` beside this
file); adapters and decoders have to be trained.
"""

from collections.abc import Callable
from pathlib import Path

import torch

from models.errors import ManifestError
from models.families.echo_apex.lines import Lines
from models.families.echo_apex.prompts import Segmentation
from models.families.echo_apex.sequences import EjectionFraction, Views
from models.library.manifest import Manifest
from models.networks.stored_weights import prepare

EchoApex = Views | Segmentation | Lines | EjectionFraction

_TASKS: dict[str, Callable[[Manifest], EchoApex]] = {
    "views": Views,
    "segmentation": Segmentation,
    "lvh": Lines,
    "ef": EjectionFraction,
}


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoApex:
    """Raises ManifestError for an unknown task, WeightsError as `prepare` does."""
    task = str(manifest.architecture.get("task"))
    if task not in _TASKS:
        raise ManifestError(f"model {manifest.name}: unknown task {task!r}")
    with torch.device(device):
        network = _TASKS[task](manifest)
    return prepare(network, manifest, weights, device)
