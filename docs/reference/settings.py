"""Every setting: its default and meaning as the default file states them, its bounds as the program checks them."""

import re
from collections.abc import Iterator
from importlib import resources
from typing import Any, NamedTuple

from node.egress.destinations import KINDS
from node.settings import Settings

from .tables import code, table

_HEAD = """# Settings

Made from the default file, which `echonode init DIR` writes, and from the checks of the program. A section or key that is not
known is an error. Whether a file is right: `echonode check`. Two complete examples are in the folder `config/`.
"""
_SECTION = re.compile(r"^(?:# )?(\[{1,2})(\w+)\]")
_KEY = re.compile(r"^(?:# )?(\w+) = (\"[^\"]*\"|\[[^\]]*\]|[^#\s]+)\s*(?:#\s*(.*))?$")
_CONTINUED = re.compile(r"^(?:# )?\s{8,}#\s*(.*)$")
_BOUNDS = {
    "minimum": "at least {}", "exclusiveMinimum": "more than {}", "maximum": "at most {}", "exclusiveMaximum": "less than {}",
    "minLength": "at least {} character(s)", "maxLength": "at most {} characters",
}  # fmt: skip


class Setting(NamedTuple):
    section: str  # as it is written: "[node]", "[[ae_rule]]"
    key: str
    value: str  # in the default file: the default, or an example
    meaning: str


def settings() -> Iterator[Setting]:
    """In the order of the default file."""
    found: list[Setting] = []
    section = ""
    for line in resources.files("node").joinpath("echonode.toml").read_text(encoding="utf-8").splitlines():
        if heading := _SECTION.match(line):
            brackets = len(heading[1])
            section = "[" * brackets + heading[2] + "]" * brackets
        elif (more := _CONTINUED.match(line)) and found:
            found[-1] = found[-1]._replace(meaning=f"{found[-1].meaning} {more[1]}")
        elif section and (key := _KEY.match(line)):
            found.append(Setting(section, key[1], key[2], key[3] or ""))
    yield from found


def settings_page() -> str:
    schema = Settings.model_json_schema()
    lines = [_HEAD]
    by_section: dict[str, list[Setting]] = {}
    for setting in settings():
        by_section.setdefault(setting.section, []).append(setting)
    for section, keys in by_section.items():
        repeated = section.startswith("[[")
        lines += [f"## {section.strip('[]')}\n", f"`{section}`" + (", as often as needed.\n" if repeated else "\n")]
        rows = [(code(each.key), code(each.value), _allowed(schema, each), each.meaning) for each in keys]
        lines.append(table(["key", "example" if repeated else "default", "allowed", "meaning"], rows))
    return "\n".join(lines)


def _allowed(schema: dict[str, Any], setting: Setting) -> str:
    """What the program takes, in words: values of a choice, bounds of a number."""
    section = setting.section.strip("[]")
    models = [(schema, schema["properties"][section])]
    if section == "destination":  # what one has beside its name is its kind's
        models = [(own, own) for own in (kind.model_json_schema() for kind in KINDS.values())]
    words = (word for whole, model in models for field in _leaves(whole, model, setting.key) for word in _words(whole, field))
    return ", ".join(dict.fromkeys(words))


def _leaves(schema: dict[str, Any], node: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """The field of that name in every model that the section may be."""
    node = _resolved(schema, node)
    if key in node.get("properties", {}):
        yield node["properties"][key]
    for inner in [*node.get("anyOf", []), *node.get("oneOf", []), *([node["items"]] if "items" in node else [])]:
        yield from _leaves(schema, inner, key)


def _words(schema: dict[str, Any], field: dict[str, Any]) -> Iterator[str]:
    field = _resolved(schema, field)
    yield from (code(str(value)) for value in [*field.get("enum", []), *([field["const"]] if "const" in field else [])])
    yield from (words.format(field[bound]) for bound, words in _BOUNDS.items() if bound in field)
    for inner in [*field.get("anyOf", []), *field.get("oneOf", []), *([field["items"]] if "items" in field else [])]:
        yield from _words(schema, inner)


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node
