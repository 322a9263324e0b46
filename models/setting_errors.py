"""What is wrong with a configuration file, in plain words: pydantic finds it, people read it here."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError

Place = tuple[int | str, ...]  # tables, number in an array of tables, key

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_TABLE = ("model_type", "dataclass_type", "dict_type", "mapping_type")
_NEAR = 0.75  # of 1, equal: found by trying misspellings


def dotted(place: Place) -> str:
    """
    >>> dotted(("ae_rule", 0, "address"))
    'ae_rule.0.address'
    """
    return ".".join(map(str, place))


def bracketed(place: Place) -> str:
    """As a table stands in its file. A key that is declared with its table, "[weights] file", stays as it is.

    >>> bracketed(("probe", "seed")), bracketed(("name",)), bracketed(("[output] labels", 0))
    ('[probe] seed', 'name', '[output] labels.0')
    """
    named = len(place) < 2 or str(place[0]).startswith("[")
    return dotted(place) if named else f"[{place[0]}] {dotted(place[1:])}"


def setting_errors(
    error: ValidationError, declared: Any, *, below: Place = (), written: Callable[[Place], str] = dotted
) -> str:
    """Each with its key below the place `below`, as `written` writes it; what the file as a whole gets wrong has no key.

    `declared` is the type that the file was checked by.
    """
    said = []
    for fault in error.errors():
        place = (*below, *fault["loc"])
        where = written(place)
        if fault["type"] == "missing":
            said.append(f"{where} is missing")
        elif fault["type"] in _UNKNOWN:
            table = "table " if isinstance(fault["input"], dict) else ""
            said.append(f"unknown {table}{where}{_near(fault['loc'], declared)}")
        elif fault["type"] in _TABLE:
            said.append(f"{where} should be a table")
        else:
            said.append(_in_words(where, fault["msg"]))
    return "; ".join(said)


def _in_words(where: str, message: str) -> str:
    """Pydantic's "Input should be a valid integer" with the key for a subject."""
    words = message.removeprefix("Value error, ").replace(" after validation", "").replace("valid tuple", "valid list")
    subject, verb, wanted = words.partition(" should ")
    if where and verb and " " not in subject:
        return f"{where} should {wanted}"
    return f"{where}: {words}" if where else words


def _near(place: Place, declared: Any) -> str:
    """Which known key an unknown one resembles; nothing where it resembles none."""
    schema = TypeAdapter(declared).json_schema()
    inside: Any = schema
    for key in place[:-1]:
        inside = _resolved(inside, schema)
        inside = inside.get("items", {}) if isinstance(key, int) else inside.get("properties", {}).get(key, {})
    known = _resolved(inside, schema).get("properties", ())
    return "".join(f", did you mean {name}?" for name in get_close_matches(str(place[-1]), known, n=1, cutoff=_NEAR))


def _resolved(part: Any, schema: Any) -> Any:
    """The table a part of a JSON schema stands for: named elsewhere, or the first of several that is one."""
    if "$ref" in part:
        return schema["$defs"][part["$ref"].rpartition("/")[2]]
    return next((_resolved(one, schema) for one in part.get("anyOf", ())), part)
