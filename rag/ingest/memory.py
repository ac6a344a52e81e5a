"""Keeps the process small over a long job."""

import ctypes
import sys


def release_free_memory() -> None:
    """Give what is free back to the system, where the C library would keep it.

    glibc keeps freed memory in an arena a thread. A job's threads (readers, the engine's, torch's) leave small holes in
    many of them, so that the process grows with every group of documents: `python -m benchmarks memory`. It takes a few
    milliseconds.
    """
    if _trim is not None:
        _trim(0)


_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
