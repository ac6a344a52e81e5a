"""What a corpus answers: its documents, searches, answers and the map."""

import asyncio
import time
from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag.asynchronous import in_thread
from rag.errors import CorpusMissingError
from rag.notices import notice
from rag.opened import OpenCorpus
from rag.results import Answer, SearchResult, StoredDocument
from rag.retrieval.filters import Where, build_filter
from rag.settings import Retrieval

if TYPE_CHECKING:
    from rag.answering.answerer import Events
    from rag.corpus_map.result import CorpusMap, Layout, Unit
    from rag.langchain import RagRetriever, RagRunnable
    from rag.latencies import Latencies
    from rag.notices import Notice
    from rag.originals import Originals
    from rag.protocols import Encoder
    from rag.retrieval.documents import DocumentReader
    from rag.retrieval.exploration import Exploration
    from rag.retrieval.listing import Listing
    from rag.retrieval.trace import Explanation
    from rag.store.artifacts import Artifacts


class CorpusReader:
    """A corpus as one reads it. `Rag` is one that is also made and looked after.

    Attributes:
        settings: see `rag.settings.Settings`.
        name: of the corpus.
    """

    def __init__(self, opened: OpenCorpus) -> None:
        self.settings, self.name, self._opened = opened.settings, opened.settings.name, opened

    def show(self, document_id: str, *, principals: Sequence[str] | None = None) -> StoredDocument:
        """A document as stored, with its chunks in order.

        Args:
            principals: None is the operator; a list sees what is open to everyone or shares a principal with it.

        Raises:
            RagError: there is no such document, or these principals may not see it: the message is the same.
        """
        return self._opened.again_after_a_switch(lambda: self.documents().show(document_id, principals=principals))

    def documents(self) -> "DocumentReader":
        """What is stored, to be read."""
        return self._opened.documents()

    def originals(self) -> "Originals":
        """The files behind the documents, as their sources have them now; pages as pictures, cited lines as boxes."""
        return self._opened.originals

    def search(
        self,
        query: str,
        *,
        top_k: int | None = None,
        where: Where | None = None,
        principals: Sequence[str] | None = None,
        trace: bool = False,
        spelling: bool = True,
    ) -> SearchResult:
        """The chunks that fit a query best.

        Args:
            top_k: how many; by default `retrieval.top_k`.
            where: name -> a value, a list (any of) or {gte, lt}; names are payload fields or metadata keys.
            principals: None is the operator, who sees everything.
            trace: also say how it came to them: `SearchResult.trace`.
            spelling: take words that the corpus does not have for those that it has, unless `retrieval.spelling` says
                no: `SearchResult.corrected`. False takes the query as it is written.

        Raises:
            CorpusMissingError: nothing was ingested yet.
            SettingsChangedError: `embedding` or `lexical` differ from what the corpus was built with.
        """
        top_k = self.settings.retrieval.top_k if top_k is None else top_k
        asked: dict[str, Any] = {"top_k": top_k, "where": build_filter(where, principals), "trace": trace}

        def search() -> SearchResult:
            searcher = self._opened.searcher()
            return (searcher if spelling else replace(searcher, spelling=None)).search(query, **asked)

        found = self._opened.again_after_a_switch(search)
        self.latencies.record("search", found.timings_ms["total"])
        if found.hits:
            return replace(found, filtered=bool(where))
        why = self.listing(principals=principals).why_nothing(where) if where else notice("nothing_found")
        return replace(found, filtered=bool(where), why_nothing=why)

    def why(
        self,
        query: str,
        document_id: str,
        *,
        top_k: int | None = None,
        where: Where | None = None,
        principals: Sequence[str] | None = None,
        settings: Retrieval | None = None,
    ) -> "Explanation":
        """What became of a document in a `search` with these arguments: found, or lost where and by how much.

        Args:
            settings: in place of the corpus' own `retrieval`.

        Raises:
            RagError: there is no such document, or these principals may not see it.
        """
        from rag.retrieval.trace import explain

        wanted = settings or self.settings.retrieval
        asked: dict[str, Any] = {"top_k": top_k or wanted.top_k, "where": build_filter(where, principals)}

        def trace() -> "Explanation":
            self.documents().require(document_id, principals=principals)
            return explain(self._opened.searcher(wanted), query, document_id, **asked)

        return self._opened.again_after_a_switch(trace)

    def explore(
        self,
        query: str,
        *,
        candidates: int | None = None,
        where: Where | None = None,
        principals: Sequence[str] | None = None,
    ) -> "Exploration":
        """What a query finds, to be ranked with other weights and numbers by `Exploration.rank`.

        Args:
            candidates: the most candidates a leg, and the most hits, that can be ranked; by default as `search` has.
        """
        from rag.retrieval.exploration import explore

        now, conditions = self.settings.retrieval, build_filter(where, principals)
        limit = max(now.candidates, now.top_k) if candidates is None else candidates
        return self._opened.again_after_a_switch(
            lambda: explore(self._opened.searcher(), now, query, candidates=limit, where=conditions)
        )

    def listing(self, *, principals: Sequence[str] | None = None) -> "Listing":
        """The documents, to be found by name and counted by what `where` filters on.

        They are as they were at most a minute ago; what this object ingests is seen when the job ends.
        """
        return self._opened.again_after_a_switch(self._opened.listing).visible_to(principals)

    def map(
        self,
        *,
        unit: "Unit" = "documents",
        layout: "Layout" = "pca",
        query: str | None = None,
        principals: Sequence[str] | None = None,
    ) -> "CorpusMap":
        """The corpus in two dimensions, with topics, near-duplicates and outliers; kept until the corpus changes,
        a layout by UMAP also when the process ends.

        Args:
            layout: UMAP keeps neighbours together and takes seconds to minutes, PCA keeps distances and is quick.
            query: is placed on the map, with its hits.
            principals: as in `search`.

        Raises:
            CorpusMissingError: nothing was ingested yet.
            MissingDependencyError: UMAP is not installed.
        """
        access = build_filter(None, principals)
        drawn = self._opened.again_after_a_switch(lambda: self._opened.map(unit, layout, access))
        return drawn if query is None else self._opened.place(drawn, self.search(query, principals=principals))

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Mapping[str, str]] = (),
        rewrite: bool = True,
        where: Where | None = None,
        principals: Sequence[str] | None = None,
    ) -> Answer:
        """An answer with checked citations, or an abstention that says why and shows the nearest passages.

        Args:
            history: earlier turns, oldest first: {"role": "user" | "assistant", "content": ...}.
            rewrite: search also for what a question means that depends on the history, and correct its spelling; False
                takes it as it stands.
            where, principals: as in `search`.
        """
        from rag.answering.answerer import fold

        return fold(self._events(question, history, rewrite, where=where, principals=principals))

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Mapping[str, str]] = (),
        rewrite: bool = True,
        where: Where | None = None,
        principals: Sequence[str] | None = None,
    ) -> Generator[dict[str, Any], None, Answer]:
        """The events of an answer as it comes into being; the last one is `done`. See `rag.answering.answerer`.

        The answer itself is the generator's return value. Closing the generator stops the model.
        """
        return (yield from self._events(question, history, rewrite, where=where, principals=principals))

    async def asearch(self, query: str, **kwargs: Any) -> SearchResult:
        """`search` in a worker thread."""
        return await asyncio.to_thread(self.search, query, **kwargs)

    async def aask(self, question: str, **kwargs: Any) -> Answer:
        """`ask` in a worker thread; where it is cancelled, the model is stopped."""
        found: list[Answer] = []

        def events() -> Generator[dict[str, Any], None, None]:
            found.append((yield from self._events(question, **kwargs)))

        async for _ in in_thread(events()):
            pass
        return found[0]

    def astream(self, question: str, **kwargs: Any) -> AsyncIterator[dict[str, Any]]:
        """`stream` in worker threads; where the reader stops or is cancelled, the model is stopped."""
        return in_thread(self.stream(question, **kwargs))

    def as_retriever(self, **kwargs: Any) -> "RagRetriever":
        """A LangChain retriever over this corpus; `top_k`, `where` and `principals` may be given."""
        from rag.langchain import RagRetriever

        return RagRetriever(corpus=self, **kwargs)

    def as_runnable(self, **kwargs: Any) -> "RagRunnable":
        """A LangChain runnable that answers questions; `where` and `principals` may be given."""
        from rag.langchain import RagRunnable

        return RagRunnable(self, **kwargs)

    @property
    def encoder(self) -> "Encoder":
        """Loaded at first use."""
        return self._opened.encoder()

    @property
    def model_name(self) -> str | None:
        """The language model that answers; None where the documents are quoted."""
        return self._opened.model_name

    @property
    def version(self) -> int | None:
        """A number that stays the same as long as no stored document can have changed.

        None where one may change at any moment: while some are written, before the store is open, and on a server,
        where others write too.
        """
        return self._opened.shared.version

    @property
    def artifacts(self) -> "Artifacts":
        """What it keeps beside documents and chunks, such as its last evaluation."""
        return self._opened.artifacts

    @property
    def latencies(self) -> "Latencies":
        """How long the searches and answers so far took."""
        return self._opened.latencies

    @property
    def notices(self) -> "list[Notice]":
        """What was noticed about the corpus by the calls so far."""
        return self._opened.notices

    @property
    def warnings(self) -> list[str]:
        """`notices` in English."""
        return [notice.text for notice in self.notices]

    def _events(
        self, question: str, history: Sequence[Mapping[str, str]] = (), rewrite: bool = True, **conditions: Any
    ) -> "Events":
        """Search for the question and, where it depends on the history, for what it means; then answer."""
        from rag.answering.conversation import search_both, standalone
        from rag.answering.prompt import prompts
        from rag.prompts import check_history

        check_history(history)
        started = time.perf_counter()
        llm, settings = self._opened.model[1] if self._opened.model else None, self.settings.answer
        meant = question
        if rewrite:
            rules = prompts(settings.prompts).standalone
            meant = standalone(question, history, llm, settings.model.timeout_s, rules=rules)

        def events() -> "Events":
            found = search_both(question, meant, lambda text: self.search(text, spelling=rewrite, **conditions))
            return (yield from self._opened.answerer().stream(question, found, history))

        try:
            answer = yield from events()
        except CorpusMissingError:  # dropped by a rebuild; the event that comes first has readers start over
            self._opened.shared.changed()
            answer = yield from events()
        self.latencies.record("answer", 1000 * (time.perf_counter() - started))
        return answer
