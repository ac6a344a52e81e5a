"""`rag eval chunking`: how much of the gold passages the first n hits hold, and how much else.

The measures of Smith and Troynikov, Evaluating Chunking Strategies for Retrieval (Chroma, 2024), on characters: with g
the gold characters of a question, r the sum of the retrieved chunks' lengths (an overlap counts each time) and f the
gold characters among them, recall is f / g, precision f / r, IoU f / (r + g - f). Precision omega is the precision of
all chunks that hold gold: the best that any retrieval could do with these chunks.
"""

import csv
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.corpus import Rag
from rag.errors import EvaluationError
from rag.evaluation.metrics import Interval, interval
from rag.results import Hit
from rag.settings import EdgeStore, FilesSource, Settings

QUESTIONS, CORPORA = "questions.csv", "corpora"
SOURCE = "corpora"
NAMES = ("recall", "precision", "precision_omega", "iou")
Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldQuestion:
    """A question and the passages that answer it: spans of its corpus' text in code points."""

    text: str
    corpus: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkingReport:
    """How well chunks fit gold passages.

    Attributes:
        metrics: over all questions.
        by_corpus: corpus -> metric -> mean.
        mean_characters: length of a chunk.
        passages: how many were retrieved for a question.
    """

    questions: int
    chunks: int
    passages: int
    mean_characters: float
    metrics: Mapping[str, Interval]
    by_corpus: Mapping[str, Mapping[str, float]]

    def to_dict(self) -> dict[str, Any]:
        names = ("questions", "chunks", "passages", "mean_characters")
        return {
            **{name: getattr(self, name) for name in names},
            "metrics": {name: found.to_dict() for name, found in self.metrics.items()},
            "by_corpus": {corpus: dict(means) for corpus, means in self.by_corpus.items()},
        }


def load_questions(folder: Path) -> list[GoldQuestion]:
    """Read `questions.csv` (question, references, corpus_id) of a folder with the texts in `corpora/<id>.md`.

    Raises:
        EvaluationError: a file is missing, or a row is not what it should be.
    """
    path = folder / QUESTIONS
    if not path.is_file() or not (folder / CORPORA).is_dir():
        raise EvaluationError(f"{folder}: --data is a folder with {QUESTIONS} and {CORPORA}/")
    questions: list[GoldQuestion] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            place = f"{path}: row {len(questions) + 2}"
            try:
                references = json.loads(row["references"])
                spans = tuple((int(r["start_index"]), int(r["end_index"])) for r in references)
                question = GoldQuestion(text=row["question"], corpus=row["corpus_id"], spans=spans)
            except (KeyError, TypeError, ValueError) as error:
                raise EvaluationError(
                    f"{place}: {type(error).__name__} {error}: question, references and corpus_id"
                ) from None
            if not (folder / CORPORA / f"{question.corpus}.md").is_file():
                raise EvaluationError(f"{place}: there is no {CORPORA}/{question.corpus}.md")
            questions.append(question)
    if not questions:
        raise EvaluationError(f"{path}: no questions")
    return questions


