"""Where a training computes, and in which precision."""

import torch

from models.errors import TrainingConfigError


def chosen_device(wanted: str) -> str:
    """`auto` is CUDA where there is one. Raises TrainingConfigError for a CUDA that is not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise TrainingConfigError("run.device: there is no CUDA device; say run.device=cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted


def chosen_precision(wanted: str, device: str) -> str:
    """`auto` is bfloat16 where the processor multiplies it, half precision on an older GPU, single precision elsewhere."""
    if wanted == "fp16" and device == "cpu":
        raise TrainingConfigError("run.precision: a CPU does not train in half precision; say bf16 or full")
    if wanted != "auto":
        return wanted
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    able = torch.cpu.get_capabilities()
    return "bf16" if able.get("avx512_bf16") or able.get("amx_bf16") else "full"
