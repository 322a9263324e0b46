"""The rules of the sources themselves. Each test names the bug it prevents."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("node", "models", "sr_templates")
# Declarative tables may have up to 400 lines.
TABLES = {"node/db/tables.py", "sr_templates/codes.py"}
# The boundaries where anything may come up: an association's thread and its C-STORE (in both upper layers), the decoding of a
# peer's message, worker and timer loops, and the threads that write for others, which hand every exception to who waits.
BROAD_EXCEPTS = {
    "node/work/worker.py", "node/work/scheduler.py",
    "node/ingress/upper_layer/association.py", "node/ingress/storage.py", "node/ingress/group_intake.py",
    "node/ingress/pynetdicom_layer/handlers.py", "node/ingress/pynetdicom_layer/streaming.py", "node/db/session.py",
}  # fmt: skip
BANNED_ENDINGS = ("utils", "helpers", "common", "misc", "base", "manager", "processor", "service", "engine")


def tracked(*patterns: str) -> list[str]:
    out = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line for line in out.splitlines() if (ROOT / line).exists()]


@cache
def sources() -> list[str]:
    files = [f for package in PACKAGES for f in tracked(f"{package}/*.py") if "/migrations/versions/" not in f]
    assert len(files) > 30, "the pattern finds nothing: the check would pass on an empty list"
    return files


@cache
def nodes(file: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))))


def test_files_stay_small() -> None:
    """Bug prevented: rooms that grow until nobody reads them."""
    lines = {file: (ROOT / file).read_text(encoding="utf-8").count("\n") for file in sources()}
    too_long = [f"{file}: {count} lines" for file, count in lines.items() if count > (400 if file in TABLES else 300)]
    assert not too_long, "\n".join(too_long)


def test_broad_excepts_only_at_the_boundaries() -> None:
    """Bug prevented: an error swallowed in the middle of the house, and a number made from what was left."""
    broad = []
    for file in sources():
        for node in nodes(file):
            if isinstance(node, ast.ExceptHandler):
                names = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"BaseException"}
                if names & {"Exception", "BaseException"} and file not in BROAD_EXCEPTS:
                    broad.append(f"{file}:{node.lineno}")
    assert not broad, "broad excepts away from the boundaries:\n" + "\n".join(broad)


def test_names_say_what_a_thing_is() -> None:
    """Bug prevented: modules and classes that collect whatever has no other place."""
    banned = []
    for file in sources():
        for name in [Path(file).stem, *(node.name for node in nodes(file) if isinstance(node, ast.ClassDef))]:
            last_word = re.split(r"_|(?<=[a-z])(?=[A-Z])", name)[-1].lower()
            if last_word in BANNED_ENDINGS and name != "Base":  # SQLAlchemy's Base
                banned.append(f"{file}: {name}")
    assert not banned, "\n".join(banned)


def test_tests_never_sleep() -> None:
    """Bug prevented: tests that pass on a quiet machine only."""
    files = tracked("tests/*.py")
    assert files
    sleeping = [f for f in files if re.search(r"\btime\.sleep\(|\bsleep\(\d", (ROOT / f).read_text(encoding="utf-8"))]
    assert sleeping in ([], ["tests/house/test_sources.py"])


def test_nothing_speaks_of_the_workshop() -> None:
    """Bug prevented: absolute paths of the machine it was written on in a product that others install."""
    files = [f for f in tracked() if not f.endswith((".safetensors", ".dcm", ".png"))]
    assert len(files) > 60
    found = [f for f in files if re.search(r"/work/(main|shared)|/tmp/[a-z]", (ROOT / f).read_text(encoding="utf-8"))]
    assert found in ([], ["tests/house/test_sources.py"])


def test_migrations_and_data_files_are_package_data() -> None:
    """Bug prevented: a wheel without migrations, manifests, weights or templates (checked for real by the wheel test)."""
    data = [f for package in PACKAGES for f in tracked(f"{package}/*") if not f.endswith(".py")]
    suffixes = {Path(f).suffix or Path(f).name for f in data}
    assert suffixes <= {".toml", ".typed", ".mako", ".html", ".css", ".json", ".safetensors", ".ini", ".md", ".yaml"}, suffixes
