"""SQLAlchemy's engines for the two databases: how connections begin, wait, and notice that a server is gone."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

_BUSY_TIMEOUT_S = 30
_ENGINE: dict[str, Any] = {
    "pool_size": 10,
    "max_overflow": 30,  # associations, workers and timers at once
    "hide_parameters": True,  # an error message that quotes them would carry patient data into the log
}
# A server that vanishes without a word is noticed within a minute; what the URL says goes before.
_POSTGRES_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # ms
}


def with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def postgres_engine(url: URL) -> Engine:
    connect_args = {name: value for name, value in _POSTGRES_CONNECTION.items() if name not in url.query}
    return create_engine(url, pool_pre_ping=True, connect_args=connect_args, **_ENGINE)


def sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S}, **_ENGINE)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN would come too late and deferred
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails when another one wrote meanwhile; an immediate one waits.
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
