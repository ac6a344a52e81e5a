"""What a corpus holds open: its store with the lock, its models, the searcher of the generation that answers."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from rag import build
from rag.errors import CorpusMissingError
from rag.ingest.generations import Generation, answers_as_built, current_generation
from rag.latencies import Latencies
from rag.models.lazy import LazyEncoder
from rag.settings import EdgeStore, Settings
from rag.store.artifacts import Artifacts

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.answering.abstention import Calibration
    from rag.answering.answerer import Answerer
    from rag.corpus_map.drawing import Maps
    from rag.corpus_map.result import CorpusMap, Layout, Unit
    from rag.ingest.prepare import Preparer
    from rag.points import Filter
    from rag.protocols import Connector, Store
    from rag.results import SearchResult
    from rag.retrieval.documents import DocumentReader
    from rag.retrieval.search import Searcher

T = TypeVar("T")


class OpenCorpus:
    """Opens each part at its first use and keeps it; may be used from several threads.

    Attributes:
        encoder: loaded when it is first called.
        latencies: of the searches and answers since it was opened.
        artifacts: what outlives the generations.
        warnings: about a corpus that answers as it was built, while its settings say otherwise by now.
    """

    def __init__(
        self, settings: Settings, *, llm: "BaseChatModel | None", connectors: "Sequence[Connector]", wait_s: float
    ) -> None:
        self.settings = settings
        self.encoder = LazyEncoder(lambda: build.build_encoder(settings))
        self.latencies = Latencies()
        self.artifacts = Artifacts(self.store_if_any, settings.name)
        self.warnings: list[str] = []
        self._connectors = build.checked_names(settings, connectors)
        self._llm, self._wait_s, self._lock = llm, wait_s, RLock()
        self._store: Store | None = None
        self._searcher: Searcher | None = None
        self._maps: Maps | None = None

    @cached_property
    def model(self) -> "tuple[str, BaseChatModel] | None":
        """Name and model: the one that was passed in, or that `answer.llm` names."""
        return (type(self._llm).__name__, self._llm) if self._llm else build.build_chat_model(self.settings)

    def store(self, *, create: bool) -> "Store":
        """The store, whose lock is held from here on.

        Args:
            create: make the index folder where there is none.
        """
        with self._lock:
            if self._store is None:
                self._store = build.build_store(self.settings, create=create, wait_s=self._wait_s)
            return self._store

    def store_if_any(self) -> "Store | None":
        """The store; None where there is no index. Looks first, so that no folder is made."""
        store = self.settings.store
        if isinstance(store, EdgeStore) and not (build.edge_path(store) / "collections").is_dir():
            return None
        return self.store(create=False)

    def generation(self) -> "tuple[Store, Generation]":
        """The store and the generation that answers.

        Raises:
            CorpusMissingError: nothing was ingested yet.
        """
        store = self.store_if_any()
        generation = current_generation(store, self.settings.name) if store else None
        if store is None or generation is None:
            raise CorpusMissingError(f"corpus {self.settings.name!r} holds nothing yet: run `rag ingest` on it first")
        return store, generation

    def warn(self, generation: Generation) -> None:
        """Note that the corpus answers as it was built, where settings changed since.

        Raises:
            SettingsChangedError: its vectors do not compare with those that these settings make.
        """
        warning = answers_as_built(self.settings, generation)
        if warning and warning not in self.warnings:
            self.warnings.append(warning)

    @contextmanager
    def reading(
        self, *, caches: bool, sources: Collection[str] | None = None
    ) -> "Iterator[tuple[list[Connector], Preparer]]":
        """Connectors and what reads their items; their connections and processes end with the block."""
        with ExitStack() as stack:
            connectors = build.build_connectors(self.settings, caches=caches, only=sources)
            for connector in connectors:
                stack.callback(connector.close)
            encoder = self.encoder if caches else None
            preparer = build.build_preparer(self.settings, lambda: self._store, encoder=encoder)
            stack.callback(preparer.parser.close)
            yield [*connectors, *self._connectors], preparer

    def documents(self) -> "DocumentReader":
        """What is stored, to be read."""
        return build.build_documents(*self.generation())

    def map(self, unit: "Unit", layout: "Layout", access: "Filter") -> "CorpusMap":
        """The map of what meets the conditions of access. See `Rag.map`."""
        from rag.corpus_map.drawing import Maps
        from rag.corpus_map.reading import Readable

        with self._lock:
            self._maps = self._maps or Maps()
        store, generation = self.generation()
        source = Readable(store=store, documents=generation.documents, chunks=generation.chunks, where=access)
        return self._maps.draw(source, unit, layout)

    def place(self, drawn: "CorpusMap", found: "SearchResult") -> "CorpusMap":
        """The map with the query of a search and its hits on it."""
        from rag.corpus_map.drawing import place

        asked = self.searcher().queries.encode(found.query, {"raw": 1.0})
        return place(drawn, found, np.asarray(asked["raw"]) if "raw" in asked else None)

    def searcher(self) -> "Searcher":
        """What searches the generation that answers."""
        with self._lock:
            if self._searcher is None:
                store, generation = self.generation()
                self.warn(generation)
                self._searcher = build.build_searcher(self.settings, store, generation, encoder=self.encoder)
            return self._searcher

    def answerer(self) -> "Answerer":
        """What answers from what the searcher finds."""
        searcher = self.searcher()
        lexical, idf = searcher.queries.lexical, searcher.scorer.idf
        return build.build_answerer(
            self.settings, self.documents(), self.model, encoder=self.encoder(), lexical=lexical, idf=idf
        )

    def keep_calibration(self, calibration: "Calibration") -> None:
        """Have searches with the legs of today say by it how sure they are."""
        from rag.answering.calibrations import keep_calibration

        legs = build.asked_legs(self.settings, self.generation()[1])
        keep_calibration(self.artifacts, self.settings, legs, calibration)
        self.forget()

    def forget(self) -> None:
        """What was written may have changed the generation and the rarity of words."""
        with self._lock:
            self._searcher = None

    def again_after_a_switch(self, read: Callable[[], T]) -> T:
        """Read, and once more where a rebuild dropped the collections in the meantime."""
        try:
            return read()
        except CorpusMissingError:
            self.forget()
            return read()

    def close(self) -> None:
        """Release the store and its lock; a second call does nothing."""
        with self._lock:
            store, self._store, self._searcher = self._store, None, None
        if store is not None:
            store.close()
