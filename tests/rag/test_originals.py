"""The files behind the documents: only of the corpus, only for who may see them, only as they were read."""

import os
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag import Rag, build, originals
from rag.errors import DocumentError, RagError
from rag.originals import Originals
from rag.protocols import FileViewer
from rag.settings import Settings
from rag.types import PagePicture, SourceItem

MakePdf = Callable[..., bytes]
QUOTE = "Refunds are paid within 14 days."
PAGES = [[(72, 720, "Nothing to see here.")], [(72, 720, QUOTE), (72, 706, "Cards take longer.")]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, make_pdf: MakePdf) -> Path:
    folder = tmp_path_factory.mktemp("originals") / "docs"
    folder.mkdir()
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("inner/terms.pdf", make_pdf(PAGES))
    for name in ("terms.pdf", "changing.pdf", "passing.pdf"):
        (folder / name).write_bytes(make_pdf(PAGES))
    (folder / "notes.md").write_text("# Notes\n\nWords.")
    (folder.parent / "secret.md").write_text("# Secret")
    return folder


@pytest.fixture(scope="module")
def corpus(folder: Path) -> Iterator[Rag]:
    settings = {
        "name": "shop",
        "sources": [{"kind": "files", "path": str(folder), "acl": ["staff"], "include": ["*"]}],
        "store": {"kind": "edge", "path": str(folder.parent / "index")},
    }
    with Rag(Settings.model_validate(settings)) as corpus:
        assert corpus.ingest().new == 5
        yield corpus


def span(corpus: Rag, document_id: str, quote: str) -> tuple[int, int]:
    start = corpus.show(document_id).text.index(quote)
    return start, start + len(quote)


@pytest.mark.parametrize("document_id", ["files:terms.pdf", "files:all.zip!/inner/terms.pdf"])
def test_the_lines_of_a_quote_and_the_page_that_they_are_on(corpus: Rag, document_id: str) -> None:
    shown = corpus.originals()
    (line,) = shown.lines(document_id, [span(corpus, document_id, "paid within")])
    assert (line.page, corpus.show(document_id).text[line.start : line.end]) == (2, QUOTE)
    assert line.left == pytest.approx(72, abs=3)
    both = shown.lines(document_id, [span(corpus, document_id, "14 days.\nCards")])
    assert [line.top for line in both] == sorted({line.top for line in both})
    assert len(both) == 2
    assert shown.lines(document_id, []) == []
    picture = shown.page(document_id, 2)
    assert (picture.width, picture.height) == (612, 792)
    assert picture.data[8:12] == b"WEBP"


def test_what_has_no_pages_has_no_lines_and_no_picture(corpus: Rag) -> None:
    assert corpus.originals().lines("files:notes.md", [(0, 10)]) == []
    with pytest.raises(DocumentError) as error:
        corpus.originals().page("files:notes.md", 1)
    assert error.value.kind == "format"


def test_an_original_is_the_file(corpus: Rag, folder: Path) -> None:
    found = corpus.originals().read("files:terms.pdf")
    assert (found.name, found.mime, found.changed) == ("terms.pdf", "application/pdf", False)
    assert found.data == (folder / "terms.pdf").read_bytes()
    member = corpus.originals().read("files:all.zip!/inner/terms.pdf")
    assert (member.name, member.data, member.changed) == ("terms.pdf", found.data, False)


@pytest.mark.parametrize(
    "document_id", ["files:secret.md", "files:../secret.md", "files:absent", "other:terms.pdf", ""]
)
def test_only_documents_of_the_corpus_are_read(corpus: Rag, document_id: str) -> None:
    shown = corpus.originals()
    with pytest.raises(RagError, match="there is no document"):
        shown.read(document_id)
    with pytest.raises(RagError, match="there is no document"):
        shown.page(document_id, 1)


def test_who_may_not_see_a_document_gets_nothing_of_it(corpus: Rag) -> None:
    shown = corpus.originals()
    shown.page("files:terms.pdf", 2)  # drawn for others
    for principals in ([], ["guests"]):
        asked: list[Callable[[], object]] = [
            lambda p=principals: shown.read("files:terms.pdf", principals=p),  # type: ignore[misc]
            lambda p=principals: shown.page("files:terms.pdf", 2, principals=p),  # type: ignore[misc]
            lambda p=principals: shown.lines("files:terms.pdf", [(0, 9)], principals=p),  # type: ignore[misc]
        ]
        for ask in asked:
            with pytest.raises(RagError, match="there is no document"):
                ask()
    assert shown.page("files:terms.pdf", 2, principals=["staff"]).data


def test_a_file_that_changed_is_not_taken_for_the_one_that_was_read(
    corpus: Rag, folder: Path, make_pdf: MakePdf
) -> None:
    shown = corpus.originals()
    shown.page("files:changing.pdf", 2)
    (folder / "changing.pdf").write_bytes(make_pdf(PAGES[::-1]))
    os.utime(folder / "changing.pdf", (time.time(), time.time() + 9))
    assert shown.read("files:changing.pdf").changed
    with pytest.raises(DocumentError, match="changed since it was ingested") as error:
        shown.page("files:changing.pdf", 2)
    assert error.value.kind == "changed"
    (folder / "changing.pdf").unlink()


def test_a_file_that_is_gone_or_leads_elsewhere_is_not_read(corpus: Rag, folder: Path) -> None:
    shown = corpus.originals()
    shown.page("files:passing.pdf", 2)
    (folder / "passing.pdf").unlink()
    with pytest.raises(DocumentError) as error:
        shown.page("files:passing.pdf", 2)
    assert error.value.kind == "read"
    (folder / "passing.pdf").symlink_to(folder.parent / "secret.md")
    with pytest.raises(DocumentError, match="out of the folder"):
        shown.read("files:passing.pdf")


class Counting:
    """Draws as another viewer does."""

    def __init__(self, viewer: FileViewer) -> None:
        self.viewer, self.drawn = viewer, list[int]()

    def draw(self, data: bytes, item: SourceItem, page: int) -> PagePicture:
        self.drawn.append(page)
        return self.viewer.draw(data, item, page)

    def member(self, data: bytes, item: SourceItem, document_id: str) -> bytes:
        return self.viewer.member(data, item, document_id)

    def close(self) -> None:
        self.viewer.close()


def test_drawn_pages_are_kept_up_to_a_limit(corpus: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Counting(build.build_viewer(corpus.settings))
    shown = Originals(corpus.documents, corpus._opened._source, viewer)
    sizes = [len(shown.page("files:terms.pdf", number).data) for number in (1, 2, 1, 2)]
    assert viewer.drawn == [1, 2]
    monkeypatch.setattr(originals, "CACHED_BYTES", max(sizes))
    shown = Originals(corpus.documents, corpus._opened._source, viewer)
    for number in (1, 2, 2, 1):
        shown.page("files:terms.pdf", number)
    shown.close()
    assert viewer.drawn == [1, 2, 1, 2, 1], "what does not fit beside the last one was forgotten"


def test_a_document_whose_source_is_gone_says_so(corpus: Rag, folder: Path) -> None:
    store = {"kind": "edge", "path": str(folder.parent / "index")}
    source = {"kind": "files", "name": "other", "path": str(folder)}
    corpus.close()
    settings = Settings.model_validate({"name": "shop", "sources": [source], "store": store})
    with Rag(settings) as now, pytest.raises(DocumentError, match="no source 'files' in the corpus file any more"):
        now.originals().read("files:terms.pdf")
