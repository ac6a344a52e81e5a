"""Brings the pages their updates: Gradio's stream of events, so that none is lost.

Gradio ends the stream of a page as soon as nothing is under way, and the page opens another with its next event. What
comes in meanwhile is told that it was taken before the page has seen that its stream has ended: then the page opens
none, and waits for an answer that nothing brings. Or it opens two, and what goes to the older one is lost. Here a
stream stays for a while, only the newest of a page is sent to, and where one ends, events are told that they were
taken when the page has let go of it.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradio.server_messages import (
    CloseStreamMessage,
    EventMessage,
    HeartbeatMessage,
    ProcessCompletedMessage,
    UnexpectedErrorMessage,
)
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.users import USER

if TYPE_CHECKING:
    from gradio.queueing import Queue

STREAM = "/gradio_api/queue/data"
LINGER_S = 1.0
"""How long a stream stays when nothing is under way: most events of a page come soon after one another."""
HEARTBEAT_S = 15.0
"""How often something is sent, so that no proxy takes the stream for dead."""
PATIENCE_S = 3.0
"""How long a page may take to let go of a stream, or to come back for what is under way."""
PAGES = 20_000
"""Whose owners are known; Gradio keeps the state of half as many."""
_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]


@dataclass(eq=False)
class _Stream:
    """One that is open.

    Attributes:
        loop: in which it is sent.
        over: another one takes its place, or the server stops.
        ended: nothing more is sent to it.
    """

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Streams:
    """ASGI middleware around Gradio. Runs in one event loop.

    Args:
        app: Gradio.
        queue: what takes its events.
    """

    def __init__(self, app: ASGIApp, queue: "Queue") -> None:
        self._app, self._queue = app, queue
        self._open: dict[str, _Stream] = {}
        self._closing: dict[str, asyncio.Event] = {}
        self._next: dict[str, asyncio.Future[EventMessage]] = {}
        self._owners: dict[str, str] = {}
        self._forgetting: set[asyncio.Future[None]] = set()
        self._push = queue.push
        queue.push = self.push  # type: ignore[method-assign] # Gradio has no hook there

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        """Take an event as Gradio does, and say so when its page knows how its stream stands."""
        if body.session_hash and not self._is_of(body.session_hash, username):
            return False, "this page is somebody else's", "error"
        taken = await self._push(body, request, username)
        closing = self._closing.get(body.session_hash)
        if closing is not None:
            await closing.wait()
        return taken

    def stop(self) -> None:
        """Let the streams end; may be called from any thread."""
        for stream in [*self._open.values()]:
            stream.loop.call_soon_threadsafe(stream.over.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != STREAM:
            return await self._app(scope, receive, send)
        session = HTTPConnection(scope).query_params.get("session_hash", "")
        if not self._is_of(session, scope[USER].name):
            return await Response(status_code=404)(scope, receive, send)
        before, mine = self._open.get(session), _Stream()
        self._open[session] = mine
        if before is not None:
            before.over.set()
            await before.ended.wait()
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        left = asyncio.ensure_future(_left(receive))
        try:
            await self._bring(session, mine, left, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            mine.ended.set()
            left.cancel()
            if self._open.get(session) is mine:
                del self._open[session]
                forgetting = asyncio.ensure_future(self._forget(session))
                self._forgetting.add(forgetting)
                forgetting.add_done_callback(self._forgetting.discard)
        return None

    def _is_of(self, session: str, user: str | None) -> bool:
        """Whether a page is this user's; it is the first one's who asks by it."""
        owner = self._owners.setdefault(session, user or "")
        if len(self._owners) > PAGES:
            del self._owners[next(iter(self._owners))]
        return owner == (user or "")

    async def _bring(self, session: str, mine: _Stream, left: "asyncio.Future[None]", send: Send) -> None:
        """Send what comes, until there is nothing more to send or nobody to send it to."""
        over = asyncio.ensure_future(mine.over.wait())
        try:
            while True:
                coming = self._coming(session)
                first: set[asyncio.Future[Any]] = {coming, left, over}
                await asyncio.wait(
                    first,
                    timeout=HEARTBEAT_S if self._under_way(session) else LINGER_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if self._queue.stopped and not left.done():
                    return await _send(send, UnexpectedErrorMessage(message="The server stopped.", success=False))
                if left.done() or over.done():
                    return None
                if coming.done():
                    del self._next[session]
                    message = coming.result()
                    await _send(send, message)
                    if isinstance(message, ProcessCompletedMessage):
                        self._queue.pending_event_ids_session.get(session, set()).discard(message.event_id or "")
                elif self._under_way(session):
                    await _send(send, HeartbeatMessage())
                else:
                    return await self._close(session, {left, over}, send)
        finally:
            over.cancel()

    def _coming(self, session: str) -> "asyncio.Future[EventMessage]":
        """The next message; a stream that ends before it comes leaves it to the one after it."""
        if session not in self._next:
            waiting = self._queue.pending_messages_per_session
            if session not in waiting:
                waiting[session] = asyncio.Queue()
            self._next[session] = asyncio.ensure_future(waiting[session].get())
        return self._next[session]

    def _under_way(self, session: str) -> bool:
        return bool(self._queue.pending_event_ids_session.get(session))

    async def _close(self, session: str, seen: "set[asyncio.Future[Any]]", send: Send) -> None:
        """Tell the page that its stream ends, and wait until it has seen that."""
        closing = self._closing[session] = asyncio.Event()
        try:
            await _send(send, CloseStreamMessage())
            await asyncio.wait(seen, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.set()
            del self._closing[session]

    async def _forget(self, session: str) -> None:
        """Give up what is under way for a page that has gone and does not come back."""
        if self._under_way(session):
            await asyncio.sleep(PATIENCE_S)
        if session in self._open:
            return
        coming = self._next.pop(session, None)
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError):
                await coming
        if self._under_way(session):
            await self._queue.clean_events(session_hash=session)
            self._queue.pending_messages_per_session.pop(session, None)
        self._queue.pending_event_ids_session.pop(session, None)


async def _send(send: Send, message: EventMessage) -> None:
    text = message.model_dump_json(fallback=str)
    await send({"type": "http.response.body", "body": f"data: {text}\n\n".encode(), "more_body": True})


async def _left(receive: Receive) -> None:
    """Returns when the browser has."""
    while (await receive())["type"] != "http.disconnect":
        pass
