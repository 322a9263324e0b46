"""No text of a peer, a rule or a file can reach an interpreter or a shell: there is none in the sources."""

import ast

import pytest

from tests.house.test_sources import _nodes, _sources

_RUNS = {"eval", "exec", "compile", "__import__"}
_OF_MODULES = {
    "os": {"system", "popen", "execv", "execve", "spawnv"},
    "pickle": {"load", "loads", "Unpickler"},
    "yaml": {"load", "unsafe_load"},
    "marshal": {"loads"},
    "shelve": {"open"},
    "hub": {"load"},  # torch.hub: sources from elsewhere
}


@pytest.mark.parametrize("file", _sources())
def test_nothing_is_evaluated_or_given_to_a_shell(file: str) -> None:
    """Bug prevented: mercure evaluated its rules, DCMTK's storescp gave tags to a shell (both advisories of 2026)."""
    for node in _nodes(file):
        if not isinstance(node, ast.Call):
            continue
        place = f"{file}:{node.lineno}"
        called = node.func
        if isinstance(called, ast.Name):
            assert called.id not in _RUNS, place
        elif isinstance(called, ast.Attribute):
            owner = called.value.id if isinstance(called.value, ast.Name) else getattr(called.value, "attr", "")
            assert called.attr not in _OF_MODULES.get(owner, ()), place
        assert not any(keyword.arg == "shell" for keyword in node.keywords), place


@pytest.mark.parametrize("file", _sources())
def test_files_of_torch_are_read_as_weights_alone(file: str) -> None:
    """Bug prevented: a checkpoint that runs what is in it."""
    for node in _nodes(file):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
            assert any(keyword.arg == "weights_only" and ast.unparse(keyword.value) == "True" for keyword in node.keywords)
