"""Which peers a test needs, and what happens where one is missing: skipped on a laptop, an error with `--require`."""

import gc
import logging
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.peers import dcmqi, javascript_readers, ohif


def _command(*names: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(name) or Path(name).exists() for name in names)


def _postgres() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _cuda() -> bool:
    import torch

    return torch.cuda.is_available()


PEERS: dict[str, Callable[[], bool]] = {
    "postgres": _postgres,
    "dcmtk": _command("/usr/bin/storescu", "/usr/bin/dsrdump"),
    "orthanc": _command("/usr/sbin/Orthanc"),
    "validators": _command("dciodvfy", "/usr/share/java/pixelmed.jar", "java"),
    "browser": _command("chromium"),
    "ohif": ohif.is_installed,
    "dcmqi": dcmqi.is_installed,
    "javascript": javascript_readers.is_installed,
    "socat": _command("socat"),
    "gpu": _cuda,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require", default="", help=f"peers whose absence is an error, of: {', '.join(PEERS)}")


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # nothing that is imported or collected is thrown away
    settings.register_profile(
        "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )  # a busy machine is no failure
    settings.load_profile("busy")
    unknown = _required(config) - PEERS.keys()
    if unknown:
        raise pytest.UsageError(f"--require: unknown peer {', '.join(sorted(unknown))}")


def _required(config: pytest.Config) -> set[str]:
    return {name for name in str(config.getoption("--require")).split(",") if name}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that the workers end together; those with whole nodes after mypy has run beside them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, "integration" not in item.path.parts, "e2e" not in item.path.parts))


def pytest_collection_finish() -> None:
    """What was imported and collected stays, and what tests make is small: a tenth of the time goes to looking through it."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    for logger in logging.root.manager.loggerDict.values():  # torch's fifty, each of which pytest would listen to by itself
        if isinstance(logger, logging.Logger):
            logger.propagate = True


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name, present in PEERS.items():
        if item.get_closest_marker(name) and not present():
            if name in _required(item.config):
                pytest.fail(f"the peer {name!r} is required and not installed", pytrace=False)
            pytest.skip(f"the peer {name!r} is not installed")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of the machine's own EchoNode shows: no settings, no imported models, no converted graphs but of this run."""
    for name in list(os.environ):
        if name.startswith("ECHONODE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ECHONODE_MODELS", os.devnull)
    of_worker = tmp_path_factory.getbasetemp()
    of_run = of_worker.parent if "PYTEST_XDIST_WORKER" in os.environ else of_worker
    monkeypatch.setenv("ECHONODE_CACHE", str(of_run / "graphs"))


@pytest.fixture(autouse=True)
def _networks_without_numbers() -> None:
    if "torch" in sys.modules:
        from tests.meta_tensors import draw_nothing

        draw_nothing()


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real ultrasound objects kept beside the repository; not part of it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("no ../shared/samples beside the repository")
    return folder