def gold_settings(settings: Settings, folder: Path, place: Path) -> Settings:
    """The settings for a corpus of the folder's texts, embedded.

    Args:
        place: where its index and its files are kept.
    """
    source = FilesSource(kind="files", name=SOURCE, path=folder / CORPORA, include=("*.md",))
    store = EdgeStore(kind="edge", path=place / "index")
    changes = {"name": "evaluation", "sources": (source,), "store": store, "data_dir": place / "data"}
    return settings.model_copy(update=changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldTexts:
    """Questions about texts that were chunked.

    Attributes:
        moved: text -> how far the gold spans are moved against what is stored.
        chunks: text -> the spans of its chunks.
    """

    questions: Sequence[GoldQuestion]
    moved: Mapping[str, int]
    chunks: Mapping[str, Sequence[Span]]

    @classmethod
    def of(cls, corpus: Rag, folder: Path, questions: Sequence[GoldQuestion]) -> "GoldTexts":
        """The texts as a corpus made with `gold_settings` holds them."""
        shown = {name: corpus.show(_document_id(name)) for name in sorted({q.corpus for q in questions})}
        return cls(
            questions=questions,
            moved={name: _offset(folder / CORPORA / f"{name}.md", document.text) for name, document in shown.items()},
            chunks={name: [(c["start"], c["end"]) for c in document.chunks] for name, document in shown.items()},
        )

    def ask(
        self, search: Callable[[str], Iterable[Hit]], progress: Callable[[str, int, int], object] = lambda *_: None
    ) -> np.ndarray:
        """The measures of every question, (questions, 4) in the order of `NAMES`.

        Args:
            search: finds the passages that count.
            progress: called with what is done, how much of it and of how much.
        """
        rows = []
        for done, question in enumerate(self.questions, 1):
            gold = [
                (low - self.moved[question.corpus], high - self.moved[question.corpus]) for low, high in question.spans
            ]
            own = _document_id(question.corpus)
            retrieved = [(hit.start, hit.end, hit.document_id == own) for hit in search(question.text)]
            rows.append(scores(gold, retrieved, self.chunks[question.corpus]))
            progress("asking questions", done, len(self.questions))
        return np.array(rows)


def _document_id(name: str) -> str:
    return f"{SOURCE}:{name}.md"


def evaluate_chunking(
    settings: Settings,
    folder: Path,
    *,
    passages: int = 5,
    progress: Callable[[str, int, int], object] | None = None,
) -> ChunkingReport:
    """Index all texts of the folder together, ask every question, and compare the first hits with the gold spans.

    Args:
        settings: its sources are ignored, and its store is replaced by an embedded one in a temporary folder.
        passages: hits that count.
        progress: called with what is done, how much of it and of how much.

    Raises:
        EvaluationError: the data are not what they should be.
    """
    questions = load_questions(folder)
    report = progress or (lambda *_: None)
    temporary = Path(tempfile.mkdtemp(prefix="rag-eval-"))
    try:
        with Rag(gold_settings(settings, folder, temporary)) as corpus:
            corpus.ingest(progress=lambda at: report("indexing documents", at.done, at.total))
            texts = GoldTexts.of(corpus, folder, questions)
            table = texts.ask(lambda query: corpus.search(query, top_k=passages), report)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    of_corpus = {name: [n for n, q in enumerate(questions) if q.corpus == name] for name in texts.chunks}
    lengths = [end - start for spans in texts.chunks.values() for start, end in spans]
    return ChunkingReport(
        questions=len(questions),
        chunks=len(lengths),
        passages=passages,
        mean_characters=round(float(np.mean(lengths)), 1),
        metrics={name: interval(table[:, n]) for n, name in enumerate(NAMES)},
        by_corpus={
            corpus: {name: round(float(table[rows_, n].mean()), 6) for n, name in enumerate(NAMES)}
            for corpus, rows_ in of_corpus.items()
        },
    )


def scores(
    gold: Sequence[Span], retrieved: Iterable[tuple[int, int, bool]], chunks: Iterable[Span]
) -> tuple[float, float, float, float]:
    """Recall, precision, precision omega and IoU of one question.

    Args:
        gold: spans of the question's own text.
        retrieved: spans of the hits, and whether they are of that text.
        chunks: all chunks of that text.
    """
    wanted = _union(gold)
    size = _size(wanted)
    hits = list(retrieved)
    found = _size(_union(part for start, end, own in hits if own for part in _within(wanted, start, end)))
    read = sum(end - start for start, end, _ in hits)
    holding = [(start, end) for start, end in chunks if any(_within(wanted, start, end))]
    held = _size(_union(part for start, end in holding for part in _within(wanted, start, end)))
    omega = held / sum(end - start for start, end in holding) if holding else 0.0
    return (
        found / size if size else 0.0,
        found / read if read else 0.0,
        omega,
        found / (read + size - found) if read + size else 0.0,
    )


def _offset(path: Path, text: str) -> int:
    """How far the stored text is moved against the file, as by a byte order mark or front matter.

    Raises:
        EvaluationError: the stored text is no tail of the file: the gold spans would point elsewhere.
    """
    raw = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    if not raw.endswith(text):
        raise EvaluationError(f"{path}: its text is not stored as it is (Unicode form): spans cannot be mapped")
    return len(raw) - len(text)


def _within(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    return [(max(low, start), min(high, end)) for low, high in spans if low < end and high > start]


def _union(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged


def _size(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)
