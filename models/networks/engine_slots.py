"""Steps of a network that an engine may compute in torch's place."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn

STEPS = ("forward", "embed", "describe")

Run = Callable[[Tensor], tuple[Tensor, ...]]


@dataclass(frozen=True)
class Slot:
    """`run` gives all outputs (n, ...), float32 logits, features or values, of a batch (n, ...), float32.

    `takes` says whether it may be asked about a batch.
    """

    takes: Callable[[Tensor], bool]
    run: Run

    def __deepcopy__(self, copied: dict[int, Any]) -> "Slot":
        """The same: a copy of a network is computed by the same engine, whose memory cannot be copied."""
        return self


class EngineSlots(nn.Module):
    """A network with a slot for each of `STEPS` that its class has. A step is called as ever, whoever computes it."""

    _slots: Mapping[str, Slot] = MappingProxyType({})

    def fill_slot(self, step: str, slot: Slot) -> None:
        """From now on the slot answers in place of this step, of batches that it takes."""
        self._slots = {**self._slots, step: slot}

    def __init_subclass__(cls, **further: Any) -> None:
        super().__init_subclass__(**further)
        for step in STEPS:
            method = getattr(cls, step, None)
            if inspect.isfunction(method) and method is not nn.Module.forward and not hasattr(method, _BY_TORCH):
                setattr(cls, step, _slotted(step, method))


_BY_TORCH = "by_torch"


def by_torch(network: nn.Module, step: str) -> Callable[..., Any]:
    """The method of the network's class that takes the network first, whatever fills its slot."""
    method: Callable[..., Any] = getattr(type(network), step)
    return getattr(method, _BY_TORCH, method)


def _slotted(step: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def answer(self: EngineSlots, batch: Tensor, *more: Any, **named: Any) -> Any:
        slot = self._slots.get(step)
        if slot is None or more or named or not slot.takes(batch):
            return method(self, batch, *more, **named)
        outputs = tuple(output.to(batch.device) for output in slot.run(batch))
        return outputs[0] if len(outputs) == 1 else outputs

    setattr(answer, _BY_TORCH, method)
    return answer
