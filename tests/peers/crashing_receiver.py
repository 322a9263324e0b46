"""A receiver that takes its node with it by SIGKILL, at a commit or around the sync of what it received.

`python -m tests.peers.crashing_receiver ORDERS ...`: the rest of the arguments is the receiver's own.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from node.ingress import __main__ as receiver
from node.study.archive import Archive
from tests.peers.crash_orders import Orders, kill_at


def kill_both() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_around_sync(orders: Orders) -> None:
    """At "written", "linked" or "synced": between these and the commit nothing is acknowledged."""
    link, sync = Archive.link, Archive.sync_objects

    def killing_link(self: Archive, *arguments: Any) -> Any:
        if orders.now == ("written", "at"):
            kill_both()
        return link(self, *arguments)

    def killing_sync(self: Archive, *arguments: Any) -> None:
        if orders.now == ("linked", "at"):
            kill_both()
        sync(self, *arguments)
        if orders.now == ("synced", "at"):
            kill_both()

    Archive.link = killing_link  # type: ignore[method-assign]
    Archive.sync_objects = killing_sync  # type: ignore[method-assign]


if __name__ == "__main__":
    orders = Orders(Path(sys.argv.pop(1)))
    _kill_around_sync(orders)
    kill_at(orders, kill_both)
    receiver.main()
