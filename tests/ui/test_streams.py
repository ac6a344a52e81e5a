"""A question that comes in while the page's stream ends waits until the page knows that."""

import asyncio
from types import SimpleNamespace

import pytest

from ui import streams
from ui.streams import STREAM, Streams

END = b'data: {"msg":"close_stream"}\n\n'


class Browser:
    """Reads the stream of one page from an app that sends `chunks`."""

    def __init__(self, *chunks, path=STREAM):
        self.chunks, self.received, self.left = chunks, [], asyncio.Event()
        self.queue = SimpleNamespace(push=self._push)
        self.streams = Streams(self._app, self.queue)
        scope = {"type": "http", "path": path, "query_string": b"session_hash=mine", "headers": []}
        self.reading = asyncio.create_task(self.streams(scope, self._receive, self._send))

    async def _push(self, body, request, username):
        return True, f"{request} of {username}", "success"

    async def _app(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for chunk in self.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        self.received.append(message.get("body"))

    def asks(self, session="mine"):
        return asyncio.create_task(self.queue.push(SimpleNamespace(session_hash=session), "asked", username="ada"))


async def settled():
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_question_is_taken_when_the_page_has_let_go_of_the_stream_that_ended():
    async def run():
        browser = Browser(b"data: {}\n\n", END)
        await settled()
        assert browser.received == [None, b"data: {}\n\n", END]
        asked, other = browser.asks(), browser.asks("somebody else's")
        await settled()
        assert other.done()
        assert not asked.done()
        browser.left.set()
        assert await asked == (True, "asked of ada", "success")
        await browser.reading
        assert (await asyncio.wait_for(browser.asks(), 5))[0], "the next stream has not ended"

    asyncio.run(run())


def test_a_page_that_does_not_say_that_it_left_delays_a_question_and_no_more(monkeypatch):
    async def run():
        monkeypatch.setattr(streams, "PATIENCE_S", 0.05)
        browser = Browser(END)
        await settled()
        assert (await asyncio.wait_for(browser.asks(), 5))[0]
        await browser.reading

    asyncio.run(run())


@pytest.mark.parametrize(
    ("chunks", "path"),
    [((b"data: {}\n\n",), STREAM), ((), STREAM), ((END,), "/gradio_api/upload")],
    ids=["an update", "nothing", "another address"],
)
def test_nothing_else_waits(chunks, path):
    async def run():
        browser = Browser(*chunks, path=path)
        await asyncio.wait_for(browser.reading, 5)
        assert (await asyncio.wait_for(browser.asks(), 5))[0]

    asyncio.run(run())


def test_a_stream_that_breaks_off_keeps_no_question_waiting():
    async def run():
        browser = Browser(END)
        await settled()
        asked = browser.asks()
        browser.reading.cancel()
        assert (await asyncio.wait_for(asked, 5))[0]

    asyncio.run(run())
