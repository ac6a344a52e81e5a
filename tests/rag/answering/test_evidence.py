import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.answering.evidence import pack_evidence
from rag.results import ChunkSpan

TEN = "\n\n".join(f"Paragraph {n} says {word}." for n, word in enumerate("abcdefghij"))


def pack(corpus: Any, *hits: Any, max_tokens: int = 10_000, parent: Any = None) -> Any:
    return pack_evidence(
        hits,
        read_text=corpus.read_text,
        chunk_spans=corpus.chunk_spans,
        max_tokens=max_tokens,
        count=len,
        parent=parent,
    )


def test_no_hits_are_no_evidence(library: Any) -> None:
    assert pack(library({})) == ()


def test_adjacent_hits_become_one_passage_and_those_of_a_document_keep_its_order(library: Any) -> None:
    corpus = library({"d": TEN, "e": "Another document."})
    hits = [corpus.hit("d", 3, 0.9), corpus.hit("e", 0, 0.8), corpus.hit("d", 0, 0.6), corpus.hit("d", 4, 0.2)]
    found = pack(corpus, *hits, max_tokens=sum(len(hit.text) for hit in hits) + len("\n\n"))
    assert [(e.number, e.document_id, e.score) for e in found] == [(1, "d", 0.6), (2, "d", 0.9), (3, "e", 0.8)]
    assert found[1].text == "Paragraph 3 says d.\n\nParagraph 4 says e."
    assert [c.chunk_id for c in found[1].chunks] == ["d#3", "d#4"]
    assert found[1].page == 4


def test_distant_hits_are_joined_by_what_lies_between_them_where_it_fits(library: Any) -> None:
    corpus = library({"d": TEN})
    hits = corpus.hit("d", 1), corpus.hit("d", 3)
    assert [e.text for e in pack(corpus, *hits, max_tokens=40)] == [hit.text for hit in hits]
    (joined,) = pack(corpus, *hits, max_tokens=61)
    assert [c.chunk_id for c in joined.chunks] == ["d#1", "d#2", "d#3"]


def test_the_same_words_are_shown_once(library: Any) -> None:
    corpus = library({"d": "Refunds take 14 days.", "e": "*Refunds*  take\n14 days."})
    assert [e.document_id for e in pack(corpus, corpus.hit("d", 0, 0.4), corpus.hit("e", 0, 0.5))] == ["d"]


@pytest.mark.parametrize("now", [None, "Refunds take 15 days.", ""])
def test_what_the_stored_document_no_longer_says_is_left_out(library: Any, now: str | None) -> None:
    corpus = library({"d": "Refunds take 14 days."})
    hit = corpus.hit("d", 0)
    corpus.texts = {} if now is None else {"d": now}
    assert pack(corpus, hit) == ()


def test_a_passage_that_does_not_fit_loses_its_weakest_ends_and_is_never_cut_inside_a_chunk(library: Any) -> None:
    corpus = library({"d": TEN})
    hits = [corpus.hit("d", n, score) for n, score in ((3, 0.9), (4, 0.5), (5, 0.4), (2, 0.3))]
    (found,) = pack(corpus, *hits, max_tokens=45)
    assert found.text == "Paragraph 3 says d.\n\nParagraph 4 says e."


def test_the_best_chunk_is_there_even_if_it_is_longer_than_the_budget(library: Any) -> None:
    corpus = library({"d": "x" * 900, "e": "short"})
    found = pack(corpus, corpus.hit("d", 0, 0.9), corpus.hit("e", 0, 0.5), max_tokens=500)
    assert [len(e.text) for e in found] == [900]


def test_a_smaller_passage_may_follow_one_that_did_not_fit(library: Any) -> None:
    corpus = library({"a": "x" * 300, "b": "y" * 300, "c": "z" * 100})
    found = pack(corpus, corpus.hit("a", 0, 0.9), corpus.hit("b", 0, 0.8), corpus.hit("c", 0, 0.7), max_tokens=500)
    assert [e.document_id for e in found] == ["a", "c"]
    assert [e.number for e in found] == [1, 2]


def test_the_best_passage_grows_by_two_neighbours_on_each_side(library: Any) -> None:
    corpus = library({"d": TEN})
    (found,) = pack(corpus, corpus.hit("d", 5))
    assert [c.chunk_id for c in found.chunks] == ["d#3", "d#4", "d#5", "d#6", "d#7"]
    assert found.page == 4


def test_growth_takes_the_next_chunk_first_and_stops_at_the_budget(library: Any) -> None:
    corpus = library({"d": TEN})
    (found,) = pack(corpus, corpus.hit("d", 5), max_tokens=45)
    assert [c.chunk_id for c in found.chunks] == ["d#5", "d#6"]


def test_passages_that_meet_are_one(library: Any) -> None:
    corpus = library({"d": TEN})
    (found,) = pack(corpus, corpus.hit("d", 2, 0.9), corpus.hit("d", 5, 0.8))
    assert [c.chunk_id for c in found.chunks] == [f"d#{n}" for n in range(8)]


