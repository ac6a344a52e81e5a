"""What a page waits for reaches it, however its streams begin and end: Gradio's queue, a browser of a few lines."""

import asyncio
import json
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.server_messages import ProcessCompletedMessage, ProcessStartsMessage

from ui import streams
from ui.streams import STREAM, Streams
from ui.users import USER, User


class Stream:
    """What a browser has of a stream that it opened."""

    def __init__(self, app, session, path=STREAM, user="ada"):
        self.status, self.messages, self.ended, self._left = None, [], False, asyncio.Event()
        asked = {"path": path, "query_string": f"session_hash={session}".encode(), USER: User(user, None)}
        scope = {"type": "http", "headers": [], **asked}
        self.served = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["body"]:
            self.messages.append(json.loads(message["body"].decode().removeprefix("data: ")))
        self.ended = message["type"] == "http.response.body" and not message.get("more_body")

    def leave(self):
        self._left.set()

    @property
    def kinds(self):
        return [message["msg"] for message in self.messages]


class Server:
    """The streams of an app, whose events are put under way and completed by hand."""

    def __init__(self):
        with gr.Blocks(analytics_enabled=False) as app:
            pass
        app.queue()
        self.queue, self.asked = app._queue, []
        self.queue.push = self._push
        self.streams = Streams(self._app, self.queue)

    async def _push(self, body, request, username):
        waiting = self.queue.pending_messages_per_session
        if body.session_hash not in waiting:
            waiting[body.session_hash] = asyncio.Queue()
        self.queue.pending_event_ids_session.setdefault(body.session_hash, set()).add(body.event)
        waiting[body.session_hash].put_nowait(ProcessStartsMessage(event_id=body.event))
        return True, f"{request} of {username}", "success"

    async def _app(self, scope, receive, send):
        self.asked.append(scope["path"])

    def ask(self, event, session="mine", user="ada"):
        body = SimpleNamespace(session_hash=session, event=event)
        return asyncio.create_task(self.queue.push(body, "asked", username=user))

    def complete(self, event, session="mine"):
        done = ProcessCompletedMessage(event_id=event, output={"data": [event]}, success=True)
        self.queue.pending_messages_per_session[session].put_nowait(done)

    def open(self, session="mine", **how):
        return Stream(self.streams, session, **how)


async def settled():
    for _ in range(30):
        await asyncio.sleep(0)


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(streams, "LINGER_S", 0.05)
    monkeypatch.setattr(streams, "PATIENCE_S", 0.1)


def test_what_comes_is_brought_and_the_stream_ends_when_nothing_is_under_way():
    async def run():
        server = Server()
        assert await server.ask("a") == (True, "asked of ada", "success")
        page = server.open()
        server.complete("a")
        await until(lambda: page.kinds == ["process_starts", "process_completed", "close_stream"])
        assert page.status == 200
        assert page.messages[1]["output"] == {"data": ["a"]}
        assert not page.ended, "the page has to let go first"
        page.leave()
        await page.served
        assert page.ended

    asyncio.run(run())


def test_a_stream_stays_for_what_comes_soon(monkeypatch):
    monkeypatch.setattr(streams, "LINGER_S", 3600)

    async def run():
        server = Server()
        page = server.open()
        for event in ("a", "b", "c"):
            await server.ask(event)
            server.complete(event)
            await settled()
        assert page.kinds == ["process_starts", "process_completed"] * 3
        page.leave()
        await page.served

    asyncio.run(run())


def test_an_event_is_told_that_it_was_taken_when_the_page_has_let_go_of_the_stream_that_ends(monkeypatch):
    monkeypatch.setattr(streams, "PATIENCE_S", 3600)

    async def run():
        server = Server()
        page = server.open()
        await until(lambda: page.kinds == ["close_stream"])
        asked, other = server.ask("a"), server.ask("b", "somebody else's")
        await settled()
        assert other.done()
        assert not asked.done()
        page.leave()
        assert (await asked)[0]
        page = server.open()
        server.complete("a")
        await until(lambda: page.kinds[:2] == ["process_starts", "process_completed"])
        page.leave()

    asyncio.run(run())


def test_a_page_that_does_not_say_that_it_left_delays_an_event_and_no_more():
    async def run():
        server = Server()
        page = server.open()
        await until(lambda: page.kinds == ["close_stream"])
        async with asyncio.timeout(5):
            assert (await server.ask("a"))[0]

    asyncio.run(run())


def test_of_two_streams_of_a_page_the_newer_one_gets_everything():
    async def run():
        server = Server()
        await server.ask("a")
        older = server.open()
        await until(lambda: older.kinds == ["process_starts"])
        newer = server.open()
        server.complete("a")
        await until(lambda: newer.kinds[:1] == ["process_completed"])
        await older.served
        assert older.kinds == ["process_starts"]
        newer.leave()

    asyncio.run(run())


def test_a_page_that_comes_back_finds_what_is_under_way():
    async def run():
        server = Server()
        await server.ask("a")
        page = server.open()
        await until(lambda: page.messages)
        page.leave()
        await page.served
        server.complete("a")
        page = server.open()
        await until(lambda: page.kinds[:1] == ["process_completed"])
        page.leave()

    asyncio.run(run())


def test_what_is_under_way_for_a_page_that_is_gone_is_given_up():
    async def run():
        server = Server()
        given_up = []

        async def clean_events(*, session_hash):
            given_up.append(session_hash)

        server.queue.clean_events = clean_events
        await server.ask("a")
        await server.ask("b", "another")
        page, another = server.open(), server.open("another")
        await until(lambda: page.messages and another.messages)
        page.leave()
        await until(lambda: given_up)
        assert given_up == ["mine"]
        assert "mine" not in server.queue.pending_messages_per_session
        assert "another" in server.queue.pending_messages_per_session
        another.leave()

    asyncio.run(run())


def test_a_long_silence_is_broken_while_something_is_under_way(monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.02)

    async def run():
        server = Server()
        await server.ask("a")
        page = server.open()
        await until(lambda: page.kinds[:3] == ["process_starts", "heartbeat", "heartbeat"])
        page.leave()

    asyncio.run(run())


def test_a_server_that_stops_says_so_and_ends_its_streams():
    async def run():
        server = Server()
        await server.ask("a")
        page = server.open()
        await until(lambda: page.messages)
        server.queue.close()
        await asyncio.to_thread(server.streams.stop)
        await until(lambda: page.ended)
        assert page.kinds == ["process_starts", "unexpected_error"]

    asyncio.run(run())


def test_a_page_is_nobody_elses():
    async def run():
        server = Server()
        await server.ask("a")
        assert (await server.ask("b", user="bob"))[0] is False
        await server.ask("c", "his", user="bob")
        page, stolen = server.open(), server.open(user="bob")
        await stolen.served
        assert stolen.status == 404
        server.complete("a")
        await until(lambda: page.kinds[:2] == ["process_starts", "process_completed"])
        page.leave()

    asyncio.run(run())


def test_everything_else_is_gradios():
    async def run():
        server = Server()
        await Stream(server.streams, "mine", path="/gradio_api/upload").served
        assert server.asked == ["/gradio_api/upload"]

    asyncio.run(run())
