"""`echonode bench` on two small networks: what it says and that both ways give the same - never how quick they are."""

import json

import pytest
from typer.testing import CliRunner

from models.bench.networks import NETWORKS
from models.bench.timing import Timing
from node.cli import app, bench
from node.errors import ConfigError
from node.files.study_timing import StudyTiming

NAMES = ("phantom_view", "phantom_quality")


@pytest.mark.slow
def test_both_ways_give_the_same_on_two_small_networks() -> None:
    result = CliRunner().invoke(app, ["bench", *NAMES, "--rounds", "1", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert "timed on at most 4 of them, 2 where they take long, and scaled" in answer["published_way"]
    assert [network["name"] for network in answer["networks"]] == list(NAMES)
    for network in answer["networks"]:
        assert network["equal"]
        assert network["shape"] == [1, 128, 128]
        assert "refused" not in network["engine"]
    assert answer["study"] is None


def a_timing(**changes: object) -> Timing:
    values: dict[str, object] = {
        "name": "one", "shape": (1, 8, 8), "engine": "torch", "published_s": 4.0, "fp32_s": 2.0, "bf16_s": 1.0,
        "equal": True, "trained": False,
    }  # fmt: skip
    return Timing(**{**values, **changes})  # type: ignore[arg-type]


def test_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "time_network", lambda name, **_: a_timing(name=name, fp32_s=2.0 if name == "a" else 0.5))
    monkeypatch.setattr(bench, "time_study", lambda: StudyTiming(4, 100, 20.0, 1.0, 8.0, equal=True))
    result = CliRunner().invoke(app, ["bench", "a", "b", "--study"])
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines() == ["1 of 2: a", "2 of 2: b", "study"]
    said = " ".join(result.stdout.split())
    assert "a, 1 x 8 x 8: published 4000.0 ms, fp32 2.00, bf16 4.00 (speed only)" in said
    assert "fp32: geometric mean 4.00, least 2.00, of 2 networks" in said
    assert "bf16: geometric mean 4.00 (speed only: random weights tell nothing" in said
    assert "study of 4 clips, 100 frames: 20.0 times" in said
    assert "8.0 s are the start of its scripts" in said


def test_unequal_results_are_an_error_not_a_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "time_network", lambda name, **_: a_timing(equal=False))
    result = CliRunner().invoke(app, ["bench", "a"])
    assert result.exit_code == 1
    assert "NOT EQUAL" in result.output


@pytest.mark.parametrize(
    ("arguments", "networks", "studies"),
    [([], NETWORKS, 1), (["--study"], (), 1), (["a"], ("a",), 0), (["a", "--study"], ("a",), 1)],
    ids=["everything", "the study alone", "a network", "a network and the study"],
)
def test_what_is_timed(monkeypatch: pytest.MonkeyPatch, arguments: list[str], networks: tuple[str, ...], studies: int) -> None:
    timed: list[str] = []

    def time_network(name: str, **_: object) -> Timing:
        timed.append(name)
        return a_timing(name=name, compiled_s=0.5)

    def time_study() -> StudyTiming:
        timed.append("study")
        return StudyTiming(4, 100, 20.0, 1.0, 8.0, equal=True)

    monkeypatch.setattr(bench, "time_network", time_network)
    monkeypatch.setattr(bench, "time_study", time_study)
    result = CliRunner().invoke(app, ["bench", *arguments, "--compile"])
    assert result.exit_code == 0, result.output
    assert timed == [*networks, *["study"] * studies]
    assert ("compiled bf16 8.00" in result.stdout) == bool(networks)


@pytest.mark.parametrize("device", ["foo", "cuda"])
def test_an_unknown_or_absent_device_is_said_before_anything_is_timed(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    result = CliRunner().invoke(app, ["bench", "--device", device])
    assert isinstance(result.exception, ConfigError)
    assert f"--device {device}: " in str(result.exception)


def test_an_unknown_name_is_said() -> None:
    result = CliRunner().invoke(app, ["bench", "nothing_of_this_name"])
    assert result.exit_code != 0
