"""What the validators say of each kind of document, as one table at the end of a run."""

from collections.abc import Iterable

import pytest

TABLE = "validators"  # the property under which a test leaves its cells: [tool, kind of document, words]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports: Iterable[pytest.TestReport] = (
        report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])
    )
    cells = [tuple(cell) for report in reports for name, found in report.user_properties if name == TABLE for cell in found]
    if not cells:
        return
    kinds = sorted({kind for _, kind, _ in cells})
    said = {(tool, kind): words for tool, kind, words in cells}
    rows = [["", *kinds]]
    rows += [
        [tool, *(said.get((tool, kind), "-") for kind in kinds)]
        for tool in sorted({tool for tool, _, _ in cells}, key=str.casefold)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(kinds) + 1)]
    terminalreporter.section("what validators and readers say of our documents")
    for row in rows:
        terminalreporter.write_line("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
