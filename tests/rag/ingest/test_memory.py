"""Free memory goes back to the system where the C library can be asked to."""

import ctypes
import platform
import sys

import pytest

from rag.ingest.memory import release_free_memory


def resident_kib() -> int:
    with open("/proc/self/smaps_rollup") as file:  # noqa: PTH123
        return int(next(line.split()[1] for line in file if line.startswith("Rss:")))


@pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed"
)
def test_free_memory_goes_back() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
    size, number = 60_000, 2_000
    blocks = [libc.malloc(size) for _ in range(number)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    kept = blocks[::10]  # holes between blocks in use are what stays without being asked
    for block in set(blocks) - set(kept):
        libc.free(block)
    before = resident_kib()
    release_free_memory()
    after = resident_kib()
    assert before - after > size * number / 1024 / 2, (before, after)
    for block in kept:
        libc.free(block)
