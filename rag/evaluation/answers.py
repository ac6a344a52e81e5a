"""`rag eval answers`: ask questions with known answers, measure the answers, their citations and the abstention."""

import json
import logging
import re
import string
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from rag.answering.markers import without_markers
from rag.errors import EvaluationError
from rag.evaluation.metrics import Interval, interval
from rag.evaluation.separation import interval_of_auroc
from rag.feedback import known_answers
from rag.results import Answer, Citation

_LOG = logging.getLogger(__name__)
REFUSED = 0.05
"""Share of the answerable questions that may be refused where `false_answers_at_5` is taken."""
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


class Question(BaseModel):
    """A question with what it should be answered by.

    Attributes:
        answers: each of them is right; none where the corpus does not answer it.
        evidence: passage ids, document ids or addresses that an answer may cite.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    question: str
    answers: tuple[str, ...]
    evidence: tuple[str, ...] | str | None = None

    @property
    def cited(self) -> frozenset[str]:
        """What may be cited."""
        return frozenset((self.evidence,) if isinstance(self.evidence, str) else self.evidence or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """An answer and how good it is. What does not apply is None.

    Attributes:
        token_f1, exact_match, contains: of the answer against the right ones; of answerable questions.
        citation_precision: share of the cited sentences whose citations all lie in the evidence.
        citation_recall: share of the evidence that is cited.
    """

    question: Question
    answer: Answer
    token_f1: float | None = None
    exact_match: float | None = None
    contains: float | None = None
    citation_precision: float | None = None
    citation_recall: float | None = None

    def to_dict(self) -> dict[str, Any]:
        rated = ("token_f1", "exact_match", "contains", "citation_precision", "citation_recall")
        return {
            "question": self.question.question,
            "answers": list(self.question.answers),
            "answer": self.answer.answer,
            "abstained": self.answer.abstained,
            "confidence": self.answer.confidence,
            **{name: getattr(self, name) for name in rated},
        }

    @property
    def wrong(self) -> bool:
        """What it states is not what the question asks for."""
        return not self.contains


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersReport:
    """How good answers are.

    Attributes:
        metrics: means over the questions that each is about, with intervals.
        risk: (m, 2) share of the questions that are answered, and share of these answers that is wrong, where answers
            are given in the order of their confidence; empty where there is none.
        latency_ms: of an answer, search and evidence included, by percentile.
    """

    dataset: str
    queries: int
    answerable: int
    metrics: Mapping[str, Interval]
    risk: tuple[tuple[float, float], ...]
    latency_ms: Mapping[str, float]
    marked: tuple[Marked, ...]
    manifest: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("dataset", "queries", "answerable")},
            "metrics": {name: found.to_dict() for name, found in self.metrics.items()},
            "risk_coverage": [list(point) for point in self.risk],
            "latency_ms": dict(self.latency_ms),
            "manifest": dict(self.manifest),
        }


def load_questions(path: Path) -> list[Question]:
    """The questions of a JSONL file: `question`, `answers`, and perhaps `evidence`.

    Of the votes that a chat keeps (`rag.feedback`), those on answers that were liked; a line of theirs that was torn
    off when its writer was killed is left out with a warning.

    Raises:
        EvaluationError: it cannot be read, a line is not such an object, or there is none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read ({error})") from None
    rows: dict[int, Any] = {}
    torn: list[int] = []
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                rows[number] = json.loads(line)
        except (ValueError, RecursionError):
            torn.append(number)
    if torn and not any(isinstance(row, dict) and "vote" in row for row in rows.values()):
        raise _no_question(path, torn[0])
    for number in torn:
        _LOG.warning("%s:%d: the line was torn off and is left out", path, number)
    found = []
    for number, row in known_answers(rows).items():
        try:
            found.append(Question.model_validate(row))
        except ValidationError:
            raise _no_question(path, number) from None
    if not found:
        liked = "; of votes only those on liked answers are" if rows else ""
        raise EvaluationError(f"{path}: no questions in it{liked}")
    return found


def _no_question(path: Path, line: int) -> EvaluationError:
    return EvaluationError(
        f"{path}:{line}: a line is {{'question': '...', 'answers': ['...'], 'evidence': '...'}}, "
        "with no answers where the corpus has none"
    )


