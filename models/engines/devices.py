"""Where the networks of a model set are computed."""

import torch

from models.errors import BackendError


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
