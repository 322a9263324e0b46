"""EchoApex in small: the same classes with few and narrow blocks, on frames of 56 px, which are 4 x 4 cells."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from models.calibration import RegionCalibration
from models.clip import Clip
from models.families.echo_apex.networks import load
from models.library.manifest import Manifest
from models.library.registry import find_manifest
from models.networks.reading_network import as_if_trained

SIDE_PX = 56


def tiny_manifest(task: str, side_px: int = SIDE_PX, **changes: Any) -> Manifest:
    full = find_manifest(f"EchoApex_ViT-S_{task}")
    small = {"width": 32, "blocks": 4, "attention_heads": 2, "bottleneck": 4, **changes}
    shape = (*full.input_shape[:-2], side_px, side_px)
    return replace(full, input_shape=shape, architecture={**full.architecture, **small})


def tiny(task: str, **changes: Any) -> Any:
    """Random weights, the same every time; LayerScale near 1, where DINOv2 begins with 1e-5, so that every block shows."""
    torch.manual_seed(0)
    network: Any = load(tiny_manifest(task, **changes), None, "cpu")
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("gamma"):
                parameter.fill_(0.7)
    return as_if_trained(network)


def moving_clip(frames: int = 20, calibrated: bool = True) -> Clip:
    """Noise in a region of 100 x 80 px whose upper left pixel is (30, 10)."""
    pixels = np.zeros((frames, 120, 160, 3), np.uint8)
    pixels[:, 10:90, 30:130] = np.random.default_rng(0).integers(0, 255, (frames, 80, 100, 1), dtype=np.uint8)
    regions = (RegionCalibration(30, 10, 129, 89, 1, 1, 3, 3, 0.1, 0.1),) if calibrated else ()
    return Clip("1.2", pixels, None, regions)  # type: ignore[arg-type]
