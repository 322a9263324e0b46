"""What computes a network: the reference, eager torch in single precision, and the contract of whatever may stand in for it."""

from enum import StrEnum
from typing import Protocol

import torch
from torch import Tensor, nn


class Precision(StrEnum):
    FP32 = "fp32"
    BF16 = "bf16"


class BackendError(RuntimeError):
    """This backend cannot run this network here. Says why."""


class Backend(Protocol):
    """`name` is what the findings say of it: library, version and precision."""

    @property
    def name(self) -> str: ...

    def run(self, batch: Tensor) -> tuple[Tensor, ...]:
        """All outputs of the network for a batch, each (n, ...), float32 in main memory."""
        ...


class TorchBackend:
    """Eager torch: channels last, `inference_mode`, and autocast where half precision is asked for."""

    def __init__(self, network: nn.Module, device: str = "cpu", precision: Precision = Precision.FP32) -> None:
        self._network, self._device, self._precision = network, torch.device(device), precision
        self.name = f"torch {torch.__version__} {precision.value}" + ("" if device == "cpu" else f" on {device}")

    def run(self, batch: Tensor) -> tuple[Tensor, ...]:
        layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(batch.ndim, torch.contiguous_format)
        half = self._precision is Precision.BF16
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=half):
            outputs = self._network(batch.to(self._device, memory_format=layout))
        return tuple(output.float().cpu() for output in as_tuple(outputs))


def as_tuple(outputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)
