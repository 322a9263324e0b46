"""Classes of single images or clips: whole data sets of labels, TMED-2's four views, TTE47's experts; and embeddings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.errors import EvaluationError
from models.evaluation.datasets.items import DataSet, Item
from models.evaluation.metrics.abstention import abstention_figures, risk_coverage
from models.evaluation.metrics.classes import (
    balanced_accuracy,
    calibration_error,
    class_figures,
    expert_figures,
)
from models.evaluation.metrics.label_noise import label_noise_figures
from models.evaluation.metrics.neighbours import by_linear_probe, by_neighbours, few_shot_figures
from models.evaluation.tasks.evaluation_result import EvaluationResult, Options
from models.evaluation.tasks.plots import confusion, reliability, risk_over_coverage
from models.inputs.clip_input import network_input, takes_clips
from models.library.manifest import Manifest, Value
from models.library.model import Model
from models.library.recipe import Encodes
from models.library.roles import view_of

_FRAMES_OF_A_CLIP = 8  # evenly spaced
_BATCH = 32
_FOUR_VIEWS = ("PLAX", "PSAX", "A2C", "A4C")
_LABEL_NOISE = "label noise: wrong labels were given to the clusters; the paper's encoders had been trained on them as well"


@dataclass(frozen=True)
class _Vocabulary:
    """How the labels of the data and those of the network are compared: `names` in order, each label's place among them."""

    names: tuple[str, ...]
    of_network: tuple[int, ...]
    of_data: dict[str, int]
    note: str = ""


def classify(model: Model, data: DataSet, options: Options) -> EvaluationResult:
    """Accuracy of a network with labels. Raises EvaluationError where its labels, or those of the data, are not known."""
    manifest: Manifest = model.manifest
    if not manifest.labels:
        raise EvaluationError(
            f"model {manifest.name}: the order of its classes is not known; give it when importing (--labels)"
        )
    labelled = (item for item in _chosen(data, options) if item.truth.label)
    answered = list(_probabilities(model, labelled))
    if not answered:
        raise EvaluationError(f"no item of the split {options.split!r} has a label")
    items = [item for item, _ in answered]
    words = _vocabulary(manifest, items)
    probabilities = _summed(np.stack([of_item for _, of_item in answered]), words)
    true = np.array([words.of_data[str(item.truth.label)] for item in items])
    found = probabilities.argmax(axis=1)
    groups = [item.group for item in items]
    confidence = probabilities.max(axis=1)
    figures = class_figures(true, found, groups)
    figures["ece"] = calibration_error(confidence, found == true)
    figures |= abstention_figures(confidence, found == true)
    figures |= _four_views(probabilities, true, words.names)
    names = [words.names[index] for index in found]
    notes = [words.note] if words.note else []
    if any(item.truth.answers for item in items):
        answers = [{expert: _compared(word, words) for expert, word in item.truth.answers.items()} for item in items]
        figures |= expert_figures(answers, names)
    rows = tuple(
        {
            "item": item.key, "group": item.group, "split": item.split, "true": words.names[truth], "found": name,
            "probability": float(sure), **{f"answer_{expert}": word for expert, word in item.truth.answers.items()},
        }
        for item, truth, name, sure in zip(items, true, names, confidence, strict=True)
    )  # fmt: skip
    coverage, risk = risk_coverage(confidence, found == true)
    plots = {
        "confusion": confusion(true, found, words.names),
        "reliability": reliability(confidence, found == true),
        "risk_coverage": risk_over_coverage(coverage, 100 * risk, "errors among them, %"),
    }
    return EvaluationResult("classification", figures, _same_keys(rows), tuple(notes), plots)


def embed(model: Model, data: DataSet, options: Options) -> EvaluationResult:
    """k-NN and linear probe (of 1, 10 and all % of the labels) on the train split's embeddings, tried on the asked split.

    Raises EvaluationError without either.
    """
    items = [item for item in data.items if item.truth.label]
    wanted = options.split or "test"
    taught = [item for item in items if item.split == "train"]
    tested = [item for item in items if item.split == wanted]
    if wanted == "train" or len({item.truth.label for item in taught}) < 2 or not tested:
        raise EvaluationError(f"an embedding needs labelled items of two classes in train, and others in {wanted!r}")
    names = sorted({str(item.truth.label) for item in items})
    features = np.stack([_embedding(model, item, options) for item in (*taught, *tested)])
    labels = np.array([names.index(str(item.truth.label)) for item in (*taught, *tested)])
    (train, test), (labels_of_train, true) = (np.split(values, [len(taught)]) for values in (features, labels))
    figures: dict[str, Value] = {"n_train": len(taught)}
    groups = [item.group for item in tested]
    found = {
        "knn": by_neighbours(train, labels_of_train, test, options.neighbours),
        "linear_probe": by_linear_probe(train, labels_of_train, test),
    }
    for name, by_method in found.items():
        figures |= {f"{name}_{key}": value for key, value in class_figures(true, by_method, groups).items()}
    figures |= few_shot_figures(train, labels_of_train, test, true)
    notes: tuple[str, ...] = ()
    if options.label_noise_percent:
        figures |= label_noise_figures(train, labels_of_train, names, options.label_noise_percent)
        notes = (_LABEL_NOISE,)
    rows = tuple(
        {"item": item.key, "group": item.group, "true": names[truth], **{name: names[of[index]] for name, of in found.items()}}
        for index, (item, truth) in enumerate(zip(tested, true, strict=True))
    )
    plots = {f"confusion_{name}": confusion(true, of, names) for name, of in found.items()}
    return EvaluationResult("embedding", figures, rows, notes, plots)


