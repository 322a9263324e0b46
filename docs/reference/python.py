"""The public names of the packages that others build on: signature and docstring."""

import importlib
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from types import GenericAlias, ModuleType
from typing import Any

_HEAD = """# Python

Made from the docstrings. These are the names to build on; all else may move. Importing `models` imports no network library.
"""
# What a notebook or a program beside the node needs: the way in, what comes out, and what it is made of.
MODULES = (
    "models", "models.library.model",
    "models.results", "models.catalogue", "models.clip", "models.calibration", "models.errors",
    "models.phantom.anatomy", "models.phantom.truth", "node.errors",
)  # fmt: skip


def python_page() -> str:
    return "\n".join([_HEAD, *(_section(importlib.import_module(name)) for name in MODULES)])


def public_names(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Functions and classes: those of `__all__`, else those that the module itself defines, in the order of its lines."""
    if hasattr(module, "__all__"):
        named = ((name, getattr(module, name)) for name in module.__all__)
        yield from ((name, each) for name, each in named if callable(each) and not isinstance(each, GenericAlias))
        return
    own = [
        (name, each)
        for name, each in vars(module).items()
        if not name.startswith("_") and getattr(each, "__module__", None) == module.__name__ and each.__doc__
    ]
    yield from ((name, each) for name, each in own if inspect.isfunction(each) or inspect.isclass(each))


def _section(module: ModuleType) -> str:
    return "\n".join([f"## {module.__name__}\n", _text(module), *(_entry(name, each) for name, each in public_names(module))])


def _entry(name: str, each: Any) -> str:
    lines = [f"### {name}\n", f"```python\n{_signature(name, each)}\n```\n", _text(each)]
    if inspect.isclass(each) and issubclass(each, Enum):
        lines.append(", ".join(f"`{member.name}`" for member in each) + "\n")
    return "\n".join(lines)


def _signature(name: str, each: Any) -> str:
    if inspect.isclass(each) and issubclass(each, Enum | BaseException):
        return f"class {name}({', '.join(base.__name__ for base in each.__bases__)})"
    lead = "class " if inspect.isclass(each) else ""
    signature = inspect.signature(each)
    arguments = [_short(str(parameter)) for parameter in signature.parameters.values()]
    result = (
        ""
        if lead or signature.return_annotation is inspect.Signature.empty
        else f" -> {_short(inspect.formatannotation(signature.return_annotation))}"
    )
    line = f"{lead}{name}({', '.join(arguments)}){result}"
    return line if len(line) <= 100 else f"{lead}{name}(\n    " + ",\n    ".join(arguments) + f",\n){result}"


def _short(text: str) -> str:
    """As it is written in the source: arrays by their dtype, types without the modules they come from."""
    text = re.sub(r"numpy\.ndarray\[tuple\[.*?\], numpy\.dtype\[numpy\.(\w+)\]\]", r"NDArray[\1]", text)
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", text)


def _text(each: Any) -> str:
    """The docstring, its own and not that of a base class; examples and drawings as code."""
    own = "__doc__" in vars(each) if inspect.isclass(each) else True
    return "\n\n".join(map(_paragraph, (inspect.getdoc(each) or "").split("\n\n") if own else [])) + "\n"


def _paragraph(text: str) -> str:
    if text.startswith(">>> "):
        return f"```python\n{text}\n```"
    drawn = any(line.startswith((" +-", "    ")) for line in text.splitlines())
    return f"```text\n{text}\n```" if drawn else text
