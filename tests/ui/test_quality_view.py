"""Quality as HTML: what is counted is shown, what is wrong stands out, all words are escaped."""

import pytest

from rag.evaluation.feedback import FeedbackSummary
from rag.evaluation.kept import KeptReport
from rag.feedback import Feedback
from rag.health import Check, FailedDocument, Health
from rag.latencies import Latencies
from rag.reports import VerifyReport
from tests.ui.test_view import HOSTILE, Parsed
from ui.view import charts
from ui.view import quality as view

FAILED = FailedDocument(id="files:a.pdf", uri="/a.pdf", error="it is encrypted")
ANSWERS = {
    "dataset": "questions",
    "queries": 6,
    "answerable": 4,
    "metrics": {"token_f1": {"mean": 0.5, "low": 0.25, "high": 0.75}, "new": {"mean": 1, "low": 1, "high": 1}},
    "risk_coverage": [[0.5, 0.0], [1.0, 0.25]],
    "latency_ms": {"p50": 12.0},
}
CALIBRATION = {
    "risk": 0.05,
    "calibration": {"read": {"a": 20.0, "b": -8.0, "threshold": 0.6}},
    "fitted": ["read"],
    "questions": {"answerable": 30, "made up": 20},
    "answered": {"answerable": 0.9, "made up": 0.05},
    "auroc": {"read": 0.99},
}


def healthy(**changes):
    return Health(**{"documents": 3, "chunks": 1200, "empty": 1, "failed": (), **changes})


def checked(*, truncated=0, **changes):
    counts = {"documents": 3, "chunks": 9, "missing_chunks": 0, "orphan_chunks": 0, "stale_documents": 0, "repaired": 0}
    return Check(verified=VerifyReport(**{**counts, **changes}), tokens_truncated=truncated, time=0, seconds=1.23)


def shown(found, *, language="en", duplicates=2, check=None, checking=False, error=None):
    html = view.health(found, language, duplicates=duplicates, check=check, checking=checking, error=error)
    parsed = Parsed(html)
    return parsed, {attrs["data-tile"]: attrs.get("data-state") for _, attrs in parsed.tags if "data-tile" in attrs}


def test_health_counts_and_lists_what_failed():
    parsed, tiles = shown(healthy(failed=(FAILED,)))
    assert tiles == {"documents": None, "chunks": None, "failed": "bad", "empty": None, "duplicates": None}
    assert "files:a.pdf" in parsed.text
    assert "it is encrypted" in parsed.text
    assert "1,200" in parsed.text


def test_many_failed_documents_are_not_all_listed():
    parsed, _ = shown(healthy(failed=(FAILED,) * (view.FAILED + 7)))
    assert parsed.text.count("files:a.pdf") == view.FAILED
    assert "and 7 more" in parsed.text


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (checked(), set()),
        (checked(truncated=5), {"truncated"}),
        (checked(stale_documents=1, missing_chunks=2, orphan_chunks=3), {"stale", "missing", "orphans"}),
    ],
)
def test_a_check_says_what_is_wrong(check, bad):
    parsed, tiles = shown(healthy(), check=check)
    assert {name for name, state in tiles.items() if state == "bad"} == bad
    assert ("rag verify --repair" in parsed.text) == bool(bad)
    assert ("Everything is as it should be." in parsed.text) == (not bad)


def test_a_running_check_cannot_be_started_again():
    parsed, _ = shown(healthy(), checking=True, error="of the last one")
    assert parsed.attributes("disabled") == [None]
    assert "of the last one" not in parsed.text
    failed, _ = shown(healthy(), error="the store is gone")
    assert "the store is gone" in failed.text
    assert failed.attributes("disabled") == []


def test_near_duplicates_that_are_looked_for_have_no_number():
    assert "…" in shown(healthy(), duplicates=None)[0].text


def test_latency_is_drawn_with_its_percentiles():
    kept = Latencies()
    for ms in range(1, 101):
        kept.record("answer", float(ms))
    html = view.latency(kept, "en")
    parsed = Parsed(html)
    assert "100 since the start, half within 50 ms, 95 % within 95 ms" in parsed.text
    assert "No search since the start." in parsed.text
    assert parsed.attributes("data-count") == ["100"]
    assert any("half within" in label for label in parsed.attributes("aria-label"))


