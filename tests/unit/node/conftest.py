"""A database and an archive of its own for each test; `tests/integration/test_postgres.py` runs the tests on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.db.session import Database
from node.study.archive import Archive
from tests.migrated_database import migrated_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path / "node.sqlite") as database:
        yield database


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")
