"""One connection's bytes: read into one buffer, handed on as views of it, answered under a lock."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

BUFFER_BYTES = 1 << 18  # two of the PDUs DCMTK sends; what an association holds in memory, whatever it sends
_TOGETHER_BYTES = 1 << 12  # from there on what is known to come is waited for: one system call instead of one a segment
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)


class PeerGone(Exception):
    """The peer closed the connection, or it broke."""


class PeerSilent(Exception):
    """Nothing came, or nothing was taken, for as long as we wait."""


class Wire:
    """A blocking socket with timeouts kept by the kernel: one system call a read, no polling."""

    def __init__(self, transport: socket.socket, *, timeout_s: float) -> None:
        self._transport = transport
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._start = self._end = 0
        self._deadline: float | None = None
        self._sending = threading.Lock()
        transport.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wait_at_most(timeout_s)

    def wait_at_most(self, timeout_s: float) -> None:
        """For each piece: a peer that goes on sending, however slowly, is not silent."""
        self._deadline = None
        self._set_timeout(socket.SO_RCVTIMEO, timeout_s)
        self._set_timeout(socket.SO_SNDTIMEO, timeout_s)

    def finish_within(self, timeout_s: float) -> None:
        """For everything from now on: a peer that sends a byte now and then does not gain time."""
        self._deadline = time.monotonic() + timeout_s

    def _set_timeout(self, option: int, timeout_s: float) -> None:
        seconds = int(timeout_s)
        with suppress(OSError):  # closed in this moment: the next read says so
            timeval = struct.pack("ll", seconds, int((timeout_s - seconds) * 1e6))
            self._transport.setsockopt(socket.SOL_SOCKET, option, timeval)

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes, at most a buffer's. PeerGone, PeerSilent."""
        if count > BUFFER_BYTES:
            raise ValueError(f"{count} bytes at once")
        while self._end - self._start < count:
            self._fill()
        piece = bytes(self._buffer[self._start : self._start + count])
        self._start += count
        return piece

    def pieces(self, count: int) -> Iterator[memoryview]:
        """`count` bytes as they come: each view holds until the next is asked for."""
        while count:
            if self._start == self._end:
                self._fill(expected=count)
            piece = self._buffer[self._start : min(self._end, self._start + count)]
            self._start += len(piece)
            count -= len(piece)
            yield piece

    def skip(self, count: int) -> None:
        for _ in self.pieces(count):
            pass

    def _fill(self, expected: int = 0) -> None:
        """At least a byte; into an empty buffer all that is `expected`, unless the peer falls silent meanwhile."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == BUFFER_BYTES or self._start > BUFFER_BYTES // 2:
            left = self._end - self._start
            self._buffer[:left] = bytes(self._buffer[self._start : self._end])
            self._start, self._end = 0, left
        if self._deadline is not None:
            left_s = self._deadline - time.monotonic()
            if left_s <= 0:
                raise PeerSilent
            self._set_timeout(socket.SO_RCVTIMEO, max(left_s, 0.001))
        try:
            if expected >= _TOGETHER_BYTES:
                count = self._transport.recv_into(self._buffer[:expected], 0, socket.MSG_WAITALL)
            else:
                count = self._transport.recv_into(self._buffer[self._end :])
            if _QUICKACK is not None:
                # Delayed ACKs and a sender without TCP_NODELAY together cost 40 ms an object; the option wears off.
                self._transport.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        except BlockingIOError as error:
            raise PeerSilent from error
        except OSError as error:
            raise PeerGone from error
        if not count:
            raise PeerGone
        self._end += count

    def send(self, data: bytes) -> None:
        """All of it, in one piece whatever other threads send. PeerGone, PeerSilent."""
        with self._sending:
            try:
                self._transport.sendall(data)
            except BlockingIOError as error:
                raise PeerSilent from error
            except OSError as error:
                raise PeerGone from error

    def cut(self) -> None:
        """From any thread: whoever reads hears that the peer is gone."""
        with suppress(OSError):
            self._transport.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._transport.close()
