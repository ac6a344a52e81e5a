"""A crash at any store call is repaired by the next run, and what `verify` counts can be counted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag import Rag, build
from rag.answering.abstention import SHIPPED, Calibration, Curve
from rag.answering.answerer import Answerer
from rag.ingest import converge
from rag.ingest.changes import chunk_owners, damaged_documents, listed_owners, stored_states
from rag.ingest.generations import current_generation
from rag.ingest.write import Writer
from rag.opened import OpenCorpus
from rag.points import Point, Record, SparseVector
from rag.protocols import Store
from rag.reports import IngestReport
from rag.store.edge import EdgeStore
from rag.store.records import document_point_id
from rag.testing import ExactStore, HashEncoder
from tests.corpora import FACTS, MakeFolder
from tests.rag.serving.process import folder_of

WRITES = ("upsert", "delete", "set_payload", "flush", "create", "switch", "index", "compact", "drop")


class FaultyStore:
    """Passes everything on to a store and breaks at the n-th writing call, before or after it took effect."""

    def __init__(self, store: Store, broken_call: int, *, after: bool) -> None:
        self._store, self._left, self._after = store, broken_call, after

    def __getattr__(self, name: str) -> Any:
        if name == "close":  # the store outlives the process that broke
            return lambda: None
        attribute = getattr(self._store, name)
        if name not in WRITES:
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise OSError(f"cut before {name}")
            result = attribute(*args, **kwargs)
            if self._left == 0:
                raise OSError(f"cut after {name}")
            return result

        return call


def contents(store: Store) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Everything stored: point id -> what the payload and the vectors are, times aside."""
    generation = current_generation(store, "docs")
    assert generation is not None
    found = {}
    for name, vectors in (
        (generation.chunks, ("raw", "situated", "lexical")),
        (generation.documents, ("mean", "lexical")),
        (generation.texts, ()),
    ):
        for record in store.scroll(name, vectors=vectors):
            payload = {k: v for k, v in record.payload.items() if k not in ("fingerprint", "modified")}
            found[f"{name} {record.id}"] = (payload, {k: _numbers(v) for k, v in record.vectors.items()})
    return found


def assert_same(ours: dict[str, Any], wanted: dict[str, Any], when: str) -> None:
    assert {id: payload for id, (payload, _) in ours.items()} == {id: payload for id, (payload, _) in wanted.items()}, (
        when
    )
    for id, (_, vectors) in wanted.items():
        assert ours[id][1].keys() == vectors.keys(), when
        for name, numbers in vectors.items():
            np.testing.assert_allclose(ours[id][1][name], numbers, atol=1e-4, err_msg=when)


def _numbers(vector: Any) -> Any:
    if isinstance(vector, SparseVector):
        return np.concatenate([vector.indices, vector.values])
    return np.asarray(vector)


NEXT = {
    "alpha/guide.md": FACTS["alpha/guide.md"].replace("75", "80"),
    "new.md": "# New\n\nA quokka lives here.\n",
    "beta/guide.md": FACTS["beta/guide.md"],
}


def _change(folder: Path) -> None:
    for name, text in NEXT.items():
        (folder / name).write_text(text)
    (folder / "water.md").unlink()


