"""EchoNet-Measurements: end points of lines in B-mode and M-mode, atrial areas, Doppler peaks, velocity-time integrals.

RGB frames (n, 3, h, w), 0 to 1 -> logits (n, outputs, h, w). JACC 86 (2025) 964-978. What the maps mean, and so which class
reads them, is `[architecture] task` of the manifest. Readers leave the column `filename` of their rows None: who opened the
file fills it in.
"""

from pathlib import Path

import torch
from torch import nn

from models.errors import ManifestError
from models.library.manifest import Manifest
from models.library.registry import named
from models.networks.stored_weights import prepare

# Task -> module with `build(manifest)`: the untrained network, a torch module that is a `reading.Reader` too.
TASKS: dict[str, str] = {
    "doppler_peak": "models.families.echonet.doppler",
    "mitral_inflow": "models.families.echonet.inflow",
    "tapse": "models.families.echonet.m_mode",
    "vti": "models.families.echonet.vti",
    "linear": "models.families.echonet.linear",
    "area": "models.families.echonet.area",
    "plax_quality": "models.families.echonet.quality",
}


def load(manifest: Manifest, weights: Path | None, device: str) -> nn.Module:
    """The network of the manifest's task. Raises ManifestError for an unknown task, WeightsError as `prepare` does."""
    task = str(manifest.architecture.get("task", ""))
    if task not in TASKS:
        raise ManifestError(f"model {manifest.name}: unknown task {task!r}; there are: {', '.join(TASKS)}")
    with torch.device(device):
        network: nn.Module = named(f"{TASKS[task]}:build")(manifest)
    return prepare(network, manifest, weights, device)
