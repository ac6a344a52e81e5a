import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunking.structure import StructureChunker
from rag.protocols import Chunker, TokenCounter
from rag.types import Chunk, Document, Element
from tests.rag.chunking.contract import KINDS, TEXTS, ChunkerContract, Part, Words, assert_sound, document, words


def split(doc: Document, max_tokens: int = 100, counter: TokenCounter | None = None) -> list[Chunk]:
    return StructureChunker(counter or Words(), max_tokens=max_tokens).split(doc)


class TestStructureChunker(ChunkerContract):
    characters = 200_000

    def chunker(self, counter: TokenCounter, max_tokens: int) -> Chunker:
        return StructureChunker(counter, max_tokens=max_tokens)


def test_a_small_section_and_its_subsections_are_one_chunk() -> None:
    doc = document(
        ("h2", "Refunds"),
        ("paragraph", words(30)),
        ("h3", "When"),
        ("paragraph", words(10)),
        ("h3", "How"),
        ("paragraph", words(10)),
    )
    (chunk,) = split(doc)
    assert chunk.text == doc.text.strip()
    assert chunk.headings == ("Refunds",)


@pytest.mark.parametrize(("first", "second"), [("h2", "h2"), ("h3", "h2"), ("h1", "h1"), ("h3", "h3"), ("h4", "h1")])
def test_no_chunk_crosses_a_heading_of_its_own_or_a_higher_level(first: str, second: str) -> None:
    doc = document((first, "One"), ("paragraph", "small"), (second, "Two"), ("paragraph", "small too"))
    assert [chunk.text for chunk in split(doc)] == ["One\n\nsmall", "Two\n\nsmall too"]


def test_a_title_alone_goes_with_what_follows_it() -> None:
    doc = document(("h1", "Guide"), ("h2", "One"), ("paragraph", words(50)), ("h2", "Two"), ("paragraph", words(50)))
    assert [chunk.text[:10] for chunk in split(doc)] == ["Guide\n\nOne", "Two\n\nw0 w1"]


def test_a_heading_moves_to_the_chunk_of_what_follows_it() -> None:
    doc = document(("h2", "A"), ("paragraph", words(95)), ("h3", "B"), ("paragraph", words(95)))
    assert [chunk.headings for chunk in split(doc)] == [("A",), ("A", "B")]
    assert split(doc)[1].text.startswith("B\n\nw0")


def test_a_full_chunk_ends_at_a_subheading_though_more_would_fit() -> None:
    doc = document(
        ("h2", "A"),
        ("paragraph", words(55)),
        ("h3", "B"),
        ("paragraph", words(40)),
        ("h3", "C"),
        ("paragraph", words(60)),
    )
    assert len(split(doc)) == 3
    assert split(doc)[2].headings == ("A", "C")


def test_the_heading_path_leaves_out_the_title_and_markup() -> None:
    text = "# The  *guide*\n\n## Two\n\nbody"
    elements = (
        Element(kind="heading", start=0, end=14, level=1),
        Element(kind="heading", start=16, end=22, level=2),
        Element(kind="paragraph", start=24, end=28),
    )
    markup = ((0, 2), (7, 8), (13, 14), (16, 19))
    doc = Document(id="a", source="a", uri="", title="the Guide", mime="", text=text, elements=elements, markup=markup)
    (chunk,) = split(doc)
    assert chunk.headings == ()
    assert chunk.plain == "The guide\nTwo\nbody"
    assert split(document(("h1", "Guide"), ("paragraph", words(90)), ("h2", "Two"), ("paragraph", "b")))[
        1
    ].headings == ("Two",)


def test_paragraphs_are_kept_whole_where_they_fit() -> None:
    paragraphs = [("paragraph", words(n, f"p{n}_")) for n in (60, 70, 80, 60)]
    assert [chunk.text for chunk in split(document(*paragraphs))] == [text for _, text in paragraphs]


def test_a_long_paragraph_is_cut_between_sentences_and_without_a_tiny_rest() -> None:
    doc = document(("paragraph", " ".join(words(9, f"s{i}_") + " end." for i in range(21))))
    chunks = split(doc)
    assert len(chunks) == 3
    assert all(chunk.text.endswith("end.") and chunk.tokens >= 40 for chunk in chunks)


def test_a_list_stays_with_the_sentence_that_announces_it() -> None:
    doc = document(
        ("paragraph", words(60) + "."),
        ("paragraph", "These are the steps:"),
        *(("list_item", "- " + words(12)) for _ in range(4)),
    )
    chunks = split(doc)
    assert chunks[1].text.startswith("These are the steps:\n\n- w0")


def test_table_rows_and_code_blocks_are_not_cut() -> None:
    table = "\n".join(["| name | value |", "|---|---|"] + [f"| row{i} | {words(8)} |" for i in range(40)])
    code = "\n".join(f"line{i} = {i}" for i in range(25))
    chunks = split(document(("paragraph", words(60)), ("code", code), ("table", table)))
    assert sum(code in chunk.text for chunk in chunks) == 1
    rows = [line for chunk in chunks for line in chunk.text.split("\n") if line.startswith("|")]
    assert rows == table.split("\n")