def _reset(folder: Path) -> None:
    for name, text in FACTS.items():
        (folder / name).write_text(text)
    (folder / "new.md").unlink(missing_ok=True)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_cut_at_any_write_is_repaired_by_the_next_run(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    folder = make_folder()
    monkeypatch.setattr(build, "build_encoder", lambda _: HashEncoder())

    def opened(store: Store, broken_call: int = 0) -> Rag:
        broken = FaultyStore(store, broken_call, after=after)
        with monkeypatch.context() as patch:
            patch.setattr(build, "build_store", lambda *_args, **_kwargs: broken)
            corpus = Rag.open(folder)
            corpus._opened.store(create=True)
        monkeypatch.setattr(corpus._opened.shared, "if_any", lambda: broken)  # there is no folder to find it in
        return corpus

    def ingest(store: Store, broken_call: int = 0) -> IngestReport:
        return opened(store, broken_call).ingest()

    def interrupted(store: Store, broken_call: int) -> bool:
        try:
            ingest(store, broken_call)
        except OSError:
            return True
        return False

    fresh = ExactStore()
    _change(folder)
    ingest(fresh)
    wanted = contents(fresh)
    for broken_call in range(1, 100):
        store = ExactStore()
        _reset(folder)
        first = interrupted(store, broken_call)  # a cut in the first ingestion, and one in the next
        ingest(store)
        _change(folder)
        second = interrupted(store, broken_call)
        ingest(store)
        assert_same(contents(store), wanted, f"after a cut at write {broken_call}")
        _reset(folder)
        back = interrupted(store, broken_call)
        _change(folder)  # the change that was cut short is taken back
        plan, report = opened(store).plan(), ingest(store)
        foreseen = plan.new, plan.changed, plan.unchanged, plan.deleted
        assert foreseen == (report.new, report.changed, report.unchanged, report.deleted), f"write {broken_call}"
        assert_same(contents(store), wanted, f"after a cut at write {broken_call} and a change of mind")
        if not first and not second and not back:
            break
    else:
        pytest.fail("no run got through: the job makes more writes than were tried")
    assert broken_call > 10


def test_verify_counts_a_chunk_deleted_behind_the_back_and_ingest_restores_it(facts: Rag) -> None:
    store, generation = facts._opened.generation()
    victim = facts.search("French press", top_k=1)[0]
    store.delete(generation.chunks, [victim.chunk_id])
    assert facts.verify().missing_chunks == 1
    assert facts.ingest().changed == 1
    assert facts.verify().ok
    assert facts.search("French press", top_k=1)[0].chunk_id == victim.chunk_id


def test_verify_counts_an_orphan_chunk_and_ingest_removes_it(facts: Rag) -> None:
    store, generation = facts._opened.generation()
    hit = facts.search("French press", top_k=1)[0]
    record = store.retrieve(generation.chunks, [hit.chunk_id], vectors=("raw", "situated"))[hit.chunk_id]
    id = "00000000-0000-4000-8000-000000000001"
    payload = {**record.payload, "document_id": "files:ghost.md"}
    store.upsert(generation.chunks, [Point(id=id, vectors=record.vectors, payload=payload)])
    assert facts.verify().orphan_chunks == 1
    assert facts.ingest().chunks_deleted == 1
    assert facts.verify().ok


def test_owners_of_chunks_are_the_same_whether_documents_or_payloads_say_so(facts: Rag) -> None:
    store, generation = facts._opened.generation()
    states = stored_states(store, generation.documents)
    hits = facts.search("French press", top_k=2)
    store.delete(generation.chunks, [hits[1].chunk_id])
    ghost = {"document_id": "files:ghost.md", "text": "Nobody lists this."}
    store.upsert(generation.chunks, [Point(id="00000000-0000-4000-8000-000000000001", vectors={}, payload=ghost)])
    owners = chunk_owners(store, generation.chunks)
    assert "files:ghost.md" in owners
    assert listed_owners(store, generation.chunks, states.values()) == owners
    assert listed_owners(store, generation.chunks, ()) == owners, "what no document lists is read from the payload"
    assert damaged_documents(states.values(), owners) == {hits[1].document_id}


@pytest.mark.parametrize(
    "field",
    [{"text": "Something else."}, {"acl": ["somebody"]}, {"title": "Another"}, {"pages": [7]}, {"situation": "x"}],
)
def test_verify_counts_a_payload_changed_behind_the_back(facts: Rag, field: dict[str, Any]) -> None:
    store, generation = facts._opened.generation()
    hit = facts.search("French press", top_k=1)[0]
    store.set_payload(generation.chunks, {hit.chunk_id: field})
    assert facts.verify().stale_documents == 1


def test_verify_counts_a_vector_changed_behind_the_back(facts: Rag) -> None:
    store, generation = facts._opened.generation()
    hit = facts.search("French press", top_k=1)[0]
    record = store.retrieve(generation.chunks, [hit.chunk_id], vectors=("raw", "situated", "lexical"))[hit.chunk_id]
    turned = {**record.vectors, "raw": np.roll(np.asarray(record.vectors["raw"]), 1)}
    store.upsert(generation.chunks, [Point(id=hit.chunk_id, vectors=turned, payload=record.payload)])
    assert facts.verify().stale_documents == 1


def test_repair_mends_all_of_it_and_nothing_else(make_folder: MakeFolder) -> None:
    folder = make_folder()
    with Rag.open(folder) as corpus:
        corpus.ingest()
        store, generation = corpus._opened.generation()
        before = contents(store)
        fields = ("raw", "situated", "lexical")
        records = list(store.scroll(generation.chunks, vectors=fields))
        lost, rewritten = records[0].id, records[1].id
        ghost = {**records[2].payload, "document_id": "files:ghost.md"}
        id = "00000000-0000-4000-8000-000000000001"
        store.upsert(generation.chunks, [Point(id=id, vectors=records[2].vectors, payload=ghost)])
        store.set_payload(generation.chunks, {rewritten: {"text": "Something else."}})
        store.delete(generation.chunks, [lost])
        (folder / "new.md").write_text("# New\n\nNot for a repair.\n")
        found = corpus.verify()
        assert (found.missing_chunks, found.orphan_chunks, found.stale_documents) == (1, 1, 1)
        mended = corpus.verify(repair=True)
        assert mended.ok
        assert mended.repaired == 3
        assert_same(contents(store), before, "after the repair")
        assert corpus.verify(repair=True).repaired == 0


def test_documents_that_are_deleted_meanwhile_are_no_findings(facts: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server, another machine may ingest while this one verifies."""
    store, generation = facts._opened.generation()

    def then_deleted(*args: Any) -> Any:
        states = stored_states(*args)
        point = document_point_id("files:water.md")
        store.delete(generation.documents, [point])
        store.delete(generation.texts, [point])
        return states

    monkeypatch.setattr("rag.ingest.verify.stored_states", then_deleted)
    assert facts.verify().stale_documents == 0


def test_what_the_source_no_longer_has_is_not_repaired(make_folder: MakeFolder) -> None:
    folder = make_folder()
    with Rag.open(folder) as corpus:
        corpus.ingest()
        store, generation = corpus._opened.generation()
        hit = corpus.search("French press", top_k=1)[0]
        store.delete(generation.chunks, [hit.chunk_id])
        Path(hit.uri).unlink()
        report = corpus.verify(repair=True)
        assert (report.ok, report.missing_chunks, report.repaired) == (False, 1, 0)


def test_a_quote_changed_behind_the_back_is_not_verified(facts: Rag) -> None:
    store, generation = facts._opened.generation()
    answerer = facts._opened.answerer()
    result = facts.search("At what temperature is green tea brewed?")
    events = answerer.stream("At what temperature is green tea brewed?", result, [])
    next(events)  # the evidence is packed; now the stored text changes under it
    point = document_point_id("files:alpha/guide.md")
    store.set_payload(generation.texts, {point: {"text": FACTS["alpha/guide.md"].replace("75", "99")}})
    citations = [event["citation"] for event in events if event["type"] == "citation"]
    assert citations
    assert not any(c["verified"] for c in citations if "75" in c["quote"])


def test_a_vector_changed_behind_the_back_is_mended(facts: Rag) -> None:
    store, generation = facts._opened.generation()
    hit = facts.search("French press", top_k=1)[0]
    schema_vectors = sorted(generation.vectors)
    before = contents(store)
    record = store.retrieve(generation.chunks, [hit.chunk_id], vectors=schema_vectors)[hit.chunk_id]
    turned = {**record.vectors, "raw": np.roll(np.asarray(record.vectors["raw"]), 1)}
    store.upsert(generation.chunks, [Point(id=hit.chunk_id, vectors=turned, payload=record.payload)])
    report = facts.verify(repair=True)
    assert (report.ok, report.repaired) == (True, 1)
    assert_same(contents(store), before, "after the repair")


def test_a_chunk_whose_markup_changed_elsewhere_is_encoded_again(make_folder: MakeFolder) -> None:
    """Its text, and with it its id, stays the same; what is read of it does not."""
    text = "# Terms\n\nPayment is due in [thirty days][the refund policy of the northern branch] of the invoice.\n"
    folder = make_folder({"terms.md": text})
    with Rag.open(folder) as corpus:
        corpus.ingest()
        (folder / "terms.md").write_text(f"{text}\n[the refund policy of the northern branch]: https://example.com\n")
        assert corpus.ingest().changed == 1
        assert corpus.verify().ok
        (chunk, *_) = corpus.search("payment", top_k=1)
        store, generation = corpus._opened.generation()
        record = store.retrieve(generation.chunks, [chunk.chunk_id], vectors=("raw",))[chunk.chunk_id]
        plain = record.payload["plain"]
        assert "northern" not in plain
        (again,) = corpus.encoder.encode([plain], kind="document")
        assert float(again @ np.asarray(record.vectors["raw"])) > 0.99


def test_what_was_read_anew_without_a_date_is_whole(make_folder: MakeFolder, tmp_path: Path) -> None:
    """The store forgets what is set to null."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id": "1", "text": "Green tea is brewed at 75 degrees."}\n')
    config = tmp_path / "corpus.yaml"
    config.write_text("name: rows\nsources:\n  - {kind: jsonl, name: rows, path: ./rows.jsonl}\n")
    with Rag.open(config) as corpus:
        corpus.ingest()
        rows.write_text('{"text": "Green tea is brewed at 75 degrees.", "id": "1"}\n')
        assert corpus.ingest().unchanged == 1
        assert corpus.verify().ok
        (listed,) = corpus.listing().documents
        assert listed.modified is None
        assert corpus.originals().read("rows:1").data


def test_a_rebuild_whose_first_attempt_is_damaged_begins_anew(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder()
    with Rag.open(folder) as corpus:
        corpus.ingest()
    monkeypatch.setattr(converge, "activate_generation", _cut)
    with Rag.open(folder) as corpus, pytest.raises(OSError, match="cut"):
        corpus.ingest(rebuild=True)
    monkeypatch.undo()
    index = build.edge_path(corpus.settings.store) / "collections"  # type: ignore[arg-type]
    for file in (index / "docs__documents__g2/shard").rglob("*"):
        if file.is_file():
            file.write_bytes(b"damaged")
    with Rag.open(folder) as corpus:
        assert corpus.ingest(rebuild=True).changed + corpus.ingest().unchanged == 6
        assert corpus.verify().ok
    assert sorted(path.name for path in index.iterdir()) == ["docs__documents__g2", "docs__g2", "docs__texts__g2"]


def test_damaged_artifacts_stop_no_answer_and_go_with_a_rebuild(
    make_folder: MakeFolder, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_folder()
    own = Calibration(read=Curve(3.0, -1.0), unread=SHIPPED.unread)
    with Rag.open(folder) as corpus:
        corpus.ingest()
        corpus.set_calibration(own)
    index = build.edge_path(corpus.settings.store) / "collections"  # type: ignore[arg-type]
    for file in (index / "docs__artifacts/shard").rglob("*"):
        if file.is_file():
            file.write_bytes(b"damaged")
    with Rag.open(folder) as corpus:
        assert not corpus.ask("How long does a French press steep?").abstained
        assert corpus._opened.searcher().calibration == SHIPPED
        assert "a calibration of your own, if there was one, cannot be read" in caplog.text
        corpus.ingest(rebuild=True)
        assert "could not be read any more and are lost" in caplog.text
        corpus.set_calibration(own)
        assert corpus._opened.searcher().calibration == own


def test_what_a_crash_left_of_an_older_generation_goes_with_the_next_job(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder()
    with Rag.open(folder) as corpus:
        corpus.ingest()
        monkeypatch.setattr(EdgeStore, "drop", _cut)
        with pytest.raises(OSError, match="cut"):
            corpus.ingest(rebuild=True)
    monkeypatch.undo()
    with Rag.open(folder) as corpus:
        store, generation = corpus._opened.generation()
        assert (generation.number, len(store.collections())) == (2, 6)
        assert corpus.ingest().unchanged == 3
        assert store.collections() == sorted(generation.collections)


def test_a_corpus_says_so_until_an_ingestion_of_all_of_it_has_come_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tea", "coffee"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"# {name}\n\nThe {name} is hot.\n", encoding="utf-8")
    sources = "".join(f"  - {{kind: files, name: {name}, path: {name}}}\n" for name in ("tea", "coffee"))
    config = tmp_path / "drinks.yaml"
    config.write_text(f"sources:\n{sources}", encoding="utf-8")

    def told(corpus: Rag) -> list[str]:
        corpus.search("Is the tea hot?")
        return [notice.code for notice in corpus.notices]

    with Rag.open(config) as corpus:
        corpus.ingest(sources=["tea"])
        assert told(corpus) == ["unfinished"]
    monkeypatch.setattr(Writer, "delete", _cut)
    with Rag.open(config) as corpus:
        with pytest.raises(OSError, match="cut"):
            corpus.ingest()
        assert told(corpus) == ["unfinished"]
        monkeypatch.undo()
        corpus.ingest()
        assert told(corpus) == []
    monkeypatch.setattr(Writer, "delete", _cut)
    (tmp_path / "tea/b.md").write_text("# Cold tea\n", encoding="utf-8")
    with Rag.open(config) as corpus:
        with pytest.raises(OSError, match="cut"):
            corpus.ingest()
        assert told(corpus) == [], "it was whole once"


def test_a_rebuild_of_what_was_never_whole_makes_it_whole(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "delete", _cut)
    with Rag.open(make_folder()) as corpus:
        with pytest.raises(OSError, match="cut"):
            corpus.ingest()
        monkeypatch.undo()
        corpus.ingest(rebuild=True)
        assert corpus.search("tea") is not None
        assert corpus.notices == []


def _cut(*_: Any, **__: Any) -> None:
    raise OSError("cut")


def test_where_a_chunk_stands_and_the_text_change_together(facts: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else evidence, which is cut out of the text, is missing for as long as a whole group is written."""
    folder = folder_of(facts)
    for name in FACTS:
        (folder / name).write_text("A new first line.\n\n" + FACTS[name])
    (folder / "new.md").write_text("# New\n\nA document that nobody has seen.\n")
    written: list[str] = []
    upsert = EdgeStore.upsert

    def noted(self: EdgeStore, name: str, points: list[Point]) -> None:
        written.append(name.split("__")[-2] if name.count("__") == 2 else "chunks")
        upsert(self, name, points)

    monkeypatch.setattr(EdgeStore, "upsert", noted)
    assert facts.ingest().changed == 3
    assert written == [*["chunks", "texts"] * 4, "documents"]


def test_an_answer_that_a_rebuild_overtakes_is_of_the_new_generation(
    facts: Rag, monkeypatch: pytest.MonkeyPatch
) -> None:
    answerer, rebuilt = OpenCorpus.answerer, []

    def overtaken(self: OpenCorpus) -> Answerer:
        found = answerer(self)
        if not rebuilt:
            rebuilt.append(facts.ingest(rebuild=True))
        return found

    monkeypatch.setattr(OpenCorpus, "answerer", overtaken)
    answer = facts.ask("How long is green tea brewed?")
    assert rebuilt
    assert "two minutes" in answer.answer
    assert answer.sentences[0].citations[0].verified


def test_a_job_about_one_source_reads_nothing_of_the_others(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/salt.md").write_text("# Salt\n\nSalt is mined.\n")
    config = tmp_path / "corpus.yaml"
    config.write_text(
        f"name: two\nsources:\n  - {{kind: files, name: big, path: ./{folder.name}}}\n"
        "  - {kind: files, name: small, path: ./other}\n"
    )
    with Rag.open(config) as corpus:
        corpus.ingest()
        _, generation = corpus._opened.generation()
        read: list[str] = []
        retrieve = EdgeStore.retrieve

        def noted(self: EdgeStore, name: str, ids: list[str], **options: Any) -> dict[str, Record]:
            read.extend(ids if name == generation.chunks else ())
            return retrieve(self, name, ids, **options)

        monkeypatch.setattr(EdgeStore, "retrieve", noted)
        assert corpus.ingest(sources=["small"]).unchanged == 1
        assert read == []


def test_files_that_cannot_be_read_are_noted_together(make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder()
    for n in range(20):
        (folder / f"broken{n}.md").write_bytes(b"\x00\x01\x02" * 100)
    flushed: list[str] = []
    flush = EdgeStore.flush

    def noted(self: EdgeStore, name: str) -> None:
        flushed.append(name)
        flush(self, name)

    with Rag.open(folder) as corpus:
        assert len(corpus.ingest().failed) == 20
        monkeypatch.setattr(EdgeStore, "flush", noted)
        assert len(corpus.ingest().failed) == 20
        assert 0 < len(flushed) < 10
        assert sum(row.state == "failed" for row in corpus.documents().overview()) == 20
