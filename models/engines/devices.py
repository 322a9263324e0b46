"""Where the networks of a model set are computed."""

import torch

from models.errors import BackendError


def require_device(device: str) -> None:
    """Raises BackendError for a device that torch does not know, or that is not here, and says which are."""
    try:
        wanted = torch.device(device)
    except RuntimeError:
        raise BackendError(f"no device {device!r}; here are: {', '.join(devices_here())}") from None
    if wanted.type in ("cpu", "meta"):
        return
    if f"{wanted.type}:{wanted.index or 0}" not in devices_here() and device not in devices_here():
        raise BackendError(f"device {device!r} is not here: torch sees {', '.join(devices_here())}")


def devices_here() -> tuple[str, ...]:
    """What `load_model` takes as `device`: the CPU first."""
    graphics = tuple(f"cuda:{index}" for index in range(torch.cuda.device_count()) if torch.cuda.is_available())
    apple = ("mps",) if torch.backends.mps.is_available() else ()
    return ("cpu", *graphics, *apple)


def device_for(wanted: str, engine: str = "torch") -> str:
    """ "cpu" or "cuda". `wanted` "auto" is cuda where torch sees one and `engine` is not "openvino", which computes on the CPU.

    Raises BackendError for "cuda" where there is none, or with "openvino".
    """
    if wanted == "cpu":
        return wanted
    if wanted == "cuda" and engine == "openvino":
        raise BackendError("OpenVINO computes on the CPU alone: with cuda the engine is torch or auto")
    seen = torch.cuda.is_available()
    if wanted == "cuda" and not seen:
        raise BackendError("torch sees no CUDA device here; auto takes the CPU then")
    return "cuda" if seen and engine != "openvino" else "cpu"
