"""The database: one transaction at a time for the caller, commits of parallel callers grouped on SQLite.

SQLite (WAL, synchronous FULL) costs one disk sync a commit, so the writes of parallel associations share transactions: each in
its own SAVEPOINT, by whichever caller's turn it is. PostgreSQL groups commits itself.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from node.db import wake_up
from node.db.engines import postgres_engine, sqlite_engine, with_driver
from node.db.tables import Base
from node.errors import ConfigError, DatabaseUnusable
from node.settings import Settings

T = TypeVar("T")

_LARGEST_GROUP = 64  # changes in one commit: bounds how long the first caller waits for the others


class Database:
    """Never call `write` or `session` inside a change or an open session of the same thread: SQLite has one writer."""

    def __init__(self, url: str) -> None:
        self._url = with_driver(make_url(url))
        self._engine = sqlite_engine(self._url) if self.is_sqlite else postgres_engine(self._url)
        self._fifo = _fifo(self._url)
        self._listener: wake_up.Listener | None = None
        self._writer = _GroupWriter(self._engine, self._tell) if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction that may write: committed at the end, rolled back on an exception."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session
        if wake_up.is_marked(session):
            self._tell()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A snapshot that only reads, and so waits for no writer and holds none up."""
        connection = self._engine.connect().execution_options(reading=True)
        with connection, Session(connection, expire_on_commit=False, autoflush=False) as session:
            yield session

    def write(self, change: Callable[[Session], T]) -> T:
        """Run `change` in a transaction and return its value after the commit; its exception is raised here, undone."""
        if self._writer is not None:
            return self._writer.write(change)
        with self.session() as session:
            return change(session)

    def listen(self) -> wake_up.Listener:
        """Rings when a transaction of any process may have left work for the workers; closed with the database."""
        if self._listener is None:
            self._listener = wake_up.listener(self._engine, self._fifo)
        return self._listener

    def _tell(self) -> None:
        if self._listener is not None:
            self._listener.ring()
        else:
            wake_up.tell(self._fifo)

    def upgrade(self) -> None:
        """Bring the schema to the newest version; several processes may do so at once.

        Raises DatabaseUnusable where a later version has been here.
        """
        from alembic import command  # 10 MB that a receiver never needs
        from alembic.config import Config
        from alembic.util.exc import CommandError

        config = Config()
        config.set_main_option("script_location", str(resources.files("node.db").joinpath("migrations")))
        with self._migrating() as connection:
            if not self.is_sqlite:  # SQLite's BEGIN IMMEDIATE keeps others out already
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4563284)")
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                words = "the database is of a later version of EchoNode: use that version, or a copy from before its upgrade"
                raise DatabaseUnusable(words) from error

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """A transaction that may make tables anew: SQLite drops none that rows of another refer to, unless told so before."""
        with self._engine.connect() as connection:
            if self.is_sqlite:
                _check_foreign_keys(connection, False)
            try:
                with connection.begin():
                    yield connection
            finally:
                if self.is_sqlite:
                    _check_foreign_keys(connection, True)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._listener is not None:
            self._listener.close()
        self._engine.dispose()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(settings: Settings) -> Database:
    """The database at its newest schema; for SQLite its folder is made. Raises ConfigError, DatabaseUnusable."""
    try:
        settings.node.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"node.data_dir {settings.node.data_dir}: {error.strerror}") from error
    try:
        database = Database(settings.database_url)
    except (SQLAlchemyError, ImportError) as error:  # its words may quote the password
        raise ConfigError("node.database_url is no URL of SQLite or PostgreSQL") from error
    try:
        database.upgrade()
    except BaseException as error:
        database.close()
        if isinstance(error, SQLAlchemyError | OSError):
            raise DatabaseUnusable(f"the database cannot be opened: {_first_line(error)}") from error
        raise
    return database


