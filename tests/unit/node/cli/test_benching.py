"""`echonode bench` on two small networks: what it says and that both ways give the same - never how quick they are."""

import json
import math

import pytest
from typer.testing import CliRunner

from models.predictor import timing
from models.predictor.timing import Timing, geometric_mean, input_shape
from models.registry import find_manifest
from node.cli import app, benching
from node.cli.benching import StudyTiming

NAMES = ("phantom_view", "phantom_quality")


def test_both_ways_give_the_same_on_two_small_networks() -> None:
    result = CliRunner().invoke(app, ["bench", *NAMES, "--rounds", "1", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert "at most 4 frames and scaled" in answer["published_way"]
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
    monkeypatch.setattr(timing, "time_network", lambda name, *, rounds: a_timing(name=name, fp32_s=2.0 if name == "a" else 0.5))
    monkeypatch.setattr(benching, "time_study", lambda: StudyTiming(4, 100, 20.0, 1.0, 8.0, equal=True))
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
    monkeypatch.setattr(timing, "time_network", lambda name, *, rounds: a_timing(equal=False))
    result = CliRunner().invoke(app, ["bench", "a"])
    assert result.exit_code == 1
    assert "NOT EQUAL" in result.output


def test_an_unknown_name_is_said() -> None:
    result = CliRunner().invoke(app, ["bench", "nothing_of_this_name"])
    assert result.exit_code != 0


def test_the_ways_take_turns() -> None:
    ran: list[str] = []
    seconds = timing._interleaved([(lambda: ran.append("published"), 1), (lambda: ran.append("ours"), 4)], rounds=2)
    assert ran == ["published", "ours", "published", "ours", "ours", "published"], "warmed up, then in turning order"
    assert len(seconds) == 2


def test_shapes_come_from_the_manifest() -> None:
    assert input_shape(find_manifest("phantom_lv")) == (1, 160, 160)
    assert input_shape(find_manifest("lvid")) == (3, 480, 640)
    assert input_shape(find_manifest("avvmax")) == (3, 426, 1024)
    assert math.isclose(geometric_mean([2.0, 8.0]), 4.0)


def test_every_network_it_times_is_in_the_library() -> None:
    assert benching._present(benching.NETWORKS) == list(benching.NETWORKS)
