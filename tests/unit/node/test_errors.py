"""The one table from error to DIMSE status."""

import re
from collections.abc import Iterator
from typing import cast

import pytest

from models.setting_errors import dotted
from node import errors
from node.errors import EchoNodeError, status_for, words_of


def _tree(cls: type[EchoNodeError]) -> list[type[EchoNodeError]]:
    return [cls, *(sub for child in cls.__subclasses__() for sub in _tree(child))]


@pytest.mark.parametrize(
    ("error", "status"),
    [(errors.Unparseable, 0xC000), (errors.DatasetMismatch, 0xA900), (errors.OutOfResources, 0xA700)],
)
def test_intake_errors_have_their_status(error: type[EchoNodeError], status: int) -> None:
    assert status_for(error()) == status


def test_every_error_is_a_failure_and_nothing_else_is_success() -> None:
    for cls in _tree(EchoNodeError):
        assert status_for(cls()) >= 0xA700, cls
    assert status_for(KeyError("x")) == 0xA700


def test_a_foreign_error_is_told_by_its_type_and_our_innermost_line() -> None:
    """Its message may quote the source; without the line nobody could find what to mend."""
    with pytest.raises(ValueError, match="too many") as caught:
        dotted(cast(tuple[str, ...], _Odd()))
    assert re.fullmatch(r"ValueError \(models\.setting_errors, line \d+\)", words_of(caught.value))
    with pytest.raises(ValueError, match="DOE") as foreign:
        raise ValueError("DOE^JANE")
    assert words_of(foreign.value) == "ValueError"


class _Odd:
    def __iter__(self) -> Iterator[str]:
        raise ValueError("too many of DOE^JANE")


def test_the_docstring_is_the_default_message() -> None:
    assert str(errors.OutOfResources()) == "No space or no database: try again later."
    assert str(errors.OutOfResources("3 MB free")) == "3 MB free"
