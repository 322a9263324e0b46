"""What computes a network: the reference, eager torch in single precision, and the contract of whatever may stand in for it."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import torch
from torch import Tensor, nn

from models.errors import BackendError


class Precision(StrEnum):
    FP32 = "fp32"
    BF16 = "bf16"


class Backend(Protocol):
    """`name` is what the findings say of it: library, version and precision."""

    @property
    def name(self) -> str: ...

    def run(self, batch: Tensor) -> tuple[Tensor, ...]:
        """All outputs of the network for a float32 `batch` (n, ...): each (n, ...), float32 logits or values, in main
        memory.
        """
        ...


class TorchBackend:
    """Torch: channels last, `inference_mode`, and autocast where half precision is asked for; eager, or `compiled`.

    `choose_backend` never compiles. Compiling takes tens of seconds for each network and shape of a batch, at every start of a
    process, and needs a C++ compiler on a CPU. `echonode bench --compile` shows whether it would pay. Compiled, `run` raises
    BackendError where there is no compiler, or the network cannot be compiled. On an accelerator it raises BackendError where
    the memory does not do.
    """

    def __init__(
        self, network: nn.Module, device: str = "cpu", precision: Precision = Precision.FP32, *, compiled: bool = False
    ) -> None:
        self._device, self._precision, self._compiled = torch.device(device), precision, compiled
        if self._device.type == "cuda":  # else convolutions asked for in single precision are rounded to ten bits (TF32)
            torch.backends.cudnn.allow_tf32 = False
        self._network: Callable[[Tensor], Tensor | tuple[Tensor, ...]] = torch.compile(network) if compiled else network
        how = f"torch {torch.__version__} {precision.value}" + (" compiled" if compiled else "")
        self.name = how if device == "cpu" else f"{how} on {device}"

    def run(self, batch: Tensor) -> tuple[Tensor, ...]:
        """As `Backend.run`: a float32 `batch` (n, ...) -> all outputs, each (n, ...), float32 logits or values, in main
        memory.
        """
        layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(batch.ndim, torch.contiguous_format)
        half = self._precision is Precision.BF16
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=half):
            outputs = self._outputs(batch.to(self._device, memory_format=layout))
        return tuple(output.float().cpu() for output in as_tuple(outputs))

    def _outputs(self, batch: Tensor) -> Tensor | tuple[Tensor, ...]:
        if not self._compiled and self._device.type == "cpu":
            return self._network(batch)
        try:
            return self._network(batch)
        except RuntimeError as error:  # all errors of the compiler and of an accelerator are
            raise BackendError(f"{self.name} cannot run it: {(str(error).splitlines() or [''])[0]}") from error


def as_tuple(outputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The `outputs` of a network, each (n, ...), float32 logits or values, also where it has one alone; of the same shape."""
    return outputs if isinstance(outputs, tuple) else (outputs,)