@pytest.mark.parametrize("values", [[0.0], [0.4, 3.0, 900.0], [10.0] * 50, [1e9]])
def test_every_duration_is_in_one_bar(values):
    parsed = Parsed(charts.durations(values, "x"))
    bars = [(float(a["x"]), float(a["width"]), float(a["height"])) for tag, a in parsed.tags if tag == "rect"]
    assert len(bars) >= charts.FEWEST_BARS
    assert all(x >= 0 and x + width <= charts.WIDTH and height >= 0 for x, width, height in bars)
    counts = [int(title.split(" ")[0]) for title in charts.durations(values, "x").split("<title>")[1:]]
    assert sum(counts) == len(values)


@pytest.mark.parametrize(
    ("ms", "said"), [(0.25, "0.2 ms"), (2, "2 ms"), (12.4, "12 ms"), (1000, "1 s"), (1500, "1.5 s"), (31_500, "32 s")]
)
def test_durations_have_as_many_digits_as_matter(ms, said):
    assert charts.milliseconds(ms) == said


def test_a_curve_stays_in_its_frame():
    parsed = Parsed(charts.curve([(0, 0), (0.5, 0.2), (1, 1)], "rising", across="x", at=0.5))
    (points,) = parsed.attributes("points")
    for pair in points.split():
        x, y = map(float, pair.split(","))
        assert 0 <= x <= charts.WIDTH
        assert 0 <= y <= charts.HEIGHT
    assert "rag-mark" in charts.curve([(0, 0)], "x", across="x", at=0.5)
    assert "rag-mark" not in charts.curve([(0, 0)], "x", across="x", at=1.5)


def voted(question, reason="", model="m"):
    return Feedback(
        id="a",
        time="",
        corpus="c",
        question=question,
        standalone_question="",
        answer="",
        model=model,
        cited=(),
        vote="down",
        reason=reason,
        settings="",
        answers=(),
        evidence=(),
    )


def test_feedback_without_a_vote_says_so():
    parsed = Parsed(view.feedback(FeedbackSummary(unreadable=2), "en"))
    assert "Nobody has rated an answer yet." in parsed.text
    assert "Unreadable lines in feedback.jsonl: 2" in parsed.text


def test_feedback_shows_votes_and_reasons():
    against = (voted("Why?", "old"), voted("How?"))
    found = FeedbackSummary(up=3, down=2, models={"extractive": (2, 1), "b": (1, 1)}, against=against)
    parsed = Parsed(view.feedback(found, "en"))
    for words in ("3 helpful, 2 not helpful", "Why?", "old", "no reason given", "extractive", "b"):
        assert words in parsed.text
    assert parsed.attributes("width")[0] == "144.0", "three fifths of the bar"


def test_the_last_evaluation_is_shown_with_its_curves():
    reports = {
        "answers": KeptReport(time="2026-01-02T03:04:05+00:00", report=ANSWERS),
        "calibration": KeptReport(time="2026-01-02T03:04:05+00:00", report=CALIBRATION),
    }
    parsed = Parsed(view.evaluation(reports, "en"))
    for words in ("6 questions, 4 of them answerable.", "2026-01-02 03:04:05 UTC", "0.500", "25 % of all", "made up"):
        assert words in parsed.text
    assert "0.500, 95 % between 0.250 and 0.750" in parsed.attributes("aria-label")
    assert sum(tag == "polyline" for tag, _ in parsed.tags) == 2
    assert [tag for tag, attrs in parsed.tags if attrs.get("class") == "rag-mark"] == ["line"]


def test_a_corpus_that_was_never_evaluated_says_how():
    assert "rag eval answers" in Parsed(view.evaluation({}, "en")).text


def test_nothing_that_others_wrote_becomes_markup():
    hostile = KeptReport(
        time=HOSTILE,
        report={
            **ANSWERS,
            "dataset": HOSTILE,
            "metrics": {HOSTILE: {"mean": 0, "low": 0, "high": 0}},
            "latency_ms": {HOSTILE: 1},
        },
    )
    kinds = {**CALIBRATION, "questions": {HOSTILE: 1}, "answered": {}}
    vote = voted(HOSTILE, HOSTILE, HOSTILE)
    failed = (FailedDocument(id=HOSTILE, uri=HOSTILE, error=HOSTILE),)
    pages = [
        view.health(healthy(failed=failed), "en", duplicates=0, check=None, checking=False, error=HOSTILE),
        view.feedback(FeedbackSummary(up=1, down=1, models={HOSTILE: (1, 0), "m": (0, 1)}, against=(vote,)), "de"),
        view.evaluation({"answers": hostile, "calibration": KeptReport(time="", report=kinds)}, "de"),
    ]
    for html in pages:
        parsed = Parsed(html)
        assert not {"script", "img"} & {tag for tag, _ in parsed.tags}
        assert parsed.attributes("onerror") == []
        assert "${" not in html
        assert "<script>alert(1)</script>" in parsed.text
