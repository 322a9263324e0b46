"""OpenVINO on the CPU: the same network as a compiled graph, 1.5 to 2.5 times as fast as eager torch in single precision.

A graph of which every side is known is quicker than one with a free batch: up to twice with the mix transformers, whose
attention has shapes to work out. So it takes one input at a time. Several small inputs run at the same time, with fewer threads
each: that is quicker than one after another, and needs less of the processor's cache than a batch.
"""

import importlib.util
import logging
import math
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.engines.backend import Precision
from models.engines.graph_cache import cached_graph, graph_key
from models.errors import BackendError
from models.networks.vision import whole_tensor_additions

_EXAMPLES = 2  # frames that are traced; the probe has another number, so a batch size that got fixed would show
_EXAMPLE_PX = 96  # length of a free side while tracing
SMALL_PX = 256 * 256  # larger images keep all threads busy alone, and readers take few of them at a time
MOST_AT_ONCE = 4  # inputs computed at the same time: each needs the memory of all its layers
_CORE_LOCK = Lock()  # two at the same time would make two
_HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}


def is_installed() -> bool:
    return importlib.util.find_spec("openvino") is not None


def _openvino() -> Any:
    """The library, without its telemetry: it would report each import and conversion to its maker's servers unless told not to,
    and a hospital's node tells nobody anything."""
    if not is_installed():
        raise BackendError("OpenVINO is not installed (pip install 'echonode[openvino]')")
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # Python's way to make an import fail
    try:
        import openvino
    except (ImportError, OSError) as error:
        raise BackendError(f"OpenVINO cannot be loaded: {error}") from error
    return openvino


@lru_cache(maxsize=1)
def _cached_core() -> Any:
    return _openvino().Core()


def _core() -> Any:
    """One for the process, never let go.

    The plugin for CPUs gives the thread that loads it a stack for signals, and takes the memory back when it is unloaded. Where
    another thread lets go last, the next signal of the first, a SIGTERM say, is a crash.
    """
    with _CORE_LOCK:
        return _cached_core()


@contextmanager
def _log_kept() -> Iterator[None]:
    """A conversion that fails leaves the root logger at ERROR, with a filter and handler of its own: a mute node."""
    root = logging.getLogger()
    level, filters, handlers = root.level, root.filters[:], root.handlers[:]
    try:
        yield
    finally:
        root.setLevel(level)
        root.filters[:], root.handlers[:] = filters, handlers


def has_bf16() -> bool:
    """Whether this CPU computes in bfloat16 itself; elsewhere it is emulated and slow."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _graph(network: nn.Module, shape: tuple[int, ...], *, fresh: bool) -> Any:
    """The network's graph, from the cache where it is there: of one input, or of any number where a side is free."""
    openvino = _openvino()

    def make(folder: Path) -> None:
        openvino.save_model(_converted(network, shape), folder / "graph.xml", compress_to_fp16=False)

    folder = cached_graph(graph_key(network, shape, f"OpenVINO {openvino.__version__}"), make, fresh=fresh)
    try:
        graph = _converted(network, shape) if folder is None else _core().read_model(folder / "graph.xml")
        if -1 not in shape:
            graph.reshape([1, *shape])
    except RuntimeError:
        if fresh or folder is None:
            raise
        return _graph(network, shape, fresh=True)  # what lies there is damaged
    return graph


def _converted(network: nn.Module, shape: tuple[int, ...]) -> Any:
    openvino = _openvino()
    example = torch.zeros(_EXAMPLES, *(_EXAMPLE_PX if side == -1 else side for side in shape))
    with torch.inference_mode(), _log_kept(), whole_tensor_additions(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # its use of torch.jit.trace
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]  # fixed sizes
        return openvino.convert_model(network, example_input=example, input=[openvino.PartialShape([-1, *shape])])


class OpenVinoBackend:
    """Inputs of one shape (c, h, w) or (c, frames, h, w), -1 for a free side, any number of them. `usually` is how many come
    together, as a rule; `fresh` converts again what the cache holds.

    Raises BackendError where OpenVINO is missing or cannot convert the network.
    """

    def __init__(
        self,
        network: nn.Module,
        shape: tuple[int, ...],
        precision: Precision = Precision.FP32,
        *,
        usually: int = 1,
        fresh: bool = False,
    ) -> None:
        openvino = _openvino()
        self.name = f"OpenVINO {str(openvino.__version__).split('-')[0]} {precision.value}"
        self._one_by_one = -1 not in shape
        small = self._one_by_one and math.prod(shape[1:]) <= SMALL_PX
        at_once = min(usually, MOST_AT_ONCE, torch.get_num_threads()) if small else 1
        settings = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],  # its own choice would be bfloat16 wherever the CPU has it
            "NUM_STREAMS": at_once,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "ENABLE_CPU_PINNING": False,  # every process would pin its threads to the same cores
        }
        errors = (RuntimeError, ValueError, TypeError, OSError, openvino.frontend.OpConversionFailure)
        try:
            graph = _graph(network, shape, fresh=fresh)
            compiled = _core().compile_model(graph, "CPU", settings)
        except errors as error:
            raise BackendError(f"{self.name} cannot run it: {(str(error).splitlines() or [''])[0]}") from error
        self._requests = [compiled.create_infer_request() for _ in range(at_once)]
        self._in_use = Lock()

    def run(self, batch: Tensor) -> tuple[Tensor, ...]:
        """As `Backend.run`: a float32 `batch` (n, ...) -> all outputs, each (n, ...), float32 logits or values, in main memory.

        Raises BackendError for an empty batch, and for one that the graph does not take.
        """
        values = batch.contiguous().cpu().numpy()
        pieces = [values] if not self._one_by_one else np.split(values, len(values)) if len(values) else []
        try:
            with self._in_use:
                found = self._found(pieces)
            whole = tuple(torch.from_numpy(np.concatenate(parts)) for parts in zip(*found, strict=True))
        except RuntimeError as error:
            raise BackendError(f"it cannot run a batch of {len(batch)}") from error
        if not whole or any(len(output) != len(batch) for output in whole):
            raise BackendError(f"it cannot run a batch of {len(batch)}")
        return whole

    def _found(self, pieces: Sequence[NDArray[np.float32]]) -> list[list[NDArray[np.float32]]]:
        """The outputs of each piece. Requests take turns; none is left at work, because it reads the memory of its input."""
        found, at_work = [], deque[Any]()
        try:
            for number, piece in enumerate(pieces):
                if len(at_work) == len(self._requests):
                    found.append(_outputs(at_work.popleft()))
                request = self._requests[number % len(self._requests)]
                request.start_async([piece], share_inputs=True)
                at_work.append(request)
            while at_work:
                found.append(_outputs(at_work.popleft()))
        finally:
            for request in at_work:
                with suppress(RuntimeError):
                    request.wait()
        return found


def _outputs(request: Any) -> list[NDArray[np.float32]]:
    """Copies: the memory is that of the next input."""
    request.wait()
    return [tensor.data.copy() for tensor in request.output_tensors]