def test_what_is_too_long_alone_is_cut_at_lines_then_sentences_then_words() -> None:
    code = "\n".join(f"call{i} with some words" for i in range(60))
    chunks = split(document(("code", code)), 50)
    assert len(chunks) > 4
    assert all(line in code.split("\n") for chunk in chunks for line in chunk.text.split("\n"))
    chunks = split(document(("paragraph", words(500))), 50)
    assert [word for chunk in chunks for word in chunk.text.split()] == words(500).split()


def test_a_run_without_white_space_is_cut_within_the_budget(wordpiece: TokenCounter) -> None:
    for text in ("x" * 9000, "한국어" * 3000, "https://a.b/" + "c" * 5000):
        doc = document(("paragraph", text))
        chunks = split(doc, 200, wordpiece)
        assert_sound(doc, chunks, wordpiece, 200)
        assert "".join(chunk.text for chunk in chunks) == text


def test_markup_without_words_joins_a_neighbour() -> None:
    text = "<!-- a -->\n\n# One\n\nfirst\n\n---\n\n# Two\n\nsecond"
    elements = []
    for part in re.finditer(r"\S[^\n]*", text):
        heading = part[0].startswith("#")
        elements.append(
            Element(
                kind="heading" if heading else "paragraph",
                start=part.start(),
                end=part.end(),
                level=1 if heading else None,
            )
        )
    markup = tuple(m.span() for m in re.finditer(r"<!--.*-->|# |---", text))
    doc = Document(id="a", source="a", uri="", title="", mime="", text=text, elements=tuple(elements), markup=markup)
    chunks = split(doc)
    assert [chunk.plain for chunk in chunks] == ["One\nfirst", "Two\nsecond"]
    assert [chunk.text for chunk in chunks] == ["<!-- a -->\n\n# One\n\nfirst\n\n---", "# Two\n\nsecond"]


def test_equal_texts_have_different_ids() -> None:
    chunks = split(document(*(part for _ in range(3) for part in (("h2", "Same"), ("paragraph", "text")))))
    assert [chunk.text for chunk in chunks] == ["Same\n\ntext"] * 3
    assert [chunk.id for chunk in chunks] == [Chunk.id_of("files:a.md", "Same\n\ntext", n) for n in range(3)]


@given(st.lists(st.tuples(KINDS, TEXTS), min_size=1, max_size=12))
@settings(deadline=None, max_examples=100)
def test_no_chunk_of_any_structure_crosses_a_heading_above_its_own(parts: list[Part]) -> None:
    doc = document(*((kind, f"{kind} {text}") for kind, text in parts))
    headings = [element for element in doc.elements if element.kind == "heading"]
    for chunk in split(doc, 20):
        before = [h.level or 0 for h in headings if h.start <= chunk.start]
        own = before[-1] if before else 0
        assert all((h.level or 0) > own for h in headings if chunk.start < h.start < chunk.end)


SECTION = st.lists(
    st.tuples(st.sampled_from(["h3", "paragraph", "list_item"]), st.integers(1, 150)), min_size=1, max_size=5
)


@given(st.lists(SECTION, min_size=2, max_size=5), SECTION, st.data())
@settings(deadline=None, max_examples=100)
def test_ids_outlast_a_change_of_another_section(sections: list[Any], changed: Any, data: st.DataObject) -> None:
    def chunks_of(sections: list[Any]) -> list[list[str]]:
        parts = [
            [("h2", f"Section {i}"), *((k, words(n, f"s{i}_{j}_")) for j, (k, n) in enumerate(s))]
            for i, s in enumerate(sections)
        ]
        found = split(document(("h1", "Guide"), *(part for section in parts for part in section)))
        return [[c.id for c in found if re.search(rf"\bs{i}_|Section {i}", c.text)] for i in range(len(sections))]

    at = data.draw(st.integers(0, len(sections) - 1))
    before = chunks_of(sections)
    after = chunks_of([*sections[:at], changed, *sections[at + 1 :]])
    assert before[:at] + before[at + 1 :] == after[:at] + after[at + 1 :]


@pytest.mark.parametrize("sizes", [range(40, 60), range(50, 51)])
def test_most_ids_outlast_an_insertion_into_text_without_headings(sizes: range) -> None:
    rng = random.Random(7)
    paragraphs = [("paragraph", words(rng.choice(sizes), f"p{i}_")) for i in range(300)]
    before = {chunk.id for chunk in split(document(*paragraphs), 200)}
    for at in (0, 150, 300):
        after = {
            chunk.id for chunk in split(document(*paragraphs[:at], ("paragraph", words(30)), *paragraphs[at:]), 200)
        }
        assert len(before - after) <= len(before) // 3
