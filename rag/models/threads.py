"""How many threads compute."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psutil


def default_threads() -> int:
    """As torch has it: OMP_NUM_THREADS, else the cores that there are for this process."""
    named = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if named.isdecimal() and int(named):
        return int(named)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, psutil.cpu_count(logical=False) or usable))


@contextmanager
def computed_by(threads: int) -> Iterator[None]:
    """So many threads compute what torch is asked for by this thread; others keep theirs."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
