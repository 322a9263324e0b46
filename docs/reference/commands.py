"""Every command, with its arguments and options, as `--help` states them."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

from typer.main import get_command

from node.cli import app

from .tables import code, table

_HEAD = """# Command line

Made from the commands themselves. Exit codes: 0 done, 1 something was found wrong, 2 used wrong. With `--json` output is JSON.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Name, e.g. "models list", and command. A group is no command: it only holds some."""
    yield from _below("", get_command(app))


def commands_page() -> str:
    return "\n".join([_HEAD, *(_section(name, command) for name, command in commands())])


def _below(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    context = group.make_context("echonode", [], resilient_parsing=True)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        whole = f"{path} {name}".strip()
        if hasattr(command, "list_commands"):
            yield from _below(whole, command)
        else:
            yield whole, command


def _section(name: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option" and not parameter.hidden]
    usage = " ".join([f"echonode {name}", *(["[OPTIONS]"] if options else []), *(_place(argument) for argument in arguments)])
    return "\n".join(
        [
            f"## echonode {name}\n",
            f"```\n{usage}\n```\n",
            f"{(command.help or '').strip()}\n",
            table(["argument", "meaning"], [(code(_place(each)), each.help or "") for each in arguments]),
            table(["option", "default", "meaning"], [(_flags(each), code(_default(each)), _meaning(each)) for each in options]),
        ]
    )


def _place(argument: Any) -> str:
    name = (argument.metavar or argument.name).strip("[]{}.").upper() + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _flags(option: Any) -> str:
    return ", ".join(code(flag) for flag in (*option.opts, *option.secondary_opts))


def _default(option: Any) -> str:
    """None, a missing flag and an empty text are no default worth a word."""
    default = option.default
    if default in (None, False, "", ()) or callable(default):
        return ""
    return str(default.value if isinstance(default, Enum) else default)


def _meaning(option: Any) -> str:
    annotation = getattr(getattr(option, "type_descriptor", None), "annotation", None)
    enum: type[Enum] | None = annotation if isinstance(annotation, type) and issubclass(annotation, Enum) else None
    choices = [code(str(choice.value)) for choice in enum or ()]
    notes = [
        "required" if option.required else "",
        "one of " + ", ".join(choices) if choices else "",
        f"or by {option.envvar}" if option.envvar else "",
    ]
    said = "; ".join(note for note in notes if note)
    return (option.help or "") + (f" ({said})" if said else "")
