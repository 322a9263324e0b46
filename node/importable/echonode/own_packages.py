"""The library's packages, also where a name of theirs is somebody else's.

They import one another as `models`, `node` and `sr_templates`. Beside a script with a `models.py` of its own such an import
finds the script's. Then they are loaded below `echonode`, as `echonode.models` and so on, from the same files: each module gets
an `__import__` of its own by which it finds its neighbours there. Nobody else's imports change.
"""

import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

_PACKAGES = ("models", "node", "sr_templates")
_ROOT = "echonode"


def own_module(name: str) -> ModuleType:
    """The library's module of this name, private where the name belongs to somebody else."""
    return importlib.import_module(f"{_ROOT}.{name}" if names_are_taken() else name)


@cache
def names_are_taken() -> bool:
    """Whether an import of one of the packages finds, or has found, another than the library's. Then it begins to find ours."""
    taken = any(_origin(name) != _folder() / name / "__init__.py" for name in _PACKAGES)
    if taken:
        sys.meta_path.insert(0, _PrivatePackages())
    return taken


@cache
def _folder() -> Path:
    """In which the packages lie: beside this one where it was installed, above `node/importable` in a checkout."""
    here = Path(__file__).resolve().parents[1]
    return here if (here / "models" / "__init__.py").is_file() else here.parents[1]


def _origin(name: str) -> Path | None:
    found = sys.modules.get(name)
    if found is not None:
        file = getattr(found, "__file__", None)
    else:
        spec = find_spec(name)
        file = spec.origin if spec else None
    return Path(file).resolve() if file else None


class _PrivatePackages:
    """Finds `echonode.models` and what is in it in the library's own folder."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        root, _, inside = name.partition(".")
        if root != _ROOT or inside.split(".")[0] not in _PACKAGES:
            return None
        place = _folder().joinpath(*inside.split("."))
        for file, folders in ((place / "__init__.py", [str(place)]), (place.with_suffix(".py"), None)):
            if file.is_file():
                loader = _PrivateLoader(name, str(file))
                return spec_from_file_location(name, file, loader=loader, submodule_search_locations=folders)
        return None


class _PrivateLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import_own}
        super().exec_module(module)


def _import_own(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    """`import` as a module of the library says it: of its own packages the private ones."""
    if level or name.partition(".")[0] not in _PACKAGES:
        return builtins.__import__(name, globals, locals, fromlist or (), level)
    module = builtins.__import__(f"{_ROOT}.{name}", globals, locals, fromlist or (), 0)
    return module if fromlist else sys.modules[f"{_ROOT}.{name.partition('.')[0]}"]
