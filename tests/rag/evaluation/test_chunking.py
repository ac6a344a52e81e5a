"""Chunk metrics by hand, on data that are checked, and from the command."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cli import main
from rag.errors import EvaluationError
from rag.evaluation.chunking import NAMES, load_questions, scores

TEXTS = {
    "tea": "# Tea\n\nGreen tea is brewed at 75 degrees.\n\n# Cups\n\nA cup holds 150 millilitres.\n",
    "press": "# Press\n\nA French press steeps for four minutes.\n",
}
MakeChunkingData = Callable[..., Path]


@pytest.fixture
def make_chunking_data(tmp_path: Path) -> MakeChunkingData:
    def make(rows: list[dict[str, Any]] | None = None) -> Path:
        folder = tmp_path / "gold"
        (folder / "corpora").mkdir(parents=True)
        for name, text in TEXTS.items():
            (folder / "corpora" / f"{name}.md").write_text(text, encoding="utf-8")
        with (folder / "questions.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["question", "references", "corpus_id"])
            writer.writeheader()
            writer.writerows(rows if rows is not None else [row("How hot is tea?", "tea", "brewed at 75 degrees")])
        return folder

    return make


def row(question: str, corpus: str, gold: str) -> dict[str, Any]:
    start = TEXTS[corpus].index(gold)
    references = [{"content": gold, "start_index": start, "end_index": start + len(gold)}]
    return {"question": question, "references": json.dumps(references), "corpus_id": corpus}


def test_scores_by_hand() -> None:
    # gold: 10 + 5 characters; retrieved: 20 with 8 of them, 10 of another text, 10 that are counted twice
    gold, chunks = [(10, 20), (40, 45)], [(0, 12), (12, 32), (32, 60), (60, 90)]
    hits = [(12, 32, True), (12, 32, False), (22, 32, True)]
    recall, precision, omega, iou = scores(gold, hits, chunks)
    assert recall == pytest.approx(8 / 15)
    assert precision == pytest.approx(8 / 50)
    assert omega == pytest.approx(15 / (12 + 20 + 28))
    assert iou == pytest.approx(8 / (50 + 15 - 8))


def test_nothing_retrieved_and_nothing_wanted_are_zero() -> None:
    assert scores([(0, 5)], [], [(0, 10)]) == (0.0, 0.0, 0.5, 0.0)
    assert scores([], [(0, 5, True)], [(0, 10)]) == (0.0, 0.0, 0.0, 0.0)


SPANS = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30)).map(lambda s: (s[0], s[0] + s[1])), max_size=6)


@given(SPANS, SPANS)
def test_scores_are_those_of_sets_of_characters(gold: list[tuple[int, int]], hits: list[tuple[int, int]]) -> None:
    wanted = {c for low, high in gold for c in range(low, high)}
    found = {c for low, high in hits for c in range(low, high)} & wanted
    read = sum(high - low for low, high in hits)
    recall, precision, _, iou = scores(gold, [(*hit, True) for hit in hits], [])
    assert recall == pytest.approx(len(found) / len(wanted) if wanted else 0)
    assert precision == pytest.approx(len(found) / read if read else 0)
    missed = len(wanted) - len(found)
    assert iou == pytest.approx(len(found) / (read + missed) if read + missed else 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"references": "{oops"}, ["row 2", "references"]),
        ({"references": "[{}]"}, ["row 2", "start_index"]),
        ({"corpus_id": "milk"}, ["row 2", "corpora/milk.md"]),
    ],
)
def test_bad_rows_are_named(make_chunking_data: MakeChunkingData, change: dict[str, Any], words: list[str]) -> None:
    good = row("How hot is tea?", "tea", "75")
    with pytest.raises(EvaluationError) as raised:
        load_questions(make_chunking_data([{**good, **change}]))
    assert all(word in str(raised.value) for word in words)


def test_a_folder_without_data_says_what_it_should_hold(make_chunking_data: MakeChunkingData, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"questions\.csv and corpora/"):
        load_questions(tmp_path)
    with pytest.raises(EvaluationError, match="no questions"):
        load_questions(make_chunking_data([]))


def test_the_command_measures_and_leaves_nothing(
    make_chunking_data: MakeChunkingData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row("How hot is tea?", "tea", "brewed at 75 degrees"), row("How long?", "press", "four minutes")]
    config = tmp_path / "corpus.yaml"
    config.write_text("sources: [{kind: files, path: ./none}]\n")
    words = ["eval", "chunking", str(config), "--data", str(make_chunking_data(rows))]
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report["metrics"]) == set(NAMES)
    assert (report["questions"], report["passages"]) == (2, 5)
    assert report["metrics"]["recall"]["mean"] == 1.0
    assert 0 < report["metrics"]["iou"]["mean"] < 1
    assert set(report["by_corpus"]) == {"tea", "press"}
    assert main([*words, "-n", "1"]) == 0
    assert "2 questions, 1 of" in capsys.readouterr().out
    assert not (tmp_path / ".rag").exists()
