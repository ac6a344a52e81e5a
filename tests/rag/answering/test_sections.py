"""`chunking.parent: section`: small chunks are matched, whole sections are read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag import Rag
from rag.answering.budget import estimated_tokens
from rag.results import ChunkSpan, Evidence
from rag.retrieval.sections import read_sections, section_of, tearing
from rag.retrieval.segments import run_size
from tests.corpora import MakeFolder

ROWS = "\n".join(f"| Tariff {n} | {n + 10} euros | region {n} of the north |" for n in range(12))
INTRO = (
    "Refunds are paid to the card that was charged.\n\nA refund takes fourteen days to arrive at the bank.\n\n"
    "It is paid in the currency of the ticket, at the rate of the day on which the journey was booked, and a message "
    "with its number is sent to the traveller once it is on its way.\n\n"
)
TABLE = f"| name | price | where |\n|---|---|---|\n{ROWS}\n\n"
OUTRO = "Write to the desk if it does not arrive.\n\n"
EXCEPTIONS = "### Exceptions\n\nVouchers are never refunded, whatever their tariff.\n\n"
GUIDE = (
    "# Guide\n\nThis guide is for travellers.\n\n## Refunds\n\n"
    + (INTRO + TABLE + OUTRO + EXCEPTIONS)
    + "## Luggage\n\nTwo bags of twenty kilos may be carried.\n\n"
)
OWN = "## Refunds\n\n" + (INTRO + TABLE + OUTRO).strip()
WHOLE = OWN + "\n\n" + EXCEPTIONS.strip()
QUESTION = "How many days does a refund take to arrive at the bank?"


@pytest.fixture
def ask(make_folder: MakeFolder) -> Callable[..., Any]:
    """Evidence under other settings of the same index."""
    other = "\n\n".join(f"## Part {n}\n\nNothing but gardens, trees and number {n}." for n in range(6))
    folder: Path = make_folder({"guide.md": GUIDE, "garden.md": f"# Garden\n\n{other}\n"})
    base = ["chunking.max_tokens=40", "answer.min_confidence=0"]
    with Rag.open(folder, overrides=base) as corpus:
        corpus.ingest()

    def asked(*overrides: str) -> tuple[Evidence, ...]:
        with Rag.open(folder, overrides=[*base, "retrieval.top_k=1", *overrides]) as corpus:
            evidence = corpus.ask(QUESTION).evidence
            assert corpus.warnings == []
            return evidence

    return asked


def test_the_section_of_a_hit_is_read_with_its_subsections(ask: Callable[..., Any]) -> None:
    (plain,), (section,) = ask(), ask("chunking.parent=section")
    assert "fourteen days" in plain.text
    assert plain.text not in (OWN, WHOLE)
    assert section.text.strip() == WHOLE
    assert section.headings == ("Refunds",)


def test_subsections_are_left_out_where_they_do_not_fit(ask: Callable[..., Any]) -> None:
    (section,) = ask("chunking.parent=section", f"answer.max_evidence_tokens={estimated_tokens(OWN) + 8}")
    assert section.text.strip() == OWN


def test_a_section_that_does_not_fit_is_cut_back_around_the_hit(ask: Callable[..., Any]) -> None:
    (section,) = ask("chunking.parent=section", f"answer.max_evidence_tokens={estimated_tokens(OWN) - 20}")
    assert "fourteen days" in section.text
    assert section.text in OWN
    assert "| Tariff" not in section.text, "the table does not fit whole"
    (plain,) = ask(f"answer.max_evidence_tokens={estimated_tokens(OWN) - 20}")
    assert "| Tariff" in plain.text, "without sections it would be torn"


def spans_of(text: str, *pieces: str, headings: tuple[str, ...] = ()) -> list[ChunkSpan]:
    starts = [text.index(piece) for piece in pieces]
    return [
        ChunkSpan(chunk_id=str(n), start=start, end=start + len(piece), page=None, headings=headings)
        for n, (start, piece) in enumerate(zip(starts, pieces, strict=True))
    ]


@pytest.mark.parametrize(
    ("pieces", "gaps", "torn"),
    [
        (["One.", "| a |", "| b |", "Two."], ["\n\n", "\n", "\n\n"], [False, True, False]),
        (["One.", "```\nx = 1", "y = 2\n```", "Two."], ["\n\n", "\n\n", "\n\n"], [False, True, False]),
        (["~~~\nx", "y\n~~~", "~~~\nz\n~~~", "End."], ["\n\n", "\n\n", "\n \n"], [True, False, False]),
        (["First half,", "second half.", "Two."], [" ", "\n\n"], [True, False]),
        (["Alone."], [], []),
    ],
)
def test_tables_code_and_paragraphs_are_one(pieces: list[str], gaps: list[str], torn: list[bool]) -> None:
    text = "".join(piece + gap for piece, gap in zip(pieces, [*gaps, ""], strict=True))
    cut = tearing(spans_of(text, *pieces), text)
    assert [cut(n) for n in range(len(gaps))] == torn


@pytest.mark.parametrize(
    ("budget", "read"),
    [
        (41, "Intro one.\n\n| a | b |\n| c | d |\n| e | f |"),
        (40, "Intro one."),
        (3, "Intro one."),
    ],
)
def test_a_table_at_the_end_of_a_segment_is_whole_or_not_there(budget: int, read: str) -> None:
    text = "Intro one.\n\n| a | b |\n| c | d |\n| e | f |\n\n" + "Far away. " * 9
    spans = {"d": spans_of(text, "Intro one.", "| a | b |", "| c | d |", "| e | f |", ("Far away. " * 9).strip())}
    reading = read_sections(
        [("d", 0)], spans, budget, size=run_size(spans, {"d": text}, len), texts={"d": text}, segments=[("d", 0, 2)]
    )
    ((_, low, high),) = reading.runs()
    assert text[spans["d"][low].start : spans["d"][high].end] == read


def test_a_hit_in_a_table_that_is_longer_than_the_budget_is_read_alone_or_with_its_segment() -> None:
    rows = [f"| row {n} |" for n in range(9)]
    text = "\n".join(rows)
    spans = {"d": spans_of(text, *rows)}
    size, segments = run_size(spans, {"d": text}, len), [("d", 3, 5)]
    for budget, runs in ((29, [("d", 3, 5)]), (28, [("d", 4, 4)]), (1, [("d", 4, 4)])):
        reading = read_sections([("d", 4)], spans, budget, size=size, texts={"d": text}, segments=segments)
        assert reading.runs() == runs


def test_a_section_ends_where_the_heading_path_changes() -> None:
    paths = [(), ("A",), ("A",), ("A", "a"), ("A",), ("AB",)]
    chunks = [ChunkSpan(chunk_id=str(n), start=n, end=n + 1, page=None, headings=p) for n, p in enumerate(paths)]
    assert section_of(chunks, 1) == (1, 2)
    assert section_of(chunks, 1, subsections=True) == (1, 4)
    assert section_of(chunks, 3) == (3, 3)
    assert section_of(chunks, 0, subsections=True) == (0, 5)


def test_a_long_document_without_headings_is_read_in_reasonable_time(library: Any) -> None:
    from rag.answering.evidence import pack_evidence

    corpus = library({"d": "\n\n".join(f"Paragraph {n} says {n}." for n in range(3000))})
    spans = corpus.chunk_spans("d")
    corpus.chunk_spans = lambda _: spans
    hits = [corpus.hit("d", n, 1 - n / 10_000) for n in range(0, 3000, 200)]
    found = pack_evidence(
        hits, read_text=corpus.read_text, chunk_spans=corpus.chunk_spans, max_tokens=2000, count=len, parent="section"
    )
    assert all(any(e.start <= hit.start < e.end for e in found) for hit in hits)
