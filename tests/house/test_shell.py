"""The developer's shell: hooks, the hosted proof and the targets check what they say they check."""

import ast
import re
import tomllib

import yaml

from tests.house.test_sources import ROOT, tracked

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
FRAMEWORKS = ("tensorflow", "keras", "atheris")


def _hooks() -> list[dict]:
    read = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    return [hook for repository in read["repos"] for hook in repository["hooks"]]


def test_every_hook_has_files_to_check() -> None:
    """Bug prevented: pynetdicom's hooks filter on a folder that does not exist, and pass."""
    files = tracked()
    assert [hook["id"] for hook in _hooks() if not any(re.search(hook["files"], file) for file in files)] == []


def test_the_hooks_are_the_checks_of_make_lint() -> None:
    """Bug prevented: a commit that its hooks pass and the proof refuses."""
    parts = MAKEFILE.split("\nlint:")[1].split("  ##")[0].split()
    recipes = "\n".join(MAKEFILE.split(f"\n{part}:")[1].split("\n\n")[0] for part in parts)
    of_lint = set(re.findall(r"\$\(VENV\)/bin/(.*?)(?: --check)?(?: \.)?$", recipes, re.MULTILINE))
    of_hooks = {hook["entry"].removeprefix(".venv/bin/").removesuffix(" --fix") for hook in _hooks()}
    assert of_hooks == of_lint


def test_the_hosted_proof_is_ours() -> None:
    """Bug prevented: a workflow that is green because it checks less."""
    [job] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert job["timeout-minutes"] <= 40
    assert {"test", "types", "test-origins"} <= set(re.findall(r"^make ([a-z-]+)", CI, re.MULTILINE))


def test_every_target_tells_what_it_is_for() -> None:
    """Bug prevented: a target nobody finds in `make help`."""
    targets = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert targets
    assert [name for name in targets[1].split() if not re.search(rf"^{name}:.*## \S", MAKEFILE, re.MULTILINE)] == []


def test_the_tests_of_minutes_install_no_foreign_framework() -> None:
    """Bug prevented: gigabytes of TensorFlow before the first test runs."""
    extras = PYPROJECT["project"]["optional-dependencies"]
    installed = PYPROJECT["project"]["dependencies"] + extras["test"] + extras["train"] + extras["openvino"]
    assert [one for one in installed if any(framework in one for framework in FRAMEWORKS)] == []
    assert all(any(framework in one for one in extras["origins"] + extras["further"]) for framework in ("tf-keras", "atheris"))


def test_every_worker_collects_the_tests_in_one_order() -> None:
    """Bug prevented: parameters from a set, whose order differs by process, so that pytest-xdist runs no test at all."""
    files = [file for file in tracked() if file.startswith("tests/") and file.endswith(".py")]
    calls = [(file, node) for file in files for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))]
    parameters = [
        (file, node.args[1])
        for file, node in calls
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.parametrize" and len(node.args) > 1
    ]
    assert len(parameters) > 500
    assert [f"{file}:{given.lineno}" for file, given in parameters if _is_a_set(given)] == []


def _is_a_set(given: ast.expr) -> bool:
    """By its form: a display, a call of `set`, or what is made of `keys()` by an operator."""
    if isinstance(given, ast.BinOp):
        return any(_is_a_set(side) or ast.unparse(side).endswith(".keys()") for side in (given.left, given.right))
    is_call = isinstance(given, ast.Call) and ast.unparse(given.func) in ("set", "frozenset")
    return is_call or isinstance(given, ast.Set | ast.SetComp)


def test_a_set_is_known_by_its_form() -> None:
    expected = {"A.keys() - B": True, "{1, 2}": True, "set(A)": True, "sorted({1})": False, "A": False}
    assert {text: _is_a_set(ast.parse(text, mode="eval").body) for text in expected} == expected


def test_every_test_belongs_to_a_target() -> None:
    """Bug prevented: a marker that no target selects, whose tests nobody runs."""
    deselected = set(re.findall(r"not (\w+)", re.search(r"^QUICK\s*=(.*)$", MAKEFILE, re.MULTILINE)[1]))  # type: ignore[index]
    assert deselected == {"further", "origins"}
    assert '-m "origins and not further"' in MAKEFILE
    assert "-m further" in MAKEFILE


def test_the_lock_holds_what_every_target_installs() -> None:
    """Bug prevented: a tool whose version changes from one run of the proof to the next."""
    lines = (ROOT / "config" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    locked = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    extras = PYPROJECT["project"]["optional-dependencies"]
    wanted = {re.split(r"[\[>=;< ]", one)[0].lower() for group in extras.values() for one in group} - {"echonode"}
    assert sorted(wanted - locked) == []
