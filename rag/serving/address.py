"""The file in an index folder that says where its owner answers; nobody but its user can read it."""

import json
import os
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex

from rag.store.lock import OWNER_FILE

_LONGEST = 4096
"""Bytes of a file that is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an owner answers.

    Attributes:
        port: on 127.0.0.1.
        token: what both sides prove to know; never sent.
        takes_jobs: it does all that commands ask for; otherwise it is at a job of its own, and answers questions only.
    """

    port: int
    pid: int
    command: str
    token: str
    takes_jobs: bool = True

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command})"


def new_address(port: int, *, takes_jobs: bool = True) -> Address:
    """The address of this process, with a token of its own."""
    command = " ".join(sys.argv)[:200]
    return Address(port=port, pid=os.getpid(), command=command, token=token_hex(32), takes_jobs=takes_jobs)


def write_address(folder: Path, address: Address) -> None:
    """Leave the address in an index folder, in place of any that is there. Whoever reads it sees all of it or none."""
    path = folder / f"{OWNER_FILE}.{os.getpid()}"
    path.unlink(missing_ok=True)  # a killed process may have had this id
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(address), file)
    path.replace(folder / OWNER_FILE)


def read_address(folder: Path) -> Address | None:
    """The address in an index folder; None where there is none, or another user could have read or written it."""
    try:
        with (folder / OWNER_FILE).open("rb") as file:
            if not _is_private(os.fstat(file.fileno())):
                return None
            said = json.loads(file.read(_LONGEST))
        address = Address(**said)
    except (OSError, ValueError, TypeError):
        return None
    kinds = {"port": int, "pid": int, "command": str, "token": str, "takes_jobs": bool}
    return address if all(type(getattr(address, name)) is kind for name, kind in kinds.items()) else None


def remove_address(folder: Path, address: Address) -> None:
    """Remove the address, if it is still this one."""
    if read_address(folder) == address:
        (folder / OWNER_FILE).unlink(missing_ok=True)


def _is_private(status: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):
        return True  # Windows: the folder's own rights hold
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
