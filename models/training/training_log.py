"""What a training says while it runs: a CSV file, MLflow's store, and whoever watches."""

import csv
import io
import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from models.training.run import LOG_FILE

COLUMNS = ("step", "split", "figure", "value")


class Watcher(Protocol):
    """Who watches: a terminal. `stop` is asked after every step whether somebody wants the training to stop there."""

    def said(self, line: str) -> None: ...

    def stepped(self, step: int, steps: int, loss: float) -> None: ...

    def stop(self) -> bool: ...


class Unwatched:
    """Nobody watches."""

    def said(self, line: str) -> None: ...

    def stepped(self, step: int, steps: int, loss: float) -> None: ...

    def stop(self) -> bool:
        return False


class TrainingLog:
    """`log.csv`: a row for each figure. `mlflow` is a SQLite file, "" for none."""

    def __init__(self, folder: Path, mlflow: str, name: str, settings: Mapping[str, Any]) -> None:
        self._path = folder / LOG_FILE
        self._store = _Store(folder, Path(mlflow), name, settings) if mlflow else None

    def go_on_from(self, step: int) -> None:
        """Rows of later steps, of a training that was killed after its last checkpoint, will be written again."""
        rows: list[tuple[str, ...]] = [COLUMNS]
        if self._path.is_file():
            with self._path.open(encoding="utf-8", newline="") as file:
                rows += [tuple(row) for row in list(csv.reader(file))[1:] if len(row) == len(COLUMNS) and int(row[0]) <= step]
        partial = self._path.with_name(f".{LOG_FILE}.partial")
        partial.write_text(_csv(rows), encoding="utf-8")
        partial.replace(self._path)

    def figures(self, step: int, split: str, figures: Mapping[str, float]) -> None:
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(_csv([(step, split, name, repr(float(value))) for name, value in figures.items()]))
        if self._store:
            self._store.log(step, {f"{split}_{name}": value for name, value in figures.items()})

    def ended(self) -> None:
        if self._store:
            self._store.end()


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


class _Store:
    """One run of MLflow's, the same one after a resume. No server, no network: its telemetry is switched off."""

    def __init__(self, folder: Path, database: Path, name: str, settings: Mapping[str, Any]) -> None:
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        import mlflow

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        database.parent.mkdir(parents=True, exist_ok=True)
        self._client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{database.resolve()}")
        marker = folder / "mlflow_run.txt"
        if marker.is_file():
            self._run = marker.read_text(encoding="utf-8").strip()
            return
        known = self._client.get_experiment_by_name(name)
        artifacts = (database.resolve().parent / "mlflow_artifacts").as_uri()
        experiment = known.experiment_id if known else self._client.create_experiment(name, artifact_location=artifacts)
        self._run = self._client.create_run(experiment, run_name=folder.name).info.run_id
        for key, value in _flat(settings).items():
            self._client.log_param(self._run, key, str(value)[:500])
        marker.write_text(self._run, encoding="utf-8")

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._client.log_batch(self._run, [Metric(name, float(value), now, step) for name, value in figures.items()])

    def end(self) -> None:
        self._client.set_terminated(self._run)


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return found
