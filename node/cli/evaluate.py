"""`echonode evaluate`: any model on a data set others have published, or the bundled networks on held-out synthetic hearts."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from models.clip import Clip
from models.evaluation.data_set_evaluation import Evaluated, evaluate_model, evaluate_on
from models.evaluation.datasets import LAYOUTS
from models.evaluation.datasets.generated import Generator, generated
from models.evaluation.datasets.items import DataSet, Item
from models.evaluation.fold_evaluation import evaluate_folds, folds_in
from models.evaluation.phantom_evaluation import evaluate_ef, record_metrics
from models.evaluation.tasks import as_record, beside_published, write_result
from models.evaluation.tasks.evaluation_result import EvaluationResult, Options
from models.library.manifest import Manifest, Value
from models.library.model_set import ModelSet
from models.library.reading import Decoding
from models.library.registry import list_models
from node.cli.devices import check_device
from node.cli.options import AsJson, EngineName
from node.cli.output import console, print_json, show_rows
from node.errors import ConfigError
from node.files.output_files import refuse_among, refuse_replacing, written_to
from node.objects.clip_folder import clips_with_truth

_EVERY = 50  # items between two lines of progress


def evaluate(
    model: Annotated[
        str | None,
        typer.Argument(help="As `models list` shows it; none: the bundled networks. A pattern: on the folds of TMED-2."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="The data set's folder, or one fold's CSV; a folder of TMED-2's folds: each, and their mean.", exists=True
        ),
    ] = None,
    layout: Annotated[str, typer.Option(help="How the data set is laid out; auto: told from its files.")] = "auto",
    split: Annotated[str, typer.Option(help="train, val, test or all.")] = "test",
    task: Annotated[str, typer.Option(help="What the model is evaluated at; auto: its usual task.")] = "auto",
    decoding: Annotated[
        str, typer.Option(help="published: as its authors' scripts do; corrected: as they meant.")
    ] = "corrected",
    beats_by: Annotated[str | None, typer.Option(help="For EchoNet-Dynamic's EF: the segmenter that finds the beats.")] = None,
    label_noise: Annotated[
        float, typer.Option(help="For embeddings: percent of the training labels to exchange; which of them are found?")
    ] = 0.0,
    out: Annotated[Path | None, typer.Option(help="Folder for metrics.json, items.csv and the plots.")] = None,
    device: Annotated[str, typer.Option(help="Where a model runs: cpu or cuda.")] = "cpu",
    generator: Annotated[
        Generator | None,
        typer.Option(help="Instead of --data: held-out hearts of a generator; first and second taught, unseen taught nothing."),
    ] = None,
    hearts: Annotated[int, typer.Option(help="Without --data: how many held-out hearts.")] = 8,
    processes: Annotated[int, typer.Option(help="Without a model: worker processes.")] = 2,
    engine: Annotated[
        EngineName, typer.Option(help="What computes: torch, by which the figures are stated, or auto as in the node.")
    ] = EngineName.TORCH,
    write: Annotated[bool, typer.Option(help="Without a model: keep the figures in the bundled manifests.")] = False,
    as_json: AsJson = False,
) -> None:
    """A model on a published data set, its figures beside the published ones; or the bundled networks on synthetic hearts."""
    if (model is None) != (data is None and generator is None) or (data is not None and generator is not None):
        raise ConfigError(
            "a model and its --data, or its --generator, belong together; without them, the bundled networks are evaluated"
        )
    options = _options(split, decoding, label_noise)
    if model is not None and generator is not None:
        check_device(device)
        found = evaluate_on(
            model, generated(generator, hearts), options,
            task=task, beats_by=beats_by, device=device, engine=engine.value, watch=_with_progress,
        )  # fmt: skip
        _tell(found, out, as_json=as_json)
        return
    if model is None or data is None:
        _on_hearts(hearts, processes, engine, write=write, as_json=as_json)
        return
    if out is not None:
        refuse_among("--out", out, data, "metrics.json")
        refuse_replacing([("--out", out / name) for name in ("metrics.json", "items.csv")], [data, Path(model)])
    asked = partial(
        _on_data, layout=layout, task=task, options=options, beats_by=beats_by, device=device,
        engine=engine.value,
    )  # fmt: skip
    names = _named(model)
    folds = folds_in(data) if layout in ("auto", "tmed2") else {}
    if len(names) > 1 and not folds:
        raise ConfigError(f"{model}: {len(names)} models are evaluated on the folds of TMED-2, a folder with one CSV for each")
    _tell(evaluate_folds(names, folds, asked) if folds else asked(names[0], data), out, as_json=as_json)


def _tell(found: Evaluated, out: Path | None, *, as_json: bool) -> None:
    manifest, read, result = found
    if as_json:
        print_json(as_record(result, manifest, read))
    else:
        _print(manifest, read, result)
    if out is not None:
        with written_to("--out", out):
            written = write_result(result, manifest, read, out)
        for path in () if as_json else written:
            console.print(str(path))


def _named(model: str) -> list[str]:
    """The one model, or those that a pattern fits. Raises ConfigError where it fits none."""
    if model.endswith(".toml") or not set(model) & set("*?["):
        return [model]
    if not (found := [one.name for one in list_models(model)]):
        raise ConfigError(f"no model fits {model}")
    return found


def _options(split: str, decoding: str, label_noise_percent: float) -> Options:
    if split not in ("train", "val", "test", "all") or decoding not in list(Decoding):
        raise ConfigError("--split is train, val, test or all; --decoding published or corrected")
    if not 0 <= label_noise_percent < 100:
        raise ConfigError("--label-noise is a percentage, at least 0 and below 100")
    return Options("" if split == "all" else split, Decoding(decoding), label_noise_percent=label_noise_percent)


def _on_data(
    model: str, path: Path, *, layout: str, task: str, options: Options, beats_by: str | None, device: str, engine: str
) -> Evaluated:
    check_device(device)
    if layout not in ("auto", *LAYOUTS):
        raise ConfigError(f"no layout {layout!r}; there are: auto, {', '.join(LAYOUTS)}")
    return evaluate_model(
        model, path, clips_with_truth, options,
        layout=layout, task=task, beats_by=beats_by, device=device, engine=engine, watch=_with_progress,
    )  # fmt: skip


def _with_progress(items: Iterable[Item]) -> Iterator[Item]:
    """Items that tell when they are loaded: each on a terminal, where a clip takes minutes on a CPU, else every so many."""
    loaded: set[str] = set()

    def load(item: Item) -> Clip:
        if item.key not in loaded:
            loaded.add(item.key)
            if sys.stderr.isatty():
                _to_stderr(f"item {len(loaded)}: {item.key}")
            elif len(loaded) % _EVERY == 0:
                _to_stderr(f"{len(loaded)} items")
        return item.load()

    for item in items:
        yield replace(item, load=partial(load, item))


def _print(manifest: Manifest, data: DataSet, result: EvaluationResult) -> None:
    console.print(f"{manifest.name} {manifest.version}, {result.task} on {data.layout}", style="bold")
    compared = {one.key: one for one in beside_published(manifest, result.figures, data.layout)}
    rows = []
    for key, one in compared.items():
        if key.removesuffix("_95") in compared and key.endswith("_95"):
            continue  # stands behind its figure
        interval = compared.get(f"{key}_95")
        found, published = (
            _rounded(getattr(one, side))
            + (f" ({_rounded(limits)})" if interval and (limits := getattr(interval, side)) else "")
            for side in ("found", "published")
        )
        others = (f"{_rounded(value)} ({word})" for word, value in one.otherwise.items())
        published = ", ".join((*filter(None, [published]), *others))
        rows.append({"figure": key, "found": found, "published": published})
    show_rows(rows, ("figure", "found", "published"), as_json=False, empty="no figures")
    if "measured_on" in manifest.metrics:
        console.print(f"published: {manifest.metrics['measured_on']}", highlight=False, markup=False)
    for note in (*data.notes, *result.notes):
        console.print(note, highlight=False, markup=False)


def _rounded(value: Value | None) -> str:
    if isinstance(value, list):
        return " to ".join(_rounded(one) for one in value)
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _on_hearts(hearts: int, processes: int, engine: EngineName, *, write: bool, as_json: bool) -> None:
    if write and engine is not EngineName.TORCH:
        raise ConfigError("--write: the manifests hold what torch measures, in single precision")
    bundled = ModelSet(engine=engine.value)
    evaluation = evaluate_ef(bundled, hearts=hearts, processes=processes, progress=_to_stderr)
    if write:
        record_metrics(evaluation, bundled)
    figures = {bundled.lv_segmentation: evaluation.lv, bundled.view: evaluation.view, bundled.quality: evaluation.quality}
    if as_json:
        print_json(figures)
        return
    for name, rows in figures.items():
        console.print(name, style="bold")
        for key, value in rows.items():
            console.print(f"  {key}: {value}", highlight=False)


def _to_stderr(line: str) -> None:
    typer.echo(line, err=True)
