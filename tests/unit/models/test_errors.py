"""One tree of errors, drawn at the top of its module."""

import ast
import inspect
import pickle
import re
from pathlib import Path

import pytest

from models import errors
from models.errors import ManifestError, ModelError, WeightsMismatch

CLASSES = {
    name: value for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__
}


def drawn() -> dict[str, str]:
    """Class -> the one it hangs from, as the picture has it; "" of the root."""
    path: dict[int, str] = {}
    found: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        entry = re.match(r"( *(?:\+- )?)(\w+)(?:  |$)", line.replace(" |  ", "    "))
        if entry and entry[2] in CLASSES:
            depth = len(entry[1]) // 4
            path[depth] = entry[2]
            found[entry[2]] = path[depth - 1] if depth else ""
    return found


def test_the_picture_is_the_tree() -> None:
    """Bug prevented: seventeen roots, so that every caller listed the errors that it knew of and let the others through."""
    assert drawn() == {name: "" if cls is ModelError else cls.__bases__[0].__name__ for name, cls in CLASSES.items()}


@pytest.mark.slow
def test_models_raises_errors_of_the_one_tree_alone() -> None:
    folder = Path(errors.__file__).parent
    stray = [
        f"{path.relative_to(folder)}: {node.name}"
        for path in folder.rglob("*.py")
        if path != Path(errors.__file__)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith(("Error", "Exception")) for base in node.bases)
    ]
    assert not stray


@pytest.mark.parametrize("cls", CLASSES.values(), ids=str)
def test_the_docstring_is_the_default_message(cls: type[ModelError]) -> None:
    if cls is not WeightsMismatch:
        assert str(cls()) == (cls.__doc__ or "").splitlines()[0].strip()
        assert str(cls("no file x")) == "no file x"


def test_an_error_crosses_to_another_process() -> None:
    same = pickle.loads(pickle.dumps(ManifestError("no model 'x'")))
    assert (type(same), str(same)) == (ManifestError, "no model 'x'")
