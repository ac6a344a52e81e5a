"""`rag eval retrieval`: index a data set with a corpus file's settings, ask its queries, measure."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag import build
from rag.answering.answerer import Answerer
from rag.answering.assembly import build_answerer
from rag.errors import EvaluationError
from rag.evaluation.beir import Dataset
from rag.evaluation.manifest import manifest
from rag.evaluation.metrics import DEPTH, Interval, per_query, summary
from rag.evaluation.passages import PassageSource, WindowEncoder
from rag.evaluation.separation import Separation, separation
from rag.ingest.converge import Options, ingest
from rag.ingest.generations import current_generation
from rag.models.lazy import LazyEncoder
from rag.protocols import Encoder
from rag.reports import IngestReport
from rag.retrieval.search import Searcher
from rag.settings import EdgeStore, Settings
from rag.store.read_ahead import allocated

_NAME = "evaluation"

Ranking = dict[str, list[str]]
"""Query id -> passage ids, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalReport:
    """How good retrieval is on a data set.

    Attributes:
        queries: how many have a judgement.
        legs: the same metrics for what each leg finds alone; empty where that was not asked for.
        latency_ms: of a search, by percentile; loading is not counted.
        bytes_per_chunk: blocks that the index takes on disk, without its write-ahead log.
        per_query: query id -> metric -> value.
        scores: of the queries' best chunks by fusion, before any reranking; 0 where nothing was found.
        foreign: name -> how the scores of those foreign questions compare with `scores`.
        manifest: what the figures depend on.
    """

    dataset: str
    queries: int
    documents: int
    chunks: int
    metrics: Mapping[str, Interval]
    legs: Mapping[str, Mapping[str, Interval]]
    latency_ms: Mapping[str, float]
    bytes_per_chunk: float
    tokens_truncated: int
    per_query: Mapping[str, Mapping[str, float]]
    scores: tuple[float, ...]
    foreign: Mapping[str, Separation]
    manifest: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("dataset", "queries", "documents", "chunks")},
            "metrics": _plain(self.metrics),
            "legs": {leg: _plain(metrics) for leg, metrics in self.legs.items()},
            **{name: getattr(self, name) for name in ("latency_ms", "bytes_per_chunk", "tokens_truncated")},
            "foreign": {name: found.to_dict() for name, found in self.foreign.items()},
            "manifest": dict(self.manifest),
        }


