"""`Rag.map` of real corpora."""

import pytest

from rag import Rag
from rag.corpus_map import layout, reading
from rag.corpus_map.kept import PLACES, _key
from rag.errors import CorpusMissingError, MissingDependencyError, StoreError
from rag.points import AnyOf

PAGES = {
    "refunds.md": "# Refunds\n\nRefunds are paid within 14 days after the parcel has arrived at the warehouse.\n",
    "refunds copy.md": "# Refunds\n\nRefunds are paid within 14 days after the parcel has arrived at the warehouse.\n",
    "parcels.md": "# Parcels\n\nParcels that are lost are paid back by the carrier.\n",
    "holidays.md": "# Holidays\n\nEveryone has 30 days of holidays a year.\n",
    "empty.md": "",
}


@pytest.fixture
def shop(make_folder):
    with Rag.open(make_folder(PAGES)) as corpus:
        corpus.ingest()
        yield corpus


def test_every_document_with_text_is_on_the_map(shop):
    found = shop.map()
    assert {point.document_id for point in found.points} == {f"files:{name}" for name in PAGES if name != "empty.md"}
    assert {point.title for point in found.points} >= {"Refunds", "Holidays"}
    assert (found.total, found.unplaced) == (5, 1)
    assert [set(group.ids) for group in found.duplicates] == [{"files:refunds.md", "files:refunds copy.md"}]
    (nearest, cosine), *_ = found.similar("files:refunds.md")
    assert (nearest.id, round(cosine, 3)) == ("files:refunds copy.md", 1)
    assert set(found.to_dict()) >= {"points", "topics", "duplicates", "outliers", "query"}


def test_chunks_are_points_too(shop):
    found = shop.map(unit="chunks")
    assert len(found.points) == found.total == 4
    assert all(point.id != point.document_id for point in found.points)


def test_a_query_is_drawn_with_its_hits(shop):
    asked = shop.map(query="How many days of holidays?").query
    assert asked.how == "projected"
    assert -1 <= asked.x <= 1
    assert -1 <= asked.y <= 1
    assert asked.hits[0].point == asked.hits[0].document_id == "files:holidays.md"
    chunks = shop.map(unit="chunks", query="How many days of holidays?")
    assert chunks.query.hits[0].point in {point.id for point in chunks.points}
    unread = shop.map(query="Сколько дней отпуска есть у каждого сотрудника компании?").query
    assert unread.how == "hits", "the encoder does not read it"


def test_principals_see_their_map(make_folder, tmp_path):
    make_folder({"open/a.md": "# Open\n\nEveryone may read it.", "closed/b.md": "# Closed\n\nSome may read it."})
    config = tmp_path / "c.yaml"
    config.write_text(
        "sources:\n  - {kind: files, name: open, path: docs/open}\n"
        "  - {kind: files, name: closed, path: docs/closed, acl: [staff]}\n"
    )
    with Rag.open(config) as corpus:
        corpus.ingest()
        ids = {
            str(who): {point.id for point in corpus.map(principals=who, query="read").points}
            for who in (None, [], ["staff"])
        }
        assert ids["None"] == ids["['staff']"] == {"open:a.md", "closed:b.md"}
        assert ids["[]"] == {"open:a.md"}
        placed = corpus.map(principals=[], query="closed").query
        assert {hit.document_id for hit in placed.hits} == {"open:a.md"}
        assert [p.source for p in corpus.map(unit="chunks", principals=[]).points] == ["open"]


def test_a_map_is_kept_until_the_corpus_changes(shop, make_folder):
    first = shop.map()
    assert shop.map() is first
    make_folder({"late.md": "# Late\n\nLate parcels are refunded at once."})
    shop.ingest()
    assert len(shop.map().points) == len(first.points) + 1


def test_a_large_corpus_is_shown_by_a_sample_that_says_so(shop, monkeypatch):
    monkeypatch.setattr(reading, "MOST_POINTS", 2)
    found = shop.map(unit="chunks")
    assert (len(found.points), found.total) == (2, 4)


def test_nothing_was_ingested_yet(make_folder):
    with Rag.open(make_folder({"a.md": "# A\n\nText."})) as corpus, pytest.raises(CorpusMissingError):
        corpus.map()


def test_an_ingested_corpus_without_documents_has_an_empty_map(make_folder):
    with Rag.open(make_folder({})) as corpus:
        corpus.ingest()
        assert corpus.map(query="anything").points == ()


@pytest.fixture
def counted(monkeypatch):
    """UMAP by something quicker that counts how often it was asked."""
    asked = []

    def places(vectors, start):
        asked.append(len(vectors))
        return start[:, ::-1]

    monkeypatch.setattr("rag.corpus_map.drawing.FEWEST_FOR_UMAP", 1)
    monkeypatch.setattr("rag.corpus_map.kept.umap_places", places)
    return asked


@pytest.mark.skipif(not layout.umap_is_installed(), reason="umap-learn is not installed")
def test_a_layout_outlives_the_process_until_the_corpus_changes(make_folder, counted):
    folder = make_folder(PAGES)
    with Rag.open(folder) as corpus:
        corpus.ingest()
        first = corpus.map(layout="umap")
        assert corpus.map(layout="umap") is first
    with Rag.open(folder) as corpus:
        again = corpus.map(layout="umap")
        assert [(p.id, p.x, p.y) for p in again.points] == [(p.id, p.x, p.y) for p in first.points]
        assert counted == [4]
        corpus.map(unit="chunks", layout="umap")
        assert counted == [4, 4], "of other vectors"
        (folder / "new.md").write_text("# New\n\nSomething else.\n")
        corpus.ingest()
        assert len(corpus.map(layout="umap").points) == 5
        assert counted == [4, 4, 5]
    with Rag.open(folder) as corpus:
        corpus.map(layout="umap"), corpus.map(unit="chunks", layout="umap")
    assert counted == [4, 4, 5, 5], "the chunks' one was of the corpus before"
    with Rag.open(folder) as corpus:
        assert corpus.map(layout="umap", principals=["ann"]).points
        assert corpus._opened.store_if_any().count(f"{corpus.name}__artifacts") == 3, "old ones gave their places"


@pytest.mark.skipif(not layout.umap_is_installed(), reason="umap-learn is not installed")
def test_a_layout_that_cannot_be_kept_is_shown(shop, counted, monkeypatch):
    def refuse(*_):
        raise StoreError("read only")

    monkeypatch.setattr("rag.store.artifacts.Artifacts.write", refuse)
    assert shop.map(layout="umap").layout == "umap"


def test_as_many_layouts_are_kept_as_have_a_place():
    access = [(AnyOf("acl", ("*", f"user-{n}")),) for n in range(200)]
    keys = {_key(unit, where) for unit in ("documents", "chunks") for where in ((), *access)}
    assert len(keys) == 2 * (1 + PLACES)


def test_without_umap_the_error_says_what_to_install(shop, monkeypatch):
    monkeypatch.setattr(layout, "umap_is_installed", lambda: False)
    monkeypatch.setattr("rag.corpus_map.drawing.FEWEST_FOR_UMAP", 1)
    with pytest.raises(MissingDependencyError, match=r"pip install 'situated-rag\[map\]'"):
        shop.map(layout="umap")
