"""What is known about one model: its manifest in `manifests/*.toml`, the only source.

A manifest names the family that can run the weights, their hash (checked at every load), the licence, what goes in and comes
out, on what they were trained by which command, the limits that gate their results and the measured accuracy. That of a model
others have published has a [publication] instead of weights of our own.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from models.catalogue import PROBE_VIEWS, TRACES, View

Value = str | int | float | bool | list[int] | list[float] | list[str]

PHANTOM_ONLY = "TRAINED ON SYNTHETIC PHANTOMS - NOT FOR CLINICAL USE"


class ManifestError(ValueError):
    """A manifest is missing, unreadable or incomplete."""


@dataclass(frozen=True)
class Publication:
    """Whose model it is, and which file its weights are in. They are not ours to ship: whoever uses them brings them.

    `weights_sha256` is that of the published `weights_file`, and empty where its publisher states none. `needed_settings` are
    settings of [architecture] that every result depends on, and that neither the publisher nor the file says. `assumed` says in
    words what of the network is not published, and what stands in its place here.
    """

    paper: str
    code_licence: str
    weights_origin: str
    weights_file: str
    weights_sha256: str
    needed_settings: tuple[str, ...] = ()
    assumed: str = ""


@dataclass(frozen=True)
class Probe:
    """The recipe of the images on which engines are compared with the reference; they are drawn by it when they are needed.

    `view` is what they show, one of `catalogue.PROBE_VIEWS`; `seed` that of heart or trace and of the noise. The `frames` of a
    heart are spread over six tenths of a second; a Doppler or M-mode display is a still.
    """

    view: View
    seed: int
    frames: int


@dataclass(frozen=True)
class Manifest:
    """One manifest. `weights_file` lies in the folder `weights` beside the manifest's own folder; empty: there are none.

    `trained`: somebody trained the weights in `weights_file`, as whoever brought them says: a file of random ones looks no
    different. `source_file` and `source_sha256` are the file of an import. `licence` is that of the weights.
    `labels` are the network's outputs in order, empty where their order is not published; `label_names` then in any order.
    `train_seeds`, `validation_seeds` and `test_seeds` are half-open ranges of heart seeds, disjoint. `metrics` holds numbers
    and the statement what they were measured on. A published model has `input_shape` (channels, frames where it takes a clip,
    height, width; -1 is free) in place of `input_size_px`; `input_values` and `output_values` say what goes in and comes out.
    """

    name: str
    version: str
    family: str
    licence: str
    intended_use: str
    weights_file: str
    weights_sha256: str
    input_size_px: int
    labels: tuple[str, ...]
    trained_on_phantoms: bool
    training_data: str
    generator: str
    train_seeds: tuple[int, int]
    validation_seeds: tuple[int, int]
    test_seeds: tuple[int, int]
    command: str
    probe: Probe
    architecture: Mapping[str, Value] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, Value] = field(default_factory=dict)
    trained: bool = False
    aliases: tuple[str, ...] = ()
    input_shape: tuple[int, ...] = ()
    input_values: str = ""
    output_values: str = ""
    label_names: tuple[str, ...] = ()
    source_file: str = ""
    source_sha256: str = ""
    publication: Publication | None = None
    path: Path = Path()

    @property
    def weights_path(self) -> Path:
        return self.path.parent.parent / "weights" / self.weights_file

    def threshold(self, key: str) -> float:
        """The limit `key`. Raises ManifestError where the manifest states none: a limit is never assumed."""
        try:
            return float(self.thresholds[key])
        except KeyError:
            raise ManifestError(f"manifest {self.name}: [thresholds] has no {key}") from None


# Manifest attribute -> (TOML table, key); "" is the top level. One row per field drives reading and writing.
_LAYOUT: dict[str, tuple[str, str]] = {
    "name": ("", "name"),
    "version": ("", "version"),
    "family": ("", "family"),
    "licence": ("", "licence"),
    "intended_use": ("", "intended_use"),
    "weights_file": ("weights", "file"),
    "weights_sha256": ("weights", "sha256"),
    "input_size_px": ("input", "size_px"),
    "labels": ("output", "labels"),
    "trained_on_phantoms": ("training", "trained_on_phantoms"),
    "training_data": ("training", "data"),
    "generator": ("training", "generator"),
    "train_seeds": ("training", "train_seeds"),
    "validation_seeds": ("training", "validation_seeds"),
    "test_seeds": ("training", "test_seeds"),
    "command": ("training", "command"),
}
# What no manifest has to say, and what that of a published model has not to say besides.
_OPTIONAL: dict[str, tuple[str, str]] = {
    "aliases": ("", "aliases"),
    "input_shape": ("input", "shape"),
    "input_values": ("input", "values"),
    "output_values": ("output", "values"),
    "label_names": ("output", "label_names"),
    "source_file": ("weights", "source_file"),
    "source_sha256": ("weights", "source_sha256"),
    "trained": ("weights", "trained"),
}
_EMPTY: dict[str, Any] = {item.name: item.default for item in fields(Manifest) if item.name in _OPTIONAL}
_NO_WEIGHTS_OF_OURS: dict[str, Any] = {
    "weights_file": "",
    "weights_sha256": "",
    "input_size_px": 0,
    "trained_on_phantoms": False,
    "generator": "",
    **dict.fromkeys(("train_seeds", "validation_seeds", "test_seeds"), (0, 0)),
    "command": "",
}
_PUBLICATION = {item.name: ("publication", item.name) for item in fields(Publication)}
_NOT_STATED: dict[str, Any] = {"needed_settings": (), "assumed": ""}
_PROBE = {item.name: ("probe", item.name) for item in fields(Probe)}
_OF_THE_AUTHORS = {"metrics": ("# Published of the authors' own file; not measured with the weights that were imported.",)}
_COMMENTS = {"probe": ("# A recipe: engines are tried on these images, drawn when they are needed.",)}
_FREE_TABLES = ("architecture", "thresholds", "metrics")
_TABLES = (*_FREE_TABLES, "weights", "input", "output", "training", "publication", "probe")
_KINDS: dict[str, type] = {"input_size_px": int, "trained_on_phantoms": bool, "trained": bool, "seed": int, "frames": int}
_OF_NUMBERS = ("train_seeds", "validation_seeds", "test_seeds", "input_shape")
_LISTS = dict.fromkeys(("labels", "aliases", "needed_settings", "label_names"), str) | dict.fromkeys(_OF_NUMBERS, int)


def read_manifests(path: Path) -> tuple[Manifest, ...]:
    """All models of a file: one, or those in its [[model]] entries, each added to what the file says of all of them.

    Raises ManifestError for a missing file, broken TOML, a missing, unknown or mistyped key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ManifestError(f"no manifest {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path.name} cannot be read: {error}") from error
    return manifests_in(text, path)


