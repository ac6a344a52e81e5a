"""`rag eval generate`: questions of a corpus' own, with the passages that answer them, in the BEIR layout."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from rag.corpus import Rag
from rag.errors import EvaluationError
from rag.evaluation.beir import CORPUS, JUDGEMENTS, QUERIES
from rag.evaluation.cloze import SENTENCE, Cloze, cloze, evenly, size
from rag.evaluation.general import foreign_questions
from rag.evaluation.manifest import file_hash, manifest
from rag.evaluation.questions import Question
from rag.evaluation.written import NotKeptError, QuestionWriter
from rag.types import Chunk

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

UNANSWERABLE, ANSWERS, MANIFEST = "unanswerable.jsonl", "answers.jsonl", "manifest.json"
HEADINGS = 3
"""One question in so many is a heading, as far as there are headings."""
ATTEMPTS = 3
"""Passages that a model is shown for each question that is wanted."""
Progress = Callable[[str, int, int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationReport:
    """What was generated.

    Attributes:
        questions, unanswerable: kind -> how many; the corpus answers the first, and not the second.
        answers: how many questions have an answer in words.
        filtered: why others were not kept -> how many.
    """

    folder: Path
    documents: int
    chunks: int
    questions: Mapping[str, int]
    unanswerable: Mapping[str, int]
    answers: int
    filtered: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            **{name: getattr(self, name) for name in ("documents", "chunks", "answers")},
            **{name: dict(getattr(self, name)) for name in ("questions", "unanswerable", "filtered")},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """Questions, those with answers, those without, and the chunks as they are to be searched."""

    questions: list[Question]
    answered: list[Question]
    unanswerable: list[Question]
    chunks: Iterable[Chunk]
    filtered: Mapping[str, int]


def generate(
    corpus: Rag,
    folder: Path,
    *,
    questions: int = 100,
    seed: int = 0,
    model: "tuple[str, BaseChatModel] | None" = None,
    progress: Progress | None = None,
) -> GenerationReport:
    """Write questions that an ingested corpus answers, and as many that it does not, to a new folder.

    Args:
        questions: how many of either, at most.
        seed: the same corpus and seed give the same questions, if no model writes them.
        model: name and chat model that writes them; None takes sentences and headings out of the corpus.
        progress: called with what is done, how much of it and of how much.

    Raises:
        EvaluationError: the folder exists, or nothing in the corpus makes a question.
        ModelError: the model failed several times in a row.
        CorpusMissingError: nothing was ingested yet.
    """
    if folder.exists():
        raise EvaluationError(f"--out {folder}: it exists already; name a folder that does not")
    report = progress or (lambda *_: None)
    documents = sorted(((title, chunks) for title, chunks in corpus.documents().each() if chunks), key=_id)
    titles = {chunks[0].document_id: title for title, chunks in documents}
    parts = cloze((chunk for _, chunks in documents for chunk in chunks), titles.values())
    rng = np.random.default_rng(seed)
    made = _written(corpus, parts, questions, model, rng, report) if model else _cloze(parts, questions, rng, report)
    if not made.questions:
        reasons = ", ".join(f"{count} {reason}" for reason, count in made.filtered.items())
        raise EvaluationError(
            f"corpus {corpus.name!r} gave no question: {reasons or 'it holds no text'}; a question needs a sentence of "
            f"{SENTENCE[0]} to {SENTENCE[1]} words with others beside it"
        )
    generated = GenerationReport(
        folder=folder,
        documents=len(documents),
        chunks=len(parts.chunks),
        questions=Counter(question.kind for question in made.questions),
        unanswerable=Counter(question.kind for question in made.unanswerable),
        answers=len(made.answered),
        filtered=dict(sorted(made.filtered.items())),
    )
    _write(folder, made, titles)
    _write_manifest(corpus, generated, seed, model[0] if model else None)
    return generated


def _cloze(parts: Cloze, wanted: int, rng: Generator, report: Progress) -> _Made:
    """Held out headings and sentences; sentences with a blank; sentences with invented words, and foreign questions."""
    headings = [*islice(parts.headings(rng), wanted // HEADINGS)]
    sentences: list[Question] = []
    blanks: list[Question] = []
    for question, other in islice(parts.sentences(rng), wanted - len(headings)):
        sentences.append(question)
        blank = parts.blanked(other, question.passages[0]) if other else None
        blanks += [blank] if blank else []
        report("taking sentences out", len(sentences), wanted - len(headings))
    foreign = foreign_questions(parts.frequencies, rng)[: wanted - wanted // 2]
    texts = (parts.altered(question.text, rng) for question in sentences)
    altered = [Question(kind="altered", text=text) for text in texts if text][: wanted // 2]
    return _Made(
        questions=[*headings, *sentences],
        answered=blanks,
        unanswerable=[*altered, *foreign],
        chunks=parts.chunks.values(),
        filtered=parts.filtered,
    )


def _written(
    corpus: Rag, parts: Cloze, wanted: int, model: "tuple[str, BaseChatModel]", rng: Generator, report: Progress
) -> _Made:
    """A model's questions, checked by round trip; those beyond the corpus, checked by search; and foreign ones."""
    name, chat = model
    writer = QuestionWriter(model=chat, name=name, timeout_s=corpus.settings.answer.model.timeout_s)
    by_document: dict[str, list[Chunk]] = {}
    for chunk in parts.chunks.values():
        if size(chunk.plain) >= SENTENCE[0]:
            by_document.setdefault(chunk.document_id, []).append(chunk)
    foreign = foreign_questions(parts.frequencies, rng)[: wanted - wanted // 2]
    filtered: Counter[str] = Counter()

    def kept(step: str, wanted: int, ask: Callable[[Chunk], Question]) -> list[Question]:
        found: dict[str, Question] = {}
        for chunk in islice(evenly(by_document.values(), rng), ATTEMPTS * wanted):
            report(step, len(found), wanted)
            try:
                question = ask(chunk)
            except NotKeptError as reason:
                filtered[str(reason)] += 1
                continue
            filtered["asked before"] += question.text in found
            found.setdefault(question.text, question)
            if len(found) == wanted:
                break
        return [*found.values()]

    def search(question: str) -> list[str]:
        return [hit.text for hit in corpus.search(question)]

    questions = kept("writing questions", wanted, lambda chunk: writer.answerable(chunk.plain, chunk.id))
    near = kept("writing questions beyond", wanted // 2, lambda chunk: writer.beyond(chunk.plain, search))
    return _Made(
        questions=questions,
        answered=questions,
        unanswerable=[*near, *foreign],
        chunks=parts.chunks.values(),
        filtered=+filtered,
    )


def _id(document: tuple[str, tuple[Chunk, ...]]) -> str:
    return document[1][0].document_id


def _write(folder: Path, made: _Made, titles: Mapping[str, str]) -> None:
    (folder / JUDGEMENTS).parent.mkdir(parents=True)
    places = (
        {
            "_id": chunk.id,
            "title": titles[chunk.document_id],
            "text": chunk.plain,
            "metadata": {
                "document_id": chunk.document_id,
                "ordinal": chunk.ordinal,
                "headings": [*chunk.headings],
            },
        }
        for chunk in made.chunks
    )
    _rows(folder / CORPUS, places)
    queries = [*_numbered(made.questions)]
    _rows(folder / QUERIES, (_query(id, question) for id, question in queries))
    _rows(folder / UNANSWERABLE, (_query(id, question) for id, question in _numbered(made.unanswerable)))
    lines = [f"{id}\t{passage}\t1\n" for id, question in queries for passage in question.passages]
    (folder / JUDGEMENTS).write_text("".join(["query-id\tcorpus-id\tscore\n", *lines]), encoding="utf-8")
    answers = (
        {"id": id, "question": q.text, "answers": [*q.answers], "evidence": [*q.passages]}
        for id, q in _numbered([*made.answered, *made.unanswerable])
    )
    _rows(folder / ANSWERS, answers)


def _write_manifest(corpus: Rag, report: GenerationReport, seed: int, model: str | None) -> None:
    names = (CORPUS, QUERIES, JUDGEMENTS, UNANSWERABLE, ANSWERS)
    hashes = {name: file_hash(report.folder / name) for name in names}
    record = {
        "corpus": corpus.name,
        "seed": seed,
        "llm": model,
        **{name: value for name, value in report.to_dict().items() if name != "folder"},
        **manifest(corpus.settings, hashes),
    }
    (report.folder / MANIFEST).write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _numbered(questions: Iterable[Question]) -> Iterable[tuple[str, Question]]:
    seen: Counter[str] = Counter()
    for question in questions:
        seen[question.kind] += 1
        yield f"{question.kind}-{seen[question.kind]}", question


def _query(id: str, question: Question) -> dict[str, Any]:
    return {"_id": id, "text": question.text, "metadata": {"kind": question.kind}}


def _rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
