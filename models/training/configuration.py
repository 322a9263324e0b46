"""A training's configuration: a file with a list of defaults, put together by Hydra, changed by `key=value`, checked by us.

Hydra's own command line is not used: typer has that. Groups that the user's folder does not have come from `configs/`.
"""

import importlib.util
import shlex
import warnings
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.errors import TrainingConfigError
from models.setting_errors import setting_errors
from models.training.settings import Settings

CONFIGS = Path(__file__).parent / "configs"
_EXTRA = ("hydra", "omegaconf", "mlflow")
_LINE = "training needs the extra `train`: pip install 'echonode[train]' ({missing} is not installed)"


def shipped_configurations() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in CONFIGS.glob("*.yaml")))


def require_extra() -> None:
    """Raises TrainingConfigError where the libraries of the extra are not installed."""
    if missing := [name for name in _EXTRA if importlib.util.find_spec(name) is None]:
        raise TrainingConfigError(_LINE.format(missing=", ".join(missing)))


def command_of(config: str, overrides: Sequence[str]) -> str:
    return shlex.join(["echonode", "train", config, *overrides])


def read_configuration(config: str, overrides: Sequence[str] = ()) -> tuple[Settings, dict[str, Any]]:
    """The settings, and all of the configuration as it was resolved.

    `config` is the name of a shipped one, the path of a YAML file, or the folder of a run. Raises TrainingConfigError for one
    that is not there, a key that is unknown or missing, a value that cannot be.
    """
    require_extra()
    folder, name = _place(config)
    resolved = _composed(folder, name, list(overrides))
    return settings_of(resolved, config), resolved


def yaml_of(resolved: Mapping[str, Any]) -> str:
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(OmegaConf.create(dict(resolved)))


def read_yaml(path: Path) -> Any:
    from omegaconf import OmegaConf

    return OmegaConf.to_container(OmegaConf.load(path))


def settings_of(resolved: Mapping[str, Any], config: str) -> Settings:
    try:
        return Settings.model_validate(resolved)
    except ValidationError as error:
        raise TrainingConfigError(f"{config}: {setting_errors(error, Settings)}") from error


def _place(config: str) -> tuple[Path, str]:
    path = Path(config)
    if (path / "config.yaml").is_file():
        return path.resolve(), "config"
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise TrainingConfigError(f"no configuration {config}")
        return path.resolve().parent, path.stem
    if config in shipped_configurations():
        return CONFIGS, config
    close = get_close_matches(config, shipped_configurations(), n=3)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    raise TrainingConfigError(
        f"no configuration {config!r}: {meant}It is the path of a YAML file, or one of {', '.join(shipped_configurations())}"
    )


def _composed(folder: Path, name: str, overrides: list[str]) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped]
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    ours = [f"hydra.searchpath=['file://{CONFIGS}']"] if folder != CONFIGS else []
    GlobalHydra.instance().clear()
    try:
        with warnings.catch_warnings(), initialize_config_dir(config_dir=str(folder), version_base="1.3"):
            warnings.simplefilter("ignore")  # of what a list of defaults might also say
            plain = compose(name, overrides=[*ours, *(one for one in overrides if _chooses_group(one))])
            _check_keys(overrides, OmegaConf.to_container(plain))
            whole = compose(name, overrides=[*ours, *overrides])
            if missing := sorted(key for key, value in _entries(OmegaConf.to_container(whole)) if value == "???"):
                raise TrainingConfigError(f"{name}: {'; '.join(f'{key} is missing' for key in missing)}")
            composed = OmegaConf.to_container(whole, resolve=True)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ValueError, RecursionError) as error:
        raise TrainingConfigError(f"{name}: {_first_lines(error)}") from error
    if not isinstance(composed, dict):
        raise TrainingConfigError(f"{name}: a configuration is a table")
    return {str(key): value for key, value in composed.items()}


def _chooses_group(override: str) -> bool:
    """`task=segmentation` takes another file of a group; every other override changes a key."""
    key, separator, _ = override.partition("=")
    return bool(separator) and key in Settings.model_fields


def _check_keys(overrides: Sequence[str], composed: Any) -> None:
    """Hydra says of a misspelt key only that it could not be overridden."""
    for override in overrides:
        key, separator, _ = override.partition("=")
        if not separator and not key.startswith("~"):
            raise TrainingConfigError(f"{override!r} is not of the form key=value")
        if key.startswith(("+", "~", "hydra.")) or _chooses_group(override) or _has(composed, key):
            continue
        group, _, last = key.rpartition(".")
        declared = _declared(group)
        if last in declared:
            raise TrainingConfigError(f"{key} is not set in this configuration: write +{key}=... to add it")
        known = [*(one for one, _ in _entries(composed)), *(f"{group}.{name}" for name in declared)]
        close = get_close_matches(key, known, n=1) or [one for one in known if one.rpartition(".")[2] == key][:1]
        raise TrainingConfigError(f"unknown key {key}" + (f", did you mean {close[0]}?" if close else ""))


def _declared(group: str) -> Sequence[str]:
    field = Settings.model_fields.get(group)
    return tuple(getattr(field.annotation, "model_fields", ())) if field else ()


def _has(table: Any, key: str) -> bool:
    for step in key.split("."):
        if not isinstance(table, dict) or step not in table:
            return False
        table = table[step]
    return True


def _entries(table: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items() if isinstance(table, dict) else ():
        yield f"{above}{key}", value
        yield from _entries(value, f"{above}{key}.")


def _first_lines(error: Exception) -> str:
    """Without the folders that were searched."""
    lines = [line.strip() for line in str(error).split("Config search path")[0].splitlines()]
    return "; ".join(line for line in lines if line and "hydra.cc" not in line)
