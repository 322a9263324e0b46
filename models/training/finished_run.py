"""A finished training written down: the weights first, what they are last."""

import hashlib
from pathlib import Path

from safetensors.torch import save
from torch import nn

from models.training.checkpoints import write_whole
from models.training.run import RUN_FILE, WEIGHTS_FILE, Run


def write_run(folder: Path, run: Run, network: nn.Module) -> Run:
    """In single precision, as they were trained."""
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in network.state_dict().items()}
    content = save(tensors)
    write_whole(folder / WEIGHTS_FILE, content)
    run = run.model_copy(update={"weights_sha256": hashlib.sha256(content).hexdigest(), "folder": folder})
    write_whole(folder / RUN_FILE, run.model_dump_json(indent=2).encode())
    return run
