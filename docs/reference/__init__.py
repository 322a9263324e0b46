"""The reference, page by page, made from the code. Nothing here needs mkdocs: the tests read the pages, too."""

from collections.abc import Callable

from .codes import codes_page
from .commands import commands_page
from .coverage import coverage_page
from .events import events_page
from .python import python_page
from .quantities import quantities_page
from .repository import changelog_page, conformance_page, security_page
from .settings import settings_page

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "quantities.md": quantities_page,
    "coverage.md": coverage_page,
    "codes.md": codes_page,
    "events.md": events_page,
    "python.md": python_page,
    "conformance.md": conformance_page,
    "security.md": security_page,
    "changes.md": changelog_page,
}
