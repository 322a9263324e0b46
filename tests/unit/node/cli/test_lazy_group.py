"""Commands are listed from a table, and imported when they are asked for."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from node.cli import Commands, app
from node.cli.lazy_group import CommandRow, LazyGroup
from node.cli.models import ModelCommands
from node.cli.sr import ReportCommands


@pytest.fixture
def lazy() -> typer.Typer:
    class Two(LazyGroup):
        table = {  # noqa: RUF012
            "there": CommandRow("node.cli.version:version", "What the table says."),
            "gone": CommandRow("node.cli.nowhere:nothing", "Not to be imported."),
        }

    group = typer.Typer(cls=Two, no_args_is_help=True)
    group.callback()(lambda: None)
    return group


def rows() -> Iterator[tuple[str, str, Any]]:
    top: Any = get_command(app)
    for name, row in Commands.table.items():
        yield name, row.help, top.get_command(None, name)
    for group, table in (("models", ModelCommands.table), ("sr", ReportCommands.table)):
        commands = top.get_command(None, group)
        for name, row in table.items():
            yield f"{group} {name}", row.help, commands.get_command(None, name)


def test_the_tables_say_what_the_commands_say() -> None:
    """Bug prevented: a list of commands that promises what the help of the command does not say."""
    said = {name: " ".join(command.help.split("\n\n")[0].split()) for name, _, command in rows()}
    assert {name: text for name, text, _ in rows()} == said


def test_every_command_is_called_as_the_table_calls_it() -> None:
    assert [command.name for _, _, command in rows()] == [name.split()[-1] for name, _, _ in rows()]


def test_a_list_imports_no_command(lazy: typer.Typer) -> None:
    shown = CliRunner().invoke(lazy, ["--help"])
    assert shown.exit_code == 0, shown.output
    assert "What the table says." in shown.output
    assert "Not to be imported." in shown.output
    assert CliRunner().invoke(lazy, ["there"]).exit_code == 0
    assert "node.cli.nowhere" not in sys.modules


def test_an_unknown_command_is_used_wrong(lazy: typer.Typer) -> None:
    refused = CliRunner().invoke(lazy, ["nosuch"])
    assert refused.exit_code == 2
    assert "No such command 'nosuch'" in refused.output


def test_a_command_stands_in_the_file_of_its_name() -> None:
    """Bug prevented: a command that whoever looks for it by its name does not find. `import` cannot be a module of Python,
    nor can a name with a hyphen."""
    for group in (Commands, ModelCommands):
        modules = {name: row.place.partition(":")[0].rpartition(".")[2] for name, row in group.table.items()}
        named = {name: module.removesuffix("_").replace("_", "-") for name, module in modules.items()}
        assert named == {name: name for name in modules}
