"""Answers that are coming end when they are stopped or left, also while the model says nothing."""

import asyncio

import pytest

from rag.asynchronous import in_thread
from ui.coming import Coming


async def read(coming, session, items, seen):
    try:
        async for item in coming.until_stopped(session, items):
            seen.append(item)
    finally:
        coming.end(session)


async def silent(closed):
    """Says one thing, and then nothing for ever."""
    try:
        yield "first"
        await asyncio.sleep(3600)
    finally:
        closed.append(True)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def test_all_of_an_answer_comes_where_nobody_stops_it():
    async def run():
        seen, coming = [], Coming()
        await read(coming, "a", in_thread(iter_generator(range(50))), seen)
        await coming.leave("a")
        return seen

    def iter_generator(items):
        yield from items

    assert asyncio.run(run()) == [*range(50)]


@pytest.mark.parametrize("how", ["stop", "leave"])
def test_an_answer_ends_at_once_and_is_closed(how):
    async def run():
        coming, seen, closed, other = Coming(), [], [], []
        reader = asyncio.ensure_future(read(coming, "a", silent(closed), seen))
        waiting = asyncio.ensure_future(read(coming, "b", silent([]), other))
        await until(lambda: seen and other)
        if how == "stop":
            coming.stop("a")
        else:
            await coming.leave("a")
            assert closed, "nothing of it can come any more"
        await asyncio.wait_for(reader, 10)
        assert (seen, closed) == (["first"], [True])
        assert not waiting.done(), "that of another session goes on"
        waiting.cancel()

    asyncio.run(run())


def test_an_error_reaches_the_reader():
    def broken():
        yield 1
        raise ValueError("broken")

    async def run():
        await read(Coming(), "a", in_thread(broken()), [])

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(run())


def test_nothing_is_stopped_where_nothing_comes():
    coming = Coming()
    coming.stop("a")
    asyncio.run(coming.leave("a"))
    assert not coming.is_left("a")
