"""Paired differences against what they are made of, the picture, the gate, and the commands."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.errors import EvaluationError
from rag.evaluation import tables
from rag.evaluation.comparison import Comparison, difference
from rag.evaluation.gate import check, read_baseline
from rag.evaluation.metrics import Interval
from rag.evaluation.picture import bars


def test_a_difference_by_hand() -> None:
    found = difference([0.0, 0.5, 1.0, 1.0], [1.0, 0.5, 0.5, 1.0])
    assert (found.wins, found.losses, found.ties) == (1, 1, 2)
    assert found.first == 0.625
    assert found.second == 0.75
    assert found.difference.mean == pytest.approx(0.125)
    assert found.difference.low < 0 < found.difference.high


def test_noise_is_no_difference_and_a_steady_gain_is_one() -> None:
    rng = np.random.default_rng(3)
    base = rng.random(400)
    noise = difference(base, base + rng.normal(0, 0.1, 400))
    assert noise.p > 0.05
    gain = difference(base, base + rng.normal(0.05, 0.1, 400))
    assert gain.p < 0.001
    assert gain.difference.low > 0
    assert difference(base, base).p == 1.0


def test_the_randomisation_test_is_the_exact_one() -> None:
    """Of the 2^8 sign changes of eight equal gains, two give a mean as large."""
    assert difference(np.zeros(8), np.ones(8)).p == pytest.approx(2 / 256, abs=0.003)


def comparison(rows: list[tuple[str, str, float, float]]) -> Comparison:
    first, second = [row[2] for row in rows], [row[3] for row in rows]
    return Comparison(
        dataset="facts",
        names=("a", "b & <c>"),
        by="ndcg@10",
        metrics={"ndcg@10": difference(first, second)},
        queries=tuple(sorted(rows, key=lambda row: row[2] - row[3])),
        latency_ms=(1.0, 2.0),
        bytes_per_chunk=(10.0, 20.0),
    )


def test_the_picture_is_xml_with_a_bar_for_every_change() -> None:
    found = comparison([("q1", "x < y?", 0.0, 1.0), ("q2", "same", 0.5, 0.5), ("q3", "</svg>", 1.0, 0.5)])
    root = ET.fromstring(bars(found))
    drawn = [e for e in root.iter() if e.tag.endswith("rect") and e.get("fill") in ("#2a7f62", "#b3443c")]
    assert len(drawn) == 2
    heights = sorted(float(e.get("height", 0)) for e in drawn)
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.02)
    assert "b & <c>" in "".join(root.itertext())


def test_the_table_names_both_and_the_queries_that_differ() -> None:
    text = tables.comparison(comparison([("q1", "x < y?", 0.0, 1.0), ("q2", "same", 0.5, 0.5)]))
    assert "facts: b & <c> against a, 2 queries" in text
    assert "ndcg@10" in text
    assert "0.000 -> 1.000  q1  x < y?" in text
    assert "same" not in text.split("queries that differ")[1]


def test_only_queries_that_differ_are_listed_gains_first() -> None:
    rows = [(f"q{n}", "text", 0.5, 0.5 + (n - 30) / 100) for n in range(61)]
    most = comparison(rows).most()
    assert len(most) == 20
    assert [row[0] for row in (most[0], most[-1])] == ["q60", "q0"]
    assert all(row[2] != row[3] for row in most)
    assert comparison([("q", "t", 1.0, 1.0)]).most() == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"recall@5": 0.8}, {"recall@5": 0.8}),
        ({"metrics": {"ndcg@10": {"mean": 0.7, "low": 0.6, "high": 0.8}}}, {"ndcg@10": 0.7}),
    ],
)
def test_a_baseline_is_numbers_or_a_report(tmp_path: Path, content: Any, expected: dict[str, float]) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(content))
    assert read_baseline(path) == expected


@pytest.mark.parametrize("content", ["oops", "[]", "{}", '{"recal@5": 1}', '{"recall@5": "x"}', '{"recall@5": true}'])
def test_another_baseline_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(content)
    with pytest.raises(EvaluationError, match="--baseline"):
        read_baseline(path)
    with pytest.raises(EvaluationError, match="not readable"):
        read_baseline(tmp_path / "none.json")


def test_only_what_falls_below_its_baseline_fails() -> None:
    metrics = {"recall@5": Interval(0.80, 0.7, 0.9), "ndcg@10": Interval(0.60, 0.5, 0.7)}
    assert check(metrics, {"recall@5": 0.8}, tolerance=0).ok
    found = check(metrics, {"recall@5": 0.81, "ndcg@10": 0.61}, tolerance=0.005)
    assert found.fallen == ["recall@5", "ndcg@10"]
    assert check(metrics, {"recall@5": 0.81, "ndcg@10": 0.61}, tolerance=0.02).ok
