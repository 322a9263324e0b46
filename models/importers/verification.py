"""Whether the weights that lie here are those of their manifest, fit their network, and compute numbers."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.errors import ManifestError, WeightsError
from models.library.manifest import Manifest
from models.library.registry import load_manifest, published_manifest

_FREE_SIDE_PX = 64  # where the manifest leaves a side of the input open
_SEED = 1


@dataclass(frozen=True)
class Verification:
    """`problem` is empty where all is well; `output` says what the network made of a random probe."""

    name: str
    weights_file: str
    sha256: str
    output: str
    problem: str


def verify_model(manifest: Manifest) -> Verification:
    """Hashes the file again, loads it strictly, and looks for NaN and infinity in what it makes of a seeded random input.

    An import is also held against what is published of its file, and against the number of its labels.
    """
    output, problem = "", ""
    try:
        model = load_manifest(manifest, pretrained=True)
        output, problem = _probed(model.network, manifest)
        problem = problem or _unlike_published(manifest) or _unlabelled(manifest)
    except (WeightsError, ManifestError) as error:
        problem = str(error)
    return Verification(manifest.name, manifest.weights_file, manifest.weights_sha256, output, problem)


def _unlike_published(manifest: Manifest) -> str:
    try:
        published = published_manifest(manifest.name).publication
    except ManifestError:
        return ""  # of one's own training
    if manifest.publication is None or published is None or not published.weights_sha256:
        return ""
    found = manifest.source_sha256 or manifest.publication.weights_sha256  # imports once wrote it there
    if found == published.weights_sha256:
        return ""
    return (
        f"imported from a file with SHA-256 {found}, while that of the published {published.weights_file} is "
        f"{published.weights_sha256}"
    )


def _unlabelled(manifest: Manifest) -> str:
    outputs = manifest.architecture.get("outputs", 0)
    if manifest.publication is None or not outputs or outputs == len(manifest.labels):
        return ""
    return f"{outputs} outputs and {len(manifest.labels)} labels: import it again with --labels NAME,NAME,..."


def _probed(network: nn.Module, manifest: Manifest) -> tuple[str, str]:
    """(what came out, what is wrong with it)."""
    needed = [
        name
        for name, parameter in inspect.signature(network.forward).parameters.items()
        if parameter.default is inspect.Parameter.empty and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    if len(needed) != 1:
        return f"not run: it takes {', '.join(needed)}", ""
    with torch.inference_mode():
        outputs = list(_tensors(network(probe(manifest))))
    shapes = ", ".join(str(tuple(tensor.shape)) for tensor in outputs)
    broken = sum(int((~tensor.isfinite()).sum()) for tensor in outputs)
    return shapes, f"{broken} outputs of a random input are not finite" if broken else ""


def probe(manifest: Manifest) -> Tensor:
    """One random input (1, channels[, frames], height, width), float32, 0 to 1, the same on every machine."""
    shape = manifest.input_shape or (1, manifest.input_size_px, manifest.input_size_px)
    sides = [_FREE_SIDE_PX if side == -1 else side for side in shape]
    return torch.rand(1, *sides, generator=torch.Generator().manual_seed(_SEED))


def _tensors(outputs: Any) -> Iterator[Tensor]:
    if isinstance(outputs, Tensor):
        yield outputs
    elif isinstance(outputs, dict):
        for value in outputs.values():
            yield from _tensors(value)
    elif isinstance(outputs, (tuple, list)):
        for value in outputs:
            yield from _tensors(value)
