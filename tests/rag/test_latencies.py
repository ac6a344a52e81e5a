"""How long searches and answers took is counted where they happen."""

import pytest

from rag import latencies
from rag.latencies import Latencies, percentiles


def test_searches_and_answers_of_a_corpus_are_timed(facts):
    assert facts.latencies.of("search") == facts.latencies.of("answer") == []
    found = facts.search("refunds")
    assert facts.latencies.of("search") == [found.timings_ms["total"]]
    facts.ask("How long do refunds take?")
    (answer,) = facts.latencies.of("answer")
    assert len(facts.latencies.of("search")) == 2, "an answer searches"
    assert answer >= facts.latencies.of("search")[-1]


def test_an_answer_that_was_stopped_is_not_counted(facts):
    events = facts.stream("How long do refunds take?")
    next(events)
    events.close()
    assert facts.latencies.of("answer") == []


def test_only_the_latest_are_kept(monkeypatch):
    monkeypatch.setattr(latencies, "KEPT", 3)
    kept = Latencies()
    for ms in range(5):
        kept.record("search", ms)
    assert kept.of("search") == [2, 3, 4]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], {}), ([7.0], {50: 7.0, 95: 7.0}), (range(101), {50: 50.0, 95: 95.0})],
)
def test_percentiles(values, expected):
    assert percentiles(values) == expected
