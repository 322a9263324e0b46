"""Our own node as a process, as a user runs it, and a variant that kills itself at a chosen commit."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from node.db.session import Database
from node.db.tables import Delivery, Document, Job, JobState, Study
from node.settings import Settings, load_settings
from tests.waiting import patience, wait_for

CONFIG = """
[node]
port = {port}
data_dir = "data"
min_free_disk_mb = 1

[study]
quiet_pacs_s = {quiet_s}

[work]
lease_s = 2

[research]
override = {override}

[delivery]
first_retry_s = 0.2
max_retry_s = 0.5
timeout_s = 5

[[ae_rule]]
name = "tests"
address = "127.0.0.0/8"
"""

DESTINATION = """
[[destination]]
name = "{name}"
ae_title = "{ae_title}"
host = "127.0.0.1"
port = {port}
documents = ["tid1500", "seg", "kos"]
"""


def write_config(
    folder: Path,
    *,
    port: int,
    destinations: dict[str, tuple[str, int]],
    quiet_s: float = 1.0,
    override: bool = False,
) -> Path:
    """`destinations` maps a name to (AE title, port)."""
    folder.mkdir(parents=True, exist_ok=True)
    text = CONFIG.format(port=port, quiet_s=quiet_s, override=str(override).lower())
    for name, (ae_title, destination_port) in destinations.items():
        text += DESTINATION.format(name=name, ae_title=ae_title, port=destination_port)
    path = folder / "echonode.toml"
    path.write_text(text, encoding="utf-8")
    return path


class RunningNode:
    def __init__(self, config: Path, *, orders: Path | None = None, module: str | None = None) -> None:
        """`orders` is where a crashing node looks for its end; `module` takes the place of `echonode serve`."""
        self.config, self.settings = config, load_settings(config)
        program = ["tests.peers.crashing_node", str(orders)] if orders else ["node.cli", "serve", "--config"]
        self.orders = orders
        self._log = (config.parent / "node.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", *([module] if module else program), str(config)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
        )

    def wait_until_ready(self) -> int:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        log = (self.config.parent / "node.log").read_text()[-3000:]
        assert line.startswith("ready"), f"the node did not start: {log}"
        return int(line.rsplit(":", 1)[-1])

    def children(self) -> list[int]:
        """Process ids of the node's own children."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()]

    def crash_at(self, boundary: str, when: str) -> None:
        """From now on."""
        assert self.orders is not None
        complete = self.orders.with_suffix(".new")
        complete.write_text(f"{boundary} {when}", encoding="utf-8")
        complete.replace(self.orders)

    def wait_until_killed(self, timeout_s: float = 60) -> None:
        code = self.process.wait(patience(timeout_s))
        assert code == -signal.SIGKILL, f"ended with {code}, not killed at the commit"
        if self.orders is not None:
            self.orders.unlink()
        self._close()

    def stop(self, timeout_s: float = 40) -> int:
        """SIGTERM and the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience(timeout_s))
        finally:
            self.process.kill()
            self._close()

    def _close(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()


@contextmanager
def running_node(config: Path) -> Iterator[RunningNode]:
    node = RunningNode(config)
    try:
        node.wait_until_ready()
        yield node
    finally:
        node.stop()


def wait_until_settled(settings: Settings, *, studies: int = 1, timeout_s: float = 90) -> None:
    """Until `studies` studies were analysed (or failed) and no job is left to do."""

    def settled(database: Database) -> bool:
        with database.reading() as session:
            done = session.scalar(select(func.count()).where(Study.state.in_(("analysed", "failed")))) or 0
            active = session.scalar(select(func.count()).where(Job.state.in_((JobState.TODO, JobState.DOING)))) or 0
            return done >= studies and active == 0

    with Database(settings.database_url) as database:
        wait_for(lambda: settled(database), timeout_s, "studies analysed and no job left")


def document_rows(settings: Settings) -> list[dict[str, Any]]:
    with Database(settings.database_url) as database, database.reading() as session:
        rows = session.execute(select(Document, Delivery.state).join(Delivery).order_by(Document.id)).all()
        return [
            {"template": d.template, "uid": d.sop_instance_uid, "path": d.path, "sha256": d.sha256, "state": state}
            for d, state in rows
        ]
