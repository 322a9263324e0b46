"""Pages that stand at the top of the repository, shown in the site as they are."""

from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def conformance_page() -> str:
    return (_ROOT / "CONFORMANCE.md").read_text(encoding="utf-8")


def security_page() -> str:
    return (_ROOT / "SECURITY.md").read_text(encoding="utf-8")


def changelog_page() -> str:
    return (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
