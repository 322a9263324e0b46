"""`echonode phantom realism` prints each criterion with its target, value and whether it is met."""

import json

import pytest
from typer.testing import CliRunner

from models.phantom.realism.criteria import Criterion
from node.cli import phantom as command

_ROWS = [
    Criterion("R1", "envelope", "1.91 ± 0.06", 1.9, True),
    Criterion("R8", "classifier", "reported", 0.97, None, "by frame"),
]


def test_realism_is_printed_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "measure_realism", lambda: _ROWS)
    printed = CliRunner().invoke(command.phantom, ["realism"]).output
    assert "1.91 ± 0.06" in printed
    assert printed.index("R1") < printed.index("R8")
    rows = json.loads(CliRunner().invoke(command.phantom, ["realism", "--json"]).output)
    assert [(row["name"], row["value"], row["is_met"]) for row in rows] == [("R1", 1.9, True), ("R8", 0.97, None)]
