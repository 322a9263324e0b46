"""What publisher, file and importing person state about weights, put together; contradictions are refused."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from models.errors import ImportSettingError
from models.library.manifest import Manifest, Value


def described(
    manifest: Manifest,
    of_file: Mapping[str, Value],
    settings: Mapping[str, Value],
    labels: Sequence[str] | None,
    further: Sequence[str] = (),
) -> Manifest:
    """`manifest` with what the file says of its network, with `settings` and `labels`.

    `further` are settings that only the family's importer knows. Raises ImportSettingError for what is missing, unknown or
    contradicted.
    """
    needed = manifest.publication.needed_settings if manifest.publication else ()
    known = [*dict.fromkeys([*needed, *further, *manifest.architecture, *of_file])]
    for key, value in settings.items():
        if key not in known:
            raise ImportSettingError(f"{manifest.name} has no setting {key}; it has {', '.join(known) or 'none'}")
        _refuse_contradiction(manifest, of_file, key, value)
    architecture = {**manifest.architecture, **settings, **of_file}
    _check_needed(manifest, architecture, needed)
    return replace(manifest, architecture=architecture, labels=_labels(manifest, architecture, labels))


def _refuse_contradiction(manifest: Manifest, of_file: Mapping[str, Value], key: str, value: Value) -> None:
    if key in of_file:
        if value != of_file[key]:
            raise ImportSettingError(
                f"{manifest.name}: --set {key}={value} contradicts the file, which says {key} = {of_file[key]}"
            )
        return
    stated = manifest.architecture.get(key)
    if stated is None or value == stated:
        return
    if manifest.publication is None or not manifest.publication.assumed:
        raise ImportSettingError(f"{manifest.name}: --set {key}={value} contradicts what is published, {key} = {stated}")
    if type(value) is not type(stated):
        raise ImportSettingError(f"{manifest.name}: --set {key}={value} should be like {key} = {stated}")


def _check_needed(manifest: Manifest, architecture: Mapping[str, Value], needed: Sequence[str]) -> None:
    unsaid = [key for key in needed if not _numbers(architecture.get(key))]
    if unsaid:
        raise ImportSettingError(
            f"{manifest.name}: {' and '.join(unsaid)} are not published and not in the file, and every result depends on them; "
            f"give them as numbers: {' '.join(f'--set {key}=...' for key in unsaid)}"
        )
    colours = manifest.input_shape[0] if manifest.input_shape else 1
    for key in needed:
        numbers = _numbers(architecture[key])
        if len(numbers) not in (1, colours):
            raise ImportSettingError(
                f"{manifest.name}: {key} is one number or {colours}, one for each colour; {len(numbers)} are given"
            )
        if key == "std" and min(numbers) <= 0:
            raise ImportSettingError(f"{manifest.name}: std is {architecture[key]}, and a standard deviation is above 0")


def _numbers(value: Value | None) -> list[float]:
    """The numbers of `value`; empty for anything but finite numbers."""
    values = value if isinstance(value, list) else [value]
    numbers = [float(item) for item in values if isinstance(item, (int, float)) and not isinstance(item, bool)]
    return numbers if len(numbers) == len(values) and all(map(math.isfinite, numbers)) else []


def _labels(manifest: Manifest, architecture: Mapping[str, Value], given: Sequence[str] | None) -> tuple[str, ...]:
    outputs = architecture.get("outputs", 0)
    labels = manifest.labels
    if given is not None:
        if labels and tuple(given) != labels:
            raise ImportSettingError(f"{manifest.name}: the published order is {', '.join(labels)}")
        labels = _named(manifest, tuple(given))
    if not outputs:
        return labels
    if not labels:
        raise ImportSettingError(
            f"{manifest.name} has {outputs} outputs whose order is not published, and it is not guessed; "
            f"give it: --labels NAME,NAME,... ({manifest.output_values})"
        )
    if len(labels) != outputs:
        raise ImportSettingError(
            f"{manifest.name} has {outputs} outputs, and there are {len(labels)} labels: {', '.join(labels)}"
        )
    return labels


def _named(manifest: Manifest, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels as they are published, where their names are."""
    if "" in labels:
        raise ImportSettingError(f"{manifest.name}: label {labels.index('') + 1} of {len(labels)} is empty")
    published = {name.casefold(): name for name in manifest.label_names}
    if published and (others := [label for label in labels if label.casefold() not in published]):
        raise ImportSettingError(
            f"{manifest.name}: no output is called {', '.join(others)}; the outputs are {', '.join(manifest.label_names)}, "
            "and only their order is not published"
        )
    named = tuple(published.get(label.casefold(), label) for label in labels)
    if len(set(named)) != len(named):
        raise ImportSettingError(f"{manifest.name}: a label is given twice: {', '.join(labels)}")
    return named
