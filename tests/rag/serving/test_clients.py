"""Clients that are not as they should be, and clients with settings of their own."""

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rag.corpus import Rag
from rag.errors import SettingsChangedError, SettingsError, StoreInUseError
from rag.serving import client as client_module
from rag.serving import wire
from rag.serving.address import read_address
from rag.serving.client import OwnedCorpus, reach
from rag.serving.owner import Owner
from rag.serving.wire import REQUEST_BYTES, greet
from tests.rag.serving.process import until, write_corpus


@pytest.fixture(scope="module")
def kept() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def facts(kept: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Rag:
    """One ingested corpus for all tests of this file, which only read it."""
    if not hasattr(kept, "corpus"):
        docs = write_corpus(tmp_path_factory.mktemp("clients")).parent / "docs"
        kept.corpus = kept.enter_context(Rag.open(docs))  # type: ignore[attr-defined]
        kept.corpus.ingest()  # type: ignore[attr-defined]
    corpus: Rag = kept.corpus  # type: ignore[attr-defined]
    return corpus


def test_a_stranger_does_not_keep_others_from_being_answered(
    facts: Rag, owner: Owner, client: OwnedCorpus, index: Path
) -> None:
    address = read_address(index)
    assert address is not None
    place = ("127.0.0.1", address.port)
    half_open = [socket.create_connection(place) for _ in range(5)]
    half_open[0].sendall(b"x" * 200)
    half_open[1].sendall(b"\x00")
    assert [hit.chunk_id for hit in client.search("tea")] == [hit.chunk_id for hit in facts.search("tea")]
    for connection in half_open:
        connection.close()
    until(lambda: not owner._connections)


def test_only_so_many_strangers_are_listened_to(
    owner: Owner, client: OwnedCorpus, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "GREETING_S", 0.5)
    address = read_address(index)
    assert address is not None
    strangers = [socket.create_connection(("127.0.0.1", address.port)) for _ in range(50)]
    time.sleep(0.2)
    assert len(owner._connections) <= 32
    until(lambda: not owner._connections)
    assert client.search("tea")
    for connection in strangers:
        connection.close()


def test_a_client_that_sends_no_request_is_hung_up_on(owner: Owner, index: Path) -> None:
    address = read_address(index)
    assert address is not None
    too_long, no_object = struct.pack("!I", REQUEST_BYTES + 1) + b"{}", struct.pack("!I", 2) + b"[]"
    a_pickle = struct.pack("!I", 4) + b"\x80\x04N."
    for frame in (too_long, no_object, a_pickle):
        channel = greet(address)
        channel._connection.sendall(frame)
        with pytest.raises(wire.WireError):
            channel.receive(limit=100, timeout_s=5)
        channel.close()
    until(lambda: not owner._connections)


def test_a_request_that_means_nothing_is_an_error(facts: Rag, owner: Owner, index: Path) -> None:
    address = read_address(index)
    assert address is not None
    whole = {"call": "plan", "arguments": {}, "settings": facts.settings.model_dump(mode="json", exclude={"store"})}
    requests: list[tuple[dict[str, Any], str]] = [
        ({"call": "close"}, "knows no call 'close'"),
        ({"call": "__init__"}, "knows no call"),
        ({"call": "search", "arguments": {"nothing": 1}}, "TypeError"),
        ({"settings": {"name": "x"}}, "ValidationError"),
        ({"settings": None}, "TypeError"),
    ]
    for request, words in requests:
        channel = greet(address)
        channel.send(whole | request, limit=REQUEST_BYTES)
        error = channel.receive(limit=10_000, timeout_s=20)["error"]
        assert error["kinds"] == ["RagError"]
        assert words in error["message"]
        channel.close()


def test_a_client_has_its_own_settings_over_the_same_store_and_encoder(
    facts: Rag, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts.search("tea")
    monkeypatch.setattr("rag.build.build_encoder", lambda _: pytest.fail("the encoder is loaded already"))
    other = facts.settings.retrieval.model_copy(update={"top_k": 1})
    one = reach(facts.settings.model_copy(update={"retrieval": other}), wait_s=0)
    assert len(one.search("guide")) == 1
    assert len(facts.search("guide")) > 1


def test_a_secret_that_only_the_client_has_is_named(facts: Rag, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    update = {"llm": "openai:x", "api_key_env": "KEY_OF_NOBODY"}
    answer = facts.settings.answer.model_copy(update=update)
    asking = reach(facts.settings.model_copy(update={"answer": answer}), wait_s=0)
    with pytest.raises(SettingsError, match="set the environment variable KEY_OF_NOBODY") as plain:
        asking.ask("tea?")
    assert "serves the corpus" not in str(plain.value)
    here = {**os.environ, "KEY_OF_NOBODY": "s3cret"}  # as if this were another process than the owner
    monkeypatch.setattr(client_module, "os", type("os", (), {"environ": here}))
    with pytest.raises(SettingsError, match="KEY_OF_NOBODY is set here, but not in process") as missing:
        asking.ask("tea?")
    assert "s3cret" not in str(missing.value)


def test_verify_says_how_far_it_is_as_it_does_alone(facts: Rag, client: OwnedCorpus) -> None:
    alone: list[tuple[str, int, int]] = []
    steps: list[tuple[str, int, int]] = []
    documents = facts.verify(progress=lambda *at: alone.append(at)).documents
    assert client.verify(progress=lambda *at: steps.append(at)).documents == documents
    assert alone == [("verify", done, documents) for done in range(1, documents + 1)]
    assert steps[0] == alone[0]
    assert steps[-1] == alone[-1], "and of what comes quickly only some"


def test_sources_that_read_standard_input_are_refused(owner: Owner, index: Path, tmp_path: Path) -> None:
    config = tmp_path / "stdin.yaml"
    config.write_text(f"name: docs\nsources: [{{kind: jsonl, path: '-'}}]\nstore: {{kind: edge, path: {index}}}\n")
    client = reach(Rag.open(config).settings, wait_s=0)
    for refused in (client.plan, client.ingest, lambda: client.verify(repair=True)):
        with pytest.raises(StoreInUseError, match="reads standard input"):
            refused()
    assert client.verify().ok


def test_warnings_are_the_clients_own(facts: Rag, owner: Owner) -> None:
    chunking = facts.settings.chunking.model_copy(update={"max_tokens": 60})
    changed = reach(facts.settings.model_copy(update={"chunking": chunking}), wait_s=0)
    changed.search("tea")
    changed.search("tea")
    assert len(changed.warnings) == 1
    assert "chunking.max_tokens" in changed.warnings[0]
    assert facts.warnings == []
    with pytest.raises(SettingsChangedError):
        changed.ingest()
