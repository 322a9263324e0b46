"""What `--device` may say."""

import re

import torch

from models.engines.devices import devices_here
from node.errors import ConfigError


def check_device(device: str) -> None:
    """Raises ConfigError for a device that torch does not know, or that is not here: before anything is loaded or read."""
    if not (named := re.fullmatch(r"cpu|cuda(?::(\d+))?", device)):
        raise ConfigError(f"--device {device}: cpu or cuda, or cuda:1 and so on")
    if device == "cpu":
        return
    if not torch.cuda.is_available():
        raise ConfigError(f"--device {device}: there is no CUDA device here; there are: {', '.join(devices_here())}")
    if int(named[1] or 0) >= torch.cuda.device_count():
        raise ConfigError(f"--device {device}: there are {torch.cuda.device_count()} CUDA devices, counted from 0")
