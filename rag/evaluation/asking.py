"""Asks questions to a corpus, or to a temporary one of given passages."""

import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from rag.answering.answerer import answer
from rag.corpus import Rag
from rag.evaluation.answers import AnswersReport, Question, evaluate_answers
from rag.evaluation.beir import Dataset
from rag.evaluation.kept import keep_report
from rag.evaluation.manifest import file_hash, manifest
from rag.evaluation.retrieval import indexed, placed_in
from rag.results import Answer, Citation
from rag.settings import Settings


def evaluate_corpus(
    corpus: Rag, questions: Sequence[Question], path: Path, *, progress: Callable[[str, int, int], object]
) -> AnswersReport:
    """Ask the corpus itself, which keeps the report as its last one. Evidence names chunks or documents.

    Args:
        path: of the questions' file, for the manifest.
    """
    report = evaluate_answers(
        questions,
        corpus.ask,
        places=lambda citation: (citation.chunk_id, citation.document_id, citation.uri),
        dataset=path.stem,
        manifest=manifest(corpus.settings, {path.name: file_hash(path)}, answers=True),
        progress=progress,
    )
    keep_report(corpus.artifacts, "answers", report.to_dict())
    return report


def evaluate_passages(
    settings: Settings,
    dataset: Dataset,
    questions: Sequence[Question],
    path: Path,
    *,
    progress: Callable[[str, int, int], object],
) -> AnswersReport:
    """Index the passages in a temporary corpus and ask that. Evidence names passages or documents.

    Args:
        path: of the questions' file, for the manifest.
    """
    with tempfile.TemporaryDirectory(prefix="rag-eval-") as folder:
        settings = placed_in(Path(folder), settings)
        with indexed(settings, dataset, progress) as corpus:
            answerer, top_k = corpus.answerer(), settings.retrieval.top_k

            def ask(question: str) -> Answer:
                return answer(question, corpus.searcher.search(question, top_k=top_k), answerer=answerer)

            def places(citation: Citation) -> Collection[str]:
                return corpus.source.passage_of(citation.chunk_id), citation.document_id, citation.uri

            hashes = {**dataset.hashes, path.name: file_hash(path)}
            return evaluate_answers(
                questions,
                ask,
                places=places,
                dataset=f"{path.stem} of {dataset.name}",
                manifest=manifest(settings, hashes, answers=True),
                progress=progress,
            )
