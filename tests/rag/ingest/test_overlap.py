import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from rag.ingest.numpy_threads import numpy_by_one_thread
from rag.ingest.overlap import Bounded, ahead
from rag.ingest.prepare import Stopwatch


def test_results_come_in_order_and_as_soon_as_they_are_there() -> None:
    got: list[int] = []
    gates = [Event() for _ in range(4)]

    def call(n: int) -> int:
        assert gates[n].wait(30)
        return n

    with ThreadPoolExecutor(4) as pool:
        calls = Bounded(pool, 3, got.append)
        for n in range(3):
            calls.submit(call, n)
        gates[1].set()
        calls.wait(3)
        assert got == [], "the second is not handed on before the first"
        gates[0].set()
        while len(got) < 2:
            calls.wait(3)
        gates[2].set()
        gates[3].set()
        calls.submit(call, 3)
        calls.wait(0)
    assert got == [0, 1, 2, 3]


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_no_more_than_the_limit_are_under_way(limit: int) -> None:
    done: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        calls = Bounded(pool, limit, done.append)
        for n in range(20):
            calls.submit(int, n)
            assert n + 1 - len(done) <= limit
        calls.wait(0)
    assert done == [*range(20)]


def test_what_a_call_raises_is_raised_and_what_has_not_begun_is_dropped() -> None:
    began: list[int] = []
    dropped = Event()

    def call(n: int) -> int:
        began.append(n)
        if n == 0:
            raise ValueError("no vectors")
        assert dropped.wait(30)
        return n

    def run(calls: Bounded[int]) -> None:
        with closing(calls):
            for n in range(5):
                calls.submit(call, n)
            calls.wait(0)

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ValueError, match="no vectors"):
            run(Bounded(pool, 5))
        dropped.set()
    assert began in ([0], [0, 1])


def test_readers_are_ahead_by_a_bounded_number() -> None:
    begun: list[int] = []
    waited: list[None] = []
    gate = Event()

    def read(n: int) -> int:
        begun.append(n)
        assert gate.wait(30)
        return n

    def waiting() -> None:
        waited.append(None)
        gate.set()

    with ThreadPoolExecutor(8) as pool, closing(ahead(pool, read, range(50), 4, waiting=waiting)) as results:
        assert next(results) == 0
        assert len(begun) <= 4
        assert waited, "said while the first one was not there"
        assert [*results] == [*range(1, 50)]


def test_a_stage_counts_once_while_several_threads_are_at_it() -> None:
    stopwatch, inside = Stopwatch(), Event()

    def at_it() -> None:
        with stopwatch.time("encode"):
            assert inside.wait(30)

    started = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(at_it) for _ in range(4)]
        time.sleep(0.2)
        inside.set()
        for call in calls:
            call.result()
    assert 0.15 < stopwatch.seconds["encode"] <= time.perf_counter() - started
    assert stopwatch.seconds["parse"] == 0


def test_while_a_job_runs_numpy_computes_with_one_thread() -> None:
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    a = np.random.default_rng(1).normal(size=(50, 100)).astype(np.float32)
    expected = a @ a.T
    with numpy_by_one_thread():
        assert set(threads()) == {1}
        np.testing.assert_allclose(a @ a.T, expected, rtol=1e-4, atol=1e-4)
    assert threads() == before
    first, second = numpy_by_one_thread(), numpy_by_one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(threads()) == {1}, "the other job still runs"
    second.__exit__(None, None, None)
    assert threads() == before
