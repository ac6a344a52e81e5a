"""`Rag`: a corpus with everything that can be done to it. Every door goes through this object."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from rag import build
from rag.asynchronous import in_thread
from rag.errors import RagError
from rag.ingest.generations import refuse_changed_settings
from rag.opened import OpenCorpus
from rag.results import Answer, IngestReport, Plan, SearchResult, StoredDocument, VerifyReport
from rag.retrieval.filters import Where, build_filter
from rag.settings import Settings, load_settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.answering.abstention import Calibration
    from rag.answering.answerer import Events
    from rag.ingest.job import Progress
    from rag.langchain import RagRetriever, RagRunnable
    from rag.protocols import Connector, Encoder, Uploads
    from rag.retrieval.documents import DocumentReader
    from rag.retrieval.trace import Explanation


class Rag:
    """A corpus.

    Nothing is loaded and no file is touched before the first call that needs it. One object may be used from several
    threads; it holds the embedded store's lock from its first use to `close`.

    Args:
        settings: see `rag.settings.Settings`; `Rag.open` reads them from a file.
        llm: a LangChain chat model that answers, instead of the one that `answer.llm` names.
        connectors: further sources, each with a name of its own; they are not closed here.
        wait_s: seconds to wait for another process that holds the embedded store.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        llm: "BaseChatModel | None" = None,
        connectors: "Sequence[Connector]" = (),
        wait_s: float = 10.0,
    ) -> None:
        self.settings, self.name = settings, settings.name
        self._opened = OpenCorpus(settings, llm=llm, connectors=connectors, wait_s=wait_s)

    @classmethod
    def open(
        cls,
        config: str | Path,
        *,
        overrides: Sequence[str] = (),
        llm: "BaseChatModel | None" = None,
        connectors: "Sequence[Connector]" = (),
        wait_s: float = 10.0,
    ) -> "Rag":
        """A corpus file, or a plain folder with the shipped defaults.

        Args:
            config: path of a YAML file or a folder.
            overrides: `a.b=c` strings over the file's keys.
            llm, connectors, wait_s: see the class.

        Raises:
            SettingsError: no such file, or a key or value that is not legal.
        """
        return cls(load_settings(config, tuple(overrides)), llm=llm, connectors=connectors, wait_s=wait_s)

    @property
    def uploads(self) -> "Uploads":
        """Files and pages that are handed over one by one; `ingest` takes them into the corpus."""
        return build.build_uploads(self.settings)

    def plan(self, *, sources: Collection[str] | None = None) -> Plan:
        """What `ingest` would do. Writes nothing, not even the index folder.

        Args:
            sources: names of those to look at. None is all.
        """
        from rag.ingest.plan import plan

        with self._opened.reading(caches=False, sources=sources) as (connectors, preparer):
            store = self._opened.store_if_any()
            return plan(self.settings, connectors=connectors, preparer=preparer, store=store, sources=sources)

    def ingest(
        self,
        *,
        progress: "Callable[[Progress], object] | None" = None,
        max_delete: float = 0.3,
        rebuild: bool = False,
        sources: Collection[str] | None = None,
    ) -> IngestReport:
        """Make the corpus equal its sources.

        Unchanged documents cost nothing, changed ones are replaced without a window in which they are missing, those
        that are gone from the sources stop answering, and one bad file is one failed document. It may be interrupted or
        killed at any moment: the next run goes on.

        Args:
            progress: called with a `Progress` at the beginning, while documents are read, and after each group of them.
            max_delete: share of the documents, 0 to 1, that may be deleted; up to 20 documents always may. 1 also lets
                a rebuild drop documents that cannot be read any more, and one corpus replace another in its index.
            rebuild: build everything anew beside the old state, which answers until the new one is complete.
            sources: names of those to bring up to date; the documents of the others stay as they are. None is all.

        Raises:
            SettingsError: there is no such source, or only some are to be rebuilt.
            SettingsChangedError: index settings differ from the stored ones and `rebuild` is False.
            DeletionRefusedError: more would be deleted than `max_delete` allows; nothing was written.
            SourceError: a source cannot be listed; nothing was written.
        """
        from rag.ingest.converge import Options, ingest

        try:
            with self._opened.reading(caches=True, sources=sources) as (connectors, preparer):
                return ingest(
                    self.settings,
                    connectors=connectors,
                    preparer=preparer,
                    store=self._opened.store(create=True),
                    encoder=self._opened.encoder,
                    options=Options(max_delete=max_delete, rebuild=rebuild, sources=sources),
                    progress=progress,
                )
        finally:
            self._opened.forget()

    def follow(
        self,
        stop: Event,
        *,
        progress: "Callable[[Progress], object] | None" = None,
        max_delete: float = 0.3,
    ) -> Iterator[IngestReport | RagError]:
        """Ingest, and again whenever the files of a source with `watch: true` change, until `stop` is set.

        The first run is about all sources, others about the watched ones that changed. The error of a run that cannot
        be done, as where a folder is missing, is handed out and the next change tried.

        Args:
            stop: ends the iteration within a second, a run under way after its documents.
            progress, max_delete: as in `ingest`.

        Raises:
            SettingsError: no source is watched.
        """
        from rag.ingest.watching import follow

        return follow(
            self.settings.watched,
            lambda sources, report: self.ingest(progress=report, max_delete=max_delete, sources=sources),
            ignored=build.own_folders(self.settings),
            stop=stop,
            progress=progress,
        )

    def verify(self, *, repair: bool = False) -> VerifyReport:
        """Reconcile documents and chunks both ways, and encode a sample again.

        Args:
            repair: delete orphans, and read, encode and write damaged documents again. The report then says what is
                still wrong, and how much was mended.

        Raises:
            CorpusMissingError: nothing was ingested yet.
            SettingsChangedError: to be repaired, and index settings differ from the stored ones.
        """
        from rag.ingest.repair import repair as mend
        from rag.ingest.verify import reconcile

        store, generation = self._opened.generation()
        self._opened.warn(generation)
        found = reconcile(store, generation, encoder=self._opened.encoder)
        if not repair or not found.count:
            return found.report()
        refuse_changed_settings(self.settings, generation)
        with self._opened.reading(caches=True) as (connectors, preparer):
            mend(
                found,
                store=store,
                generation=generation,
                connectors=connectors,
                preparer=preparer,
                encoder=self._opened.encoder,
                group_tokens=2 * self.settings.embedding.batch_tokens,
            )
        self._opened.forget()
        left = reconcile(store, generation, encoder=self._opened.encoder)
        return left.report(repaired=found.count - left.count)

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

    def search(
        self,
        query: str,
        *,
        top_k: int | None = None,
        where: Where | None = None,
        principals: Sequence[str] | None = None,
        trace: bool = False,
    ) -> SearchResult:
        """The chunks that fit a query best.

        Args:
            top_k: how many; by default `retrieval.top_k`.
            where: name -> a value, a list (any of) or {gte, lt}; names are payload fields or metadata keys.
            principals: None is the operator, who sees everything.
            trace: also say how it came to them: `SearchResult.trace`.

        Raises:
            CorpusMissingError: nothing was ingested yet.
            SettingsChangedError: `embedding` or `lexical` differ from what the corpus was built with.
        """
        top_k = self.settings.retrieval.top_k if top_k is None else top_k
        asked: dict[str, Any] = {"top_k": top_k, "where": build_filter(where, principals), "trace": trace}
        return self._opened.again_after_a_switch(lambda: self._opened.searcher().search(query, **asked))

    def why(
        self,
        query: str,
        document_id: str,
        *,
        top_k: int | None = None,
        where: Where | None = None,
        principals: Sequence[str] | None = None,
    ) -> "Explanation":
        """What became of a document in a `search` with these arguments: found, or lost where and by how much.

        Raises:
            RagError: there is no such document, or these principals may not see it.
        """
        from rag.retrieval.trace import explain

        top_k = self.settings.retrieval.top_k if top_k is None else top_k
        conditions = build_filter(where, principals)

        def trace() -> "Explanation":
            self.documents().require(document_id, principals=principals)
            return explain(self._opened.searcher(), query, document_id, top_k=top_k, where=conditions)

        return self._opened.again_after_a_switch(trace)

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
            rewrite: search also for what a question means that depends on the history; False takes it as it stands.
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
    ) -> Generator[dict[str, Any], None, None]:
        """The events of an answer as it comes into being; the last one is `done`. See `rag.answering.answerer`.

        Closing the generator stops the model.
        """
        yield from self._events(question, history, rewrite, where=where, principals=principals)

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

    def set_calibration(self, calibration: "Calibration") -> None:
        """Say by it how sure an answer is, and below what to abstain; `rag calibrate` fits one.

        It holds for the weights, encoder and situating of today, and outlives a rebuild.

        Raises:
            CorpusMissingError: nothing was ingested yet.
        """
        self._opened.keep_calibration(calibration)

    def as_retriever(self, **kwargs: Any) -> "RagRetriever":
        """A LangChain retriever over this corpus; `top_k`, `where` and `principals` may be given."""
        from rag.langchain import RagRetriever

        return RagRetriever(corpus=self, **kwargs)

    def as_runnable(self, **kwargs: Any) -> "RagRunnable":
        """A LangChain runnable that answers questions; `where` and `principals` may be given."""
        from rag.langchain import RagRunnable

        return RagRunnable(self, **kwargs)

    def close(self) -> None:
        """Release the store and its lock; a second call does nothing."""
        self._opened.close()

    def __enter__(self) -> "Rag":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def encoder(self) -> "Encoder":
        """Loaded at first use."""
        return self._opened.encoder()

    @property
    def warnings(self) -> list[str]:
        """What was noticed about the corpus by the calls so far."""
        return self._opened.warnings

    def _events(
        self, question: str, history: Sequence[Mapping[str, str]] = (), rewrite: bool = True, **conditions: Any
    ) -> "Events":
        """Search for the question and, where it depends on the history, for what it means; then answer."""
        from rag.answering.conversation import search_both, standalone
        from rag.answering.prompt import prompts

        llm, settings = self._opened.model[1] if self._opened.model else None, self.settings.answer
        meant = question
        if rewrite:
            rules = prompts(settings.prompts).standalone
            meant = standalone(question, history, llm, settings.timeout_s, rules=rules)
        found = search_both(question, meant, lambda text: self.search(text, **conditions))
        return self._opened.answerer().stream(question, found, history)
