"""Published figures beside those found: each beside what was measured on the same data, and none of them forgotten."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.catalogue import QUANTITIES
from models.clip import Clip
from models.errors import EvaluationError
from models.evaluation.datasets import LAYOUTS
from models.evaluation.datasets.items import DataSet, Item, TrueLandmark, TrueValue, Truth
from models.evaluation.datasets.views import TMED2_CLASSES
from models.evaluation.tasks import TASKS, beside_published, tasks_of
from models.evaluation.tasks.evaluation_result import Options
from models.families.echonet.dynamic import BEAT_TO_BEAT
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.library.registry import find_manifest, list_models
from models.results import ReadValue, of_frames
from tests.loaded import as_model

_RANGES = {f"r2_{where}_{end}" for where in ("test", "temporal", "external") for end in ("low", "high")}
_VTI = _RANGES | {"mae_cm_test_low", "mae_cm_test_high"}
_AREA = _RANGES | {"mae_cm2_test_low", "mae_cm2_test_high"}

# What nobody can repeat here: the data are in none of the layouts, or what the figure is was not said. Those of TMED-2's
# folds stand beside what a folder of all three gives (tests/unit/models/evaluation/test_folds.py).
UNREPEATABLE = {
    "EchoSDNet": {"accuracy_percent", "loss", "roc_auc", "pr_auc"},
    "EchoLVSNet": {"dice_unity", "iou_unity"},
    "EchoPDNet": {
        f"{phase}_{figure}_frames_{data}"
        for phase in ("ed", "es")
        for figure in ("aafd", "difference_mean", "difference_sd")
        for data in ("pacs", "multibeat")
    },
    "EchoApex_ViT-B_views": {"balanced_accuracy_percent"},
    "EchoView47_TMED2": {f"fold_{fold}_four_views_argmax_of_4_accuracy_percent" for fold in range(3)},
    "EchoPrime_video_encoder": {
        "ef_mae_points_internal",
        "ef_mae_points_external",
        "mean_auc_17_tasks",
        "tr_auc",
        "ar_auc_low",
        "ar_auc_high",
        "retrieval_recall_at_10_percent_low",
        "retrieval_recall_at_10_percent_high",
    },
    "PanEcho": {f"median_{figure}{end}" for figure in ("auc", "normalised_mae") for end in ("", "_low", "_high")}
    | {
        f"{finding}_auc_{where}"
        for finding in ("lv_dysfunction_moderate", "rv_dysfunction", "severe_as")
        for where in ("internal", "external")
    },
    "echonet_dynamic/ef_r2plus1d_18": {
        "beat_to_beat_auc_hfref",
        "mae_points_cedars",
        "rmse_points_cedars",
        "r2_cedars",
        "auc_hfref_cedars",
    },
    "echonet_dynamic/lv_deeplabv3_resnet50": {"dice_mayo_tte", "dice_pocus"},
    **{f"echonet_measurements/vti_{name}": _VTI for name in ("av", "lvot", "mv", "pv", "rvot")},
    **{f"echonet_measurements/{name}_area": _AREA for name in ("la", "ra")},
}


def test_what_was_measured_on_other_data_stands_apart() -> None:
    """Bug prevented: an accuracy of TTE47's 47 classes set beside one of whatever is read from a folder."""
    known = find_manifest("EchoView47_classifier")
    assert beside_published(known, {"accuracy_percent": 90.0, "f1": 0.9}, "tte47")[0].published == 94.1
    rows = {one.key: one.published for one in beside_published(known, {"accuracy_percent": 90.0}, "dicom")}
    assert rows == {"accuracy_percent": None, "accuracy_percent, elsewhere": 94.1, "f1": 0.92}


def test_what_is_published_of_other_circumstances_is_marked() -> None:
    echo_motion = find_manifest("EchoMotionNet_B0_SE")
    dice = beside_published(echo_motion, {"dice": 0.8}, "echonet_dynamic")[0]
    assert (dice.published, dice.otherwise) == (None, {"first version": 0.89})
    assert not beside_published(echo_motion, {"dice": 0.8}, "camus")[0].otherwise
    error = beside_published(find_manifest("PanEcho"), {"ef_mae_points": 6.0}, "echonet_dynamic")[0]
    assert (error.published, error.otherwise) == (None, {"internal": 4.2, "external": 4.5})


