"""Reads the files of an index before they are asked for, in processes that live long enough.

A question needs some hundred pages of 4 kB, from all over files that are mapped: one by one from a disk they take as
long as the rest of a search. The system keeps what was read as long as nobody needs the memory for something else.
"""

import contextlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from queue import Empty, SimpleQueue

import psutil

AFTER_S = 4.0
"""After a shard was loaded: most commands have ended by then."""
SHARE = 0.5
"""Of the memory that is available, which is read at most."""
BLOCK = 2**20


class ReadAhead:
    """A thread that reads files of folders, a while after they were named."""

    def __init__(self) -> None:
        self._folders: SimpleQueue[Path] = SimpleQueue()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, folder: Path) -> None:
        """Read what is in the folder by then, the largest files last."""
        self._folders.put(folder)
        with self._lock:
            if self._thread is None and not self._ended.is_set() and hasattr(os, "SEEK_DATA"):
                self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(AFTER_S):
            with self._lock:
                try:
                    folder = self._folders.get_nowait()
                except Empty:
                    self._thread = None
                    return
            with contextlib.suppress(OSError):  # an index that is rewritten meanwhile is read again another time
                files = sorted((file for file in folder.rglob("*") if file.is_file()), key=allocated)
                read(files, int(psutil.virtual_memory().available * SHARE), self._ended)


def read(files: Iterable[Path], most: int, ended: threading.Event) -> int:
    """Read the data of files, but not their holes, of which an index has many.

    Args:
        most: bytes in all; a file that would exceed them ends it.
        ended: ends it, too.

    Returns:
        How many bytes were read.
    """
    done, block = 0, memoryview(bytearray(BLOCK))
    for file in files:
        if done + allocated(file) > most:
            break
        with file.open("rb", buffering=0) as content:
            end = 0
            while (start := _data(content.fileno(), end)) is not None and not ended.is_set():
                end = os.lseek(content.fileno(), start, os.SEEK_HOLE)
                content.seek(start)
                while start < end and not ended.is_set() and (number := content.readinto(block[: end - start])):
                    start += number
                    done += number
    return done


def _data(descriptor: int, offset: int) -> int | None:
    """Where data begins, from an offset on; None where there is none."""
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError:
        return None


def allocated(file: Path) -> int:
    """Bytes that a file takes on its disk: those of an index are sparse."""
    stat = os.lstat(file)
    return stat.st_blocks * 512 if hasattr(stat, "st_blocks") else stat.st_size
