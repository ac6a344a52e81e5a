"""Connections that may not stall: what comes one byte at a time would else hold a crawler for ever."""

import ssl
from time import monotonic
from typing import Any

import httpcore

MIN_BYTES_PER_S = 2_000
"""An answer that comes slower than this has stalled."""
LONGEST_S = 1_800.0
"""For one answer, however much of it comes: of hints before an answer there is no end otherwise."""


class PacedStream(httpcore.NetworkStream):
    """A connection whose answers come at a fair rate, headers included.

    Reading has a timeout of its own for each part of an answer, which a server keeps with one byte at a time.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._began, self._received = monotonic(), 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read the next bytes.

        Raises:
            httpcore.ReadTimeout: since the request was sent, they came too slowly for longer than `timeout`.
        """
        taken = monotonic() - self._began
        if timeout is not None and taken > min(timeout + self._received / MIN_BYTES_PER_S, LONGEST_S):
            raise httpcore.ReadTimeout
        data = self._stream.read(max_bytes, timeout)
        self._received += len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send (a part of) the next request."""
        self._stream.write(buffer, timeout)
        self._began, self._received = monotonic(), 0

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return PacedStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
