"""Bodies of answers: bounded in size, packed and unpacked, and in time."""

import zlib
from collections.abc import Iterator, Mapping
from time import monotonic

import httpcore

from connectors.web.errors import Refused, Unreachable
from connectors.web.pace import MIN_BYTES_PER_S
from rag.skips import skip_reason


class TooLarge(Refused):
    """The body is larger than allowed."""


def read_body(
    stream: Iterator[bytes], headers: Mapping[str, str], *, max_bytes: float, cut: bool, timeout_s: float
) -> bytes:
    """The body, unpacked.

    Args:
        cut: take the beginning of a body of more than `max_bytes`.
        timeout_s: seconds after which it must come at a fair rate.

    Raises:
        TooLarge: it is larger than `max_bytes`.
        Unreachable: it is packed otherwise than in gzip.
        httpcore.ReadTimeout: it comes too slowly.
    """
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes and not cut:
        raise _too_large(int(declared), max_bytes)
    body, began, received = bytearray(), monotonic(), 0
    for piece in _decoded(stream, headers.get("content-encoding", ""), int(max_bytes) + 1):
        body += piece
        received += len(piece)
        if len(body) > max_bytes:
            if cut:
                return bytes(body[: int(max_bytes)])
            raise _too_large(len(body), max_bytes)
        if monotonic() - began > timeout_s + received / MIN_BYTES_PER_S:
            raise httpcore.ReadTimeout
    return bytes(body)


def _decoded(stream: Iterator[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    """The body's pieces, none longer than `limit`: what a few bytes unpack to is not known before."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        yield from stream
        return
    if encoding not in ("gzip", "x-gzip"):
        raise Unreachable(f"the answer is encoded as {encoding!r:.40}, which was not asked for")
    unpacker, whole = zlib.decompressobj(wbits=31), True
    try:
        for piece in stream:
            while piece:
                whole = False
                yield unpacker.decompress(piece, limit)
                piece = unpacker.unconsumed_tail
                if unpacker.eof:
                    whole = True
                    piece, unpacker = unpacker.unused_data, zlib.decompressobj(wbits=31)
    except zlib.error as error:
        raise Unreachable(f"the answer is no gzip data ({error})") from error
    if not whole:
        raise Unreachable("the answer ends in the middle of its gzip data")


def _too_large(size: int, limit: float) -> TooLarge:
    return TooLarge(skip_reason("too_large_page", size=size / 1e6, limit=limit / 1e6), lasting=True)
