"""A database and an archive of its own for each test; `tests/integration/test_postgres.py` runs the tests on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.db.session import Database
from node.study.archive import Archive


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'node.sqlite'}") as database:
        database.upgrade()
        yield database


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")