def _chosen(data: DataSet, options: Options) -> Iterator[Item]:
    return (item for item in data.items if not options.split or not item.split or item.split == options.split)


def _vocabulary(manifest: Manifest, items: Sequence[Item]) -> _Vocabulary:
    words = {str(item.truth.label) for item in items} | {word for item in items for word in item.truth.answers.values()}
    of_name = {label.lower(): index for index, label in enumerate(manifest.labels)}
    if all(str(item.truth.label).lower() in of_name for item in items):
        known = {word: of_name[word.lower()] for word in words if word.lower() in of_name}
        return _Vocabulary(manifest.labels, tuple(range(len(manifest.labels))), known)
    views = [view_of(label) for label in manifest.labels]
    seen = {word: view_of(word) for word in words}
    names = tuple(dict.fromkeys(str(view) for view in views))
    strange = [str(item.truth.label) for item in items if str(seen[str(item.truth.label)]) not in names]
    if None in views or strange:
        raise EvaluationError(f"model {manifest.name} has no class for {', '.join(sorted(set(strange))) or 'these labels'}")
    known = {word: names.index(str(view)) for word, view in seen.items() if str(view) in names}
    of_network = tuple(names.index(str(view)) for view in views)
    return _Vocabulary(names, of_network, known, "the labels differ from the network's: compared as views")


def _compared(word: str, words: _Vocabulary) -> str:
    return words.names[words.of_data[word]] if word in words.of_data else word


def _summed(probabilities: NDArray[np.float64], words: _Vocabulary) -> NDArray[np.float64]:
    """Of the network's classes, added up into those that are compared."""
    summed = np.zeros((len(probabilities), len(words.names)))
    for column, name in enumerate(words.of_network):
        summed[:, name] += probabilities[:, column]
    return summed


def _probabilities(model: Model, items: Iterable[Item]) -> Iterator[tuple[Item, NDArray[np.float64]]]:
    """Per item, its clip let go. Of a network of frames the mean softmax over a clip's frames, some clips at once."""
    waiting: list[tuple[Item, Tensor]] = []
    at_once = 1 if takes_clips(model.manifest) else _BATCH  # clips may differ in their number of frames
    for item in items:
        clip = item.load()
        waiting.append((_released(item), network_input(clip, model.manifest, _spread(clip.number_of_frames))))
        if sum(len(frames) for _, frames in waiting) >= at_once:
            yield from _softmax(model, waiting)
            waiting = []
    yield from _softmax(model, waiting)


def _released(item: Item) -> Item:
    """The item without its clip: a folder of studies does not fit into memory."""

    key = item.key

    def gone() -> Clip:
        raise RuntimeError(f"the clip of {key} has been let go")

    return Item(item.key, item.group, item.split, gone, item.truth)


def _softmax(model: Model, waiting: list[tuple[Item, Tensor]]) -> Iterator[tuple[Item, NDArray[np.float64]]]:
    if not waiting:
        return
    classifier = model.classifier
    place = next(classifier.parameters())
    with torch.inference_mode():
        logits = classifier(torch.cat([frames for _, frames in waiting]).to(place.device, place.dtype))
    of_items = torch.split(logits.double().softmax(dim=1).cpu(), [len(frames) for _, frames in waiting])
    for (item, _), probabilities in zip(waiting, of_items, strict=True):
        yield item, np.asarray(probabilities.mean(dim=0).numpy(), dtype=np.float64)


def _embedding(model: Model, item: Item, options: Options) -> NDArray[np.float32]:
    """Of a clip: the network's own, or the mean over frames."""
    clip = item.load()
    if model.recipe.encodes is Encodes.CLIPS:
        return np.asarray(model.clip_encoder.embed_clip(clip, options.decoding), dtype=np.float32)
    place = next(model.encoder.parameters())
    frames = network_input(clip, model.manifest, _spread(clip.number_of_frames))
    with torch.inference_mode():
        return np.asarray(model.encoder.embed(frames.to(place.device, place.dtype)).float().mean(dim=0).cpu().numpy())


def _spread(frames: int) -> list[int]:
    if frames <= _FRAMES_OF_A_CLIP:
        return list(range(frames))
    return [int(index) for index in np.linspace(0, frames - 1, _FRAMES_OF_A_CLIP).round()]


def _four_views(probabilities: NDArray[np.float64], true: NDArray[np.int64], names: tuple[str, ...]) -> dict[str, Value]:
    """TMED-2's four views without "other": which class may be found among all five, or among the four alone."""
    if not set(_FOUR_VIEWS) < set(names):
        return {}
    four = np.array([names.index(name) for name in _FOUR_VIEWS])
    inside = np.isin(true, four)
    if not inside.any():
        return {}
    figures: dict[str, Value] = {"four_views_n": int(inside.sum())}
    kept = probabilities[inside]
    for key, found in (("of_5", kept.argmax(axis=1)), ("of_4", four[kept[:, four].argmax(axis=1)])):
        figures[f"four_views_argmax_{key}_accuracy_percent"] = 100 * float((found == true[inside]).mean())
        figures[f"four_views_argmax_{key}_balanced_accuracy_percent"] = 100 * balanced_accuracy(true[inside], found)
    return figures


def _same_keys(rows: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    keys = dict.fromkeys(key for row in rows for key in row)
    return tuple({key: row.get(key) for key in keys} for row in rows)
