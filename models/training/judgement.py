"""How good a network is on one split: the task's scores of every sample, and its figures."""

from collections import defaultdict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.training.batch_order import judged_batches
from models.training.clip_dataset import ClipDataset
from models.training.tasks import Task
from models.training.tasks.task import Scores


def scores_of(network: nn.Module, task: Task, data: ClipDataset, batch_size: int, device: str) -> Scores:
    """By name, float64 (samples, ...). The network is asked in single precision, in inference mode."""
    was_training = [module for module in network.modules() if module.training]
    network.eval()
    found: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    with torch.inference_mode():
        for batch in judged_batches(data, batch_size):
            moved = batch.to(device)
            answer = task.answer(network(moved.inputs)).float()
            found["loss"].append(np.full(len(batch.keys), float(task.loss(answer, moved.targets))))
            for name, values in task.scores(answer, moved.targets).items():
                found[name].append(values.double().cpu().numpy())
    for module in was_training:
        module.training = True
    return {name: np.concatenate(parts) for name, parts in found.items()}


def figures_of(task: Task, scores: Scores) -> dict[str, float]:
    """The `scores` (samples, ...), of any unit, in the task's figures, and the mean loss."""
    return {"loss": float(scores["loss"].mean()), **task.figures(scores)}
