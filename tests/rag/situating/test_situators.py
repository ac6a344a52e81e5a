from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from rag.errors import SettingsError
from rag.points import Vector
from rag.protocols import Situator
from rag.situating import situator_for
from rag.situating.headings import MAX_LINE, MAX_PART
from rag.situating.late import LateSituator
from rag.situating.lines import LineSituator
from rag.situating.none import NoSituator
from rag.testing import HashEncoder
from rag.types import Chunk, Document


def document(title: str = "Guide") -> Document:
    return Document(id="a", source="a", uri="", title=title, mime="", text="", elements=())


def chunk(*headings: str, pages: tuple[int, ...] = (), tokens: int = 1) -> Chunk:
    return Chunk(
        id="c",
        document_id="a",
        ordinal=0,
        start=0,
        end=1,
        text="t",
        plain="t",
        headings=headings,
        pages=pages,
        tokens=tokens,
    )


class Words:
    """Words as tokens."""

    max_word_chars, max_tokens = 100, 12

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


HEADINGS = situator_for(["headings"], Words())


class TableEncoder:
    """Knows the vectors of the texts that it was given, and remembers what it was asked."""

    dimension = 2
    tokens_encoded = tokens_truncated = tokens_unknown = 0

    def __init__(self, **vectors: tuple[float, float]) -> None:
        self.vectors, self.asked = vectors, list[tuple[str, str]]()

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "document"]) -> Vector:
        self.asked += [(text, kind) for text in texts]
        return np.array([self.vectors[text.replace(" > ", "_")] for text in texts], dtype=np.float32)


@pytest.mark.parametrize(
    ("title", "headings", "pages", "expected"),
    [
        ("Guide", (), (), "Guide"),
        ("Guide", ("One", "Two"), (), "Guide > One > Two"),
        ("Guide", ("One",), (3, 4), "Guide > One > page 3"),
        ("Guide", ("GUIDE", "One"), (), "Guide > One"),
        ("", ("One",), (), "One"),
        ("", (), (), ""),
        ("", (), (2,), "page 2"),
        ("A \n b", ("c\td",), (), "A b > c d"),
        ("t" * 130, (), (), "t" * 119 + "…"),
        ("Guide", ("a" * 90, "b" * 90, "c" * 90), (7,), "Guide > … > " + "c" * 90 + " > page 7"),
    ],
)
def test_the_line_is_title_headings_and_page(
    title: str, headings: tuple[str, ...], pages: tuple[int, ...], expected: str
) -> None:
    assert HEADINGS.lines(document(title), [chunk(*headings, pages=pages)]) == [expected]


def test_rows_apart_from_their_header_have_it_in_their_line() -> None:
    row = replace(chunk("Sales"), table_header="Quarter Revenue")
    assert HEADINGS.lines(document(), [chunk("Sales"), row]) == [
        "Guide > Sales",
        "Guide > Sales > Quarter Revenue",
    ]
    long = replace(row, table_header="Revenue " * 100)
    (line,) = HEADINGS.lines(document(), [long])
    assert len(line) <= MAX_LINE + MAX_PART + 3
    assert line.endswith("…")


@pytest.mark.parametrize("headings", [0, 1, 2, 3, 6, 40])
@pytest.mark.parametrize("length", [1, 30, 119, 500])
@pytest.mark.parametrize("title", ["", "t" * 20, "t" * 500])
def test_no_line_is_longer_than_the_limit_and_the_innermost_heading_stays(
    title: str, length: int, headings: int
) -> None:
    path = tuple(chr(ord("A") + i % 26) * length for i in range(headings))
    (line,) = HEADINGS.lines(document(title), [chunk(*path, pages=(12345,))])
    assert len(line) <= MAX_LINE
    assert line.endswith("page 12345")
    assert not path or path[-1][: min(length, 60)] in line


def test_vectors_add_the_line_and_the_document_mean() -> None:
    raw = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    encoder = TableEncoder(Guide_One=(0.0, 1.0), Guide_Two=(1.0, 0.0))
    chunks = [chunk("One", tokens=1), chunk("Two", tokens=2), chunk("One", tokens=5)]
    # the mean is (1 * (1, 0) + 2 * (0, 1) + 5 * (.6, .8)) / 8 = (.5, .75)
    expected = np.array([[1.5, 1.75], [1.5, 1.75], [1.1, 2.55]])
    expected /= np.sqrt((expected**2).sum(axis=1, keepdims=True))
    situated = HEADINGS.vectors(document(), chunks, raw, encoder)
    assert situated.dtype == np.float32
    np.testing.assert_allclose(situated, expected, atol=1e-6)
    assert encoder.asked == [("Guide > One", "document"), ("Guide > Two", "document")]
    np.testing.assert_array_equal(raw, np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))


