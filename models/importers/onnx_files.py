"""A network as a file of ONNX, with its manifest and origin in the file's metadata. Needs the extra `onnx`."""

import contextlib
import io
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from models.errors import BackendError

_NEEDED = ("onnx", "onnxscript")
INPUT = "images"


def require_onnx() -> None:
    """Raises BackendError where a file of ONNX cannot be written: before a network is loaded."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise BackendError(f"{' and '.join(missing)} cannot be imported: pip install 'echonode[onnx]'")


def write_onnx(network: nn.Module, example: Tensor, path: Path, said: Mapping[str, str]) -> None:
    """Writes `network` as it computes `example`, frames (2, channels, h, w) or clips (2, channels, frames, h, w), float32, 0
    to 1. Its first axis stays free. `said` goes into the metadata. Raises BackendError for a network that ONNX cannot say.
    """
    import onnx

    batch = torch.export.Dim("batch")
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # the exporter tells its steps
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network, (example,), dynamo=True, dynamic_shapes=({0: batch},), input_names=[INPUT], verbose=False
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, ValueError, TypeError) as error:
        sentence = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BackendError(f"ONNX cannot say what this network computes: {sentence}") from error
    if program is None:
        raise BackendError("ONNX cannot say what this network computes")
    graph = program.model_proto
    onnx.helper.set_model_props(graph, dict(said))
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))
