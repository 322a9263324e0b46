"""A configured node's database, opened to be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from node.db.session import open_database
from node.settings import load_settings


@contextmanager
def reading(config: Path) -> Iterator[Session]:
    with open_database(load_settings(config)) as database, database.reading() as session:
        yield session