def test_a_neighbour_that_says_what_is_read_already_is_not_read_and_ends_the_passage(library: Any) -> None:
    corpus = library({"d": "Refunds take 14 days.\n\nPage footer.\n\nAsk Ann.", "e": "Rates.\n\n*Page footer*"})
    found = pack(corpus, corpus.hit("d", 0, 0.9), corpus.hit("e", 0, 0.5))
    assert [e.text for e in found] == ["Refunds take 14 days.\n\nPage footer.\n\nAsk Ann.", "Rates."]


def test_no_passage_is_without_a_hit(library: Any) -> None:
    corpus = library({"d": "The hit.\n\n" + "long " * 60 + "\n\nBehind.", "e": "y" * 300 + "\n\nShort."})
    found = pack(corpus, corpus.hit("d", 0, 0.9), corpus.hit("e", 0, 0.5), max_tokens=100)
    assert [e.text for e in found] == ["The hit."]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("de"), st.integers(0, 9), st.floats(0, 1)), max_size=12),
    st.integers(10, 600),
    st.sampled_from([None, "section"]),
)
def test_evidence_is_whole_chunks_of_the_stored_text_within_the_budget(
    library: Any, wanted: list[tuple[str, int, float]], max_tokens: int, parent: str | None
) -> None:
    corpus = library({"d": TEN, "e": TEN.replace("says", "adds")})
    best = {(d, n): corpus.hit(d, n, score) for d, n, score in wanted}
    hits = sorted(best.values(), key=lambda hit: -hit.score)
    found = pack(corpus, *hits, max_tokens=max_tokens, parent=parent)
    assert [e.number for e in found] == list(range(1, len(found) + 1))
    order = [e.document_id for e in found]
    assert order == sorted(order, key=[hit.document_id for hit in hits].index)
    assert all(a.start < b.start for a, b in pairwise(found) if a.document_id == b.document_id)
    assert bool(found) == bool(hits)
    assert sum(len(e.text) for e in found) <= max(max_tokens, len(found[0].text) if len(found) == 1 else 0)
    for e in found:
        assert e.text == corpus.texts[e.document_id][e.start : e.end]
        assert (e.start, e.end) == (e.chunks[0].start, e.chunks[-1].end)
        assert re.fullmatch(r"(Paragraph \d (says|adds) [a-j]\.(\n\n)?)+", e.text)
    positions = [(e.document_id, p) for e in found for p in range(e.start, e.end)]
    assert len(positions) == len(set(positions))


class Overlapping:
    """A document in chunks of `size` words, each of which repeats the last `overlap` of the one before it."""

    def __init__(self, library: Any, *, words: int = 40, size: int = 8, overlap: int = 3) -> None:
        self.corpus = library({"d": " ".join(f"w{n}" for n in range(words))})
        found = list(re.finditer(r"\S+", self.corpus.texts["d"]))
        spans = [found[n : n + size] for n in range(0, words - overlap, size - overlap)]
        self.spans = [
            ChunkSpan(chunk_id=f"d#{n}", start=span[0].start(), end=span[-1].end(), page=None)
            for n, span in enumerate(spans)
        ]

    def hit(self, ordinal: int, score: float) -> Any:
        span = self.spans[ordinal]
        text = self.corpus.texts["d"][span.start : span.end]
        found = self.corpus.hit("d", 0, score)
        return replace(found, chunk_id=span.chunk_id, start=span.start, end=span.end, text=text, ordinal=ordinal)

    def pack(self, *hits: Any, max_tokens: int = 10_000) -> Any:
        return pack_evidence(
            hits, read_text=self.corpus.read_text, chunk_spans=lambda _: self.spans, max_tokens=max_tokens, count=len
        )


def test_what_two_chunks_share_is_shown_once(library: Any) -> None:
    (found,) = Overlapping(library).pack(*(Overlapping(library).hit(n, 0.5) for n in (1, 2)), max_tokens=60)
    assert found.text == " ".join(f"w{n}" for n in range(5, 18))


def test_hits_that_share_text_are_one_passage_without_the_chunk_between_them(library: Any) -> None:
    chunks = Overlapping(library, overlap=6)
    (found,) = chunks.pack(chunks.hit(0, 0.9), chunks.hit(2, 0.8), max_tokens=37)
    assert found.text == " ".join(f"w{n}" for n in range(12))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), min_size=1, max_size=6, unique_by=lambda pair: pair[0]),
    st.integers(20, 200),
    st.integers(0, 6),
)
def test_evidence_of_overlapping_chunks_repeats_nothing(
    library: Any, wanted: list[tuple[int, float]], max_tokens: int, overlap: int
) -> None:
    chunks = Overlapping(library, overlap=overlap)
    hits = sorted(
        (chunks.hit(min(n, len(chunks.spans) - 1), s) for n, s in dict(wanted).items()), key=lambda h: -h.score
    )
    found = chunks.pack(*hits, max_tokens=max_tokens)
    shown = [word for e in found for word in e.text.split()]
    assert shown
    assert len(shown) == len(set(shown))
    for e in found:
        assert e.text == chunks.corpus.texts["d"][e.start : e.end]
        assert all(e.start <= c.start < c.end <= e.end for c in e.chunks)
        visible = [p for p in range(e.start, e.end) if e.text[p - e.start] != " "]
        assert all(e.chunk_at(p).start <= p < e.chunk_at(p).end for p in visible)
