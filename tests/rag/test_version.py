"""Whether stored documents can have changed is known without reading them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag import Rag
from rag.opened import OpenStore
from rag.settings import Settings
from rag.testing.exact_store import ExactStore
from tests.corpora import MakeFolder


def test_the_version_changes_with_what_is_written_and_is_unknown_meanwhile(make_folder: MakeFolder) -> None:
    folder: Path = make_folder()
    with Rag.open(folder) as corpus:
        assert corpus.version is None, "nothing is held, and another process may ingest"
        corpus.ingest()
        first = corpus.version
        assert first is not None
        corpus.search("tea"), corpus.listing(), corpus.verify()
        assert corpus.version == first
        with ThreadPoolExecutor(1) as elsewhere, corpus._opened.writing():
            assert elsewhere.submit(lambda: corpus.version).result() is None
        assert corpus.version not in (first, None)
        second = corpus.version
        corpus.verify(repair=True)
        assert corpus.version not in (second, None)
        assert corpus.with_settings({"retrieval.top_k": 2}).version == corpus.version


def test_a_listing_is_kept_as_long_as_nothing_can_have_changed(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.opened.KEPT_S", 0)
    with Rag.open(make_folder()) as corpus:
        corpus.ingest()
        kept = corpus.listing()
        assert corpus.listing() is kept
        with ThreadPoolExecutor(1) as elsewhere, corpus._opened.writing():
            assert elsewhere.submit(corpus.listing).result() is not kept


def test_on_a_server_others_write_at_any_time() -> None:
    store = {"kind": "server", "url": "http://127.0.0.1:9"}
    settings = {"name": "t", "sources": [{"kind": "files", "path": "x"}], "store": store}
    opened = OpenStore(Settings.model_validate(settings), 0)
    opened._store = ExactStore()
    assert opened.version is None
