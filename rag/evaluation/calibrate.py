"""`rag calibrate`: fit the confidence of answers on a corpus' own questions."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.answering.abstention import SHIPPED, Calibration, Curve
from rag.corpus import Rag
from rag.errors import EvaluationError
from rag.evaluation.answers import load_questions
from rag.evaluation.beir import load_beir, read_queries
from rag.evaluation.cloze import cloze
from rag.evaluation.general import foreign_questions
from rag.evaluation.generate import UNANSWERABLE, generate
from rag.evaluation.kept import keep_report
from rag.evaluation.platt import FEWEST, fit
from rag.evaluation.retrieval import indexed, placed_in
from rag.evaluation.separation import auroc
from rag.results import SearchResult

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Progress = Callable[[str, int, int], object]
ANSWERABLE, FOREIGN = "answerable", "foreign"
FITTED = (FOREIGN, "unanswerable")
"""Kinds of unanswerable questions that a curve is fitted on. Others are about the corpus' subject: no score tells them
from those that it answers, and they are only reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Best fused scores of questions of one kind: of those that the encoder reads, and of the others."""

    read: tuple[float, ...]
    unread: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport:
    """What was fitted, and what it does to the questions that it was fitted on.

    Attributes:
        risk: share of unanswerable questions that may be answered.
        fitted: curves that were fitted, by `read` or `unread`; others are as they were shipped.
        questions: kind -> how many.
        answered: kind -> share that is answered with the threshold; of `answerable`, the rest is refused.
        auroc: of answerable questions against those that were fitted on.
        kept: the corpus answers by it from now on.
    """

    corpus: str
    risk: float
    calibration: Calibration
    fitted: tuple[str, ...]
    questions: Mapping[str, int]
    answered: Mapping[str, float]
    auroc: Mapping[str, float]
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("corpus", "risk", "kept")},
            "calibration": self.calibration.to_dict(),
            "fitted": list(self.fitted),
            **{name: dict(getattr(self, name)) for name in ("questions", "answered", "auroc")},
        }


def calibrate(
    corpus: Rag,
    *,
    risk: float = 0.05,
    data: Path | None = None,
    questions: int = 200,
    seed: int = 0,
    model: "tuple[str, BaseChatModel] | None" = None,
    keep: bool = True,
    progress: Progress | None = None,
) -> CalibrationReport:
    """Fit the confidence on an ingested corpus, and have it answer by that.

    Args:
        risk: share of unanswerable questions that may be answered, above 0 and below 1.
        data: JSONL with questions of one's own, as of `rag eval answers`; None generates them, and searches for them in
            a temporary copy of the corpus without the sentences that were made into questions.
        questions, seed, model: of the generation, see `rag.evaluation.generate`.
        keep: False changes nothing.

    Raises:
        EvaluationError: too few questions, or scores do not tell them apart.
        CorpusMissingError: nothing was ingested yet.
    """
    if not 0 < risk < 1:
        raise EvaluationError(f"risk {risk:g}: a share above 0 and below 1, such as 5%")
    show = progress or (lambda *_: None)
    scores = _of_data(corpus, data, seed, show) if data else _of_generated(corpus, questions, seed, model, show)
    curves: dict[str, Curve] = {}
    areas = {}
    for group in ("read", "unread"):
        own = getattr(scores[ANSWERABLE], group)
        foreign = [score for kind in FITTED if kind in scores for score in getattr(scores[kind], group)]
        if min(len(own), len(foreign)) >= FEWEST:
            curves[group] = fit(own, foreign, risk)
            areas[group] = auroc(np.array(own), np.array(foreign))
    if not curves:
        counts = ", ".join(f"{len(of.read) + len(of.unread)} {kind}" for kind, of in scores.items())
        raise EvaluationError(
            f"{counts} questions: at least {FEWEST} that are answerable and {FEWEST} that are not are needed, in "
            "languages that the encoder reads or in others; --data takes questions of your own"
        )
    calibration = Calibration(read=curves.get("read", SHIPPED.read), unread=curves.get("unread", SHIPPED.unread))
    report = CalibrationReport(
        corpus=corpus.name,
        risk=risk,
        calibration=calibration,
        fitted=tuple(curves),
        questions={kind: len(of.read) + len(of.unread) for kind, of in scores.items()},
        answered={kind: _answered(of, calibration) for kind, of in scores.items()},
        auroc={group: round(area, 6) for group, area in areas.items()},
        kept=keep,
    )
    if keep:
        corpus.set_calibration(calibration)
        keep_report(corpus.artifacts, "calibration", report.to_dict())
    return report


def _of_data(corpus: Rag, path: Path, seed: int, show: Progress) -> dict[str, Scored]:
    """The corpus itself is asked; everyday questions beside the user's own are unanswerable, too."""
    asked = load_questions(path)
    documents = [*corpus.documents().each()]
    chunks = (chunk for _, of_document in documents for chunk in of_document)
    vocabulary = cloze(chunks, [title for title, _ in documents]).frequencies
    general = foreign_questions(vocabulary, np.random.default_rng(seed))
    kinds = {
        ANSWERABLE: [question.question for question in asked if question.answers],
        "unanswerable": [question.question for question in asked if not question.answers],
        FOREIGN: [question.text for question in general],
    }
    return _scores(lambda question: corpus.search(question, top_k=1), kinds, show)


def _of_generated(
    corpus: Rag, wanted: int, seed: int, model: "tuple[str, BaseChatModel] | None", show: Progress
) -> dict[str, Scored]:
    with tempfile.TemporaryDirectory(prefix="rag-calibrate-") as folder:
        made = Path(folder, "questions")
        generate(corpus, made, questions=wanted, seed=seed, model=model, progress=show)
        dataset = load_beir(made)
        kinds: dict[str, list[str]] = {ANSWERABLE: [*dataset.queries.values()]}
        for kind, text in read_queries(made / UNANSWERABLE):
            kinds.setdefault(kind or "unanswerable", []).append(text)
        with indexed(placed_in(Path(folder), corpus.settings), dataset, show) as copy:
            return _scores(lambda question: copy.searcher.search(question, top_k=1), kinds, show)


def _scores(
    search: Callable[[str], SearchResult], kinds: Mapping[str, Sequence[str]], show: Progress
) -> dict[str, Scored]:
    total, done = sum(map(len, kinds.values())), 0
    found = {}
    for kind, questions in kinds.items():
        read: list[float] = []
        unread: list[float] = []
        for question in questions:
            result = search(question)
            (read if result.read else unread).append(result.fused)
            done += 1
            show("asking questions", done, total)
        found[kind] = Scored(read=tuple(read), unread=tuple(unread))
    return found


def _answered(scores: Scored, calibration: Calibration) -> float:
    """Share of the questions of a kind that are answered; 0 where there are none."""
    groups = ((scores.read, calibration.read), (scores.unread, calibration.unread))
    answered = [curve.probability(score) >= curve.threshold for group, curve in groups for score in group]
    return round(sum(answered) / max(1, len(answered)), 6)
