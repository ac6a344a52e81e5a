"""`rag eval answers`: marks of single answers against an independent computation, and the command on a real corpus."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cli import main
from rag.errors import EvaluationError
from rag.evaluation.answers import Question, evaluate_answers, load_questions, mark, normal, token_f1
from rag.evaluation.picture import risk
from rag.evaluation.tables import answers as table
from rag.notices import notice
from rag.results import Answer, AnswerSentence, Citation
from tests.corpora import MakeFolder

STEEP = "How long does a French press steep?"


def answered(text: str = "", *cited: str, confidence: float | None = 0.9) -> Answer:
    """An answer of one sentence that cites these documents; without text an abstention."""
    citations = tuple(
        Citation(
            evidence=1, chunk_id=f"c-{id}", document_id=id, uri=f"/{id}", title="", page=None, start=0, end=1,
            quote="x", verified=True,
        )
        for id in cited
    )  # fmt: skip
    sentences = (AnswerSentence(text=text, supported=True, citations=citations),) if text else ()
    return Answer(
        question="q", standalone_question="q", answer=text, abstained=not text,
        why=None if text else notice("nothing_found"),
        confidence=confidence, sentences=sentences, evidence=(), model="extractive",
        timings_ms={"total": 2, "evidence": 4, "answer": 3},
    )  # fmt: skip


def places(citation: Citation) -> tuple[str, ...]:
    return citation.document_id, citation.uri


@pytest.mark.parametrize(
    ("answer", "right", "f1"),
    [
        ("The tea is green.", "green tea", 0.8),
        ("France", "France", 1.0),
        ("in the 10th century", "10th century", 0.8),
        ("black coffee", "green tea", 0.0),
        ("", "tea", 0.0),
        ("tea tea tea", "tea", 0.5),
    ],
)
def test_token_f1_is_that_of_squad(answer: str, right: str, f1: float) -> None:
    assert token_f1(answer, right) == pytest.approx(f1)


@given(st.text(), st.text())
def test_token_f1_is_symmetric_and_1_only_for_the_same_words(one: str, other: str) -> None:
    found = token_f1(one, other)
    assert 0 <= found <= 1
    assert found == token_f1(other, one)
    words = sorted(normal(one).split()), sorted(normal(other).split())
    assert (found == 1) == (words[0] == words[1] and bool(words[0]))


def test_an_answer_is_marked_by_its_best_right_answer() -> None:
    question = Question(question="q", answers=("10th century", "the tenth century"), evidence=("a", "b"))
    marked = mark(question, answered("In the 10th century.", "a", "z"), places)
    assert (marked.token_f1, marked.exact_match, marked.contains) == (pytest.approx(0.8), 0.0, 1.0)
    assert marked.citation_precision == 0  # z is not in the evidence
    assert marked.citation_recall == 0.5
    assert mark(question, answered("The 10th Century!", "b"), places).exact_match == 1.0


@pytest.mark.parametrize("evidence", [None, (), "a", "/a", ("a",)])
def test_evidence_may_be_one_several_or_none(evidence: Any) -> None:
    marked = mark(Question(question="q", answers=("x",), evidence=evidence), answered("x", "a"), places)
    assert marked.citation_precision == (1.0 if evidence else None)
    assert marked.citation_recall == (1.0 if evidence else None)


def test_an_abstention_says_and_cites_nothing() -> None:
    marked = mark(Question(question="q", answers=("x",), evidence="a"), answered(), places)
    assert (marked.token_f1, marked.contains, marked.citation_precision, marked.citation_recall) == (0, 0, None, 0)
    assert mark(Question(question="q", answers=()), answered("x"), places).token_f1 is None


def evaluated(asked: Mapping[str, tuple[tuple[str, ...], Answer]]) -> Any:
    questions = [Question(question=text, answers=right) for text, (right, _) in asked.items()]
    return evaluate_answers(questions, lambda q: asked[q][1], places=places, dataset="d", manifest={})


def test_confidence_tells_answerable_from_unanswerable() -> None:
    report = evaluated(
        {
            "own": (("x",), answered("x", confidence=0.9)),
            "weak": (("x",), answered("y", confidence=0.4)),
            "foreign": ((), answered("z", confidence=0.6)),
            "far": ((), answered(confidence=0.1)),
        }
    )
    means = {name: found.mean for name, found in report.metrics.items()}
    assert means["abstention_auroc"] == 0.75
    assert means["refused_answerable"] == 0
    assert means["answered_unanswerable"] == 0.5
    assert means["false_answers_at_5"] == 0.5
    # the surest first: right, foreign, wrong; the last one abstained
    assert report.risk == ((0.25, 0.0), (0.5, 0.5), (0.75, pytest.approx(2 / 3, abs=1e-6)))
    assert report.latency_ms["p50"] == 9
    assert (report.queries, report.answerable) == (4, 2)
    assert "abstention_auroc" in table(report)
    assert "<polyline" in risk(report)


def test_a_vote_that_was_torn_off_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "feedback.jsonl"
    vote = {"id": "a", "vote": "up", "question": "q", "standalone_question": "q", "answers": ["x"], "evidence": []}
    file.write_text(f'{json.dumps(vote)}\n{{"id": "b", "vo\n{json.dumps({**vote, "id": "c"})}\n')
    assert len(load_questions(file)) == 2
    assert "feedback.jsonl:2: the line was torn off" in caplog.text


def test_where_nothing_was_found_nothing_is_sure() -> None:
    report = evaluated({"own": (("x",), answered("x", confidence=0.9)), "far": ((), answered(confidence=None))})
    assert report.metrics["abstention_auroc"].mean == 1.0


def test_markers_of_a_model_are_no_words_of_its_answer() -> None:
    question = Question(question="q", answers=("four minutes",))
    text = "Four [1] minutes [2]."
    marked = mark(question, replace(answered(text), model="openai:tea"), places)
    assert (marked.exact_match, marked.token_f1, marked.contains) == (1.0, 1.0, 1.0)
    quoted = mark(question, answered(text), places)
    assert quoted.exact_match == 0.0, "what stands in brackets in a document is quoted as it is"


def test_lines_end_with_line_feeds_alone_and_a_byte_order_mark_is_none_of_their_words(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    rows = [{"question": "a\u2028b\x85c", "answers": ["x"]}, {"question": "d", "answers": []}]
    lines = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    file.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    assert [question.question for question in load_questions(file)] == ["a\u2028b\x85c", "d"]


def test_without_a_confidence_there_is_no_curve() -> None:
    report = evaluated({"own": (("x",), answered("x", confidence=None)), "foreign": ((), answered("z"))})
    assert "abstention_auroc" not in report.metrics
    assert len(evaluated({"own": (("x",), answered("x", confidence=None))}).risk) == 0


@pytest.mark.parametrize("text", ["", "\n", "no JSON", '{"question": "q"}', '{"question": "q", "answers": "x"}', "[1]"])
def test_what_are_no_questions_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"questions\.jsonl"):
        load_questions(file)


def test_a_corpus_is_asked(make_folder: MakeFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, file = make_folder(), tmp_path / "questions.jsonl"
    rows = [
        {
            "question": "How long does a French press steep?",
            "answers": ["four minutes"],
            "evidence": "files:beta/guide.md",
        },
        {"question": "Which quarks make up a proton?", "answers": []},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(["ingest", str(folder)]) == 0
    capsys.readouterr()
    options = [
        "--data",
        str(file),
        "--picture",
        str(tmp_path / "risk.svg"),
        "--per-question",
        str(tmp_path / "q.jsonl"),
    ]
    assert main(["eval", "answers", str(folder), *options, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"dataset", "queries", "metrics", "manifest"} <= report.keys()
    assert report["metrics"]["contains"]["mean"] == 1
    assert report["metrics"]["citation_recall"]["mean"] == 1
    assert report["metrics"]["abstention_auroc"]["mean"] == 1
    assert report["manifest"]["settings"]["answer"]["llm"] is None
    assert (tmp_path / "risk.svg").read_text(encoding="utf-8").startswith("<svg")
    assert [json.loads(line)["abstained"] for line in (tmp_path / "q.jsonl").read_text().splitlines()] == [False, True]


def test_passages_are_asked(make_data: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "questions.jsonl"
    row = {
        "question": "How long does a French press steep?",
        "answers": ["four minutes"],
        "evidence": "beta/guide.md#0",
    }
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert main(["eval", "answers", "configs/quickstart.yaml", "--data", str(file), "--corpus", str(make_data())]) == 0
    assert "citation_recall" in capsys.readouterr().out
