"""Whoever hands over an array reads in the docstring what stands in it: shape by named axes, dtype, unit or range of values."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_AXIS = r"(?:\.\.\.|\w+(?: ?[-+*/]{1,2} ?\w+)*)"
_SHAPE = re.compile(rf"\((?!x, y\)|0, 0\)){_AXIS}(?:,|(?:\[?, {_AXIS}\]?)+)\)|\b(?:any|one|same|its own) shape\b")
_DTYPE = re.compile(r"\b(?:u?int(?:8|16|32|64)|float(?:16|32|64)|any float|bool|complex64|any dtype)\b")
_UNIT = re.compile(
    r"""(?<![A-Za-z'])(?:
    px | cm[23]? | mm | ms | s | ml | percent | rad | degrees | db  # also at the end of a name: `times_ms`
    | (?:-1|0)\ (?:to|and|or)\ \S+ | is\ true | true\ (?:where|for|if|in|inside|below)  # a range of values
    | (?:any|no|its|their)\ unit | unit\ (?:of|that) | (?<=`)unit | unit\ vectors?
    | (?:probabilit|ind)(?:y|ies|ex|ices) | (?:logit|score|count|share)s?
    | (?:feature|token|embedding|activation)s?  # a network's own numbers have no unit
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ARRAY = re.compile(r"\b(?:NDArray|ndarray|Tensor)\b")
_SAYS_NO_DTYPE = re.compile(r"\bTensor\b|\bndarray\b(?!.*dtype)|np\.(?:floating|generic)|\bAny\b")
_BY_NAME = re.compile(r"\b(?:dict|Mapping)\[str, (?:\w+\.)?(?:Tensor|NDArray\[[\w.]+\])\]")


def _aliases(tree: ast.Module) -> dict[str, str]:
    """The module's own names for types of arrays, `Curve = NDArray[np.float64]`, also those made of others."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp | ast.Name | ast.Attribute):
            value = _spelt(node.value, found)
            found |= {name.id: value for name in node.targets if isinstance(name, ast.Name) and _ARRAY.search(value)}
    return found


def _spelt(annotation: ast.expr | None, aliases: dict[str, str]) -> str:
    text = ast.unparse(annotation).strip("'\"") if annotation else ""
    for alias, value in aliases.items():
        text = re.sub(rf"\b{alias}\b", value, text)
    return text


def _arrays(named: list[tuple[str, ast.expr | None]], aliases: dict[str, str]) -> dict[str, str]:
    """Those of the annotated names that are arrays, each with its annotation spelt out."""
    spelt = {name: _spelt(annotation, aliases) for name, annotation in named}
    return {name: text for name, text in spelt.items() if _ARRAY.search(_BY_NAME.sub("", text))}


def _prose(node: ast.AST) -> str:
    """The docstring without its examples, whose numbers are no promise, and without line breaks."""
    text = ast.get_docstring(node) or ""  # type: ignore[arg-type]
    return " ".join(re.sub(r"(?s)>>>.*?(?:\n\n|\Z)", "", text).split())


def _names(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text, re.IGNORECASE) is not None


def _lacks(text: str, taken: dict[str, str], given: dict[str, str]) -> list[str]:
    annotations = (*taken.values(), *given.values())
    lacks = [f"the name {name}" for name in taken if not _names(text, name)]
    if len(_SHAPE.findall(text)) < bool(taken) + bool(given):
        lacks.append("a shape of what it takes and of what it gives" if taken and given else "a shape")
    if any(map(_SAYS_NO_DTYPE.search, annotations)) and not _DTYPE.search(text):
        lacks.append("a dtype")
    if not _UNIT.search(text):
        lacks.append("a unit or range of values")
    if any(name.endswith("points_px") for name in taken) and "x, y" not in text:
        lacks.append("the order x, y")
    return lacks


def _offences(scope: ast.Module | ast.ClassDef, aliases: dict[str, str]) -> Iterator[tuple[int, str, list[str]]]:
    """Line, name and what is missing, of the functions, methods and fields of a module. A class may speak for its methods."""
    of_class = _prose(scope) if isinstance(scope, ast.ClassDef) else ""
    for node in scope.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            fields = [(item.target.id, item.annotation) for item in node.body if isinstance(item, ast.AnnAssign)]  # type: ignore[union-attr]
            if taken := _arrays([field for field in fields if not field[0].startswith("_")], aliases):
                yield node.lineno, node.name, _lacks(_prose(node), taken, {})
            yield from ((line, f"{node.name}.{name}", lacks) for line, name, lacks in _offences(node, aliases))
        elif isinstance(node, ast.FunctionDef) and (not node.name.startswith("_") or node.name in {"__init__", "__call__"}):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
            taken = _arrays([(argument.arg, argument.annotation) for argument in every if argument], aliases)
            given = _arrays([("", node.returns)], aliases)
            text = _prose(node)
            if any(_names(of_class, name) for name in (node.name, *taken)):
                text = f"{text}\n{of_class}"
            if taken or given:
                yield node.lineno, node.name, _lacks(text, taken, given)


def test_every_array_states_its_shape_dtype_and_unit() -> None:
    """Bug prevented: rows taken for columns, 0 to 1 for 0 to 255, px of the network for px of the image."""
    trees = {
        path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
        for package in ("models", "node", "sr_templates")
        for path in sorted((ROOT / package).rglob("*.py"))
    }
    own = {".".join(path.with_suffix("").parts): _aliases(tree) for path, tree in trees.items()}
    checked, offenders = 0, []
    for path, tree in trees.items():
        aliases = dict(own[".".join(path.with_suffix("").parts)])
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                theirs = own.get(node.module or "", {})
                aliases |= {alias.asname or alias.name: theirs[alias.name] for alias in node.names if alias.name in theirs}
        for line, name, lacks in _offences(tree, aliases):
            checked += 1
            if lacks:
                offenders.append(f"{path}:{line} {name}: lacks {', '.join(lacks)}")
    assert checked > 300, "the check finds too few arrays to mean anything"
    assert not offenders, "\n" + "\n".join(offenders)


@pytest.mark.parametrize(
    ("docstring", "lacks"),
    [
        ("Area in px of `frames` (n, rows, columns), float32: (n,).", []),
        ("Area in px of frames (n, rows, columns), float32: of the same shape.", []),
        ("Area in px of each (n, rows, columns), float32: (n,).", ["the name frames"]),
        ("Area in px of `frames` (all of them), float32.", ["a shape of what it takes and of what it gives"]),
        ("Area in px of `frames` (n, rows, columns): (n,).", ["a dtype"]),
        ("What `frames` (n, rows, columns) are, float32: (n,).", ["a unit or range of values"]),
        ("Frames.\n\n>>> area(np.zeros((1, 9, 9), np.float32))  # px, (1,)", ["a shape", "a dtype", "a unit"]),
    ],
)
def test_words_that_say_nothing_do_not_count(docstring: str, lacks: list[str]) -> None:
    """Bug prevented: a rule that any docstring meets."""
    module = ast.parse(f"def area(frames: Tensor) -> Tensor:\n    {docstring!r}")
    ((_, _, found),) = _offences(module, {})
    assert len(found) == len(lacks)
    assert all(one.startswith(other) for one, other in zip(found, lacks, strict=True))
