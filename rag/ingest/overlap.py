"""Calls that threads make ahead of the one that needs them, in bounded numbers."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

TELL_S = 0.2
"""Between two calls of `waiting`."""

T = TypeVar("T")
R = TypeVar("R")


class Bounded(Generic[R]):
    """Hands calls to a pool in order and waits while too many are under way; raises what they raised.

    Args:
        then: gets what the calls returned, in their order, in the thread that submits them.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        limit: int,
        then: Callable[[R], object] = lambda result: None,  # noqa: ARG005
    ) -> None:
        self._pool, self._limit, self._then = pool, limit, then
        self._futures: deque[Future[R]] = deque()

    def submit(self, function: Callable[..., R], *args: object) -> None:
        self._futures.append(self._pool.submit(function, *args))
        self.wait(self._limit)

    def wait(self, left: int) -> None:
        """Until so many calls are under way at most. Takes also what is there without waiting."""
        while len(self._futures) > left or (self._futures and self._futures[0].done()):
            self._then(self._futures.popleft().result())

    def close(self) -> None:
        """Drop what has not begun."""
        for future in self._futures:
            future.cancel()


def ahead(
    pool: ThreadPoolExecutor,
    function: Callable[[T], R],
    items: Iterable[T],
    number: int,
    *,
    waiting: Callable[[], object] = lambda: None,
) -> Generator[R, None, None]:
    """Results of `function` over `items` in order, computed by the pool at most `number` items ahead.

    Args:
        waiting: called now and then while the next result is not there yet.
    """
    futures: deque[Future[R]] = deque()

    def first() -> R:
        while not wait([futures[0]], TELL_S).done:
            waiting()
        return futures.popleft().result()

    try:
        for item in items:
            futures.append(pool.submit(function, item))
            if len(futures) >= number:
                yield first()
        while futures:
            yield first()
    finally:
        for future in futures:
            future.cancel()
