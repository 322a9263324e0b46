"""The listening side: C-ECHO and C-STORE."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from pynetdicom import AE

from node.db.session import Database
from node.ingress.contexts import VERIFICATION
from node.ingress.handlers import IDLE_S, REQUEST_S, Handlers
from node.settings import Settings
from node.study.archive import Archive
from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_ABORT_S = 2.0  # how long an A-ABORT may take to end an association


class StorageSCP:
    def __init__(self, database: Database, archive: Archive, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._handlers = Handlers(database, archive, settings, clock)
        self._server: Any = None

    def start(self) -> int:
        """Listen; returns the port, which the system chose when 0 was configured. OSError when it is taken."""
        node = self._settings.node
        entity = AE(ae_title=node.ae_title)
        entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        entity.maximum_pdu_size = node.max_pdu_bytes
        entity.maximum_associations = node.max_associations
        entity.network_timeout = IDLE_S
        entity.acse_timeout = REQUEST_S
        entity.add_supported_context(VERIFICATION)  # the rest is answered to what each sender proposes
        self._server = entity.start_server((node.host, node.port), block=False, evt_handlers=self._handlers.bindings())
        return int(self._server.server_address[1])

    def stop(self, timeout_s: float = 10) -> None:
        """No new associations; those that run may end for `timeout_s`, then they are aborted."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        running = server.active_associations
        _join(running, timeout_s)
        for association in running:
            if association.is_alive():
                association.abort(block=False)
        _join(running, _ABORT_S)
        for association in running:
            if association.is_alive():  # its peer stopped in the middle of a PDU: nothing but this ends the reading
                with suppress(OSError, AttributeError):  # closed in this moment
                    association.dul.socket.socket.shutdown(socket.SHUT_RDWR)
        _join(running, timeout_s)


def _join(associations: list[Any], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    for association in associations:
        association.join(max(0.0, deadline - time.monotonic()))
