"""A model of the library, by its name, evaluated on a data set on disk."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from models.analysis.engine_choice import move_to_engine
from models.clip import Clip
from models.evaluation.datasets import read_data
from models.evaluation.datasets.items import DataSet, Item
from models.evaluation.datasets.truth_json import ClipSource
from models.evaluation.tasks import chosen_task, run_task
from models.evaluation.tasks.evaluation_result import EvaluationResult, Options
from models.library.manifest import Manifest
from models.library.registry import find_manifest, load_model, reading_beats_of

Watch = Callable[[Iterable[Item]], Iterator[Item]]


class Evaluated(NamedTuple):
    manifest: Manifest
    data: DataSet
    result: EvaluationResult


def evaluate_model(
    model: str,
    path: Path,
    source: ClipSource,
    options: Options,
    *,
    layout: str = "auto",
    task: str = "auto",
    beats_by: str | None = None,
    device: str = "cpu",
    engine: str = "torch",
    watch: Watch = iter,
) -> Evaluated:
    """`source` reads folders of DICOM objects, `beats_by` names the segmenter that finds beats, `watch` sees the items pass.

    Raises ManifestError, DatasetError, WeightsError, BackendError, EvaluationError, ReadingError.
    """
    find_manifest(model)  # a wrong name is told before a large data set is read, a wrong data set before weights are
    data = read_data(path, layout, source, options.split)
    return evaluate_on(model, data, options, task=task, beats_by=beats_by, device=device, engine=engine, watch=watch)


def evaluate_on(
    model: str,
    data: DataSet,
    options: Options,
    *,
    task: str = "auto",
    beats_by: str | None = None,
    device: str = "cpu",
    engine: str = "torch",
    watch: Watch = iter,
) -> Evaluated:
    """As `evaluate_model`, on data that were read, or are drawn as they are asked for."""
    loaded = load_model(model, pretrained=True, device=device)
    task = chosen_task(loaded.manifest, data, task)
    ways = [move_to_engine(loaded, engine=engine, device=device, for_features=task == "embedding")]
    if beats_by:
        segmenter = load_model(beats_by, pretrained=True, device=device)
        loaded = reading_beats_of(loaded, segmenter)
        ways.append(move_to_engine(segmenter, engine=engine, device=device))
    phantoms: set[str] = set()
    watched = replace(data, items=_noting_phantoms(watch(data.items), phantoms))
    result = run_task(loaded, watched, options, task)
    computed_by = f"computed by {' and '.join(dict.fromkeys(ways))}"
    noted = replace(result, notes=(*result.notes, computed_by), phantom_clips=len(phantoms))
    return Evaluated(loaded.manifest, data, noted)


def _noting_phantoms(items: Iterable[Item], found: set[str]) -> Iterator[Item]:
    """The items; `found` takes the keys of those whose clip, once it is loaded, says that it shows a phantom."""

    def load(item: Item) -> Clip:
        clip = item.load()
        if clip.is_quality_control_subject:
            found.add(item.key)
        return clip

    for item in items:
        yield replace(item, load=partial(load, item))
