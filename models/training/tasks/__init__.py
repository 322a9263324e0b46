"""What `train` teaches: each task with its settings, targets, loss and figures."""

from models.training.tasks.classification import Classification
from models.training.tasks.keypoints import Keypoints
from models.training.tasks.phase import Phase
from models.training.tasks.quality import Quality
from models.training.tasks.segmentation import Segmentation
from models.training.tasks.task import Task
from models.training.tasks.values import Values

__all__ = ["TASKS", "Task"]

TASKS: dict[str, type[Task]] = {task.name: task for task in (Classification, Segmentation, Keypoints, Values, Quality, Phase)}
