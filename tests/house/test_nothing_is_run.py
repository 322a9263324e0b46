"""No text of a peer, a rule or a file can reach an interpreter or a shell: there is none in the sources."""

import ast
from collections.abc import Iterator

from tests.house.test_sources import nodes, sources

_RUNS = {"eval", "exec", "compile", "__import__"}
_OF_MODULES = {
    "os": {"system", "popen", "execv", "execve", "spawnv"},
    "pickle": {"load", "loads", "Unpickler"},
    "yaml": {"load", "unsafe_load"},
    "marshal": {"loads"},
    "shelve": {"open"},
    "hub": {"load"},  # torch.hub: sources from elsewhere
}


def _calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of the sources, with its place."""
    for file in sources():
        for node in nodes(file):
            if isinstance(node, ast.Call):
                yield f"{file}:{node.lineno}: {ast.unparse(node.func)}", node


def _runs_text(call: ast.Call) -> bool:
    called = call.func
    if isinstance(called, ast.Name) and called.id in _RUNS:
        return True
    if isinstance(called, ast.Attribute):
        owner = called.value.id if isinstance(called.value, ast.Name) else getattr(called.value, "attr", "")
        if called.attr in _OF_MODULES.get(owner, ()):
            return True
    return any(keyword.arg == "shell" for keyword in call.keywords)


def test_nothing_is_evaluated_or_given_to_a_shell() -> None:
    """Bug prevented: mercure evaluated its rules, DCMTK's storescp gave tags to a shell (both advisories of 2026)."""
    found = [place for place, call in _calls() if _runs_text(call)]
    assert not found, "\n".join(found)


def test_files_of_torch_are_read_as_weights_alone() -> None:
    """Bug prevented: a checkpoint that runs what is in it."""
    found = [
        place
        for place, call in _calls()
        if ast.unparse(call.func) == "torch.load"
        and not any(keyword.arg == "weights_only" and ast.unparse(keyword.value) == "True" for keyword in call.keywords)
    ]
    assert not found, "\n".join(found)


def test_the_checks_see_what_they_forbid() -> None:
    """Bug prevented: a check that passes because it finds no call at all."""
    wrong = ("eval(rule)", "os.system(tag)", "torch.hub.load(name)", "subprocess.run(tag, shell=True)")
    assert all(_runs_text(call) for text in wrong for call in ast.walk(ast.parse(text)) if isinstance(call, ast.Call))
    assert not _runs_text(ast.parse("tomllib.load(file)", mode="eval").body)
    assert sum(1 for _ in _calls()) > 1000
