"""A model of the library, by its name, evaluated on a data set on disk."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from models.analysis.engine_choice import move_to_engine
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
    loaded = load_model(model, pretrained=True, device=device)
    task = chosen_task(loaded.manifest, data, task)
    ways = [move_to_engine(loaded, engine=engine, device=device, for_features=task == "embedding")]
    if beats_by:
        segmenter = load_model(beats_by, pretrained=True, device=device)
        loaded = reading_beats_of(loaded, segmenter)
        ways.append(move_to_engine(segmenter, engine=engine, device=device))
    result = run_task(loaded, replace(data, items=watch(data.items)), options, task)
    computed_by = f"computed by {' and '.join(dict.fromkeys(ways))}"
    return Evaluated(loaded.manifest, data, replace(result, notes=(*result.notes, computed_by)))
