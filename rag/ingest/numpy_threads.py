"""How many threads numpy computes with while a job runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from threadpoolctl import threadpool_limits

_limiting, _asking = Lock(), 0
_limit: threadpool_limits


@contextmanager
def numpy_by_one_thread() -> Iterator[None]:
    """One thread computes each of numpy's products, in the whole process, until the last of those who ask for it ends.

    Those of a job are small. OpenBLAS wakes threads for them that then wait for the next one without sleeping: they
    took nearly a fifth of the processor time of an ingestion.
    """
    global _asking, _limit
    with _limiting:
        if not _asking:
            _limit = threadpool_limits(limits=1, user_api="blas")
        _asking += 1
    try:
        yield
    finally:
        with _limiting:
            _asking -= 1
            if not _asking:
                _limit.restore_original_limits()
