"""A receiver that takes its node with it by SIGKILL, at a commit or around the sync of what it received.

`python -m tests.peers.crashing_receiver EVENT WHEN ...`: the rest of the arguments is the receiver's own.
"""

import os
import signal
import sys
from typing import Any

from node.ingress import __main__ as receiver
from node.study.archive import Archive
from tests.peers import crashing_node

FILE_BOUNDARIES = ("written", "linked", "synced")  # of a received file; between them and the commit nothing is acknowledged


def kill_both() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_at_file(boundary: str) -> None:
    link, sync = Archive.link, Archive.sync_objects

    def killing_link(self: Archive, *arguments: Any) -> Any:
        if boundary == "written":
            kill_both()
        return link(self, *arguments)

    def killing_sync(self: Archive, *arguments: Any) -> None:
        if boundary == "linked":
            kill_both()
        sync(self, *arguments)
        kill_both()

    Archive.link = killing_link  # type: ignore[method-assign]
    Archive.sync_objects = killing_sync  # type: ignore[method-assign]


if __name__ == "__main__":
    event, when = sys.argv[1:3]
    sys.argv[1:3] = []
    if event in FILE_BOUNDARIES:
        _kill_at_file(event)
    else:
        crashing_node.kill_at(event, when, kill_both)
    receiver.main()
