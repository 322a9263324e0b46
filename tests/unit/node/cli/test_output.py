"""Text of others reaches the terminal as it is: it is neither markup nor a command to the terminal."""

import json
from pathlib import Path
from typing import Any

import pytest

from node.cli import output
from node.cli.output import console, print_json, show_rows
from node.demo.progress import Stages
from node.telemetry import visible

HOSTILE = ["[/X]", "[bold]A", "[[ae_rule]]", ":smile:", "[link=http://x]y[/link]", "{0.__class__}", "%s %n"]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda: capsys.readouterr().out


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_no_markup(printed: Any, text: str) -> None:
    console.print(f"from {text}")
    show_rows([{"from": text}], ("from",), as_json=False, empty="")
    assert printed().count(text) == 2


@pytest.mark.parametrize("text", ["[/X]", "clips of [/CART]"])
def test_a_stage_is_no_markup(printed: Any, text: str) -> None:
    with Stages(console) as stages, stages.stage(text) as tell:
        tell(f"{text} again")
    assert f"{text} again" in printed()


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\x1b[2J", "\x9b2J", "a\rb", "\u202egnp.exe", "\udcff"])
def test_the_terminal_is_not_steered(printed: Any, text: str) -> None:
    show_rows([{"from": text}], ("from",), as_json=False, empty="")
    console.print(text)
    assert not set(text).intersection("\x1b\x9b\x07\r\u202e\udcff") & set(printed())
    assert visible(text) != text


def test_json_holds_the_text_itself(printed: Any) -> None:
    rows = [{"from": text} for text in (*HOSTILE, "\x1b[2J", "\udcff", "Größe")]
    print_json(rows)
    assert json.loads(printed()) == rows


def test_no_command_makes_markup_of_its_own() -> None:
    """Bug prevented: markup written into a line that the console prints as it is."""
    for path in Path(output.__file__).parent.glob("*.py"):
        assert "[bold]" not in path.read_text(encoding="utf-8"), path.name


def test_json_steers_no_terminal_and_is_the_same_text(printed: Any) -> None:
    """Of the 8-bit controls: CSI clears a screen as ESC [ does."""
    print_json({"from": "A\x9b2J\x7f"})
    said = printed()
    assert "\x9b" not in said
    assert "\x7f" not in said
    assert json.loads(said) == {"from": "A\x9b2J\x7f"}
