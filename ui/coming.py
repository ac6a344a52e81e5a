"""The answers that are coming: who reads one may stop it, or turn to something else, and nothing comes late.

Gradio's own `cancels` lets an update arrive behind that of the listener which cancelled, and would show it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 5.0
"""How long who turned to something else waits for the last update of the answer; it ends at once unless it is lost."""


@dataclass(eq=False)
class _Coming:
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    left: bool = False


class Coming:
    """The answers that are coming, by session. All methods are called in one event loop."""

    def __init__(self) -> None:
        self._of: dict[str, _Coming] = {}

    async def until_stopped(self, session: str, items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """The items until the session stops or leaves them."""
        coming = self._of[session] = _Coming()
        stopping = asyncio.ensure_future(coming.stopped.wait())
        step: asyncio.Future[T] | None = None
        try:
            while True:
                step = asyncio.ensure_future(anext(items))
                await asyncio.wait({step, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if coming.stopped.is_set():
                    return
                try:
                    yield step.result()
                except StopAsyncIteration:
                    return
        finally:
            stopping.cancel()
            if step is not None and not step.done():
                step.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await step
            if isinstance(items, AsyncGenerator):
                await items.aclose()

    def has(self, session: str) -> bool:
        """Whether an answer is coming."""
        return session in self._of

    def is_left(self, session: str) -> bool:
        """Whether the reader has turned to something else."""
        coming = self._of.get(session)
        return coming is not None and coming.left

    def end(self, session: str) -> None:
        """Nothing more of the answer will be shown."""
        coming = self._of.pop(session, None)
        if coming is not None:
            coming.ended.set()

    def stop(self, session: str) -> None:
        """Let the answer end as far as it has come."""
        if session in self._of:
            self._of[session].stopped.set()

    async def leave(self, session: str) -> None:
        """Drop the answer, and return when nothing more of it will be shown."""
        coming = self._of.get(session)
        if coming is not None:
            coming.left = True
            coming.stopped.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(coming.ended.wait(), PATIENCE_S)
