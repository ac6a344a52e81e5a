"""Addresses that only this process can make: what they ask for is signed, and for whom."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from typing import Any


class Links:
    """Signs what a link asks for; valid until this process ends."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def token(self, asked: Sequence[Any], principals: Sequence[str] | None) -> str:
        """What is asked for, as a part of an address.

        Args:
            asked: JSON values; they can be read by whoever has the link.
            principals: who may follow it.
        """
        body = json.dumps(list(asked), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return f"{_encoded(body)}.{_encoded(self._sign(body, principals))}"

    def asked(self, token: str, principals: Sequence[str] | None) -> list[Any] | None:
        """What was asked for; None where the link was not made here, or for others."""
        body, _, signature = token.partition(".")
        try:
            content, signed = _decoded(body), _decoded(signature)
        except ValueError:
            return None
        if not hmac.compare_digest(signed, self._sign(content, principals)):
            return None
        asked: list[Any] = json.loads(content)
        return asked

    def _sign(self, body: bytes, principals: Sequence[str] | None) -> bytes:
        whom = json.dumps(None if principals is None else sorted(principals)).encode()
        return hmac.digest(self._secret, hashlib.sha256(whom).digest() + body, "sha256")


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
