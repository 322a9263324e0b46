"""One receiver process: `python -m node.ingress DESCRIPTOR MARK LEVEL`, settings on standard input, started by `receivers`."""

import gc
import signal
import socket
import sys
from datetime import UTC, datetime

from node.db.session import Database
from node.ingress.receiver import Receiver
from node.ingress.receivers import READY
from node.settings import Settings
from node.study.archive import Archive
from node.telemetry import configure_logging


def main() -> None:
    descriptor, mark, level = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    for number in (signal.SIGINT, signal.SIGHUP):  # of the terminal, for the whole group; the node tells us when to stop
        signal.signal(number, signal.SIG_IGN)
    configure_logging(level)
    settings = Settings.model_validate_json(sys.stdin.buffer.readline())
    listening = socket.socket(fileno=descriptor)
    with Database(settings.database_url) as database:
        receiver = Receiver(
            listening, database, Archive(settings.archive_dir, owner=mark), settings, lambda: datetime.now(UTC), mark=mark
        )
        receiver.start()
        gc.collect()
        gc.freeze()  # what is imported stays: the collector need not walk through it while objects come in
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        sys.stdin.buffer.read()  # ends when the node stops, or has gone
        receiver.stop()


if __name__ == "__main__":
    main()
