"""One request of HTTP/1.1 and its answer, each on a connection of its own, within a time for the whole of it."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from urllib.parse import urlsplit

_LONGEST_ANSWER_BYTES = 64 << 20  # what a server offers may be tens of megabytes


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def wait_s(self, now: datetime) -> float:
        """Retry-After (RFC 9110 10.2.3) in seconds: a number, or a date. 0 where there is none."""
        if self.retry_after.isascii() and self.retry_after.isdecimal():
            return float(self.retry_after[:9])
        try:
            at = parsedate_to_datetime(self.retry_after)
        except (ValueError, TypeError, OverflowError):
            return 0.0
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    context: ssl.SSLContext | None,
    timeout_s: float,
) -> Answer:
    """Redirections are answers: what is sent may go nowhere else. `context` is needed for https.

    Raises OSError where there is no connection, or no whole answer, TimeoutError after `timeout_s` in all.
    """
    parts = urlsplit(url)
    host, target = parts.hostname or "", f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    connection: HTTPConnection = (
        HTTPConnection(host, parts.port, timeout=timeout_s)
        if context is None
        else HTTPSConnection(host, parts.port, timeout=timeout_s, context=context)
    )
    try:
        connection.connect()
        with _ended_after(timeout_s, connection.sock):
            connection.request(method, target, body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            received = answer.read(_LONGEST_ANSWER_BYTES + 1)
        if len(received) > _LONGEST_ANSWER_BYTES:
            raise ConnectionAbortedError(None, "it answers without an end")
        return Answer(answer.status, received, (answer.getheader("Retry-After") or "").strip())
    except HTTPException as error:
        raise ConnectionAbortedError(None, f"its answer is not HTTP: {type(error).__name__}") from None
    finally:
        connection.close()


@contextmanager
def _ended_after(timeout_s: float, connection: socket.socket) -> Iterator[None]:
    """A timeout of the socket is one of each step: a peer that sends a byte now and then would hold us for ever."""
    ended: list[bool] = []

    def end() -> None:
        ended.append(True)
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)  # the plain one: TLS would say goodbye first

    timer = Timer(timeout_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException):
        if ended:
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
    if ended:
        raise TimeoutError
