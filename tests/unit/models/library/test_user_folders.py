"""Where a user's models and graphs lie when nothing is set: a change would make imported weights seem to be gone."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from models.engines.graph_cache import cache_folder
from models.library.stored_manifests import model_folder

VARIABLES = ("ECHONODE_MODELS", "ECHONODE_CACHE", "XDG_DATA_HOME", "XDG_CACHE_HOME")


@pytest.fixture(autouse=True)
def _of_a_fresh_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
@pytest.mark.parametrize(
    ("folder", "below_home"), [(model_folder, ".local/share/echonode/models"), (cache_folder, ".cache/echonode")]
)
def test_the_folders_of_linux(folder: Callable[[], Path], below_home: str, tmp_path: Path) -> None:
    assert folder() == tmp_path / below_home


@pytest.mark.parametrize(("folder", "variable"), [(model_folder, "ECHONODE_MODELS"), (cache_folder, "ECHONODE_CACHE")])
def test_a_variable_stands_above(
    folder: Callable[[], Path], variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "chosen"))
    assert folder() == tmp_path / "chosen"