def manifests_in(text: str, path: Path) -> tuple[Manifest, ...]:
    """`read_manifests` of the text of the file `path`, or of one that carries it inside."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path.name}: {error}") from error
    models = data.pop("model", [{}])
    if not isinstance(models, list) or not all(isinstance(model, dict) for model in models):
        raise ManifestError(f"{path.name}: several models stand in one [[model]] each")
    return tuple(_manifest(_added(data, model), path) for model in models)


def read_manifest(path: Path) -> Manifest:
    """The one model of a file. Raises ManifestError as `read_manifests` does, and for a file of several models."""
    if len(manifests := read_manifests(path)) != 1:
        raise ManifestError(f"{path.name} holds {len(manifests)} models: load one of them by name")
    return manifests[0]


def _added(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    tables = {key: shared.get(key, {}) | value for key, value in own.items() if isinstance(value, dict)}
    untouched = {key: dict(value) if isinstance(value, dict) else value for key, value in shared.items()}
    return untouched | own | tables


def _manifest(data: dict[str, Any], path: Path) -> Manifest:
    if flat := [key for key in _TABLES if not isinstance(data.get(key, {}), dict)]:
        raise ManifestError(f"{path.name}: {', '.join(flat)} should be a table")
    published = "publication" in data
    unsaid = _EMPTY | (_NO_WEIGHTS_OF_OURS if published else {})
    unsaid["trained"] = bool(data.get("weights", {}).get("file"))  # manifests of former versions do not say it
    source = Publication(**_fields(data, path.name, _PUBLICATION, _NOT_STATED)) if published else None
    values = _fields(data, path.name, _LAYOUT | _OPTIONAL, unsaid)
    values["probe"] = _probe(data, path.name)
    values |= {name: data.pop(name, {}) for name in _FREE_TABLES}
    if strange := [key for key, limit in values["thresholds"].items() if type(limit) not in (int, float)]:
        raise ManifestError(f"{path.name}: [thresholds] {', '.join(strange)} should be a number")
    left = [f"[{table}] {key}" for table, rest in data.items() if isinstance(rest, dict) for key in rest]
    if left := left + [key for key, value in data.items() if not isinstance(value, dict)]:
        raise ManifestError(f"{path.name}: unknown {', '.join(left)}")
    if values["trained"] and not values["weights_file"]:
        raise ManifestError(f"{path.name}: [weights] trained, and no file of them")
    for table, sha256, lengths in (
        ("weights", values["weights_sha256"], {64} if values["weights_file"] or not published else {0}),
        ("weights", values["source_sha256"], {0, 64}),
        ("publication", source.weights_sha256 if source else "", {0, 64}),
    ):
        if len(sha256) not in lengths:
            raise ManifestError(f"{path.name}: [{table}] sha256 is not a SHA-256")
    return Manifest(**values, publication=source, path=path)


def _probe(data: dict[str, Any], file: str) -> Probe:
    if "probe" not in data:
        raise ManifestError(f"{file}: [probe] is missing: view, seed and frames of the images on which engines are tried")
    stated = _fields(data, file, _PROBE, {})
    if stated["view"] not in PROBE_VIEWS:
        raise ManifestError(f"{file}: nothing is drawn of [probe] view {stated['view']!r}, only of {', '.join(PROBE_VIEWS)}")
    probe = Probe(**stated | {"view": View(stated["view"])})
    if probe.seed < 0 or probe.frames < 1:
        raise ManifestError(f"{file}: [probe] seed counts from 0, frames from 1")
    if probe.view in TRACES and probe.frames != 1:
        raise ManifestError(f"{file}: [probe] frames of a Doppler or M-mode display is 1: it is a still")
    return probe


def _fields(data: dict[str, Any], file: str, layout: dict[str, tuple[str, str]], unsaid: dict[str, Any]) -> dict[str, Any]:
    present = {name for name, (table, key) in layout.items() if key in (data.get(table, {}) if table else data)}
    return {
        name: unsaid[name] if name in unsaid and name not in present else _take(data, file, name, *place)
        for name, place in layout.items()
    }


def _take(data: dict[str, Any], file: str, name: str, table: str, key: str) -> Any:
    place = f"[{table}] {key}" if table else key
    source = data.get(table, {}) if table else data
    if key not in source:
        raise ManifestError(f"{file}: {place} is missing")
    value = source.pop(key)
    kind = list if name in _LISTS else _KINDS.get(name, str)
    if type(value) is not kind:  # a bool is an int by inheritance, but not here
        raise ManifestError(f"{file}: {place} should be a {kind.__name__}")
    if isinstance(value, list) and any(type(item) is not _LISTS[name] for item in value):
        raise ManifestError(f"{file}: {place} should be a list of {_LISTS[name].__name__}")
    return tuple(value) if isinstance(value, list) else value


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Writes what `read_manifest` reads back as an equal manifest (but for `path`)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(manifest_text(manifest), encoding="utf-8")


def manifest_text(manifest: Manifest) -> str:
    """The manifest as the TOML of a file of its own."""
    unsaid = _EMPTY | (_NO_WEIGHTS_OF_OURS if manifest.publication else {})
    tables: dict[str, dict[str, Any]] = {"": {}}
    for name, (table, key) in (_LAYOUT | _OPTIONAL).items():
        if name == "trained" or name not in unsaid or getattr(manifest, name) != unsaid[name]:
            tables.setdefault(table, {})[key] = getattr(manifest, name)
    tables |= {name: dict(getattr(manifest, name)) for name in _FREE_TABLES if getattr(manifest, name)}
    if manifest.publication:
        stated = asdict(manifest.publication)
        tables["publication"] = {key: value for key, value in stated.items() if key not in _NOT_STATED or value}
    tables["probe"] = asdict(manifest.probe)
    comments = _COMMENTS | (_OF_THE_AUTHORS if manifest.source_file else {})
    lines: list[str] = []
    for table, values in tables.items():
        lines += ["", *comments.get(table, ()), f"[{table}]"] if table else []
        lines += [f"{key} = {_literal(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML basic string
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return repr(value)
