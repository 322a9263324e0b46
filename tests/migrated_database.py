"""A database at the newest schema: migrated once a process and copied for each test, for migrating syncs half a second long."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from node.db.session import Database
from node.settings import Settings


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.sqlite"
        with Database(f"sqlite:///{file}") as database:
            database.upgrade()
        assert [path.name for path in Path(folder).iterdir()] == [file.name], "a write-ahead log is left: the file is not whole"
        return file.read_bytes()


def database_of(settings: Settings) -> Database:
    """The database of these settings at the newest schema, to be closed by whoever asked for it."""
    file = Path(settings.database_url.removeprefix("sqlite:///"))  # a relative one where the URL is of PostgreSQL
    if file.is_absolute() and not file.exists():
        return migrated_database(file)
    database = Database(settings.database_url)
    database.upgrade()
    return database


def migrated_database(file: Path) -> Database:
    """A new database in `file`, to be closed by whoever asked for it. It waits for no disk: no test pulls the plug."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_template())
    database = Database(f"sqlite:///{file}")
    event.listen(database._engine, "connect", _unsynced)
    return database


def _unsynced(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
