"""What is known about one model: its manifest in `manifests/*.toml`, the only source.

A manifest names the family that can run the weights, their hash (checked at every load), the licence, what goes in and comes
out, on what they were trained by which command, the limits that check their results and the measured accuracy. That of a model
others have published has a [publication] instead of weights of our own.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tomlkit
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    TypeAdapter,
    ValidationError,
    with_config,
)

from models.catalogue import DISPLAYS, PROBE_VIEWS, View
from models.errors import ManifestError
from models.setting_errors import bracketed, setting_errors

Value = str | int | float | bool | list[int] | list[float] | list[str]

PHANTOM_ONLY = "TRAINED ON SYNTHETIC PHANTOMS - NOT FOR CLINICAL USE"


def _of_one_kind(value: Any) -> Any:
    """A value of a free table: no date, no table, no list of several kinds."""
    kinds = {type(item) for item in value} if isinstance(value, list) else set()
    if type(value) in (str, int, float, bool) or (isinstance(value, list) and (kinds <= {int, float} or kinds <= {str})):
        return value
    raise ValueError("Value should be text, a number, true or false, or a list of texts or of numbers")


def _number(value: Any) -> Any:
    if type(value) not in (int, float):
        raise ValueError("Limit should be a number")
    return value


def _drawn(value: Any) -> Any:
    if value not in PROBE_VIEWS:
        raise ValueError(f"nothing is drawn of {value!r}, only of {', '.join(PROBE_VIEWS)}")
    return value


def _sha256(value: str) -> str:
    if len(value) not in (0, 64):
        raise ValueError("not a SHA-256")
    return value


_Sha256 = Annotated[str, AfterValidator(_sha256)]
_Range = tuple[StrictInt, StrictInt]
_Free = Mapping[str, Annotated[Value, PlainValidator(_of_one_kind)]]
_DECLARED = ConfigDict(extra="forbid")  # a file is checked when it is read, not a value made in the code


@with_config(_DECLARED)
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
    weights_sha256: _Sha256
    needed_settings: tuple[str, ...] = ()
    assumed: str = ""


@with_config(_DECLARED)
@dataclass(frozen=True)
class Probe:
    """The recipe of the images on which engines are compared with the reference; they are drawn by it when they are needed.

    `view` is what they show, one of `catalogue.PROBE_VIEWS`; `seed` that of heart or display and of the noise. The `frames` of
    a heart are spread over six tenths of a second; a Doppler or M-mode display is a single frame.
    """

    view: Annotated[View, BeforeValidator(_drawn)]
    seed: Annotated[StrictInt, Field(ge=0)]
    frames: Annotated[StrictInt, Field(ge=1)]


@with_config(_DECLARED)
@dataclass(frozen=True)
class SiteEvaluation:
    """Who answers for weights that phantoms had a part in, by which evaluation on data of patients.

    `by` is the person's name, `at` the time (ISO 8601), `file` and `sha256` are those of the figures, `data` says what they
    were measured on. `weights_sha256` are the weights that were evaluated: it holds for no others.
    """

    by: str
    at: str
    file: str
    sha256: _Sha256
    data: str
    weights_sha256: _Sha256


@with_config(_DECLARED)
@dataclass(frozen=True)
class Manifest:
    """One manifest. `weights_file` lies in the folder `weights` beside the manifest's own folder; empty: there are none.

    `trained`: somebody trained the weights in `weights_file`, as whoever brought them says: a file of random ones looks no
    different. `source_file` and `source_sha256` are the file of an import. `licence` is that of the weights.
    `started_from` is the SHA-256 of the weights that a training of one's own began with. `trained_on_phantoms` is inherited
    from them, until a `site_evaluation` of these very weights stands here.
    `labels` are the network's outputs in order, empty where their order is not published; `label_names` then in any order.
    `train_seeds`, `validation_seeds` and `test_seeds` are half-open ranges of heart seeds, disjoint. `gate` weighs what speaks
    against an outline (`analysis.reliability`). `metrics` holds numbers and the statement what they were measured on. A
    published model has `input_shape` (channels, frames where it takes a clip, height, width; -1 is free) in place of
    `input_size_px`; `input_values` and `output_values` say what goes in and comes out.
    """

    name: str
    version: str
    family: str
    licence: str
    intended_use: str
    weights_file: Annotated[str, Field(alias="[weights] file")]
    weights_sha256: Annotated[_Sha256, Field(alias="[weights] sha256")]
    input_size_px: Annotated[StrictInt, Field(alias="[input] size_px")]
    labels: Annotated[tuple[str, ...], Field(alias="[output] labels")]
    trained_on_phantoms: Annotated[StrictBool, Field(alias="[training] trained_on_phantoms")]
    training_data: Annotated[str, Field(alias="[training] data")]
    generator: Annotated[str, Field(alias="[training] generator")]
    train_seeds: Annotated[_Range, Field(alias="[training] train_seeds")]
    validation_seeds: Annotated[_Range, Field(alias="[training] validation_seeds")]
    test_seeds: Annotated[_Range, Field(alias="[training] test_seeds")]
    command: Annotated[str, Field(alias="[training] command")]
    probe: Probe
    architecture: _Free = field(default_factory=dict)
    thresholds: Mapping[str, Annotated[float, PlainValidator(_number)]] = field(default_factory=dict)
    gate: Mapping[str, Annotated[float, PlainValidator(_number)]] = field(default_factory=dict)
    metrics: _Free = field(default_factory=dict)
    trained: Annotated[StrictBool, Field(alias="[weights] trained")] = False
    aliases: tuple[str, ...] = ()
    input_shape: Annotated[tuple[StrictInt, ...], Field(alias="[input] shape")] = ()
    input_values: Annotated[str, Field(alias="[input] values")] = ""
    output_values: Annotated[str, Field(alias="[output] values")] = ""
    label_names: Annotated[tuple[str, ...], Field(alias="[output] label_names")] = ()
    source_file: Annotated[str, Field(alias="[weights] source_file")] = ""
    source_sha256: Annotated[_Sha256, Field(alias="[weights] source_sha256")] = ""
    publication: Publication | None = None
    started_from: Annotated[_Sha256, Field(alias="[training] started_from")] = ""
    site_evaluation: SiteEvaluation | None = None
    path: Annotated[Path, Field(alias="(path)")] = Path()  # no key of a file is written so

    @property
    def weights_path(self) -> Path:
        return self.path.parent.parent / "weights" / self.weights_file

    @property
    def has_weights(self) -> bool:
        """Whether its weights lie here."""
        return bool(self.weights_file) and self.weights_path.is_file()

    def threshold(self, key: str) -> float:
        """The limit `key`. Raises ManifestError where the manifest states none: a limit is never assumed."""
        try:
            return float(self.thresholds[key])
        except KeyError:
            raise ManifestError(f"manifest {self.name}: [thresholds] has no {key}") from None


def _consistent(manifest: Manifest) -> Manifest:
    if manifest.trained and not manifest.weights_file:
        raise ValueError("[weights] trained, and no file of them")
    if bool(manifest.weights_sha256) is not bool(manifest.weights_file or not manifest.publication):
        raise ValueError("[weights] sha256 is not a SHA-256")
    if (judged := manifest.site_evaluation) and judged.weights_sha256 != manifest.weights_sha256:
        raise ValueError("[site_evaluation] is of other weights")
    if manifest.probe.view in DISPLAYS and manifest.probe.frames != 1:
        raise ValueError("[probe] frames of a Doppler or M-mode display is 1: it is a single frame")
    return manifest


_CHECKED: TypeAdapter[Manifest] = TypeAdapter(Annotated[Manifest, AfterValidator(_consistent)])
_TABLES = ("weights", "input", "output", "training")  # their keys are attributes of the manifest itself
# What a manifest of a published model has not to say besides what none has to.
_NO_WEIGHTS_OF_OURS: dict[str, Any] = {
    "[weights] file": "",
    "[weights] sha256": "",
    "[input] size_px": 0,
    "[training] trained_on_phantoms": False,
    "[training] generator": "",
    **dict.fromkeys((f"[training] {part}_seeds" for part in ("train", "validation", "test")), (0, 0)),
    "[training] command": "",
}
_ORDER = (*_TABLES, "architecture", "thresholds", "gate", "metrics", "publication", "site_evaluation", "probe")
_OF_THE_AUTHORS = "# Published of the authors' own file; not measured with the weights that were imported.\n"
_RECIPE = "# A recipe: engines are tried on these images, drawn when they are needed.\n"


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
    tables = {
        key: shared[key] | value for key, value in own.items() if isinstance(value, dict) and isinstance(shared.get(key), dict)
    }
    untouched = {key: dict(value) if isinstance(value, dict) else value for key, value in shared.items()}
    return untouched | own | tables


def _manifest(data: dict[str, Any], path: Path) -> Manifest:
    if untabled := [table for table in _TABLES if not isinstance(data.get(table, {}), dict)]:
        raise ManifestError(f"{path.name}: {', '.join(untabled)} should be a table")
    if "probe" not in data:
        raise ManifestError(f"{path.name}: [probe] is missing: view, seed and frames of the images on which engines are tried")
    own = {f"[{table}] {key}": value for table in _TABLES for key, value in data.pop(table, {}).items()}
    trained = bool(own.get("[weights] file"))  # manifests of former versions do not say it
    unsaid = _NO_WEIGHTS_OF_OURS if "publication" in data else {}
    try:
        return _CHECKED.validate_python(unsaid | {"[weights] trained": trained} | own | data | {"(path)": path})
    except ValidationError as error:
        raise ManifestError(f"{path.name}: {setting_errors(error, Manifest, written=bracketed)}") from error


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Writes what `read_manifest` reads back as an equal manifest (but for `path`)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(manifest_text(manifest), encoding="utf-8")


def manifest_text(manifest: Manifest) -> str:
    """The manifest as the TOML of a file of its own."""
    said = _CHECKED.dump_python(manifest, by_alias=True, exclude_defaults=True, exclude={"path"})
    said["[weights] trained"] = manifest.trained
    unsaid = _NO_WEIGHTS_OF_OURS if manifest.publication else {}
    tables: dict[str, dict[str, Any]] = {"": {}}
    for place, value in said.items():
        table, _, key = place.removeprefix("[").rpartition("] ")
        if isinstance(value, dict):
            tables[key] = value
        elif place not in unsaid or value != unsaid[place]:
            tables.setdefault(table, {})[key] = value
    comments = {"probe": _RECIPE} | ({"metrics": _OF_THE_AUTHORS} if manifest.source_file else {})
    heads = {table: f"\n{comments.get(table, '')}[{table}]\n" for table in _ORDER} | {"": ""}
    return "".join(heads[table] + tomlkit.dumps(tables[table]) for table in ("", *_ORDER) if table in tables)
