"""A corpus equals its sources, whatever happens in between."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rag import Rag, build
from rag.errors import (
    CorpusMissingError,
    DeletionRefusedError,
    DocumentError,
    RagError,
    SettingsChangedError,
    SourceError,
    StoreError,
)
from rag.ingest import converge, job, write
from rag.ingest.job import Progress
from rag.points import Point
from rag.reports import IngestReport
from rag.store.edge import EdgeStore
from rag.store.records import document_point_id
from tests.corpora import FACTS, MakeFolder


def ingest(folder: Path, *overrides: str, **options: Any) -> IngestReport:
    with Rag.open(folder, overrides=overrides) as corpus:
        return corpus.ingest(**options)


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return (report.new, report.changed, report.unchanged, report.deleted)


def test_first_run_takes_everything_and_second_nothing(make_folder: MakeFolder) -> None:
    folder = make_folder()
    first, second = ingest(folder), ingest(folder)
    assert counts(first) == (3, 0, 0, 0)
    assert first.tokens_encoded > 0
    assert first.chunks_written >= 3
    assert (first.tokens_truncated, first.failed) == (0, ())
    assert counts(second) == (0, 0, 3, 0)
    assert (second.tokens_encoded, second.chunks_written, second.chunks_deleted) == (0, 0, 0)


def test_every_stage_that_worked_took_time(make_folder: MakeFolder) -> None:
    stages = ingest(make_folder({"a.md": "# A\n\n" + "Some words about a thing. " * 400})).stages
    assert set(stages) == {"list", "fetch", "parse", "chunk", "situate", "encode", "write"}
    assert all(stages[name] > 0 for name in ("parse", "chunk", "situate", "encode", "write")), stages


def test_changed_new_and_deleted_documents_follow_the_source(make_folder: MakeFolder) -> None:
    folder = make_folder()
    ingest(folder)
    make_folder({"alpha/guide.md": FACTS["alpha/guide.md"].replace("75", "80"), "sugar.md": "# Sugar\n\nMuscovado.\n"})
    (folder / "water.md").unlink()
    with Rag.open(folder) as corpus:
        steps: list[tuple[str, int, int]] = []
        plan = corpus.plan(progress=lambda *at: steps.append(at))
        assert (plan.new, plan.changed, plan.unchanged, plan.deleted) == (1, 1, 1, 1)
        assert steps == [("plan", 1, 2), ("plan", 2, 2)], "what may have changed is read"
        report = corpus.ingest()
        assert counts(report) == (1, 1, 1, 1)
        assert report.chunks_deleted >= 2
        texts = " ".join(hit.text for hit in corpus.search("tea calcium muscovado", top_k=20))
        assert "80 degrees" in texts
        assert "75 degrees" not in texts
        assert "calcium" not in texts
        assert corpus.verify().ok


def test_same_content_under_a_new_time_is_unchanged_and_not_opened_again(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder()
    ingest(folder)
    os.utime(folder / "water.md", (1, 1))
    touched = ingest(folder)
    assert counts(touched) == (0, 0, 3, 0)
    assert touched.tokens_encoded == 0

    def fetch(self: object, item: object) -> None:
        raise AssertionError(f"{item} was opened")

    monkeypatch.setattr("connectors.files.FilesConnector.fetch", fetch)
    assert counts(ingest(folder)) == (0, 0, 3, 0)


def test_an_edit_encodes_only_the_chunks_that_changed(make_folder: MakeFolder) -> None:
    sections = [f"## Section {n}\n\n" + f"Number {n} speaks of lake {n * 7} and of its boats. " * 12 for n in range(20)]
    folder = make_folder({"a.md": "# A\n\n" + "\n\n".join(sections)})
    first = ingest(folder)
    make_folder({"a.md": "# A\n\n" + "\n\n".join([*sections[:-1], "## Section 19\n\nAll boats are gone."])})
    second = ingest(folder)
    assert second.changed == 1
    assert 0 < second.tokens_encoded < first.tokens_encoded / 3


def test_a_long_job_compacts_what_it_wrote_and_does_not_fail_over_it(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compacted: list[tuple[str, bool]] = []

    def compact(self: EdgeStore, name: str, *, merge: bool) -> None:
        compacted.append((name, merge))
        raise StoreError("the disk is full")

    monkeypatch.setattr(EdgeStore, "compact", compact)
    for module in (write, converge):
        monkeypatch.setattr(module, "COMPACT_EVERY", 3)
    folder = make_folder({f"{n}.md": f"# Lake {n}\n\n" + f"Number {n} has boats. " * 60 for n in range(36)})
    with Rag.open(folder, overrides=["embedding.batch_tokens=256"]) as corpus:
        report = corpus.ingest()
        assert report.new == 36
        _, generation = corpus._opened.generation()
        assert {name for name, _ in compacted[:-1]} == {*generation.collections}, "all that grows with the corpus"
        assert [merge for _, merge in compacted] == [*[False] * (len(compacted) - 1), True], "few segments at the end"
        assert "the disk is full" in caplog.text
        assert corpus.verify().ok


def test_a_renamed_file_is_a_deletion_and_a_new_document(make_folder: MakeFolder) -> None:
    folder = make_folder()
    ingest(folder)
    (folder / "water.md").rename(folder / "aqua.md")
    assert counts(ingest(folder)) == (1, 0, 2, 1)


def test_new_title_in_front_matter_rewrites_the_record_and_encodes_nothing(make_folder: MakeFolder) -> None:
    folder = make_folder({"a.md": "---\ntitle: Old zebra\nteam: tea\n---\nBoats sail on the lake.\n", **FACTS})
    ingest(folder)
    make_folder({"a.md": "---\ntitle: New quokka\nteam: tea\n---\nBoats sail on the lake.\n"})
    with Rag.open(folder) as corpus:
        report = corpus.ingest()
        assert (report.changed, report.tokens_encoded) == (1, 0)
        top = corpus.search("quokka", top_k=1)[0]
        assert (top.title, top.document_id) == ("New quokka", "files:a.md")
        assert "New quokka" in top.situation
        assert corpus.verify().ok


@pytest.mark.parametrize(
    ("key", "before", "after"), [("metadata", {"team": "a"}, {"team": "b"}), ("acl", ["x"], ["y"])]
)
def test_source_settings_rewrite_payloads_and_encode_nothing(
    make_folder: MakeFolder, tmp_path: Path, key: str, before: Any, after: Any
) -> None:
    make_folder()
    config = tmp_path / "corpus.yaml"
    config.write_text(f"name: t\nsources: [{{kind: files, path: docs, {key}: {before}}}]\n")
    ingest(config)
    config.write_text(config.read_text().replace(str(before), str(after)))
    with Rag.open(config) as corpus:
        assert corpus.plan().changed == 3
        report = corpus.ingest()
        assert (report.changed, report.tokens_encoded) == (3, 0)
        if key == "metadata":
            assert not corpus.search("French press", where={"team": "a"})
            assert corpus.search("French press", where={"team": "b"})
        else:
            assert not corpus.search("French press", principals=["x"])
            assert corpus.search("French press", principals=["y"])


def test_a_failed_document_keeps_its_last_good_version_and_is_tried_again(make_folder: MakeFolder) -> None:
    folder = make_folder()
    ingest(folder)
    good = (folder / "water.md").read_bytes()
    (folder / "water.md").write_bytes(b"\x00\x01\x02" * 500)
    for _ in range(2):
        with Rag.open(folder) as corpus:
            report = corpus.ingest()
            assert [failure.id for failure in report.failed] == ["files:water.md"]
            assert report.failed[0].error
            assert report.failed[0].kind
            assert counts(report) == (0, 0, 2, 0)
            assert corpus.search("calcium carbonate", top_k=1)[0].document_id == "files:water.md"
    (folder / "water.md").write_bytes(good)
    assert ingest(folder).failed == ()


def test_a_document_that_was_never_good_is_new_once_it_is(make_folder: MakeFolder) -> None:
    folder = make_folder({**FACTS, "bad.md": b"\x00\x01" * 900})
    assert counts(ingest(folder)) == (3, 0, 0, 0)
    with Rag.open(folder) as corpus:
        assert corpus.verify().documents == 3
        with pytest.raises(RagError, match="no document"):
            corpus.show("files:bad.md")
    make_folder({"bad.md": "# Good\n\nNow it reads.\n"})
    assert counts(ingest(folder)) == (1, 0, 3, 0)


def test_a_failed_document_that_is_gone_is_forgotten(make_folder: MakeFolder) -> None:
    folder = make_folder({**FACTS, "bad.md": b"\x00\x01" * 900})
    ingest(folder)
    (folder / "bad.md").unlink()
    report = ingest(folder)
    assert (report.failed, report.deleted) == ((), 0)


def test_a_parser_that_breaks_fails_one_document(make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.parsing.workers import WorkerParser

    parse = WorkerParser.parse

    def breaking(self: WorkerParser, blob: Any, item: Any) -> Any:
        if item.key == "water.md":
            raise RuntimeError("a bug")
        return parse(self, blob, item)

    monkeypatch.setattr(WorkerParser, "parse", breaking)
    report = ingest(make_folder())
    assert (report.new, [f.id for f in report.failed]) == (2, ["files:water.md"])
    assert "a bug" in report.failed[0].error


def test_empty_folder_is_an_empty_corpus(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder({})) as corpus:
        assert counts(corpus.ingest()) == (0, 0, 0, 0)
        assert not corpus.search("anything")
        answer = corpus.ask("anything?")
        assert answer.abstained
        assert answer.reason


@pytest.mark.parametrize("text", ["", "\n\n", "---\ntitle: x\n---\n"])
def test_a_text_without_words_is_a_document_without_chunks(make_folder: MakeFolder, text: str) -> None:
    folder = make_folder({"a.md": text})
    report = ingest(folder)
    assert (report.new, report.failed, report.chunks_written) == (1, (), 0)
    assert counts(ingest(folder)) == (0, 0, 1, 0)


def test_mass_deletion_is_refused_before_anything_is_written(make_folder: MakeFolder) -> None:
    folder = make_folder({f"n{n}.md": f"# Note {n}\n\nWord zebra{n:02}.\n" for n in range(40)})
    ingest(folder)
    for n in range(30):
        (folder / f"n{n}.md").unlink()
    make_folder({"extra.md": "# Extra\n\nQuokka.\n"})
    with pytest.raises(DeletionRefusedError, match=r"30 of 40.*--yes"):
        ingest(folder)
    with Rag.open(folder) as corpus:
        assert "zebra07" in corpus.search("zebra07", top_k=1)[0].text
        assert corpus.plan().new == 1
    assert counts(ingest(folder, max_delete=1.0)) == (1, 0, 10, 30)


def test_twenty_documents_may_always_go(make_folder: MakeFolder) -> None:
    folder = make_folder({f"n{n}.md": f"Note {n}.\n" for n in range(21)})
    ingest(folder)
    for n in range(20):
        (folder / f"n{n}.md").unlink()
    assert ingest(folder).deleted == 20


def test_a_source_that_cannot_be_listed_deletes_nothing(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    config = tmp_path / "c.yaml"
    config.write_text("name: t\nsources: [{kind: files, path: docs}]\n")
    ingest(config)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(SourceError, match="docs"):
        ingest(config)
    with Rag.open(config) as corpus:
        assert corpus.search("French press")


def test_changed_settings_refuse_until_rebuild_and_the_old_state_answers(make_folder: MakeFolder) -> None:
    folder = make_folder({"long.md": "# Lakes\n\n" + "A sentence about lakes and boats. " * 60})
    ingest(folder)
    with Rag.open(folder, overrides=["chunking.max_tokens=40"]) as corpus:
        plan = corpus.plan()
        assert [(c.key, c.stored, c.wanted) for c in plan.settings_changed] == [("chunking.max_tokens", 150, 40)]
        assert plan.changed == 1
        with pytest.raises(SettingsChangedError, match=r"chunking\.max_tokens.*--rebuild"):
            corpus.ingest()
        assert corpus.search("boats")
        assert any("chunking.max_tokens" in warning for warning in corpus.warnings)
        before = len(corpus.show("files:long.md").chunks)
        report = corpus.ingest(rebuild=True)
        assert (report.changed, report.new) == (1, 0)
        assert len(corpus.show("files:long.md").chunks) > 2 * before
        assert corpus.verify().ok


def test_search_refuses_vectors_of_another_lexical_profile(facts: Rag) -> None:
    folder = facts.settings.sources[0].path
    facts.close()
    with (
        Rag.open(folder, overrides=["lexical.k1=2"]) as corpus,
        pytest.raises(SettingsChangedError, match=r"lexical\.k1"),
    ):
        corpus.search("tea")


def test_an_interrupted_rebuild_goes_on_and_drops_the_old_generation(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder({f"n{n}.md": f"# Note {n}\n\n" + f"Word zebra{n:02} is here. " * 40 for n in range(36)})
    small = ("embedding.batch_tokens=256",)
    ingest(folder, *small)
    from rag.ingest.write import Writer

    write, calls = Writer.write, 0

    def failing(self: Writer, group: Any, vectors: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError("power cut")
        write(self, group, vectors)

    monkeypatch.setattr(Writer, "write", failing)
    with pytest.raises(OSError, match="power cut"):
        ingest(folder, *small, "chunking.max_tokens=60", rebuild=True)
    with Rag.open(folder, overrides=small) as corpus:
        assert corpus.search("zebra07", top_k=1)[0].document_id == "files:n7.md"
    report = ingest(folder, *small, "chunking.max_tokens=60", rebuild=True)
    assert report.unchanged > 0, "what the first attempt finished was done again"
    assert report.unchanged + report.changed == 36
    with Rag.open(folder, overrides=("chunking.max_tokens=60",)) as corpus:
        assert corpus.verify().ok
        store, generation = corpus._opened.generation()
        assert store.collections() == sorted([generation.chunks, generation.documents, generation.texts])


def test_nothing_ingested_says_what_to_do(make_folder: MakeFolder) -> None:
    folder = make_folder()
    with Rag.open(folder) as corpus:
        for call in (lambda: corpus.search("x"), lambda: corpus.verify(), lambda: corpus.show("files:x")):
            with pytest.raises(CorpusMissingError, match="rag ingest"):
                call()
    assert not (folder.parent / ".rag").exists()


def test_plan_writes_nothing_and_estimates_the_tokens(make_folder: MakeFolder) -> None:
    folder = make_folder({**FACTS, "skip.bin": b"\x00"})
    with Rag.open(folder) as corpus:
        plan = corpus.plan()
    assert not (folder.parent / ".rag").exists()
    assert {d.action for d in plan.documents} == {"new"}
    assert [Path(s.uri).name for s in plan.skipped] == ["skip.bin"]
    encoded = ingest(folder).tokens_encoded
    assert encoded / 2 <= plan.estimate["tokens"] <= encoded * 2
    assert plan.estimate["seconds"] >= 0
    assert plan.estimate["bytes"] > 0


def test_progress_ends_at_the_total(make_folder: MakeFolder) -> None:
    seen: list[Progress] = []
    ingest(make_folder(), progress=seen.append)
    assert (seen[-1].done, seen[-1].total) == (3, 3)
    assert seen[-1].tokens > 0
    assert "3/3 documents" in str(seen[-1])


def test_documents_without_tokens_do_not_wait_for_the_end_of_the_job(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "GROUP_DOCUMENTS", 4)
    seen: list[Progress] = []
    ingest(make_folder({f"{n}.md": "" for n in range(32)}), progress=seen.append)
    assert len({at.done for at in seen}) > 4
    assert seen[-1].done == 32


def test_a_chunk_longer_than_the_encoder_reads_is_counted_as_truncated(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag.types import Chunk, Document

    class WholeDocument:
        def split(self, document: Document) -> list[Chunk]:
            id = Chunk.id_of(document.id, document.text, 0)
            text = document.text
            return [Chunk(id=id, document_id=document.id, ordinal=0, start=0, end=len(text), text=text, plain=text)]

    monkeypatch.setattr(build, "build_chunker", lambda *_: WholeDocument())
    report = ingest(make_folder({"a.md": "A sentence about lakes. " * 400}))
    assert report.tokens_truncated > 1000


def test_words_that_the_encoder_does_not_know_are_counted(make_folder: MakeFolder) -> None:
    report = ingest(make_folder({"a.md": "\U00013000\U00013001 \U00013002 plain words \u1200\u1208\n"}))
    assert 0 < report.tokens_unknown <= report.tokens_encoded


def test_chunks_sized_beyond_the_encoder_are_refused_at_once(make_folder: MakeFolder) -> None:
    with pytest.raises(RagError, match=r"chunking\.max_tokens: 5000.*254"):
        ingest(make_folder(), "chunking.max_tokens=5000")


def test_a_document_error_keeps_its_kind() -> None:
    assert DocumentError("x", kind="read").kind == "read"


def test_odd_front_matter_keys_stop_nothing(make_folder: MakeFolder) -> None:
    keys = ["C:\\\\dir", "a.b c", "ü", "'quoted'", "1", "x" * 300]
    odd = {f"odd{n}.md": f"---\n{key}: {{'x\\\\y': 1}}\n---\nText.\n" for n, key in enumerate(keys)}
    report = ingest(make_folder({**FACTS, **odd}))
    assert (report.new, report.failed) == (3 + len(odd), ())


def test_a_component_that_breaks_on_a_document_fails_that_document(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag.chunking.structure import StructureChunker

    split = StructureChunker.split

    def breaking(self: StructureChunker, document: Any) -> Any:
        if document.id == "files:water.md":
            raise RecursionError("too deep")
        return split(self, document)

    monkeypatch.setattr(StructureChunker, "split", breaking)
    report = ingest(make_folder())
    assert (report.new, [(f.id, f.kind) for f in report.failed]) == (2, [("files:water.md", "prepare")])


def test_documents_cannot_make_any_number_of_indexes(make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.ingest.write.MAX_INDEXED_KEYS", 2)
    keys = "".join(f"key{n}: v{n}\n" for n in range(6))
    with Rag.open(make_folder({"a.md": f"---\n{keys}---\nZebra.\n", "b.md": "Zebra.\n"})) as corpus:
        corpus.ingest()
        store, generation = corpus._opened.generation()
        schema = store._catalog.schemas[generation.chunks]  # type: ignore[attr-defined]
        assert sum(field.startswith("metadata.") for field in schema.indexes) == 2
        for n in range(6):
            assert [h.document_id for h in corpus.search("zebra", where={f"key{n}": f"v{n}"})] == ["files:a.md"]


def test_rights_are_tightened_also_where_the_file_cannot_be_read(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    config = tmp_path / "corpus.yaml"
    config.write_text("name: t\nsources: [{kind: files, path: docs, acl: ['*']}]\n")
    ingest(config)
    (folder / "water.md").write_bytes(b"\x00\x01" * 900)
    config.write_text("name: t\nsources: [{kind: files, path: docs, acl: [staff]}]\n")
    with Rag.open(config) as corpus:
        assert len(corpus.ingest().failed) == 1
        assert not corpus.search("calcium", principals=[])
        assert corpus.search("calcium", principals=["staff"])[0].document_id == "files:water.md"


def test_a_rebuild_does_not_lose_documents_that_cannot_be_read_now(make_folder: MakeFolder) -> None:
    folder = make_folder()
    ingest(folder)
    good = (folder / "water.md").read_bytes()
    (folder / "water.md").write_bytes(b"\x00\x01" * 900)
    with pytest.raises(DeletionRefusedError, match=r"water\.md.*--yes"):
        ingest(folder, "chunking.max_tokens=60", rebuild=True)
    with Rag.open(folder) as corpus:
        assert corpus.search("calcium", top_k=1)[0].document_id == "files:water.md"
    (folder / "water.md").write_bytes(good)
    report = ingest(folder, "chunking.max_tokens=60", rebuild=True)
    assert (report.unchanged, report.changed) == (2, 1)
    (folder / "water.md").write_bytes(b"\x00\x01" * 900)
    assert len(ingest(folder, rebuild=True, max_delete=1.0).failed) == 1


def test_a_moved_tree_shows_its_new_place_and_reads_nothing(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder()
    old = tmp_path / "old"
    old.mkdir()
    (tmp_path / "docs").rename(old / "docs")
    ingest(old / "docs")
    old.rename(tmp_path / "new")
    monkeypatch.setattr("connectors.files.FilesConnector.fetch", lambda *_: pytest.fail("a file was opened"))
    with Rag.open(tmp_path / "new/docs") as corpus:
        assert counts(corpus.ingest()) == (0, 0, 3, 0)
        assert corpus.search("calcium", top_k=1)[0].uri == str(tmp_path / "new/docs/water.md")
        assert corpus.verify().ok


def test_two_folders_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    for name in ("文档", "资料"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text(f"# {name}\n\nText.\n")
    ingest(tmp_path / "文档")
    with pytest.raises(DeletionRefusedError, match=r"another corpus.*--set name="):
        ingest(tmp_path / "资料")
    assert counts(ingest(tmp_path / "资料", "name=second")) == (1, 0, 0, 0)


def test_another_schema_needs_a_rebuild(make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder()
    ingest(folder)
    monkeypatch.setattr("rag.ingest.generations.SCHEMA_VERSION", 99)
    with pytest.raises(SettingsChangedError, match=r"schema 4, this one reads 99.*rag ingest --rebuild"):
        ingest(folder)
    with Rag.open(folder) as corpus, pytest.raises(SettingsChangedError, match="only the version that built it"):
        corpus.search("calcium")
    assert ingest(folder, rebuild=True).changed == 3


def test_an_index_folder_without_an_index_is_no_obstacle(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder.parent / ".rag/docs").mkdir(parents=True)
    with Rag.open(folder) as corpus:
        assert corpus.plan().new == 3
        assert corpus.ingest().new == 3


def test_an_ingestion_mends_what_was_deleted_behind_its_back(make_folder: MakeFolder) -> None:
    folder = make_folder({**FACTS, "bad.md": b"\x00\x01" * 900})
    ingest(folder)
    with Rag.open(folder) as corpus:
        store, generation = corpus._opened.generation()
        chunk, text = corpus.search("calcium", top_k=1)[0], "files:alpha/guide.md"
        store.delete(generation.chunks, [chunk.chunk_id])
        store.delete(generation.texts, [document_point_id(text)])
        plan = corpus.plan()
        assert (plan.new, plan.changed, plan.unchanged, len(plan.failed)) == (0, 0, 3, 1), "records are all it reads"
        with pytest.raises(RagError, match=r"rag verify --repair"):
            corpus.show(text)
        found = corpus.verify()
        assert (found.missing_chunks, found.stale_documents) == (1, 1)
        report = corpus.ingest()
        assert (report.changed, report.unchanged, len(report.failed)) == (2, 1, 1)
        assert corpus.verify().ok
        assert corpus.show(text).text == FACTS["alpha/guide.md"]


def test_a_text_that_a_crash_left_is_removed_by_the_next_ingestion(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder()) as corpus:
        corpus.ingest()
        store, generation = corpus._opened.generation()
        id = document_point_id("files:ghost.md")
        store.upsert(
            generation.texts, [Point(id=id, vectors={}, payload={"document_id": "files:ghost.md", "text": "x"})]
        )
        assert corpus.ingest().unchanged == 3
        assert not store.retrieve(generation.texts, [id])


def test_searches_go_on_while_the_corpus_is_rebuilt(make_folder: MakeFolder) -> None:
    import threading

    with Rag.open(make_folder()) as corpus:
        corpus.ingest()
        errors: list[BaseException] = []

        def rebuild() -> None:
            try:
                for _ in range(2):
                    corpus.ingest(rebuild=True)
            except BaseException as error:
                errors.append(error)

        job = threading.Thread(target=rebuild)
        job.start()
        while job.is_alive():
            assert corpus.search("French press", top_k=1)[0].document_id == "files:beta/guide.md"
        job.join()
        assert not errors


@pytest.mark.parametrize(
    ("record", "skipped"),
    [
        ({"id": "bad", "text": "Text.", "metadata": {"n": 2**70}}, False),
        ({"id": "bad", "text": "Text.", "metadata": {'a"b': 1}}, False),
        ({"id": "bad", "text": "Text.", "metadata": {"a": "\ud800"}}, False),
        ({"id": "b\ud800d", "text": "Text."}, True),
        ({"id": "bad", "text": "Text.", "acl": ["\ud800"]}, True),
    ],
    ids=["number", "key", "value", "id", "acl"],
)
def test_a_record_that_cannot_be_stored_stops_nothing(tmp_path: Path, record: dict[str, Any], skipped: bool) -> None:
    good = {"id": "good", "text": "Granite is an igneous rock."}
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (record, good)))
    (tmp_path / "c.yaml").write_text("sources: [{kind: jsonl, path: ./r.jsonl}]\n")
    for new in (1, 0):
        report = ingest(tmp_path / "c.yaml")
        assert report.new == new
        assert (len(report.failed), len(report.skipped)) == ((0, 1) if skipped else (1, 0))
    with Rag.open(tmp_path / "c.yaml") as corpus:
        assert corpus.verify().ok
        assert [hit.document_id for hit in corpus.search("granite")] == ["jsonl:good"]


def test_metadata_that_the_document_says_too_is_noted(make_folder: MakeFolder) -> None:
    folder = make_folder({"a.md": "---\nteam: all\n---\n# A\n\nText.\n"})
    config = folder.parent / "c.yaml"
    config.write_text("sources: [{kind: files, path: ./docs}]\n")
    ingest(config)
    config.write_text("sources: [{kind: files, path: ./docs, metadata: {team: all}}]\n")
    ingest(config)
    with Rag.open(config) as corpus:
        assert corpus.plan().unchanged == 1
        fetched: list[object] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("connectors.files.FilesConnector.fetch", lambda _, item: fetched.append(item))
            corpus.ingest()
        assert fetched == [], "it is not opened again"


def test_the_only_file_may_be_excluded(make_folder: MakeFolder) -> None:
    folder = make_folder({"a.md": "# A\n\nText.\n"})
    ingest(folder)
    assert ingest(folder, "parsing.max_file_mb=0.000001").deleted == 1
