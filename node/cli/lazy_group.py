"""A group of commands that is listed from a table: the module of a command is imported when the command is asked for."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

from typer import Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group


class CommandRow(NamedTuple):
    """`place` is "module:name" of a function or of a Typer with commands of its own; `help` the first paragraph of its help."""

    place: str
    help: str


class LazyGroup(TyperGroup):
    """For `Typer(cls=...)`, by a subclass with a table: command -> row."""

    table: ClassVar[Mapping[str, CommandRow]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        row = self.table.get(cmd_name)
        return None if row is None else _loaded(cmd_name, row.place)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """By a group that knows the names and the help of the commands, and nothing else of them."""
        listed = TyperGroup(
            name=self.name,
            commands={name: TyperCommand(name, callback=None, help=row.help) for name, row in self.table.items()},
            help=self.help,
            params=self.params,
            options_metavar=self.options_metavar,
            subcommand_metavar=self.subcommand_metavar,
            rich_markup_mode=self.rich_markup_mode,
        )
        listed.format_help(ctx, formatter)


@cache
def _loaded(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, Typer):
        command: Any = get_group(found)
    else:
        alone = Typer(add_completion=False)
        alone.command(name)(found)
        command = get_command(alone)
    command.name = name
    return command
