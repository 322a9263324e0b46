"""A PostgreSQL server of the tests' own: temporary folder, free port, ended by its process id."""

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from tests.waiting import free_port, patience, wait_for


class PostgresServer:
    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = count(1)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{name}"

    def new_database(self) -> str:
        """Make an empty database; returns its name."""
        name = f"echonode_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
        return name

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    programs = max(Path("/usr/lib/postgresql").glob("*/bin/initdb")).parent
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="echonode-postgres-"))
    shutil.chown(folder, user)
    port = free_port()
    try:
        initdb = [programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run(initdb, check=True, capture_output=True, user=user, cwd=folder, timeout=patience(120))
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off"}
        command = [programs / "postgres", "-D", folder / "data", "-p", str(port)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, user=user, cwd=folder)
        try:
            server = PostgresServer(port)
            wait_for(server.answers, timeout_s=60, message="PostgreSQL to answer")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # "fast": open connections are closed
            process.wait(patience(60))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
