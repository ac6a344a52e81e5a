"""What every chunker keeps to: inherit `ChunkerContract` and say how it is made."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import SettingsError
from rag.protocols import Chunker, TokenCounter
from rag.types import Chunk, Document, Element, LineBox


class Words:
    """A token is a word."""

    max_word_chars = 100
    max_tokens = 10_000

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


class Chars(Words):
    """A token is a character: the white space between two pieces costs what their sum does not tell."""

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


Part = tuple[str, str]
"""Kind ("h2" is a heading) and text."""


def document(*parts: Part, title: str = "Guide", **more: Any) -> Document:
    text, elements = "", []
    for kind, content in parts:
        level = int(kind[1]) if re.fullmatch("h[1-6]", kind) else None
        elements.append(
            Element(kind="heading" if level else kind, start=len(text), end=len(text) + len(content), level=level)  # type: ignore[arg-type]
        )
        text += content + "\n\n"
    return Document(
        id="files:a.md",
        source="files",
        uri="a.md",
        title=title,
        mime="text/markdown",
        text=text,
        elements=tuple(elements),
        **more,
    )


def words(count: int, name: str = "w") -> str:
    return " ".join(f"{name}{i}" for i in range(count))


def assert_sound(
    doc: Document, chunks: Sequence[Chunk], counter: TokenCounter, max_tokens: int, *, overlapping: bool = False
) -> None:
    start = end = -1
    for ordinal, chunk in enumerate(chunks):
        assert chunk.ordinal == ordinal
        assert chunk.text == doc.text[chunk.start : chunk.end] == chunk.text.strip() != ""
        assert chunk.start > start if overlapping else chunk.start >= end
        assert chunk.end > end
        assert not doc.text[max(end, 0) : chunk.start].strip()
        assert chunk.tokens == counter.count([chunk.plain])[0]
        assert chunk.tokens <= max_tokens or len(chunk.text) == 1
        assert all(len(run) <= counter.max_word_chars for run in chunk.plain.split())
        start, end = chunk.start, chunk.end
    assert not doc.text[max(end, 0) :].strip()
    assert len({chunk.id for chunk in chunks}) == len(chunks)


KINDS = st.sampled_from(["h1", "h2", "h3", "h5", "paragraph", "list_item", "table", "code"])
CHARACTERS = st.one_of(st.sampled_from("  \n.!?。ab|-#:\x0c\u200b"), st.characters(codec="utf-8"))
TEXTS = st.text(alphabet=CHARACTERS, max_size=120)

EDGES = {
    "one word": (("paragraph", "word"),),
    "one long word": (("paragraph", "x" * 9000),),
    "an address": (("paragraph", "https://a.b/" + "c" * 5000),),
    "a heading alone": (("h1", "Guide"),),
    "headings alone": (("h1", "One"), ("h2", "Two"), ("h3", "Three"), ("h1", "Four")),
    "a table": (("table", "\n".join(["| a | b |", "|---|---|", *(f"| row {n} | {words(5)} |" for n in range(60))])),),
    "code": (("code", "\n".join(f"def f{n}(x): return x + {n}" for n in range(90))),),
    "a list": tuple(("list_item", f"- {words(5)}") for _ in range(40)),
    "Chinese": (("paragraph", "今天下雨。我们走吧！好吗？" * 60),),
    "Korean without blanks": (("paragraph", "한국어" * 300),),
    "Thai": (("paragraph", "ภาษาไทยเขียนโดยไม่มีช่องว่างระหว่างคำ" * 20),),
    "Arabic": (("paragraph", "هل أنت هنا؟ نعم، أنا هنا. " * 60),),
    "emoji": (("paragraph", "👩‍👩‍👧‍👦🏳️‍🌈 👍🏽" * 100),),
    "nothing that a tokenizer reads": (("paragraph", "\u200b\u200d" * 50),),
}


class ChunkerContract:
    """The invariants of `rag.protocols.Chunker`."""

    overlapping = False
    characters = 50_000
    """Of the text that must not take more time than in proportion to it."""

    def chunker(self, counter: TokenCounter, max_tokens: int) -> Chunker:
        """A chunker of the kind that is tested."""
        raise NotImplementedError

    def split(self, doc: Document, max_tokens: int = 100, counter: TokenCounter | None = None) -> list[Chunk]:
        """The chunks of a document, looked at."""
        counter = counter or Words()
        chunks = self.chunker(counter, max_tokens).split(doc)
        assert_sound(doc, chunks, counter, max_tokens, overlapping=self.overlapping)
        return chunks

    @pytest.mark.parametrize("text", ["", " \n\n ", "\u3000\t"])
    def test_a_document_without_visible_text_has_no_chunks(self, text: str) -> None:
        assert self.split(document(("paragraph", text))) == []

    @pytest.mark.parametrize("name", EDGES)
    def test_edges_are_within_the_budget_and_whole(self, wordpiece: TokenCounter, name: str) -> None:
        doc = document(*EDGES[name])
        assert self.split(doc, 60, wordpiece)
        assert self.split(replace(doc, elements=()), 60, wordpiece)

    @given(st.lists(st.tuples(KINDS, TEXTS), max_size=12), st.data())
    @settings(
        deadline=None,
        max_examples=25,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    def test_chunks_cover_any_unicode_text_within_the_budget(
        self, wordpiece: TokenCounter, parts: list[Part], data: st.DataObject
    ) -> None:
        doc = document(*parts)
        cuts = sorted(data.draw(st.sets(st.integers(0, len(doc.text)), max_size=8)))
        markup = tuple(zip(cuts[::2], cuts[1::2], strict=False))
        kept = data.draw(st.sampled_from([doc.elements, doc.elements[::2], ()]))
        paged = tuple(replace(e, page=data.draw(st.integers(1, 3))) for e in kept) if data.draw(st.booleans()) else kept
        doc = replace(doc, markup=markup, elements=paged)
        for counter, max_tokens in ((Words(), 7), (Chars(), 16), (wordpiece, 16)):
            assert self.split(doc, max_tokens, counter) == self.split(doc, max_tokens, counter)

    def test_a_document_of_markup_alone_is_found_by_the_markup(self) -> None:
        chunks = self.split(document(("paragraph", "<!-- " + words(300) + " -->"), markup=((0, 2000),)))
        assert len(chunks) > 2
        assert all(chunk.plain for chunk in chunks)

    def test_markup_is_in_the_text_and_not_in_what_is_encoded(self) -> None:
        text = "A **bold** word"
        doc = replace(document(("paragraph", text)), markup=((2, 4), (8, 10)))
        (chunk,) = self.split(doc)
        assert (chunk.text, chunk.plain) == (text, "A bold word")

    def test_equal_texts_have_different_ids(self) -> None:
        doc = document(*(("paragraph", words(80)) for _ in range(3)))
        pages = tuple(replace(element, page=page) for page, element in enumerate(doc.elements, 1))
        chunks = self.split(replace(doc, elements=pages))
        assert [chunk.id for chunk in chunks] == [Chunk.id_of("files:a.md", words(80), n) for n in range(3)]

    def test_what_every_chunk_carries_is_short(self) -> None:
        """A paragraph that is underlined is a heading, and a sheet may have any number of columns."""
        heading = words(400, "h")
        doc = document(("h1", heading), ("paragraph", words(300)))
        chunks = self.split(doc)
        assert len(chunks) > 3
        assert all(len(name) <= 200 for chunk in chunks for name in chunk.headings)
        assert chunks[-1].headings[0][:100] == heading[:100]

    def test_a_chunk_knows_the_headings_above_its_beginning(self) -> None:
        doc = document(("h1", "Guide"), ("h2", "Tea"), ("paragraph", words(300)), ("h2", "Water"), ("paragraph", "w"))
        chunks = self.split(doc)
        assert ("Tea",) in [chunk.headings for chunk in chunks]
        for chunk in chunks:
            above = [e for e in doc.elements if e.kind == "heading" and e.start <= chunk.start]
            last = doc.text[above[-1].start : above[-1].end]
            assert chunk.headings == (() if last == "Guide" else (last,))

    def test_no_chunk_crosses_a_page_and_lines_are_those_of_the_span(self) -> None:
        text = words(60) + "\n" + words(60)
        cut = text.index("\n")
        boxes = [
            LineBox(start=a, end=b, page=p, left=1, top=2, right=3, bottom=4)
            for a, b, p in ((0, cut, 2), (cut + 1, len(text), 3))
        ]
        elements = (
            Element(kind="paragraph", start=0, end=cut, page=2, lines=(boxes[0],)),
            Element(kind="paragraph", start=cut + 1, end=len(text), page=3, lines=(boxes[1],)),
        )
        doc = Document(id="a", source="a", uri="", title="", mime="", text=text, elements=elements)
        first, second = self.split(doc)
        assert (first.pages, second.pages, first.lines, second.lines) == ((2,), (3,), (boxes[0],), (boxes[1],))
        assert [chunk.pages for chunk in self.split(doc, 200)] == [(2,), (3,)]
        parts = self.split(doc, 30)
        assert {chunk.pages for chunk in parts} == {(2,), (3,)}
        assert [(line.start, line.end) for chunk in parts for line in chunk.lines] == [(c.start, c.end) for c in parts]

    def test_a_page_without_words_goes_with_its_neighbour(self) -> None:
        text = "--- first --- second ---"
        elements = tuple(
            Element(kind="paragraph", start=m.start(), end=m.end(), page=page)
            for page, m in enumerate(re.finditer(r"\S+", text), 1)
        )
        markup = tuple(m.span() for m in re.finditer("---", text))
        doc = replace(document(), text=text, elements=elements, markup=markup)
        assert [(chunk.text, chunk.plain) for chunk in self.split(doc)] == [
            ("--- first ---", "first"),
            ("second ---", "second"),
        ]

    def test_rows_that_go_on_know_their_tables_header(self) -> None:
        header = "| name | value |"
        table = "\n".join([header, "|---|---|"] + [f"| row{i} | {words(8)} |" for i in range(40)])
        doc = document(("paragraph", words(60)), ("table", table), ("paragraph", words(80)))
        start = doc.text.index(header)
        whole = tuple(replace(e, header_end=start + len(header)) if e.kind == "table" else e for e in doc.elements)
        chunks = self.split(replace(doc, elements=whole))
        table_end = start + len(table)
        inside = [c for c in chunks if start + len(header) <= c.start < table_end]
        assert len(inside) > 2
        assert {c.table_header for c in inside} == {header}
        assert {c.table_header for c in chunks if c not in inside} == {""}
        assert {c.table_header for c in self.split(doc)} == {""}

    @pytest.mark.parametrize("max_tokens", [0, -1])
    def test_a_budget_below_one_is_refused(self, max_tokens: int) -> None:
        with pytest.raises(ValueError, match="max_tokens"):
            self.chunker(Words(), max_tokens)

    def test_a_budget_over_the_encoders_window_is_refused(self) -> None:
        with pytest.raises(SettingsError, match="at most 10000"):
            self.chunker(Words(), 10_001)

    @pytest.mark.parametrize(
        "part", [("paragraph", "Some words here. "), ("paragraph", "x"), ("code", "a = 1\n"), ("paragraph", "\n\nline")]
    )
    def test_time_grows_with_the_text_and_not_its_square(self, part: Part) -> None:
        kind, pattern = part
        doc = document((kind, pattern * (self.characters // len(pattern))))
        started = time.thread_time()
        chunks = self.chunker(Chars(), 200).split(doc)
        assert time.thread_time() - started < self.characters / 25_000
        assert_sound(doc, chunks, Chars(), 200, overlapping=self.overlapping)
