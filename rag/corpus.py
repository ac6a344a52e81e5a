"""`Rag`: a corpus with everything that can be done to it. Every door goes through this object."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from rag import build
from rag.errors import RagError, SettingsError
from rag.opened import OpenCorpus
from rag.reader import CorpusReader
from rag.reports import IngestReport, Plan, VerifyReport
from rag.settings import Settings, load_settings, with_overrides

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.answering.abstention import Calibration
    from rag.ingest.job import Progress
    from rag.protocols import Connector, Uploads


class Rag(CorpusReader):
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
        super().__init__(OpenCorpus(settings, llm=llm, connectors=connectors, wait_s=wait_s))

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

    def with_settings(self, overrides: Mapping[str, Any]) -> "Rag":
        """The same open corpus, asked in another way: it shares the store, the encoder and, unless `answer.llm` is
        among the overrides, the language model. Closing it closes nothing; it ends with this one.

        Args:
            overrides: dotted keys of `retrieval` and `answer` -> values, such as `{"retrieval.top_k": 4}`;
                `{"answer.llm": None}` answers by quotes, also where a model was handed over, and the name of one of
                `answer.models` by that one.

        Raises:
            SettingsError: a key of another section, which would need another index, or a value that is not legal.
        """
        return self.beside(with_overrides(self.settings, overrides), same_model="answer.llm" not in overrides)

    def beside(self, settings: Settings, *, same_model: bool | None = None) -> "Rag":
        """The same corpus by other settings: over the same open store and, where `embedding` is equal, encoder.

        Closing it closes nothing. Connectors are the same ones.

        Args:
            same_model: answer with the language model of here; by default where the settings name no other.

        Raises:
            SettingsError: the settings name another store.
        """
        if settings.store != self.settings.store:
            raise SettingsError(f"corpus {self.name!r} is open in another store: `store` has to be the same")
        other = Rag(settings)
        other._opened = OpenCorpus(settings, of=self._opened, same_model=same_model)
        return other

    def take_sources(self, settings: Settings) -> None:
        """Have the sources of these settings of the same corpus from now on.

        Another process ingested it by them, and an ingestion by those of before would delete what it brought.
        """
        self.settings = self._opened.settings = self.settings.model_copy(update={"sources": settings.sources})

    def hold(self, *, wait_s: float | None = None, serving: bool = False) -> bool:
        """Open the store now instead of at the first use; False where nothing was ingested yet.

        Args:
            wait_s: for another process that holds it, other than that of the corpus.
            serving: others read the corpus here while it is ingested, which from now on does nothing that holds them
                up for long.

        Raises:
            StoreInUseError: another process still holds it.
        """
        self._opened.shared.serving |= serving
        return self._opened.shared.if_any(wait_s=wait_s) is not None

    @property
    def held(self) -> bool:
        """Whether the store is open: no other process can use an embedded one."""
        return self._opened.shared.held is not None

    @property
    def uploads(self) -> "Uploads":
        """Files and pages that are handed over one by one; `ingest` takes them into the corpus."""
        return build.build_uploads(self.settings)

    def plan(
        self,
        *,
        sources: Collection[str] | None = None,
        progress: "Callable[[str, int, int], object]" = lambda *_: None,
    ) -> Plan:
        """What `ingest` would do. Writes nothing, not even the index folder.

        Args:
            sources: names of those to look at. None is all.
            progress: called with what it is at, how much of it is done, and of how much.
        """
        from rag.ingest.plan import plan

        with self._opened.reading(caches=False, sources=sources) as (connectors, preparer):
            store = self._opened.store_if_any()
            return plan(
                self.settings,
                connectors=connectors,
                preparer=preparer,
                store=store,
                sources=sources,
                progress=progress,
            )

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
        killed at any moment: the next run goes on. Where another thread ingests or repairs the corpus, it waits.

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

        with self._opened.writing(), self._opened.reading(caches=True, sources=sources) as (connectors, preparer):
            return ingest(
                self.settings,
                connectors=connectors,
                preparer=preparer,
                store=self._opened.store(create=True),
                encoder=self._opened.encoder,
                options=Options(
                    max_delete=max_delete, rebuild=rebuild, sources=sources, serving=self._opened.shared.serving
                ),
                progress=progress,
            )

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

    def verify(
        self, *, repair: bool = False, progress: "Callable[[str, int, int], object]" = lambda *_: None
    ) -> VerifyReport:
        """Reconcile documents and chunks both ways, and encode a sample again.

        Args:
            repair: delete orphans, and read, encode and write damaged documents again. The report then says what is
                still wrong, and how much was mended.
            progress: as of `plan`.

        Raises:
            CorpusMissingError: nothing was ingested yet.
            SettingsChangedError: to be repaired, and index settings differ from the stored ones.
        """
        from rag.ingest.repair import verify

        # half written documents would be findings
        with self._opened.writing() if repair else self._opened.shared.writing:
            store, generation = self._opened.generation()
            self._opened.warn(generation)
            reading = partial(self._opened.reading, caches=True) if repair else None
            return verify(
                self.settings,
                store,
                generation,
                encoder=self._opened.encoder,
                reading=reading,
                progress=progress,
            )

    def set_calibration(self, calibration: "Calibration") -> None:
        """Say by it how sure an answer is, and below what to abstain; `rag calibrate` fits one.

        It holds for the weights, encoder and situating of today, and outlives a rebuild.

        Raises:
            CorpusMissingError: nothing was ingested yet.
        """
        self._opened.keep_calibration(calibration)

    def close(self) -> None:
        """Release the store and its lock; a second call does nothing."""
        self._opened.close()

    def __enter__(self) -> "Rag":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
