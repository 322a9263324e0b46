"""The listening side: C-ECHO and C-STORE."""

import socket
import threading
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from pynetdicom import AE, timer
from pynetdicom.transport import ThreadedAssociationServer

from node.ingress.contexts import VERIFICATION
from node.ingress.pynetdicom_layer.handlers import Handlers
from node.ingress.storage import Ingress
from node.ingress.upper_layer.association import Limits
from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

vars(timer)["time"] = SimpleNamespace(time=time.monotonic)  # its timers ask for the time of day, which may be set

_ABORT_S = 2.0  # how long an A-ABORT may take to end an association


class PynetdicomSCP:
    def __init__(self, listening: socket.socket, ingress: Ingress, limits: Limits) -> None:
        node = ingress.settings.node
        entity = AE(ae_title=node.ae_title)
        entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        entity.maximum_pdu_size = limits.max_pdu_bytes
        entity.maximum_associations = node.max_associations
        entity.network_timeout = limits.idle_s
        entity.acse_timeout = limits.request_s
        entity.add_supported_context(VERIFICATION)  # the rest is answered to what each sender proposes
        self.handlers = Handlers(ingress, limits)
        # pynetdicom always binds: to any port, which is given up for the socket that all receivers share.
        self._server: Any = entity.make_server(
            ("127.0.0.1", 0), evt_handlers=self.handlers.bindings(), server_class=ThreadedAssociationServer
        )
        self._server.server_close()
        self._server.socket, self._server.server_address = listening, listening.getsockname()
        entity._servers.append(self._server)  # its shutdown takes it from there
        self._thread = threading.Thread(target=self._server.serve_forever, name="pynetdicom", daemon=True)

    @property
    def open_associations(self) -> int:
        return len(self._server.active_associations)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10) -> None:
        """No new associations; those that run may end for `timeout_s`, then they are aborted."""
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._thread.join()
        running = self._server.active_associations
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
