"""The import rules of the house, beside what import-linter checks."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

CLI = Path(__file__).resolve().parents[2] / "node/cli"


WITHOUT_TORCH = (
    "init", "check", "serve", "demo", "version", "echo", "send", "studies", "deliveries", "audit", "documents", "phantom",
    "models.list", "models.show", "models.zoo",
)  # fmt: skip


def test_listing_models_and_running_a_node_never_load_torch() -> None:
    """Bug prevented: `models list` or `studies list` taking three seconds because something imports torch at the top."""
    commands = ", ".join(f"node.cli.{name}" for name in WITHOUT_TORCH)
    code = f"import sys, models, {commands}; models.list_models(); sys.exit('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_node_process_never_loads_torch() -> None:
    """Bug prevented: torch's threads and a gigabyte of memory in the process that receives."""
    code = "import sys, node.app; sys.exit('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("arguments", [(), ("--help",), ("models", "--help")], ids=" ".join)
def test_lists_of_commands_load_no_command(arguments: tuple[str, ...]) -> None:
    """Bug prevented: `echonode --help` taking a second, because the list of commands imports all that they compute with."""
    heavy = ("torch", "pydicom", "numpy", "sqlalchemy", "highdicom", "models")
    code = f"import atexit, sys; atexit.register(lambda: print([m for m in {heavy} if m in sys.modules], file=sys.stderr)); "
    code += "sys.argv[0] = 'echonode'; from node.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert "Commands" in result.stdout, result.stderr
    assert result.stderr == "[]\n"


def test_commands_import_at_the_top() -> None:
    """Bug prevented: imports inside functions, which hid what a command needs; the table of commands is what is lazy."""
    inside = [
        f"{path.name}:{node.lineno}"
        for path in CLI.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []
