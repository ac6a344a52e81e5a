import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from qdrant_client import QdrantClient

from rag.errors import StoreError
from rag.store.server import LOCAL, ServerStore
from rag.testing import StoreContract
from rag.testing.store_contract.data import SCHEMA

URL = os.environ.get("RAG_TEST_QDRANT_URL")


class TestLocalMode(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[ServerStore]:
        store = ServerStore(LOCAL)
        yield store
        store.close()


if URL:

    class TestServer(StoreContract):
        @pytest.fixture
        def store(self) -> Iterator[ServerStore]:
            assert URL
            store = ServerStore(URL)
            if store.collections():
                pytest.fail(f"{URL} holds collections: these tests need an empty server of their own")
            yield store
            cleaner = ServerStore(URL)
            for name in cleaner.collections():
                cleaner.drop(name)
            cleaner.close()

else:

    @pytest.mark.skip(reason="RAG_TEST_QDRANT_URL names no Qdrant server")
    def test_a_real_server_keeps_the_contract() -> None: ...


def test_a_server_that_is_not_there_is_named_with_what_to_do() -> None:
    store = ServerStore("http://127.0.0.1:9")
    with pytest.raises(
        StoreError, match=r"http://127\.0\.0\.1:9: listing the collections: no answer .*store\.url"
    ) as e:
        store.collections()
    assert "\n" not in str(e.value)


@pytest.fixture
def refusing() -> Iterator[str]:
    """The url of a server that answers 401 to everything."""

    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, *arguments: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Refuse) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_refused_key_is_said_without_the_key(refusing: str) -> None:
    with pytest.warns(UserWarning, match="insecure connection"):
        store = ServerStore(refusing, api_key="topsecret")
    with pytest.raises(StoreError, match=r"refused the API key .*store\.api_key_env") as e:
        store.count("chunks")
    assert "topsecret" not in str(e.value)
    assert "\n" not in str(e.value)
    store.close()


def test_a_client_that_is_set_up_already_is_used_and_closed() -> None:
    client = QdrantClient(LOCAL)
    store = ServerStore(LOCAL, client=client)
    store.create(SCHEMA)
    assert client.collection_exists(SCHEMA.name)
    store.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.get_collections()
