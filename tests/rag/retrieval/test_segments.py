"""What is read is worth most, against all that could have been read."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.results import ChunkSpan
from rag.retrieval.segments import Place, Size, Spans, chunk_values, extract, run_size

SIZE = 10


def chunks(document: str, lengths: list[int]) -> list[ChunkSpan]:
    ends = [sum(lengths[: n + 1]) for n in range(len(lengths))]
    return [
        ChunkSpan(chunk_id=f"{document}{n}", start=end - length, end=end, page=None)
        for n, (end, length) in enumerate(zip(ends, lengths, strict=True))
    ]


def by_offsets(spans: Spans) -> Size:
    return lambda run: spans[run[0]][run[2]].end - spans[run[0]][run[1]].start


def read(hits: list[Place], lengths: dict[str, list[int]], budget: int) -> set[Place]:
    spans = {id: chunks(id, of_document) for id, of_document in lengths.items()}
    runs = extract(hits, spans, budget, size=by_offsets(spans), says=str).runs()
    return {(id, at) for id, low, high in runs for at in range(low, high + 1)}


def test_values_by_hand() -> None:
    values = chunk_values([("d", 2), ("d", 3), ("e", 0)], {"d": chunks("d", [SIZE] * 5), "e": chunks("e", [SIZE])})
    second, third = 2**-0.7, 3**-0.7
    assert values == pytest.approx(
        {
            ("d", 0): 0.04,
            ("d", 1): 0.2 + 0.04 * second,
            ("d", 2): 1 + 0.2 * second,
            ("d", 3): 0.4 + second,
            ("d", 4): 0.16 + 0.4 * second,
            ("e", 0): third,
        }
    )


@given(st.lists(st.tuples(st.sampled_from("de"), st.integers(0, 4)), min_size=1, max_size=5, unique=True), st.data())
def test_chunks_of_one_length_are_the_best_choice_of_all(hits: list[Place], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 10))
    lengths = {"d": [SIZE] * 5, "e": [SIZE] * 5}
    found = read(hits, lengths, count * SIZE)
    values = chunk_values(hits, {id: chunks(id, of_document) for id, of_document in lengths.items()})
    best = max(sum(values[p] for p in chosen) for n in range(count + 1) for chosen in combinations(values, n))
    assert sum(values[place] for place in found) == pytest.approx(best)
    assert len(found) <= count


@given(
    st.lists(st.tuples(st.sampled_from("de"), st.integers(0, 5)), min_size=1, max_size=6, unique=True),
    st.lists(st.integers(1, 30), min_size=6, max_size=6),
    st.integers(1, 200),
)
def test_the_budget_holds_and_every_run_has_a_hit(hits: list[Place], lengths: list[int], budget: int) -> None:
    spans = {"d": chunks("d", lengths), "e": chunks("e", lengths[::-1])}
    reading = extract(hits, spans, budget, size=by_offsets(spans), says=str)
    first = spans[hits[0][0]][hits[0][1]]
    size = sum(spans[id][high].end - spans[id][low].start for id, low, high in reading.runs())
    assert size == budget - reading.left
    assert size <= max(budget, first.end - first.start)
    for id, low, high in reading.runs():
        assert any(hit in hits for hit in ((id, at) for at in range(low, high + 1)))
    assert hits[0] in {(id, at) for id, low, high in reading.runs() for at in range(low, high + 1)}


def test_a_hit_beside_others_is_worth_more_than_a_better_one_alone() -> None:
    hits = [("d", 1), ("e", 1), ("d", 2)]
    assert read(hits, {"d": [SIZE] * 4, "e": [SIZE] * 4}, 2 * SIZE) == {("d", 1), ("d", 2)}


def test_what_does_not_fit_makes_room_for_what_does() -> None:
    assert read([("d", 0), ("e", 0), ("f", 0)], {"d": [10], "e": [50], "f": [10]}, 30) == {("d", 0), ("f", 0)}


def test_nothing_is_read_without_hits() -> None:
    assert extract([], {}, 100, size=by_offsets({}), says=str).runs() == []


def test_the_size_of_a_run_is_counted_once_a_stretch_with_what_stands_between() -> None:
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return len(text)

    spans = {"d": chunks("d", [3, 4, 5])}
    spans["d"][1] = ChunkSpan(chunk_id="d1", start=2, end=6, page=None)  # the first two share a character
    size = run_size(spans, {"d": "abcdefghijkl"}, count)
    assert [size(("d", 0, 2)), size(("d", 1, 2)), size(("d", 1, 1)), size(("d", 0, 2))] == [12, 10, 4, 12]
    assert counted == ["ab", "cdefg", "hijkl", "cdef"]