def evaluate_retrieval(
    settings: Settings,
    dataset: Dataset,
    *,
    foreign: Mapping[str, Sequence[str]] | None = None,
    legs: bool = True,
    keep: Path | None = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> RetrievalReport:
    """Index the passages in a corpus of their own, ask every judged query, and measure.

    Args:
        settings: its sources are ignored, and its store is replaced by an embedded one in a temporary folder.
        foreign: name -> questions that the passages do not answer; see `rag.evaluation.separation`.
        legs: also ask each leg alone, which doubles the searches.
        keep: a new folder for that corpus, which is then not removed.
        progress: called with what is done, how much of it and of how much.

    Raises:
        EvaluationError: `keep` exists already.
        MissingDependencyError: ir-measures is not installed.
    """
    if keep is not None and keep.exists():
        raise EvaluationError(f"--keep {keep}: it exists already; name a folder that does not")
    per_query({"q": {"p": 1}}, {"q": ["p"]})  # before an hour of indexing, not after
    folder = Path(tempfile.mkdtemp(prefix="rag-eval-")) if keep is None else keep
    settings = placed_in(folder, settings)
    try:
        return _evaluated(settings, dataset, foreign or {}, legs, folder, progress or (lambda *_: None))
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def placed_in(folder: Path, settings: Settings) -> Settings:
    """The settings for a corpus of its own in a folder, embedded."""
    store = EdgeStore(kind="edge", path=folder / "index")
    return settings.model_copy(update={"name": _NAME, "store": store, "data_dir": folder / "data"})


def _evaluated(
    settings: Settings,
    dataset: Dataset,
    foreign: Mapping[str, Sequence[str]],
    each_leg: bool,
    folder: Path,
    progress: Callable[[str, int, int], object],
) -> RetrievalReport:
    with indexed(settings, dataset, progress) as corpus:
        fused, legs, milliseconds, scores = _ask(corpus, dataset, each_leg, progress)
        others = {
            name: separation(scores, _best_scores(corpus.searcher, questions, name, progress))
            for name, questions in foreign.items()
        }
    values = per_query(dataset.judgements, fused)
    chunks = len(dataset.passages)
    return RetrievalReport(
        dataset=dataset.name,
        queries=len(dataset.queries),
        documents=corpus.report.new,
        chunks=chunks,
        metrics=summary(values),
        legs={leg: summary(per_query(dataset.judgements, found)) for leg, found in legs.items() if any(found.values())},
        latency_ms={f"p{p}": round(float(np.percentile(milliseconds, p)), 3) for p in (50, 95, 99)},
        bytes_per_chunk=round(index_bytes(folder / "index") / max(1, chunks), 1),
        tokens_truncated=corpus.report.tokens_truncated,
        per_query=values,
        scores=tuple(scores),
        foreign=others,
        manifest=manifest(settings, dataset.hashes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageCorpus:
    """The passages of a data set, indexed.

    Attributes:
        source: knows which passage a hit is.
        report: of the ingestion.
        answerer: makes what answers from what the searcher finds.
    """

    searcher: Searcher
    source: PassageSource
    report: IngestReport
    answerer: Callable[[], Answerer]


@contextmanager
def indexed(
    settings: Settings, dataset: Dataset, progress: Callable[[str, int, int], object] = lambda *_: None
) -> Iterator[PassageCorpus]:
    """A corpus of the passages in the settings' own store, open for the block."""
    counter = build.build_counter(settings)
    encoder = WindowEncoder(build.build_encoder(settings), counter)
    source = PassageSource(dataset.passages, counter)
    store = build.build_store(settings, create=True, wait_s=0)
    try:
        report = _index(settings, source, encoder, store, progress)
        generation = current_generation(store, settings.name)
        assert generation is not None  # noqa: S101 - it was just made
        searcher = build.build_searcher(settings, store, generation, encoder=lambda: encoder)

        def answerer() -> Answerer:
            return build_answerer(
                settings,
                build.build_documents(store, generation),
                build.build_chat_model(settings),
                encoder=encoder,
                lexical=searcher.queries.lexical,
                idf=searcher.scorer.idf,
            )

        yield PassageCorpus(searcher=searcher, source=source, report=report, answerer=answerer)
    finally:
        store.close()


def _index(
    settings: Settings, source: PassageSource, encoder: Encoder, store: Any, progress: Callable[[str, int, int], object]
) -> IngestReport:
    return ingest(
        settings,
        connectors=[source],
        preparer=build.build_preparer(settings, lambda: store, encoder=None, parser=source, chunker=source),
        store=store,
        encoder=LazyEncoder(lambda: encoder),
        options=Options(),
        progress=lambda at: progress("indexing documents", at.done, at.total),
    )


def _ask(
    corpus: PassageCorpus, dataset: Dataset, each_leg: bool, progress: Callable[[str, int, int], object]
) -> tuple[Ranking, dict[str, Ranking], list[float], list[float]]:
    """What the queries find, fused and by leg, how long each took, and its best fused score."""
    searcher, source = corpus.searcher, corpus.source
    fused: Ranking = {}
    legs: dict[str, Ranking] = {}
    milliseconds, scores = [], []
    searcher.search("the first search loads what the others find loaded", top_k=DEPTH)
    for done, (id, query) in enumerate(dataset.queries.items(), 1):
        result = searcher.search(query, top_k=DEPTH)
        milliseconds.append(result.timings_ms["total"])
        scores.append(result.fused)
        fused[id] = [source.passage_id(hit.document_id, hit.ordinal) for hit in result]
        for leg, found in searcher.legs(query, limit=DEPTH).items() if each_leg else ():
            legs.setdefault(leg, {})[id] = [source.passage_id(*place) for place in found]
        progress("asking queries", done, len(dataset.queries))
    return fused, legs, milliseconds, scores


def _best_scores(
    searcher: Searcher, questions: Sequence[str], name: str, progress: Callable[[str, int, int], object]
) -> list[float]:
    found = []
    for done, question in enumerate(questions, 1):
        found.append(searcher.search(question, top_k=1).fused)
        progress(f"asking {name}", done, len(questions))
    return found


def index_bytes(folder: Path) -> int:
    """Bytes that an index takes, without its write-ahead logs, which are as large for any corpus.

    Its files are sparse: what counts is the blocks that they take.
    """
    return sum(allocated(path) for path in folder.rglob("*") if path.is_file() and "wal" not in path.parts)


def _plain(metrics: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: interval.to_dict() for name, interval in metrics.items()}