class Known(nn.Module):
    """Finds what is brighter than the mean, class 0 everywhere, EF 50 % and both phases on frame 2."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, frames: Tensor) -> Tensor:
        if self.manifest.labels == TMED2_CLASSES:
            return self.gain * torch.eye(len(TMED2_CLASSES))[:1].repeat(len(frames), 1)
        return self.gain * frames[:, :1]

    def embed(self, frames: Tensor) -> Tensor:
        return frames.flatten(1)[:, :2]

    def embed_clip(self, clip: Clip, decoding: Decoding) -> np.ndarray:
        return np.array([clip.frames.mean(), 1.0])

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        phases = tuple(ReadValue(f"{phase}_time", "ms", 40.0, of_frames(2)) for phase in ("ed", "es"))
        percent = float(clip.frames.mean())
        return Reading((ReadValue("ef_bp", "%", percent), *phases), ("EF",), ({"EF": percent},))


def items(labels: Sequence[str]) -> list[Item]:
    def one(index: int, label: str) -> Item:
        frames = np.full((6, 112, 112, 3), 30 + 5 * index, np.uint8)
        frames[:, 20:60, 30:70] = 200
        clip = Clip(str(index), frames, np.arange(6) * 20.0, from_video_file=True)
        traced = {"lv": {frame: clip.frames[frame, ..., 0] == 200 for frame in (1, 3)}}
        truth = Truth(
            label=label, ef_percent=30.0 + 10 * index, ed_frame=1, es_frame=3, masks=lambda: traced,
            landmarks=(TrueLandmark("apex", 1, (50.0, 20.0)),),
            values={key: TrueValue(1.0, quantity.unit) for key, quantity in QUANTITIES.items()},
        )  # fmt: skip
        return Item(str(index), str(index), "train" if index % 2 else "test", lambda: clip, truth)

    return [one(index, labels[index // 2 % len(labels)]) for index in range(2 * len(labels))]


SAME_NAMES = {  # whichever network outlines or names views
    "segmentation": "echonet_dynamic/lv_deeplabv3_resnet50",
    "landmarks": "echonet_dynamic/lv_deeplabv3_resnet50",
    "classification": "EchoView47_TMED2",
}


@cache
def figures_found(name: str, task: str) -> frozenset[str]:
    """The names of what a trial gives; the data are small and the same for all layouts."""
    manifest = find_manifest(name)
    if task in ("segmentation", "landmarks"):
        manifest = replace(manifest, architecture={**manifest.architecture, "mean": 60.0, "std": 1.0})
    if task == "classification":
        manifest = replace(manifest, labels=TMED2_CLASSES, input_shape=(3, 8, 8))
    data = DataSet("test", items(("2CH", "4CH") if task == "segmentation" else TMED2_CLASSES))
    models = [as_model(Known(manifest))]
    if models[0].recipe.beats_by:
        models.append(replace(models[0], recipe=replace(models[0].recipe, ef_figures=BEAT_TO_BEAT)))
    return frozenset(key for model in models for key in TASKS[task](model, data, Options(split="test")).figures)


@pytest.mark.slow
@pytest.mark.parametrize("name", [one.name for one in list_models() if one.metrics and "generator" not in one.metrics])
def test_every_published_figure_is_met_or_known_to_be_out_of_reach(name: str) -> None:
    """Bug prevented: a figure under a name that no trial gives, so that it never stands beside anything."""
    manifest = find_manifest(name)
    try:
        tasks = tasks_of(manifest)
    except EvaluationError:
        tasks = ()
    left = set(manifest.metrics) - {"measured_on", "measured_on_layout"}
    for task in tasks:
        found = dict.fromkeys(figures_found(SAME_NAMES.get(task, name), task), 0.0)
        for layout in LAYOUTS:
            rows = beside_published(manifest, found, layout)
            left &= {one.key.removesuffix(", elsewhere") for one in rows if one.found is None}
    assert left == UNREPEATABLE.get(name, set())


def test_what_is_out_of_reach_belongs_to_models_that_exist() -> None:
    assert set(UNREPEATABLE) <= {one.name for one in list_models()}
