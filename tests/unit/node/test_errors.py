"""The one table from error to DIMSE status."""

import pytest

from node import errors
from node.errors import EchoNodeError, status_for


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


def test_the_docstring_is_the_default_message() -> None:
    assert str(errors.OutOfResources()) == "No space or no database: try again later."
    assert str(errors.OutOfResources("3 MB free")) == "3 MB free"
