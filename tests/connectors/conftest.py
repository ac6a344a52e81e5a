"""What every format must keep, and files made by hand."""

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rag.types import Document, SourceItem


@pytest.fixture(scope="session")
def make_item() -> Callable[..., SourceItem]:
    def make(key: str = "folder/notes.md", **values: object) -> SourceItem:
        return SourceItem(**{"source": "docs", "key": key, "uri": f"/x/{key}", "fingerprint": "1-1", **values})

    return make


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[[str], Path]:
    """A corpus file with one source, given in YAML's flow style."""

    def make(source: str) -> Path:
        path = tmp_path / "corpus.yaml"
        path.write_text(f"name: t\nsources:\n- {source}\n")
        return path

    return make


@pytest.fixture(scope="session")
def assert_well_formed() -> Callable[[Document], None]:
    """The invariants of `rag.types.Document` that all parsers keep."""

    def check(document: Document) -> None:
        text, at = document.text, 0
        covered = [False] * len(text)
        for element in document.elements:
            assert at <= element.start < element.end <= len(text), element
            assert element.level in ((1, 2, 3, 4, 5, 6) if element.kind == "heading" else (None, 1, 2, 3, 4, 5, 6))
            assert element.header_end is None or element.start < element.header_end <= element.end
            covered[element.start : element.end] = [True] * (element.end - element.start)
            at = element.end
            for line in element.lines:
                assert element.start <= line.start < line.end <= element.end
                assert (line.left <= line.right, line.top <= line.bottom, line.page) == (True, True, element.page)
        assert not [c for c, inside in zip(text, covered, strict=True) if not inside and not c.isspace()]
        at = -1
        for start, end in document.markup:
            assert at < start < end <= len(text)
            at = end
        assert unicodedata.is_normalized("NFC", text)
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
        assert document.title
        assert "\n" not in document.title

    return check


@pytest.fixture(scope="session")
def make_pdf() -> Callable[..., bytes]:
    """A PDF by hand: a list of (x, y, text) a page in 12 point Helvetica, y from the bottom of 612 x 792 points."""

    def make(
        pages: Sequence[Sequence[tuple[int, int, str]]], *, title: str = "", page: str = "", extra: str = ""
    ) -> bytes:
        kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(pages)))
        objects = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Title <FEFF%s> >>" % title.encode("utf-16-be").hex().encode(),
        ]
        for number, lines in enumerate(pages):
            objects.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {page} /Contents {6 + 2 * number} 0 R "
                "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
            )
            shown = [f"BT /F1 12 Tf {x} {y} Td ({text}) Tj ET".encode("cp1252") for x, y, text in lines]
            stream = b"\n".join(shown)
            objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        out, offsets = bytearray(b"%PDF-1.4\n"), []
        for number, body in enumerate(objects, 1):
            offsets.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        size = len(objects) + 1
        tail = f"trailer << /Size {size} /Root 1 0 R /Info 4 0 R {extra} >>\nstartxref\n{len(out)}\n%%EOF\n".encode()
        return bytes(out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + tail)

    return make
