"""Ends the streams of a page in an order in which no answer is lost.

Gradio ends the stream that brings a page its updates when nothing is under way, and the page opens another for its
next question. A question that comes in meanwhile is told that it was taken before the page has seen that its stream
has ended: then the page opens none, and waits for an answer that nothing brings. Here the question is told so when
the page has let go of the stream.
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from gradio.queueing import Queue

STREAM = "/gradio_api/queue/data"
_END = b'data: {"msg":"close_stream"'
PATIENCE_S = 3.0
"""How long a page may take to let go; a proxy may keep it from telling."""


class Streams:
    """ASGI middleware around Gradio.

    Args:
        app: Gradio.
        queue: what takes its events.
    """

    def __init__(self, app: ASGIApp, queue: "Queue") -> None:
        self._app = app
        self._ending: dict[str, asyncio.Event] = {}
        self._push = queue.push
        queue.push = self.push  # type: ignore[method-assign] # Gradio has no hook there

    async def push(self, body: Any, *args: Any, **kwargs: Any) -> Any:
        """Take an event as Gradio does, and say so when its page knows how its stream stands."""
        taken = await self._push(body, *args, **kwargs)
        ending = self._ending.get(body.session_hash)
        if ending is not None:
            await ending.wait()
        return taken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != STREAM:
            return await self._app(scope, receive, send)
        session = HTTPConnection(scope).query_params.get("session_hash", "")
        ending: asyncio.Event | None = None

        async def sending(message: Message) -> None:
            nonlocal ending
            if ending is not None and not message.get("more_body"):
                with suppress(TimeoutError):
                    await asyncio.wait_for(_left(receive), PATIENCE_S)
            elif message.get("body", b"").startswith(_END):
                ending = self._ending[session] = asyncio.Event()
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if ending is not None:
                ending.set()
                if self._ending.get(session) is ending:
                    del self._ending[session]


async def _left(receive: Receive) -> None:
    """Returns when the browser has."""
    while (await receive())["type"] != "http.disconnect":
        pass
