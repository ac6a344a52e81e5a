"""Nothing is read from who does not know the token; frames have their size and their time."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from rag.serving import wire
from rag.serving.address import Address, new_address
from rag.serving.wire import Channel, WireError, greet, welcome


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server


@pytest.fixture
def address(listener: socket.socket) -> Address:
    return new_address(listener.getsockname()[1])


def answering(listener: socket.socket, answer: Callable[[socket.socket], object]) -> threading.Thread:
    """One connection is taken and answered."""

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            answer(connection)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def channels(listener: socket.socket, address: Address) -> Iterator[tuple[Channel, Channel]]:
    """Both ends of a connection that was greeted."""
    mine: list[Channel] = []
    done = threading.Event()

    def answer(connection: socket.socket) -> None:
        mine.append(welcome(connection, address.token))
        done.wait(20)

    answering(listener, answer)
    client = greet(address)
    deadline = time.monotonic() + 5
    while not mine and time.monotonic() < deadline:
        time.sleep(0.01)
    yield mine[0], client
    client.close()
    done.set()


def test_frames_go_both_ways(channels: tuple[Channel, Channel]) -> None:
    owner, client = channels
    message = {"text": "東 \ud800 \x00", "numbers": [1, 1.0, 1e300], "none": None}
    for sender, receiver in ((owner, client), (client, owner)):
        sender.send(message, limit=1000)
        assert receiver.receive(limit=1000, timeout_s=5) == message
    assert not client.gone
    assert not owner.gone


def test_a_frame_beyond_the_limit_is_neither_sent_nor_read(channels: tuple[Channel, Channel]) -> None:
    owner, client = channels
    with pytest.raises(WireError, match="more than the 10 "):
        client.send({"text": "x" * 100}, limit=10)
    client.send({"text": "x" * 100}, limit=1000)
    with pytest.raises(WireError, match="longer than the 10 "):
        owner.receive(limit=10, timeout_s=5)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[]", b'"text"', b"[" * 5000])
def test_a_frame_that_is_no_object_is_an_error(channels: tuple[Channel, Channel], body: bytes) -> None:
    owner, client = channels
    client._connection.sendall(struct.pack("!I", len(body)) + body)
    with pytest.raises(WireError, match="no JSON"):
        owner.receive(limit=2**20, timeout_s=5)


def test_a_frame_that_never_ends_ends_in_time(channels: tuple[Channel, Channel]) -> None:
    owner, client = channels
    client._connection.sendall(struct.pack("!I", 100) + b"{")
    started = time.monotonic()
    with pytest.raises(WireError, match="in time"):
        owner.receive(limit=1000, timeout_s=0.2)
    assert time.monotonic() - started < 5


def test_a_side_that_hung_up_is_gone(channels: tuple[Channel, Channel]) -> None:
    owner, client = channels
    client.close()
    with pytest.raises(WireError, match="closed"):
        owner.receive(limit=1000, timeout_s=5)
    assert owner.gone
    assert client.gone


def test_who_takes_nothing_is_given_up(channels: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SENDING_S", 0.2)
    owner, _ = channels
    with pytest.raises(WireError, match="nobody takes"):
        owner.send({"text": "x" * 2**25}, limit=2**30)


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n\r\n" * 20, b"\x00" * 64, b"x" * 10])
def test_who_knows_no_token_is_not_heard(listener: socket.socket, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "GREETING_S", 0.3)
    raised: list[WireError] = []

    def answer(connection: socket.socket) -> None:
        with pytest.raises(WireError) as caught:
            welcome(connection, "token")
        raised.append(caught.value)

    thread = answering(listener, answer)
    with socket.create_connection(listener.getsockname()) as stranger:
        stranger.sendall(said)
        thread.join(5)
    assert len(raised) == 1


def test_a_client_that_sends_byte_by_byte_has_no_longer_than_others(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "GREETING_S", 0.3)

    def answer(connection: socket.socket) -> None:
        with pytest.raises(WireError, match="in time"):
            welcome(connection, "token")

    thread = answering(listener, answer)
    started = time.monotonic()
    with socket.create_connection(listener.getsockname()) as stranger:
        while thread.is_alive() and time.monotonic() - started < 5:
            try:
                stranger.send(b"x")
            except OSError:
                break
            time.sleep(0.05)
    thread.join(5)
    assert not thread.is_alive()
    assert time.monotonic() - started < 3


def test_another_token_is_refused_on_both_sides(listener: socket.socket, address: Address) -> None:
    refused: list[bool] = []

    def answer(connection: socket.socket) -> None:
        with pytest.raises(WireError, match="does not know the token"):
            welcome(connection, "another")
        refused.append(True)

    thread = answering(listener, answer)
    with pytest.raises(WireError, match=r"closed|broke"):
        greet(address)
    thread.join(5)
    assert refused


@pytest.mark.parametrize(
    "answer",
    [
        lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + b" " * 80),
        lambda connection: connection.sendall(wire.HELLO + b"n" * 32 + b"p" * 32),
        lambda connection: connection.sendall(wire.HELLO),
        lambda _: None,
    ],
    ids=["another server", "no token", "half a greeting", "hangs up"],
)
def test_a_stranger_on_the_port_learns_nothing(
    listener: socket.socket, address: Address, answer: Callable[[socket.socket], object]
) -> None:
    heard: list[bytes] = []

    def stranger(connection: socket.socket) -> None:
        answer(connection)
        connection.settimeout(2)
        with suppress(OSError):  # the client does not wait for the end of it
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(4096):
                heard.append(piece)

    thread = answering(listener, stranger)
    with pytest.raises(WireError):
        greet(address)
    thread.join(5)
    assert address.token.encode() not in b"".join(heard)
    assert len(b"".join(heard)) <= 64, "at most a nonce and a proof"


def test_nobody_on_the_port_is_an_error(listener: socket.socket, address: Address) -> None:
    listener.close()
    with pytest.raises(WireError, match="nobody answers"):
        greet(address)
    with pytest.raises(WireError, match="nobody answers"):
        greet(Address(port=70000, pid=1, command="", token=""))
