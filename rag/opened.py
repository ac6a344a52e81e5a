"""What a corpus holds open: its store with the lock, its models, the searcher of the generation that answers."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property, partial
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from rag import build
from rag.errors import CorpusMissingError, DocumentError
from rag.ingest.generations import Generation, answers_as_built, current_generation
from rag.latencies import Latencies
from rag.models.lazy import LazyEncoder
from rag.notices import notice
from rag.settings import ChatModel, EdgeStore, Retrieval, Settings
from rag.store.artifacts import Artifacts

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.answering.abstention import Calibration
    from rag.answering.answerer import Answerer
    from rag.corpus_map.drawing import Maps
    from rag.corpus_map.result import CorpusMap, Layout, Unit
    from rag.ingest.prepare import Preparer
    from rag.notices import Notice
    from rag.originals import Originals
    from rag.points import Filter
    from rag.protocols import Connector, Encoder, Store
    from rag.results import SearchResult
    from rag.retrieval.documents import DocumentReader
    from rag.retrieval.listing import Listing
    from rag.retrieval.search import Searcher

T = TypeVar("T")

KEPT_S = 60.0
"""How long the listing of the documents is kept: an ingestion under way, or another process, may change it. And of a
corpus on a server, which another machine may ingest or rebuild, what searches it."""


class OpenStore:
    """A store that is opened at its first use and kept with its lock; corpora that differ in settings may share it.

    Attributes:
        writing: held by what changes the stored documents, of which there is one at a time.
        written: how often that was: what was made of the stored documents before is out of date.
        serving: others read in this process while documents are written.
    """

    def __init__(self, settings: Settings, wait_s: float) -> None:
        self.writing = RLock()
        self.written = 0
        self.serving = False
        self._settings, self._wait_s, self._lock = settings, wait_s, RLock()
        self._store: Store | None = None

    @property
    def held(self) -> "Store | None":
        """The store, if it is open."""
        return self._store

    @property
    def is_remote(self) -> bool:
        """Others may write to it, and this process does not see it."""
        return not isinstance(self._settings.store, EdgeStore)

    @property
    def version(self) -> int | None:
        """See `CorpusReader.version`."""
        if self._store is None or self.is_remote:
            return None
        if not self.writing.acquire(blocking=False):
            return None
        try:
            return self.written
        finally:
            self.writing.release()

    def get(self, *, create: bool, wait_s: float | None = None) -> "Store":
        """The store, whose lock is held from here on.

        Args:
            create: make the index folder where there is none.
            wait_s: for another process that holds it, other than usual.
        """
        with self._lock:
            if self._store is None:
                wait_s = self._wait_s if wait_s is None else wait_s
                self._store = build.build_store(self._settings, create=create, wait_s=wait_s)
            return self._store

    def if_any(self, *, wait_s: float | None = None) -> "Store | None":
        """The store; None where there is no index. Looks first, so that no folder is made."""
        store = self._settings.store
        if isinstance(store, EdgeStore) and not (build.edge_path(store) / "collections").is_dir():
            return None
        return self.get(create=False, wait_s=wait_s)

    def changed(self) -> None:
        """Note that something was written."""
        with self._lock:
            self.written += 1

    def close(self) -> None:
        """Release the store and its lock; a second call does nothing."""
        with self._lock:
            store, self._store = self._store, None
            self.written += 1  # what was made of a store that is closed is of no use
        if store is not None:
            store.close()


class OpenCorpus:
    """Opens each part at its first use and keeps it; may be used from several threads.

    Args:
        of: a corpus that holds the store already: it is shared with it, and so is what the settings have in common.
        same_model: share its language model; by default where the settings name no other.

    Attributes:
        encoder: loaded when it is first called.
        latencies: of the searches and answers since it was opened.
        artifacts: what outlives the generations.
        notices: about a corpus that answers as it was built, while its settings say otherwise by now, or that is not
            whole yet.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        llm: "BaseChatModel | None" = None,
        connectors: "Sequence[Connector]" = (),
        wait_s: float = 0.0,
        of: "OpenCorpus | None" = None,
        same_model: bool | None = None,
    ) -> None:
        self.settings = settings
        self.latencies: Latencies = of.latencies if of else Latencies()
        self.artifacts = Artifacts(self.store_if_any, settings.name)
        self.notices: list[Notice] = []
        self._of, self._lock = of, RLock()
        self._searcher: Searcher | None = None
        self._searcher_of, self._searcher_since = 0, 0.0
        self._listing: tuple[int, float, Listing] | None = None
        self._maps: Maps | None = None
        self.shared: OpenStore = of.shared if of else OpenStore(settings, wait_s)
        load: Callable[[], Encoder] = partial(build.build_encoder, settings)
        self._model_of = self
        if of is not None:
            connectors = of._connectors
            load = of.encoder if settings.embedding == of.settings.embedding else load
            if same_model is None:
                same_model = _model(settings) == _model(of.settings)
            self._model_of = of._model_of if same_model else self
        self.encoder: LazyEncoder = LazyEncoder(load)
        self._connectors: tuple[Connector, ...] = build.checked_names(settings, connectors)
        self._llm: BaseChatModel | None = llm

    @cached_property
    def model(self) -> "tuple[str, BaseChatModel] | None":
        """Name and model: the one that was passed in, or that `answer.llm` names."""
        if self._model_of is not self:
            return self._model_of.model
        return (type(self._llm).__name__, self._llm) if self._llm else build.build_chat_model(self.settings)

    @property
    def model_name(self) -> str | None:
        """Of `model`, which is not made for it."""
        of = self._model_of
        return type(of._llm).__name__ if of._llm else of.settings.answer.llm

    def store(self, *, create: bool) -> "Store":
        """The store; see `OpenStore.get`."""
        return self.shared.get(create=create)

    def store_if_any(self) -> "Store | None":
        """The store; None where there is no index."""
        return self.shared.if_any()

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
        """Note that the corpus answers as it was built, where settings changed since, and that it is not whole yet.

        Raises:
            SettingsChangedError: its vectors do not compare with those that these settings make.
        """
        unfinished = notice("unfinished") if generation.unfinished else None
        for told in (answers_as_built(self.settings, generation), unfinished):
            if told and told not in self.notices:
                self.notices.append(told)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Nothing else in this process changes the documents during the block; all searchers are made anew after it."""
        with self.shared.writing:
            try:
                yield
            finally:
                self.shared.changed()

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
            preparer = build.build_preparer(self.settings, lambda: self.shared.held, encoder=encoder)
            stack.callback(preparer.parser.close)
            yield [*connectors, *self._connectors], preparer

    def documents(self) -> "DocumentReader":
        """What is stored, to be read."""
        return build.build_documents(*self.generation())

    @cached_property
    def originals(self) -> "Originals":
        """The files behind the documents."""
        from rag.originals import Originals

        return Originals(self.documents, self._source, build.build_viewer(self.settings))

    @contextmanager
    def _source(self, name: str) -> "Iterator[Connector]":
        """The connector of a source."""
        if given := next((connector for connector in self._connectors if connector.name == name), None):
            yield given
            return
        built = build.build_connectors(self.settings, caches=False, only=[name])
        if not built:
            raise DocumentError(f"there is no source {name!r} in the corpus file any more", kind="read")
        with closing(built[0]) as connector:
            yield connector

    def listing(self) -> "Listing":
        """All documents, whoever may see them; as they were up to `KEPT_S` seconds ago, or when a job ended."""
        written, now, kept = self.shared.written, time.monotonic(), self._listing
        if kept and kept[0] == written and (self.shared.version == written or now - kept[1] < KEPT_S):
            return kept[2]
        found = self.documents().listing()
        self._listing = written, now, found
        return found

    def map(self, unit: "Unit", layout: "Layout", access: "Filter") -> "CorpusMap":
        """The map of what meets the conditions of access. See `Rag.map`."""
        from rag.corpus_map.drawing import Maps
        from rag.corpus_map.kept import KeptLayouts
        from rag.corpus_map.reading import Readable

        with self._lock:
            self._maps = self._maps or Maps(KeptLayouts(self.artifacts))
        store, generation = self.generation()
        source = Readable(
            store=store,
            documents=generation.documents,
            chunks=generation.chunks,
            texts=generation.texts,
            where=access,
        )
        return self._maps.draw(source, unit, layout)

    def place(self, drawn: "CorpusMap", found: "SearchResult") -> "CorpusMap":
        """The map with the query of a search and its hits on it."""
        from rag.corpus_map.drawing import place

        asked = self.searcher().queries.encode(found.searched, {"raw": 1.0})
        return place(drawn, found, np.asarray(asked["raw"]) if "raw" in asked else None)

    def searcher(self, retrieval: Retrieval | None = None) -> "Searcher":
        """What searches the generation that answers.

        Args:
            retrieval: in place of the settings' own.
        """
        with self._lock:
            written, now_s = self.shared.written, time.monotonic()
            is_old = self.shared.is_remote and now_s - self._searcher_since > KEPT_S
            if self._searcher is None or self._searcher_of != written or is_old:
                store, generation = self.generation()
                self.notices.clear()
                self.warn(generation)
                self._searcher_of, self._searcher_since = written, now_s
                self._searcher = build.build_searcher(self.settings, store, generation, encoder=self.encoder)
            found, now = self._searcher, self.settings.retrieval
        if retrieval is None or retrieval == now:
            return found
        from rag.retrieval.exploration import tuned

        return tuned(found, retrieval, now=now)

    def answerer(self) -> "Answerer":
        """What answers from what the searcher finds."""
        from rag.answering.assembly import build_answerer

        searcher = self.searcher()
        lexical, idf = searcher.queries.lexical, searcher.scorer.idf
        return build_answerer(
            self.settings, self.documents(), self.model, encoder=self.encoder(), lexical=lexical, idf=idf
        )

    def keep_calibration(self, calibration: "Calibration") -> None:
        """Have searches with the legs of today say by it how sure they are."""
        from rag.answering.calibrations import keep_calibration

        legs = build.asked_legs(self.settings, self.generation()[1])
        keep_calibration(self.artifacts, self.settings, legs, calibration)
        self.shared.changed()

    def again_after_a_switch(self, read: Callable[[], T]) -> T:
        """Read, and once more where a rebuild dropped the collections in the meantime."""
        try:
            return read()
        except CorpusMissingError:
            self.shared.changed()
            return read()

    def close(self) -> None:
        """Release the store and its lock, unless they are another's; a second call does nothing."""
        shown = self.__dict__.get("originals")
        if shown is not None:
            shown.close()
        if self._of is None:
            self.shared.close()


def _model(settings: Settings) -> dict[str, Any]:
    """What decides which language model answers, and how it is reached."""
    return {name: getattr(settings.answer.model, name) for name in ChatModel.model_fields}
