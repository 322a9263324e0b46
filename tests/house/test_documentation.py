"""The pages of `docs/` lead somewhere, and name everything a user may meet."""

import importlib
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from models.catalogue import OUTLINED, QUANTITIES
from models.results import Reason
from node.db.audit import AuditEvent
from node.egress.building import TEMPLATES
from node.egress.destinations import KINDS
from node.settings import AERule, Destination, Route, Settings
from node.version import __version__

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = DOCS / "pages"
TOP = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CONFORMANCE.md", "SECURITY.md", "CHANGELOG.md")]
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def made() -> Iterator[dict[str, str]]:
    """The pages that are made from the code, by their path below `docs/pages`."""
    sys.path.insert(0, str(DOCS))
    try:
        pages: dict[str, Callable[[], str]] = importlib.import_module("reference").PAGES
        yield {f"reference/{path}": page() for path, page in pages.items()}
    finally:
        sys.path.remove(str(DOCS))


@pytest.fixture(scope="module")
def conformance(made: dict[str, str]) -> ModuleType:
    return importlib.import_module("reference.conformance")


def written() -> list[Path]:
    pages = sorted(PAGES.rglob("*.md"))
    assert len(pages) > 10, "the pattern finds nothing: the checks would pass on an empty list"
    return pages


def prose(text: str) -> str:
    """Without its blocks of code, in which brackets are no links."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """As Python-Markdown makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


def test_every_link_leads_somewhere(made: dict[str, str]) -> None:
    """Bug prevented: a page or a heading that moved, and readers who end at nothing."""
    broken, checked = [], 0
    sources = {path: path.read_text(encoding="utf-8") for path in (*TOP, *written())}
    sources |= {PAGES / path: text for path, text in made.items()}
    for source, text in sources.items():
        for link in LINK.findall(prose(text)):
            if re.match(r"[a-z]+:", link):
                continue
            checked += 1
            file, _, anchor = link.partition("#")
            target = (source.parent / file).resolve() if file else source
            if target not in sources and not target.is_file():
                broken.append(f"{source.name}: {link}")
            elif anchor and anchor not in anchors(sources[target]):
                broken.append(f"{source.name}: {link}: no such heading")
    assert broken == []
    assert checked > 50


def test_pages_of_the_site_link_to_pages_of_the_site(made: dict[str, str]) -> None:
    """Bug prevented: a link that works in the repository alone; `make docs` refuses it, which not everybody runs."""
    for source in written():
        for link in LINK.findall(prose(source.read_text(encoding="utf-8"))):
            file = link.partition("#")[0]
            target = (source.parent / file).resolve()
            assert not file or re.match(r"[a-z]+:", link) or target.is_relative_to(PAGES), f"{source.name}: {link}"


