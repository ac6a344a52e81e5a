"""Items that hold several documents: each is stored, found, changed and deleted by itself."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rag import Rag
from rag.errors import DeletionRefusedError
from rag.reports import IngestReport, Plan

TEA, COFFEE, WATER = "# Tea\n\nGreen tea.", "# Coffee\n\nFrench press.", "# Water\n\nHard water."


def archive(**members: str | bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/").replace("_", "."), content)
    return data.getvalue()


@pytest.fixture
def corpus(tmp_path: Path) -> Any:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/water.md").write_text(WATER)
    write(tmp_path, archive(tea_md=TEA, sub__coffee_md=COFFEE, logo_xyz=b"?"))
    with Rag.open(tmp_path / "docs", overrides=["sources.0.include=['*']"]) as corpus:
        yield corpus


def write(folder: Path, data: bytes) -> None:
    (folder / "docs/a.zip").write_bytes(data)


def counts(report: IngestReport | Plan) -> tuple[int, int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.deleted, len(report.failed)


def test_members_are_documents_of_their_own(corpus: Rag, tmp_path: Path) -> None:
    plan = corpus.plan()
    report = corpus.ingest()
    assert counts(plan) == counts(report) == (3, 0, 0, 0, 0)
    assert {d.id for d in plan.documents} == {"files:water.md", "files:a.zip!/tea.md", "files:a.zip!/sub/coffee.md"}
    assert [s.uri for s in report.skipped] == [f"{tmp_path}/docs/a.zip!/logo.xyz"]
    hit = corpus.search("French press", top_k=1)[0]
    assert (hit.document_id, hit.title) == ("files:a.zip!/sub/coffee.md", "Coffee")
    assert hit.uri == f"{tmp_path}/docs/a.zip!/sub/coffee.md"
    assert corpus.show("files:a.zip!/tea.md").text == TEA
    assert corpus.verify().ok


def test_an_unchanged_container_is_not_opened(corpus: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.ingest()
    monkeypatch.setattr("connectors.files.FilesConnector.fetch", lambda *_: pytest.fail("was opened"))
    assert counts(corpus.ingest()) == counts(corpus.plan()) == (0, 0, 3, 0, 0)


def test_members_come_change_and_go(corpus: Rag, tmp_path: Path) -> None:
    corpus.ingest()
    write(tmp_path, archive(tea_md=TEA + " Changed.", sub__new_md=COFFEE))
    plan = corpus.plan()
    report = corpus.ingest()
    assert counts(plan) == counts(report) == (1, 1, 1, 1, 0)
    assert corpus.search("French press", top_k=1)[0].document_id == "files:a.zip!/sub/new.md"
    assert counts(corpus.ingest()) == (0, 0, 3, 0, 0)
    (tmp_path / "docs/a.zip").unlink()
    assert counts(corpus.plan()) == counts(corpus.ingest()) == (0, 0, 1, 2, 0)
    assert corpus.verify().ok


def test_a_bad_member_fails_alone_and_is_tried_again(corpus: Rag, tmp_path: Path) -> None:
    write(tmp_path, archive(tea_md=TEA, bad_pdf=b"no pdf"))
    report = corpus.ingest()
    assert counts(report) == (2, 0, 0, 0, 1)
    assert (report.failed[0].id, report.failed[0].kind) == ("files:a.zip!/bad.pdf", "parse")
    again = corpus.ingest()
    assert counts(again) == (0, 0, 2, 0, 1)
    write(tmp_path, archive(tea_md=TEA, bad_md=COFFEE))
    assert counts(corpus.ingest()) == (1, 0, 2, 0, 0)
    assert counts(corpus.ingest()) == (0, 0, 3, 0, 0)


def test_a_broken_container_keeps_its_last_good_documents(corpus: Rag, tmp_path: Path) -> None:
    corpus.ingest()
    write(tmp_path, b"no archive")
    report = corpus.ingest()
    assert (counts(report), report.failed[0].id) == ((0, 0, 1, 0, 1), "files:a.zip")
    assert corpus.search("French press", top_k=1)[0].document_id == "files:a.zip!/sub/coffee.md"
    write(tmp_path, archive(tea_md=TEA))
    assert counts(corpus.ingest()) == (0, 0, 2, 1, 0)


def test_a_container_that_failed_at_first_leaves_no_trace_once_it_is_read(corpus: Rag, tmp_path: Path) -> None:
    write(tmp_path, b"no archive")
    assert counts(corpus.ingest()) == (1, 0, 0, 0, 1)
    write(tmp_path, archive(tea_md=TEA))
    assert counts(corpus.ingest()) == (1, 0, 1, 0, 0)
    assert counts(corpus.ingest()) == (0, 0, 2, 0, 0)


def test_a_broken_container_in_a_container_keeps_its_last_good_documents(corpus: Rag, tmp_path: Path) -> None:
    inner = archive(coffee_md=COFFEE, deep_zip=archive(milk_md="# Milk\n\nOat milk foams."))
    write(tmp_path, archive(tea_md=TEA, inner_zip=inner))
    assert counts(corpus.ingest()) == (4, 0, 0, 0, 0)
    write(tmp_path, archive(tea_md=TEA + " More.", inner_zip=b"no archive"))
    plan = corpus.plan()
    report = corpus.ingest()
    assert counts(plan)[:4] == counts(report)[:4] == (0, 1, 1, 0)
    assert [f.id for f in report.failed] == [f.id for f in plan.failed] == ["files:a.zip!/inner.zip"]
    for query, member in (("French press", "coffee.md"), ("oat milk", "deep.zip!/milk.md")):
        assert corpus.search(query, top_k=1)[0].document_id == f"files:a.zip!/inner.zip!/{member}"
    listed = {document.id: document for document in corpus.documents().overview()}
    assert listed["files:a.zip!/inner.zip!/coffee.md"].state == "stale"
    assert "files:a.zip!/inner.zip" not in listed
    with pytest.raises(DeletionRefusedError, match=r"2 documents cannot be read any more"):
        corpus.ingest(rebuild=True)
    assert counts(corpus.ingest()) == (0, 0, 2, 0, 1)
    write(tmp_path, archive(tea_md=TEA, inner_zip=archive(coffee_md=COFFEE)))
    assert counts(corpus.ingest()) == (0, 1, 2, 1, 0)
    assert {document.state for document in corpus.documents().overview()} == {"ready"}
    assert counts(corpus.ingest()) == (0, 0, 3, 0, 0)
    assert corpus.verify().ok


def test_many_members_do_not_vanish_unasked(corpus: Rag, tmp_path: Path) -> None:
    many = {f"note{n}_md": f"# Note {n}\n\nAbout the number {n}." for n in range(25)}
    write(tmp_path, archive(**many))
    assert counts(corpus.ingest()) == (26, 0, 0, 0, 0)
    write(tmp_path, archive(coffee_md=COFFEE))
    with pytest.raises(DeletionRefusedError, match=r"25 of 26 .* archives and mailboxes, .* new was written, nothing"):
        corpus.ingest()
    assert corpus.search("French press", top_k=1)[0].document_id == "files:a.zip!/coffee.md"
    assert len(corpus.documents().overview()) == 27
    assert counts(corpus.ingest(max_delete=1)) == (0, 0, 2, 25, 0)
    assert counts(corpus.ingest()) == (0, 0, 2, 0, 0)


def test_a_repair_mends_one_member_and_leaves_the_others(corpus: Rag, tmp_path: Path) -> None:
    corpus.ingest()
    store, generation = corpus._opened.generation()
    lost = [r.id for r in store.scroll(generation.chunks) if r.payload["document_id"] == "files:a.zip!/tea.md"]
    store.delete(generation.chunks, lost)
    write(tmp_path, archive(tea_md=TEA, new_md="# New\n\nNot for a repair.", bad_pdf=b"no pdf"))
    assert corpus.verify(repair=True).repaired == 1
    assert {document.id for document in corpus.documents().overview()} == {
        "files:water.md",
        "files:a.zip!/tea.md",
        "files:a.zip!/sub/coffee.md",
    }
    assert counts(corpus.ingest()) == (1, 0, 2, 1, 1)


def test_a_rebuild_does_not_lose_members_of_a_container_that_broke(corpus: Rag, tmp_path: Path) -> None:
    corpus.ingest()
    write(tmp_path, b"no archive")
    with pytest.raises(Exception, match=r"2 documents cannot be read any more"):
        corpus.ingest(rebuild=True)
    assert corpus.search("French press", top_k=1)[0].document_id == "files:a.zip!/sub/coffee.md"


def test_rights_and_metadata_of_the_source_are_those_of_the_members(corpus: Rag, tmp_path: Path) -> None:
    corpus.ingest()
    settings = ["sources.0.include=['*']", "sources.0.acl=[staff]", "sources.0.metadata={team: tea}"]
    corpus.close()
    with Rag.open(tmp_path / "docs", overrides=settings) as narrowed:
        assert counts(narrowed.ingest()) == (0, 3, 0, 0, 0)
        assert not narrowed.search("French press", principals=["guest"])
        assert narrowed.search("French press", principals=["staff"], where={"team": "tea"})
