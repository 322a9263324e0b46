"""The listening side as one value: started on a socket, stopped within a time. It may run in a process of its own."""

import socket
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from node.db.session import Database
from node.errors import ConfigError
from node.ingress.group_intake import GroupIntake
from node.ingress.storage import Ingress, StorageServices
from node.ingress.upper_layer.association import Limits
from node.ingress.upper_layer.listener import Listener
from node.settings import NodeSettings, Settings
from node.study.archive import Archive

REQUEST_S = 5.0  # how long a connection may take to ask for an association: a silent one holds one of `max_associations`
IDLE_S = 300.0  # a peer that is silent for so long has gone, whatever TCP says
_BACKLOG = 128  # connections the system keeps while all threads are busy


class UpperLayer(Protocol):
    """From the connections to messages."""

    @property
    def open_associations(self) -> int: ...

    def start(self) -> None: ...

    def stop(self, timeout_s: float) -> None: ...


def listen(node: NodeSettings) -> socket.socket:
    """The socket all receivers share. ConfigError where it cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(node.host, node.port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(f"node.port: {node.host}:{node.port} cannot be listened on: {error.strerror}") from error


class Receiver:
    """`mark` begins the identity of each of its associations and temporary files."""

    def __init__(
        self,
        listening: socket.socket,
        database: Database,
        archive: Archive,
        settings: Settings,
        clock: Callable[[], datetime],
        *,
        mark: str = "",
    ) -> None:
        self._intake = GroupIntake(database, archive, settings, clock)
        ingress = Ingress(database, archive, settings, clock, self._intake, mark)
        limits = Limits(request_s=REQUEST_S, idle_s=IDLE_S, max_pdu_bytes=settings.node.max_pdu_bytes)
        self.layer = _upper_layer(listening, ingress, limits)

    def start(self) -> None:
        self.layer.start()

    def stop(self, timeout_s: float = 10) -> None:
        """No new associations; those that run may end for `timeout_s`, then they are aborted. May be called twice."""
        self.layer.stop(timeout_s)
        self._intake.close()


def _upper_layer(listening: socket.socket, ingress: Ingress, limits: Limits) -> UpperLayer:
    node = ingress.settings.node
    if node.upper_layer == "pynetdicom":
        from node.ingress.pynetdicom_layer.scp import PynetdicomSCP  # its server's import is for those who choose it

        return PynetdicomSCP(listening, ingress, limits)

    def services(address: str, admitted: bool) -> StorageServices:
        return StorageServices(ingress, address, admitted)

    return Listener(listening, services, limits, max_associations=node.max_associations)
