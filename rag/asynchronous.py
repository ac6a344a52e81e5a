"""Blocking generators, for those who await."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Generator
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(items: Generator[T, None, object]) -> AsyncIterator[T]:
    """The items, made in a thread of their own.

    Where the reader stops or is cancelled, the generator is closed as soon as the item under way is made.

    Raises:
        Exception: whatever the generator raises.
    """
    loop = asyncio.get_running_loop()
    made: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    unwanted = threading.Event()

    def send(kind: str, what: Any = None) -> None:
        try:
            loop.call_soon_threadsafe(made.put_nowait, (kind, what))
        except RuntimeError:  # the loop is closed: nobody reads any more
            unwanted.set()

    def run() -> None:
        try:
            for item in items:
                send("item", item)
                if unwanted.is_set():
                    return
            send("end")
        except Exception as error:  # handed to the reader, who raises it
            send("error", error)
        finally:
            items.close()

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="rag-async", daemon=True).start()
    try:
        while True:
            kind, what = await made.get()
            if kind == "end":
                return
            if kind == "error":
                raise what
            yield what
    finally:
        unwanted.set()