def evaluate_answers(
    questions: Sequence[Question],
    ask: Callable[[str], Answer],
    *,
    places: Callable[[Citation], Collection[str]],
    dataset: str,
    manifest: Mapping[str, Any],
    progress: Callable[[str, int, int], object] = lambda *_: None,
) -> AnswersReport:
    """Ask every question, and measure.

    Args:
        places: what a citation may be called in a question's evidence.
        progress: called with what is done, how much of it and of how much.
    """
    marked = []
    for done, question in enumerate(questions, 1):
        marked.append(mark(question, ask(question.question), places))
        progress("asking questions", done, len(questions))
    totals = [sum(m.answer.timings_ms.get(part, 0.0) for part in ("total", "evidence", "answer")) for m in marked]
    return AnswersReport(
        dataset=dataset,
        queries=len(questions),
        answerable=sum(bool(q.answers) for q in questions),
        metrics=_metrics(marked),
        risk=_risk(marked),
        latency_ms={f"p{p}": round(float(np.percentile(totals, p)), 3) for p in (50, 95, 99)},
        marked=tuple(marked),
        manifest=manifest,
    )


def mark(question: Question, answer: Answer, places: Callable[[Citation], Collection[str]]) -> Marked:
    """How good one answer is; see `Marked`. An abstention says nothing and cites nothing."""
    if not question.answers:
        return Marked(question=question, answer=answer)
    words = answer.answer if answer.model == "extractive" else without_markers(answer.answer)
    rated = [(token_f1(words, right), normal(words) == normal(right)) for right in question.answers]
    said = f" {normal(words)} "
    cited = [[{*places(c)} & question.cited for c in s.citations] for s in answer.sentences if s.citations]
    found = {place for sentence in cited for citation in sentence for place in citation}
    return Marked(
        question=question,
        answer=answer,
        token_f1=max(f1 for f1, _ in rated),
        exact_match=float(any(exact for _, exact in rated)),
        contains=float(any(f" {normal(right)} " in said for right in question.answers)),
        citation_precision=sum(map(all, cited)) / len(cited) if cited and question.cited else None,
        citation_recall=len(found) / len(question.cited) if question.cited else None,
    )


def token_f1(answer: str, right: str) -> float:
    """Harmonic mean of precision and recall of the words (SQuAD's measure, Rajpurkar et al. 2016)."""
    said, wanted = Counter(normal(answer).split()), Counter(normal(right).split())
    same = (said & wanted).total()
    return 2 * same / (said.total() + wanted.total()) if same else 0.0


def normal(text: str) -> str:
    """In small letters, without punctuation and articles, as SQuAD's measure compares it."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def _confidence(answer: Answer) -> float | None:
    """That of the answer; 0 where nothing was found. None where it is not known what a score says."""
    return 0.0 if answer.confidence is None and not answer.evidence and answer.abstained else answer.confidence


def _metrics(marked: Sequence[Marked]) -> dict[str, Interval]:
    found = {}
    for name in ("token_f1", "exact_match", "contains", "citation_precision", "citation_recall"):
        values = [value for m in marked if (value := getattr(m, name)) is not None]
        if values:
            found[name] = interval(np.array(values))
    own, foreign = ([m for m in marked if bool(m.question.answers) is kind] for kind in (True, False))
    for name, group, kind in (("refused_answerable", own, True), ("answered_unanswerable", foreign, False)):
        if group:
            found[name] = interval(np.array([float(m.answer.abstained is kind) for m in group]))
    if own and foreign and all(_confidence(m.answer) is not None for m in marked):
        first, second = (np.array([_confidence(m.answer) or 0.0 for m in group]) for group in (own, foreign))
        found["abstention_auroc"] = interval_of_auroc(first, second)
        threshold = np.quantile(first, REFUSED)
        found["false_answers_at_5"] = interval((second >= threshold).astype(np.float64))
    return found


def _risk(marked: Sequence[Marked]) -> tuple[tuple[float, float], ...]:
    """At most 100 points of the curve (El-Yaniv, Wiener 2010, Foundations of Noise-free Selective Classification).

    An abstention is no answer, so that the curve ends where all that were given are counted.
    """
    given = [m for m in marked if m.answer.confidence is not None and not m.answer.abstained]
    ordered = sorted(given, key=lambda m: -(m.answer.confidence or 0.0))
    wrong = np.cumsum([m.wrong for m in ordered])
    steps = sorted({round(step) for step in np.linspace(1, len(ordered), min(100, len(ordered)))})
    return tuple((round(n / len(marked), 6), round(float(wrong[n - 1]) / n, 6)) for n in steps)
