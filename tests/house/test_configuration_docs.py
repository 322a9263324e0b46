"""The configuration's documentation is the default file itself: it must name every setting, and hold the defaults."""

import tomllib
from importlib import resources
from pathlib import Path

import pytest
from pydantic import BaseModel

from node.egress.destinations import KINDS, configured
from node.settings import AERule, Destination, Route, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = resources.files("node").joinpath("echonode.toml").read_text(encoding="utf-8")
SECTIONS: dict[str, type[BaseModel]] = {
    name: field.annotation  # type: ignore[misc]
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_stands_in_the_default_file_with_its_default(section: str) -> None:
    """Bug prevented: a setting nobody can find, or a comment that promises another default."""
    written = tomllib.loads(DEFAULT)[section]
    assert SECTIONS[section].model_validate(written) == SECTIONS[section]()
    assert written.keys() == SECTIONS[section].model_fields.keys()


@pytest.mark.parametrize(("section", "model"), [("ae_rule", AERule), ("destination", Destination), ("route", Route)])
def test_every_field_of_a_table_is_explained(section: str, model: type[BaseModel]) -> None:
    text = DEFAULT.split(f"[[{section}]]", 1)[1].split("[[", 1)[0]
    for name in model.model_fields:
        assert any(line.lstrip("# ").startswith(f"{name} =") for line in text.splitlines()), f"[[{section}]] {name}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_kind_of_destination_is_explained(kind: str) -> None:
    """In a table of its own: the fields of two kinds differ. What all kinds have stands in the first."""
    tables = [part.split("[[", 1)[0] for part in DEFAULT.split("[[destination]]")[1:]]
    text = next(table for table in tables if f'kind = "{kind}"' in table)
    for name in [name for name in KINDS[kind].model_fields if name not in Destination.model_fields]:
        assert any(line.lstrip("# ").startswith(f"{name} =") for line in text.splitlines()), f"{kind}: {name}"


def _deployments() -> list[Path]:
    files = [path for path in sorted((ROOT / "config").glob("*.toml")) if not path.name.startswith("train_")]
    assert files
    return files


@pytest.mark.parametrize("path", _deployments(), ids=lambda path: path.name)
def test_deployment_examples_load(path: Path) -> None:
    """Bug prevented: an example that the program it belongs to refuses."""
    settings = load_settings(path)
    assert settings.ae_rule, "an example that lets nobody send"
    assert configured(settings)
