"""What every format must keep, and files made by hand."""

import unicodedata
from collections.abc import Callable
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