def test_every_page_stands_in_the_navigation(made: dict[str, str]) -> None:
    """Bug prevented: a page that nobody finds."""
    listed = re.findall(r"^\s+- (\S+\.md)$", (DOCS / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    listed.append("index.md")
    pages = [*(path.relative_to(PAGES).as_posix() for path in written()), *made]
    assert sorted(set(listed)) == sorted(pages)


def options(made: dict[str, str]) -> dict[str, set[str]]:
    """Command -> its options, as the reference states them."""
    sections = made["reference/commands.md"].split("\n## echonode ")[1:]
    return {section.split("\n", 1)[0]: {"--help", *re.findall(r"`(--[\w-]+)`", section)} for section in sections}


def test_commands_in_the_pages_have_the_options_they_are_given(made: dict[str, str]) -> None:
    """Bug prevented: a line that is copied from a page, and refused."""
    known, checked = options(made), 0
    for path in (*TOP[:2], *written()):
        for line in re.findall(r"\bechonode ([a-z][^`\n#|]*)", path.read_text(encoding="utf-8")):
            words = line.split()
            command = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
            given = re.findall(r"(?<![\w-])--[a-z][\w-]*", line)
            if given and command in known:
                checked += 1
                assert set(given) <= known[command], f"{path.name}: echonode {line}"
            elif given:
                raise AssertionError(f"{path.name}: no command `echonode {line}`")
    assert checked > 10


def test_settings_in_the_pages_are_taken() -> None:
    """Bug prevented: an example of a configuration that the program refuses."""
    text = (PAGES / "how-to/choose-models.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert Settings.model_validate(tomllib.loads(block)).models.phase == "EchoPDNet"


def test_the_conformance_statement_is_as_the_code(conformance: ModuleType) -> None:
    """Bug prevented: a class, a code or a setting that changed, and a statement that sites rely on which did not.

    `make conformance` writes it anew.
    """
    text = conformance.PATH.read_text(encoding="utf-8")
    assert sorted(conformance.blocks_of(text)) == sorted(conformance.BLOCKS)
    assert conformance.filled(text) == text
    for name in TEMPLATES:
        row = re.search(rf"^\|[^|]*`{name}`[^|]*\|([^|]*)\| [^|]{{5,}}\|$", text, re.MULTILINE)
        assert row, f"nothing says when {name} is written"
        stated = set(re.findall(r"1\.2\.840\.10008\.5\.1\.4\.1\.1[.0-9]*\d", row[1]))
        assert stated <= {str(kind.sop_class_uid) for kind in conformance.kinds_of(name)}, name


def test_every_example_is_shown() -> None:
    """Bug prevented: a formatter took the line that shows an example for Python, and the page showed that line instead."""
    text = (PAGES / "how-to/use-from-python.md").read_text(encoding="utf-8")
    examples = sorted((ROOT / "examples").glob("*.py"))
    assert examples
    assert [path.name for path in examples if f'\n--8<-- "examples/{path.name}"\n' not in text] == []


def test_the_readme_stays_short() -> None:
    """Bug prevented: a first page that nobody reads to its end."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 100


def test_every_setting_stands_in_the_reference_with_its_meaning(made: dict[str, str]) -> None:
    """Bug prevented: a setting that the page's reader of the default file passes over."""
    sections = {name: field.annotation for name, field in Settings.model_fields.items()}
    sections |= {"ae_rule": AERule, "destination": Destination, "route": Route}
    for name, section in [*sections.items(), *(("destination", kind) for kind in KINDS.values())]:
        text = made["reference/settings.md"].split(f"## {name}\n", 1)[1].split("\n## ", 1)[0]
        assert {key for key in section.model_fields if f"| `{key}` |" not in text} == set(), name


def test_names_in_the_reference_are_those_of_the_code(made: dict[str, str]) -> None:
    """Bug prevented: a table that loses rows when the code behind it is moved."""
    events = made["reference/events.md"]
    assert [name for name in (*Reason, *AuditEvent) if f"| `{name}` |" not in events] == []
    assert [key for key in QUANTITIES if f"| `{key}` |" not in made["reference/quantities.md"]] == []
    assert [key for key in QUANTITIES if f"| `{key}` | (" not in made["reference/codes.md"]] == []
    assert [name for name in TEMPLATES if f"| `{name}` | " not in made["reference/codes.md"]] == []
    assert "| `tid5300` | 1.2.840.10008.5.1.4.1.1.88.72 |" in made["reference/codes.md"]
    load_model = made["reference/python.md"].split("\n### load_model\n")[1].split("\n### ")[0]
    assert "its weights" in load_model, "a function has its docstring"
    assert "| no AE rule let the caller in |" in events, "the comments beside the members are the meanings"


def test_every_row_of_the_dictionary_is_measured_out_of_the_box_or_says_why_not(made: dict[str, str]) -> None:
    """Bug prevented: a quantity of the catalogue that no model gives, and nobody can tell why."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (yes|no) \| ([^|]+) \|$", made["reference/coverage.md"], re.MULTILINE)
    of_clips = {"frame_ed", "frame_es", "image_quality", "view_label", "view_confidence"}
    assert sorted(key for key, *_ in rows) == sorted({*QUANTITIES, *of_clips})
    answers = {key: (answer, by.strip()) for key, _, answer, by in rows}
    assert [key for key, (_, by) in answers.items() if len(by) < 5] == []
    assert {answers[key][0] for key in (*OUTLINED, "sv_bp", "hr", *of_clips)} == {"yes"}
    assert answers["gls_avg"] == ("no", "speckle tracking is not built; strain of outlines would be another method")


def test_the_citation_names_this_version() -> None:
    """Bug prevented: work that cites a release which never was."""
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