def test_an_empty_line_adds_nothing_and_is_not_encoded() -> None:
    encoder = TableEncoder()
    raw = np.array([[1, 0], [0, 1]], dtype=np.float32)
    situated = HEADINGS.vectors(document(""), [chunk(tokens=0), chunk(tokens=0)], raw, encoder)
    np.testing.assert_allclose(situated, np.array([[1.5, 0.5], [0.5, 1.5]]) / np.sqrt(2.5), atol=1e-6)
    assert encoder.asked == []


def test_a_row_whose_parts_cancel_out_is_the_raw_one() -> None:
    raw = np.array([[1, 0]], dtype=np.float32)
    situated = HEADINGS.vectors(document(), [chunk()], raw, TableEncoder(Guide=(-2.0, 0.0)))
    np.testing.assert_array_equal(situated, raw)


def test_no_chunks_give_no_vectors() -> None:
    raw = np.zeros((0, 2), dtype=np.float32)
    assert HEADINGS.vectors(document(), [], raw, TableEncoder()).shape == (0, 2)
    assert HEADINGS.lines(document(), []) == []


def test_none_leaves_everything_as_it_is() -> None:
    raw = np.array([[1, 0]], dtype=np.float32)
    assert NoSituator().lines(document(), [chunk("One")]) == [""]
    np.testing.assert_array_equal(NoSituator().vectors(document(), [chunk("One")], raw, TableEncoder()), raw)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["headings"], LineSituator),
        (["none"], NoSituator),
        (["late"], LateSituator),
        (["headings", "late"], LateSituator),
        (["late", "headings"], LateSituator),
    ],
)
def test_kinds_name_their_situator(kinds: list[str], expected: type) -> None:
    assert isinstance(situator_for(kinds, Words()), expected)


@pytest.mark.parametrize(
    "kinds", [[], ["heading"], ["headings", "none"], ["none", "late"], ["late", "late"], ["none", "none"]]
)
def test_illegal_kinds_are_refused_with_the_legal_ones(kinds: list[str]) -> None:
    with pytest.raises(SettingsError, match="headings, late"):
        situator_for(kinds, Words())


class SituatorContract:
    """What every situator does."""

    kinds: tuple[str, ...]

    @pytest.fixture
    def situator(self) -> Situator:
        return situator_for(self.kinds, Words())

    @pytest.mark.parametrize("count", [1, 2, 3, 9])
    def test_every_chunk_has_a_line_and_a_unit_vector(self, situator: Situator, count: int) -> None:
        chunks = [
            replace(chunk(f"Part {n}", tokens=3), id=f"c{n}", ordinal=n, plain=f"tea {n} leaf") for n in range(count)
        ]
        encoder = HashEncoder()
        raw = encoder.encode([c.plain for c in chunks], kind="document")
        before = raw.copy()
        assert len(situator.lines(document(), chunks)) == count
        situated = situator.vectors(document(), chunks, raw, encoder)
        assert (situated.shape, situated.dtype) == (raw.shape, np.float32)
        np.testing.assert_allclose(np.linalg.norm(situated, axis=1), 1, atol=1e-6)
        np.testing.assert_array_equal(raw, before)
        np.testing.assert_array_equal(situator.vectors(document(), chunks, raw, encoder), situated)

    def test_no_chunks_have_no_lines_and_no_vectors(self, situator: Situator) -> None:
        assert situator.lines(document(), []) == []
        assert situator.vectors(document(), [], np.zeros((0, 64), np.float32), HashEncoder()).shape == (0, 64)

    def test_a_chunk_without_tokens_has_a_vector(self, situator: Situator) -> None:
        chunks = [replace(chunk(tokens=2), plain="tea leaf"), replace(chunk(tokens=0), plain="")]
        raw = HashEncoder().encode([c.plain for c in chunks], kind="document")
        assert np.isfinite(situator.vectors(document(), chunks, raw, HashEncoder())).all()


class TestNone(SituatorContract):
    kinds = ("none",)


class TestHeadings(SituatorContract):
    kinds = ("headings",)


class TestLate(SituatorContract):
    kinds = ("late",)


class TestHeadingsAndLate(SituatorContract):
    kinds = ("headings", "late")
