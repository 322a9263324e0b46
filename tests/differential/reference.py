"""What an original model computed, and how far ours is from it."""

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.importers import importer_of, read_source
from models.library.registry import build, find_manifest, recipe_of
from tests.differential.keras_reference import LAYOUTS
from tests.waiting import patience

ROOT = Path(__file__).resolve().parents[2]
FLOAT64_BOUND = 1e-5  # of the largest output
FLOAT32_BOUND = 1e-4
FAULT = 100 * FLOAT64_BOUND  # what a planted fault must exceed
LEAST_SPREAD = 0.005  # below it the reference is nearly constant and proves nothing


@dataclass(frozen=True)
class Reference:
    """`file` is the saved model, `inputs` are float32, channels last; outputs are those of the original in two precisions."""

    file: Path
    inputs: NDArray[np.float32]
    float32: NDArray[np.float32]
    float64: NDArray[np.float64]


def run_original(builder: str, layout: str, folder: Path) -> Reference:
    """One run of the original framework (`tests.differential.keras_reference`), 10 s or more."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-W", "ignore", "-m", "tests.differential.keras_reference", builder, layout, str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=patience(280)
    )
    if done.returncode:
        raise RuntimeError(f"{builder} {layout}: {done.stderr[-4000:]}")
    with np.load(folder / "reference.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    assert arrays["float64"].std() > LEAST_SPREAD, f"the reference is nearly constant: {arrays['float64'].std()}"
    return Reference(folder / LAYOUTS[layout][1], arrays["inputs"], arrays["float32"], arrays["float64"])


def built(name: str, reference: Reference) -> nn.Module:
    """The network of the model `name` as the reference's file describes it, with its weights, for inputs of its sides."""
    *sides, channels = reference.inputs.shape[1:]
    manifest, source = replace(find_manifest(name), input_shape=(channels, *sides)), read_source(reference.file)
    importer = importer_of(manifest)
    manifest = replace(manifest, architecture={**manifest.architecture, **importer.architecture(source, manifest)})
    network: nn.Module = build(recipe_of(manifest), manifest, None, "meta")
    network.load_state_dict(importer.place(source, network), assign=True)
    return network


def ours(network: nn.Module, reference: Reference, dtype: torch.dtype = torch.float64) -> Tensor:
    """What our network computes of the reference's inputs: channels move from last to second place."""
    frames = torch.from_numpy(np.moveaxis(reference.inputs, -1, 1).copy()).to(dtype)
    with torch.inference_mode():
        outputs: Tensor = network.to(dtype)(frames)
    return outputs


def distance(found: Tensor, expected: NDArray[np.float64] | NDArray[np.float32]) -> float:
    """The largest difference over the largest expected output. Shapes must be equal."""
    assert tuple(found.shape) == expected.shape, f"{tuple(found.shape)} against {expected.shape}"
    return float((found.double() - torch.from_numpy(expected).double()).abs().max() / np.abs(expected).max())