def _first_line(error: Exception) -> str:
    """Of the driver's words, which name host and file, and no value."""
    cause = getattr(error, "orig", None) or error
    return next(iter(str(cause).splitlines()), type(error).__name__)


def insert_unless_there(session: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique key has it already, perhaps from a transaction beside this one; True when inserted."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(values).on_conflict_do_nothing().returning(literal(1))
    return session.execute(statement).first() is not None


def insert_all_unless_there(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """The same for many rows in one statement, without saying which were new."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.connection().execute(dialect.insert(table.__table__).on_conflict_do_nothing(), rows)


def _check_foreign_keys(connection: Connection, checked: bool) -> None:
    """Without effect inside a transaction, so past SQLAlchemy, which would begin one."""
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA foreign_keys={'ON' if checked else 'OFF'}")


def _fifo(url: URL) -> Path | None:
    """Beside the database file; a database in memory has none."""
    if url.get_backend_name() != "sqlite" or not url.database or ":memory:" in url.database:
        return None
    return Path(f"{url.database}.wake")


class _GroupWriter:
    """One caller at a time writes, in its own thread, and commits what others have queued meanwhile together with its own."""

    def __init__(self, engine: Engine, tell: Callable[[], None]) -> None:
        self._engine, self._tell = engine, tell
        self._waiting: deque[_Change] = deque()
        self._turn = threading.Lock()
        self._writing: int | None = None  # the thread whose turn it is
        self._closed = False

    def write(self, change: Callable[[Session], T]) -> T:
        if self._writing == threading.get_ident():
            raise RuntimeError("write() inside a change: it would wait for itself")
        own = _Change(change)
        self._waiting.append(own)
        with self._turn:
            if self._closed and not own.is_settled:
                raise RuntimeError("the database is closed")
            self._writing = threading.get_ident()
            try:
                while not own.is_settled:  # whoever wrote before may have taken it along
                    self._commit(self._group())
            finally:
                self._writing = None
        value: T = own.value()
        return value

    def close(self) -> None:
        """What is queued is written first."""
        with self._turn:
            self._closed = True
            while self._waiting:
                self._commit(self._group())

    def _group(self) -> list["_Change"]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), _LARGEST_GROUP))]

    def _commit(self, group: list["_Change"]) -> None:
        try:
            if len(group) == 1:
                group[0].run_alone(self._engine)
            else:
                with self._engine.begin() as connection:
                    for change in group:
                        change.run(connection)
                        _check_still_open(connection)
            if any(change.leaves_work for change in group):
                self._tell()
        except BaseException as error:  # noqa: BLE001  nothing of the group is kept; each caller is told
            for change in group:
                change.lost(error)
        finally:
            for change in group:
                change.is_settled = True


def _check_still_open(connection: Connection) -> None:
    """A full disk or an I/O error makes SQLite roll back the whole transaction, and the next SAVEPOINT begin another."""
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        raise OperationalError("SAVEPOINT", None, Exception("SQLite rolled the whole transaction back"))


class _Change:
    """One caller's change, in a savepoint of the group's transaction; its outcome is told after the commit."""

    def __init__(self, change: Callable[[Session], Any]) -> None:
        self._change = change
        self._value: Any = None
        self._error: BaseException | None = None
        self.leaves_work = False
        self.is_settled = False

    def run(self, connection: Connection) -> None:
        try:
            with (
                Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session,
                session.begin(),
            ):
                self._value = self._change(session)
                self.leaves_work = wake_up.is_marked(session)
        except BaseException as error:  # noqa: BLE001  handed to the caller, who is waiting in another thread
            self._error = error

    def run_alone(self, engine: Engine) -> None:
        """Without others there is nothing that a savepoint would keep apart."""
        with Session(engine, expire_on_commit=False) as session, session.begin():
            self._value = self._change(session)
            self.leaves_work = wake_up.is_marked(session)

    def lost(self, error: BaseException) -> None:
        self._error = self._error or error

    def value(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._value
