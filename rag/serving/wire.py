"""How owner and client speak: both prove that they know the token, then JSON frames of limited size and time."""

import hmac
import json
import select
import socket
import struct
import time
from collections.abc import Mapping
from secrets import token_bytes
from typing import Any

from rag.serving.address import Address

HELLO = b"rag/1\n"
"""Changes with what is sent after it."""
GREETING_S = 5.0
"""For the whole greeting; a client that is slower is no client."""
SENDING_S = 60.0
"""Without any progress; a reader that is slower has gone."""
REQUEST_BYTES = 8 * 2**20
REPLY_BYTES = 2**30

_NONCE, _PROOF = 32, 32
_LENGTH = struct.Struct("!I")


class WireError(Exception):
    """The other side is not who it should be, has gone, or said what cannot be understood."""


class Channel:
    """Frames over a socket of which the other side proved to know the token."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # words of an answer are small frames

    def send(self, message: Mapping[str, Any], *, limit: int) -> None:
        """Send one frame.

        Args:
            limit: of bytes.

        Raises:
            WireError: it is longer, or nobody takes it.
        """
        body = json.dumps(message).encode("ascii")
        if len(body) > limit:
            raise WireError(f"{len(body):,} bytes are more than the {limit:,} that can be sent at once")
        _send(self._connection, _LENGTH.pack(len(body)) + body, SENDING_S)

    def receive(self, *, limit: int, timeout_s: float | None = None) -> dict[str, Any]:
        """The next frame.

        Args:
            limit: of bytes; nothing of a longer one is read.
            timeout_s: for all of it; None waits as long as the other side lives.

        Raises:
            WireError: there is none, it is longer, or no JSON object.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        (length,) = _LENGTH.unpack(_exactly(self._connection, _LENGTH.size, deadline))
        if length > limit:
            raise WireError(f"a frame of {length:,} bytes is longer than the {limit:,} that are taken")
        try:
            message = json.loads(_exactly(self._connection, length, deadline))
        except (ValueError, RecursionError) as error:
            raise WireError(f"a frame that is no JSON: {error}") from None
        if not isinstance(message, dict):
            raise WireError(f"a frame that is no JSON object but a {type(message).__name__}")
        return message

    @property
    def gone(self) -> bool:
        """The other side has hung up."""
        try:
            readable, _, _ = select.select([self._connection], [], [], 0)
            return bool(readable) and not self._connection.recv(1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def greet(address: Address) -> Channel:
    """Connect to an owner.

    Raises:
        WireError: nobody answers there, or somebody who does not know the token.
    """
    deadline = time.monotonic() + GREETING_S
    try:
        connection = socket.create_connection(("127.0.0.1", address.port), timeout=GREETING_S)
    except (OSError, OverflowError) as error:
        raise WireError(f"nobody answers on port {address.port}: {error}") from None
    try:
        hello = _exactly(connection, len(HELLO) + _NONCE, deadline)
        if not hello.startswith(HELLO):
            raise WireError(f"who answers on port {address.port} is no owner of a corpus, or of another version")
        theirs, mine = hello[len(HELLO) :], token_bytes(_NONCE)
        _send(connection, mine + _proof(address.token, b"client", theirs, mine), GREETING_S)
        if not hmac.compare_digest(
            _exactly(connection, _PROOF, deadline), _proof(address.token, b"owner", mine, theirs)
        ):
            raise WireError(f"who answers on port {address.port} does not know the token")
    except BaseException:
        connection.close()
        raise
    return Channel(connection)


def welcome(connection: socket.socket, token: str) -> Channel:
    """Greet whoever connected.

    Raises:
        WireError: it does not know the token; nothing else that it sent was read.
    """
    deadline = time.monotonic() + GREETING_S
    mine = token_bytes(_NONCE)
    _send(connection, HELLO + mine, GREETING_S)
    said = _exactly(connection, _NONCE + _PROOF, deadline)
    theirs, proof = said[:_NONCE], said[_NONCE:]
    if not hmac.compare_digest(proof, _proof(token, b"client", mine, theirs)):
        raise WireError("a client that does not know the token")
    _send(connection, _proof(token, b"owner", theirs, mine), GREETING_S)
    return Channel(connection)


def _proof(token: str, who: bytes, asked: bytes, own: bytes) -> bytes:
    """What only someone with the token can answer to a nonce; it says who answers, so that it cannot be sent back."""
    return hmac.digest(token.encode(), who + asked + own, "sha256")


def _exactly(connection: socket.socket, number: int, deadline: float | None) -> bytes:
    """So many bytes, before the deadline."""
    read = bytearray()
    try:
        while len(read) < number:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise WireError("nothing was said in time")
            connection.settimeout(left)
            piece = connection.recv(min(number - len(read), 2**20))
            if not piece:
                raise WireError("the connection was closed")
            read += piece
    except TimeoutError:
        raise WireError("nothing was said in time") from None
    except OSError as error:
        raise WireError(f"the connection broke: {error}") from None
    return bytes(read)


def _send(connection: socket.socket, data: bytes, timeout_s: float) -> None:
    """All of the data; the timeout is for each piece that is taken."""
    view = memoryview(data)
    try:
        connection.settimeout(timeout_s)
        while view:
            view = view[connection.send(view[: 2**18]) :]
    except OSError as error:
        raise WireError(f"nobody takes what is sent: {error}") from None
