"""The data sets: each is indexed with given settings, and measures a way to search that index, question by question."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.questions import reports_found
from rag import Rag, build
from rag.evaluation.beir import Dataset, load_beir
from rag.evaluation.chunking import NAMES, GoldTexts, gold_settings, load_questions
from rag.evaluation.metrics import DEPTH, per_query
from rag.evaluation.retrieval import indexed, placed_in
from rag.ingest.generations import current_generation
from rag.models.lazy import LazyEncoder
from rag.results import Hit
from rag.retrieval.search import Searcher
from rag.settings import FilesSource, Settings

QUERIES = 400
"""Of each set of passages, evenly spread: every variant asks them all."""
METRIC = "ndcg@10"
REPORTS, REPORT_HITS = "sec10q/pdf", 10
GOLD, GOLD_HITS = "chunking", 5

Search: TypeAlias = Callable[[str, int], Sequence[Hit]]
"""A query and how many hits are wanted -> hits, best first."""
Measured: TypeAlias = Mapping[str, np.ndarray]
"""Metric -> its value for each question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """A data set whose documents are indexed.

    Attributes:
        measure: asks every question.
    """

    searcher: Searcher
    chunks: int
    measure: Callable[[Search], Measured]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A data set.

    Attributes:
        chunked: its documents are cut by the settings' chunker; the others come as passages.
        opened: indexes it.
    """

    name: str
    chunked: bool
    opened: Callable[[Settings], AbstractContextManager[Indexed]]


PASSAGES = ("cookbook", "squad2", "limit-small", "scifact", "xquad/de", "xquad/zh", "xquad/ar")
FOLDERS = (*PASSAGES, REPORTS, GOLD)


def tasks(data: Path) -> list[Task]:
    """Every data set of the folder."""
    passages = [Task(name=name, chunked=False, opened=partial(_passages, data / name)) for name in PASSAGES]
    reports = Task(name="reports", chunked=True, opened=partial(_reports, data))
    return [*passages, reports, Task(name="gold passages", chunked=True, opened=partial(_gold, data / GOLD))]


@contextmanager
def _passages(path: Path, settings: Settings) -> Iterator[Indexed]:
    dataset = sampled(load_beir(path))
    with (
        tempfile.TemporaryDirectory() as folder,
        indexed(placed_in(Path(folder), settings), dataset) as corpus,
    ):

        def measure(search: Search) -> Measured:
            ranking = {
                id: [corpus.source.passage_id(hit.document_id, hit.ordinal) for hit in search(query, DEPTH)]
                for id, query in dataset.queries.items()
            }
            found = per_query(dataset.judgements, ranking)
            return {METRIC: np.array([found[id][METRIC] for id in dataset.queries])}

        yield Indexed(searcher=corpus.searcher, chunks=len(dataset.passages), measure=measure)


@contextmanager
def _reports(data: Path, settings: Settings) -> Iterator[Indexed]:
    def measure(search: Search) -> Measured:
        found = reports_found(lambda query: search(query, REPORT_HITS), data)
        return {"reports": np.array(found.reports), "figures": np.array(found.figures, float)}

    with tempfile.TemporaryDirectory() as folder:
        source = FilesSource(kind="files", name="reports", path=data / REPORTS)
        placed = placed_in(Path(folder), settings).model_copy(update={"sources": (source,)})
        with Rag(placed) as corpus:
            chunks = corpus.ingest().chunks_written
        with _searched(placed) as searcher:
            yield Indexed(searcher=searcher, chunks=chunks, measure=measure)


@contextmanager
def _gold(path: Path, settings: Settings) -> Iterator[Indexed]:
    with tempfile.TemporaryDirectory() as folder:
        placed = gold_settings(settings, path, Path(folder))
        with Rag(placed) as corpus:
            chunks = corpus.ingest().chunks_written
            texts = GoldTexts.of(corpus, path, load_questions(path))

        def measure(search: Search) -> Measured:
            table = texts.ask(lambda query: search(query, GOLD_HITS))
            return {name: table[:, NAMES.index(name)] for name in ("recall", "iou")}

        with _searched(placed) as searcher:
            yield Indexed(searcher=searcher, chunks=chunks, measure=measure)


@contextmanager
def _searched(settings: Settings) -> Iterator[Searcher]:
    """The searcher of an ingested corpus, whose weights can be exchanged."""
    store = build.build_store(settings, create=False, wait_s=10)
    try:
        generation = current_generation(store, settings.name)
        assert generation is not None  # it was just made
        encoder = LazyEncoder(lambda: build.build_encoder(settings))
        yield build.build_searcher(settings, store, generation, encoder=encoder)
    finally:
        store.close()


def sampled(dataset: Dataset) -> Dataset:
    """The set with at most 1.5 x `QUERIES` of its queries, evenly spread."""
    step = max(1, len(dataset.queries) // QUERIES)
    ids = sorted(dataset.queries)[::step]
    return replace(
        dataset,
        queries={id: dataset.queries[id] for id in ids},
        judgements={id: dataset.judgements[id] for id in ids},
    )
