"""One owner for the embedded index: a lock file of our own, taken before the engine touches anything.

The engine's own lock comes too late: a second load writes into the segment files before it notices the first.
"""

import json
import os
import socket
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import portalocker

from rag.errors import StoreError, StoreInUseError

POLL_S = 0.05
LOCK_FILE = "owner.lock"
"""Its name in an index folder."""
OWNER_FILE = "owner.json"
"""Beside it, where its holder answers the commands of other processes: see `rag.serving`."""


class OwnerLock:
    """An exclusive lock on a file that says who holds it; the file is never deleted.

    It excludes other processes and other locks of this process alike, and goes with the process, however that ends.

    Args:
        path: the lock file, made where there is none; its folder exists.
        wait_s: seconds that `acquire` waits for another owner to finish.
    """

    def __init__(self, path: Path, *, wait_s: float) -> None:
        self._path = path
        self._wait_s = wait_s
        self._file: TextIO | None = None
        self._pid = os.getpid()

    def acquire(self) -> None:
        """Take the lock and write pid, host, command and time into the file.

        Raises:
            StoreInUseError: it is still held after `wait_s`; the message names the owner.
            StoreError: the file cannot be opened, or the file system cannot lock.
        """
        try:
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise unwritable(self._path, error) from error
        deadline = time.monotonic() + self._wait_s
        while True:
            try:
                portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
                break
            except portalocker.AlreadyLocked:
                if time.monotonic() >= deadline:
                    file.close()
                    raise StoreInUseError(in_use(self._path, self._wait_s)) from None
                time.sleep(POLL_S)
            except portalocker.LockException as error:
                file.close()
                raise StoreError(
                    f"{self._path}: this file system cannot lock files ({error}): "
                    "put the index on a local disk with --set store.path=FOLDER"
                ) from error
            except BaseException:
                file.close()
                raise
        self._file = file
        self._write(
            {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "command": " ".join(sys.argv)[:200],
                "since": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )

    @property
    def mine(self) -> bool:
        """Whether this object holds the lock, in the process that took it."""
        return self._file is not None and os.getpid() == self._pid

    def check_process(self) -> None:
        """Refuse work in a forked child: the engine's calls would hang there.

        Raises:
            StoreError: this is not the process that made the lock.
        """
        if os.getpid() != self._pid:
            raise StoreError(
                f"{self._path.parent}: the index was opened by process {self._pid} and cannot be used in the child "
                f"{os.getpid()} that was forked from it: start workers with the 'spawn' method and open it there"
            )

    def release(self) -> None:
        """Let the next owner in; does nothing where the lock is not held."""
        if self._file is None or not self.mine:
            return  # a forked child shares the parent's lock: unlocking here would take it from the parent
        self._write(None)
        portalocker.unlock(self._file)
        self._file.close()
        self._file = None

    def _write(self, owner: dict[str, object] | None) -> None:
        """Say who holds the lock. What others are told of it is worth no search on a disk that is full."""
        assert self._file is not None  # noqa: S101 - both callers hold the lock
        with suppress(OSError):
            os.truncate(self._file.fileno(), 0)
            if owner is not None:
                os.write(self._file.fileno(), json.dumps(owner).encode())


def in_use(path: Path, waited_s: float) -> str:
    """What to say about a lock file that another one holds: by whom, and the ways out."""
    folder = path.parent
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        pid, who = (
            owner["pid"],
            f"process {owner['pid']} ({owner['command']}) on {owner['host']} since {owner['since']}",
        )
    except (OSError, ValueError, KeyError, TypeError):
        pid, who = None, "a process that did not say who it is"  # it has just started, or Windows hides the text
    if pid == os.getpid():
        return f"{folder}: the index is already open in this process ({who}): close that store first"
    way = "wait until it is done, wait longer with --wait SECONDS, stop that process"
    if (serves := _serves(folder)) is False:
        way += ", while its user's rag show, search, why and ask go through it"
    elif serves:
        way = (
            "it serves the corpus, and its user's rag plan, ingest, verify, show, search, why and ask go through it; "
            "for anything else stop that process"
        )
    return (
        f"{folder}: the index is in use by {who}, waited {waited_s:g} s: {way}, "
        "or use a server (store: {kind: server, url: ...})"
    )


def _serves(folder: Path) -> bool | None:
    """Whether the holder does all that commands ask for, or only answers questions; None where it does neither."""
    try:
        return '"takes_jobs": false' not in (folder / OWNER_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # another user's
        return True


def unwritable(path: Path, error: OSError) -> StoreError:
    """The error for an index folder that cannot be written."""
    return StoreError(
        f"{path}: cannot be written ({error.strerror or error}): "
        "choose another index folder with --set store.path=FOLDER"
    )
