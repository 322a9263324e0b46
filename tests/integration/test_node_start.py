"""What stops a node from starting is said before anything is received; what hangs in it ends."""

import os
from pathlib import Path

import pytest

from models.results import Reason
from node.app import Node, lock_data_dir
from node.errors import ConfigError
from node.settings import AERule, ModelSettings, NodeSettings, Settings
from node.work.executor import LocalExecutor
from node.work.model_check import require_models
from tests.waiting import free_port, patience

MODELS = Settings().model_set


def _settings(folder: Path, **node: object) -> Settings:
    rule = AERule(name="tests", address="127.0.0.0/8")
    return Settings(node=NodeSettings(data_dir=folder, port=0, min_free_disk_mb=0, **node), ae_rule=(rule,))  # type: ignore[arg-type]


def test_a_misspelt_network_stops_the_start(tmp_path: Path) -> None:
    """Else every study would fail, one by one, for good."""
    settings = _settings(tmp_path).model_copy(update={"models": ModelSettings(view="phantom_vieww")})
    with pytest.raises(ConfigError, match="phantom_vieww"):
        Node(settings)


@pytest.mark.parametrize("name", ["phantom_lv", "EchoView47_classifier"])
def test_a_network_in_the_wrong_place_stops_the_start(tmp_path: Path, name: str) -> None:
    settings = _settings(tmp_path).model_copy(update={"models": ModelSettings(view=name)})
    with pytest.raises(ConfigError, match=r"models\.view"):
        Node(settings)


def test_altered_weights_stop_the_start(tmp_path: Path) -> None:
    manifests, weights = tmp_path / "manifests", tmp_path / "weights"
    manifests.mkdir()
    weights.mkdir()
    source = Path(__file__).resolve().parents[2] / "models"
    (manifests / "phantom_view.toml").write_bytes((source / "manifests/phantom_view.toml").read_bytes())
    altered = bytearray((source / "weights/phantom_view.safetensors").read_bytes())
    altered[-1] ^= 1
    (weights / "phantom_view.safetensors").write_bytes(altered)
    require_models(MODELS)
    with pytest.raises(ConfigError, match="weights"):
        require_models(MODELS.but(view=str(manifests / "phantom_view.toml")))


def test_two_nodes_never_share_a_data_folder(tmp_path: Path) -> None:
    """The second would sweep away what the first is receiving."""
    settings = _settings(tmp_path)
    half_received = settings.archive_dir / "incoming" / "now.part"
    with lock_data_dir(settings):
        half_received.parent.mkdir(parents=True)
        half_received.write_bytes(b"...")
        with pytest.raises(ConfigError, match="another node"):
            Node(settings)
    assert half_received.exists()


def test_a_port_that_is_taken_is_said_in_plain_words(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        settings = _settings(tmp_path)
        node = Node(settings.model_copy(update={"node": settings.node.model_copy(update={"port": taken.getsockname()[1]})}))
        try:
            with pytest.raises(ConfigError, match=r"node\.port"):
                node.start()
        finally:
            node.stop()


@pytest.mark.slow
def test_a_clip_that_hangs_ends_with_its_process_and_its_neighbour_is_analysed(tmp_path: Path) -> None:
    """A pipe that nobody writes to: opening it blocks for ever."""
    pipe, absent = tmp_path / "pipe.dcm", tmp_path / "text.dcm"
    os.mkfifo(pipe)
    absent.write_bytes(b"no DICOM")
    executor = LocalExecutor(MODELS, processes=1, threads_per_process=1, clip_timeout_s=patience(20))
    try:
        executor.analyse([("2.25.1", absent)], MODELS)  # the process is warm now
        executor._clip_timeout_s = 3.0
        hanging, neighbour = executor.analyse([("2.25.2", pipe), ("2.25.3", absent)], MODELS)
        assert hanging.gates == (Reason.COMPUTATION_FAILED,)
        assert hanging.flags[0].message == "the analysis broke off: took longer than 3 s"
        assert neighbour.gates == (Reason.UNDECODABLE,)
        executor._clip_timeout_s = patience(20)
        (findings,) = executor.analyse([("2.25.1", absent)], MODELS)
        assert findings.gates
    finally:
        executor.close()
