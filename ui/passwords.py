"""Passwords as a file may hold them: scrypt, from the standard library, with its parameters beside the hash."""

import base64
import hashlib
import hmac
import os
import secrets

LOG_N, R, P = 15, 8, 3
"""What OWASP asks for, in the variant with the least memory: 32 MB and some 0.2 s for each guess."""
MIN_CHARS = 8
MAX_CHARS = 1024
_MAX_LOG_N, _MAX_R_P = 20, 64


def hashed(password: str) -> str:
    """`$scrypt$ln=...,r=...,p=...$salt$hash` with a new salt."""
    salt = os.urandom(16)
    found = _scrypt(password, salt, LOG_N, R, P)
    return f"$scrypt$ln={LOG_N},r={R},p={P}${_text(salt)}${_text(found)}"


def is_password(password: str, kept: str) -> bool:
    """Whether the hash is one of this password. The time does not tell how close it is."""
    try:
        _, _, parameters, salt, wanted = kept.split("$")
        log_n, r, p = (int(value.partition("=")[2]) for value in parameters.split(","))
        if not (0 < log_n <= _MAX_LOG_N and 0 < r * p <= _MAX_R_P):
            return False
        found = _scrypt(password[:MAX_CHARS], _bytes(salt), log_n, r, p)
        return hmac.compare_digest(found, _bytes(wanted))
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    n = 2**log_n
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=2 * 128 * r * (n + p), dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


UNKNOWN = f"$scrypt$ln={LOG_N},r={R},p={P}${_text(secrets.token_bytes(16))}${_text(secrets.token_bytes(32))}"
"""What the password of somebody who is not known is compared with, so that it takes as long."""
