"""A receiver of HL7 that is not ours: hl7apy's MLLP server, in plain TCP and behind socat's TLS."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message

from tests.waiting import free_port, patience, wait_for


class _Receiver(AbstractHandler):
    """Answers with `code`; keeps what came."""

    def __init__(self, message: str, received: list[str], code: str) -> None:
        super().__init__(message)
        self.received, self.code = received, code

    def reply(self) -> str:
        self.received.append(self.incoming_message)
        control_id = parse_message(self.incoming_message).msh.msh_10.to_er7()
        answer = f"MSH|^~\\&|RIS||ECHONODE||20260304||ACK|1|P|2.5.1\rMSA|{self.code}|{control_id}\r"
        return f"\x0b{answer}\x1c\r"


@contextmanager
def receiver(code: str = "AA") -> Iterator[tuple[int, list[str]]]:
    received: list[str] = []
    port = free_port()
    server = MLLPServer("127.0.0.1", port, {"ORU^R01^ORU_R01": (_Receiver, received, code)})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield port, received
    finally:
        server.shutdown()
        server.server_close()
        thread.join(patience(10))


@contextmanager
def tls_before(port: int, certificate: Path, client_ca: Path | None = None) -> Iterator[int]:
    """The port of a socat that ends TLS, by OpenSSL, before `port`; with `client_ca` it demands a certificate of it."""
    own = free_port()
    verified = f"verify=1,cafile={client_ca}" if client_ca else "verify=0"
    listening = f"OPENSSL-LISTEN:{own},bind=127.0.0.1,reuseaddr,fork,cert={certificate},{verified}"
    with subprocess.Popen(["socat", listening, f"TCP:127.0.0.1:{port}"], stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: _listens(own), message="socat does not listen")
            yield own
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
