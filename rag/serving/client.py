"""A corpus whose embedded index another process holds, asked through that process."""

import os
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from rag.build import edge_path, own_folders
from rag.corpus import Rag
from rag.errors import RagError, StoreError, StoreInUseError
from rag.reports import IngestReport, Plan, VerifyReport
from rag.results import Answer, SearchResult, StoredDocument
from rag.retrieval.filters import Where
from rag.serving.address import Address, read_address
from rag.serving.encoding import as_json, decoded, decoded_error
from rag.serving.wire import REPLY_BYTES, REQUEST_BYTES, Channel, WireError, greet
from rag.settings import EdgeStore, Settings
from rag.settings.sources import JsonlSource
from rag.store.lock import LOCK_FILE, POLL_S, in_use

if TYPE_CHECKING:
    from rag.ingest.job import Progress
    from rag.retrieval.trace import Explanation

T = TypeVar("T")
Steps: TypeAlias = Callable[[str, int, int], object]
"""What it is at, how much of it is done, and of how much."""

_VARIABLE = re.compile(r"environment variable '?([A-Za-z_][A-Za-z0-9_]*)")


def reach(settings: Settings, *, wait_s: float, job: bool = False) -> "Rag | OwnedCorpus":
    """The corpus, opened here where its index is free, else through the process that serves it.

    Args:
        job: it is not only asked: a process that is at a job of its own is waited for.
        wait_s: seconds to wait for a process that holds the index and serves nobody.

    Raises:
        StoreInUseError: it still holds it.
    """
    corpus = Rag(settings, wait_s=wait_s)
    if not isinstance(settings.store, EdgeStore):
        return corpus
    folder = Path(edge_path(settings.store))
    deadline = time.monotonic() + wait_s
    while True:
        try:
            corpus.hold(wait_s=0)
            return corpus
        except StoreInUseError:
            address = read_address(folder)
        try:
            if address is not None and (address.takes_jobs or not job):
                greet(address).close()
                return OwnedCorpus(settings, folder)
        except WireError as error:
            why = f"{address} serves the corpus, but does not answer ({error})"
        else:
            why = in_use(folder / LOCK_FILE, wait_s)
        if time.monotonic() >= deadline:
            raise StoreInUseError(why)
        time.sleep(POLL_S)


def refuse_if_served(corpus: Rag) -> None:
    """Refuse a second app of a corpus, which could answer nothing.

    A process that holds the index for a while, as a job does, is waited for when the index is needed.

    Raises:
        StoreInUseError: another process serves the corpus; the message names it.
    """
    if not isinstance(corpus.settings.store, EdgeStore):
        return
    folder = Path(edge_path(corpus.settings.store))
    try:
        corpus.hold(wait_s=0)
    except StoreInUseError:
        address = read_address(folder)
        with suppress(WireError):
            if address is not None and address.takes_jobs:
                greet(address).close()
                raise
    except RagError:
        pass  # said to whoever asks


class IngestionGoesOnError(KeyboardInterrupt):
    """Ctrl-C at a client: the job is the owner's and goes on."""


class OwnedCorpus:
    """The calls of `Rag` that the command line makes, with the same results, errors and warnings.

    Args:
        settings: those of the caller; the owner answers by them.
        folder: the index folder, with the owner's address.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.name = settings, settings.name
        self.warnings: list[str] = []
        self._folder = folder

    def __enter__(self) -> "OwnedCorpus":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open between calls."""

    def plan(self, *, progress: Steps = lambda *_: None) -> Plan:
        """See `Rag.plan`."""
        self._refuse_stdin()
        return _decoded(Plan, self._result("plan", progress))

    def ingest(
        self,
        *,
        progress: "Callable[[Progress], object] | None" = None,
        max_delete: float = 0.3,
        rebuild: bool = False,
        sources: "frozenset[str] | None" = None,
    ) -> IngestReport:
        """See `Rag.ingest`. It is the owner's job, which others may have begun and which goes on without the caller."""
        from rag.ingest.job import Progress

        self._refuse_stdin()
        options = {"max_delete": max_delete, "rebuild": rebuild, "sources": sources}
        events = self._call("ingest", options)
        try:
            while True:
                kind, what = next(events)
                if kind == "progress" and progress is not None:
                    progress(_decoded(Progress, what))
        except StopIteration as stop:
            return _decoded(IngestReport, stop.value)
        except KeyboardInterrupt:
            raise IngestionGoesOnError(
                f"the ingestion goes on in {read_address(self._folder) or 'the process that serves the corpus'}: "
                "stop it in the web app, or end that process; the next one goes on where it was"
            ) from None
        finally:
            events.close()

    def follow(
        self, stop: Event, *, progress: "Callable[[Progress], object] | None" = None, max_delete: float = 0.3
    ) -> Iterator[IngestReport | RagError]:
        """See `Rag.follow`; every run is one of the owner's jobs."""
        from rag.ingest.watching import follow

        return follow(
            self.settings.watched,
            lambda sources, report: self.ingest(progress=report, max_delete=max_delete, sources=sources),
            ignored=own_folders(self.settings),
            stop=stop,
            progress=progress,
        )

    def verify(self, *, repair: bool = False, progress: Steps = lambda *_: None) -> VerifyReport:
        """See `Rag.verify`. While the owner ingests, `progress` is that of its job, whose end is waited for."""
        if repair:
            self._refuse_stdin()
        return _decoded(VerifyReport, self._result("verify", progress, repair=repair))

    def show(self, document_id: str, *, principals: Sequence[str] | None = None) -> StoredDocument:
        """See `Rag.show`."""
        return _decoded(StoredDocument, self._result("show", document_id=document_id, principals=principals))

    def search(
        self,
        query: str,
        *,
        top_k: int | None = None,
        where: Where | None = None,
        principals: Sequence[str] | None = None,
        trace: bool = False,
    ) -> SearchResult:
        """See `Rag.search`."""
        scope = {"where": where, "principals": principals}
        return _decoded(SearchResult, self._result("search", query=query, top_k=top_k, trace=trace, **scope))

    def why(
        self,
        query: str,
        document_id: str,
        *,
        top_k: int | None = None,
        where: Where | None = None,
        principals: Sequence[str] | None = None,
    ) -> "Explanation":
        """See `Rag.why`."""
        from rag.retrieval.trace import Explanation

        asked = {"query": query, "document_id": document_id, "top_k": top_k}
        return _decoded(Explanation, self._result("why", **asked, where=where, principals=principals))

    def ask(self, question: str, *, where: Where | None = None, principals: Sequence[str] | None = None) -> Answer:
        """See `Rag.ask`."""
        return _decoded(Answer, self._result("ask", question=question, where=where, principals=principals))

    def stream(
        self, question: str, *, where: Where | None = None, principals: Sequence[str] | None = None
    ) -> Generator[dict[str, Any], None, None]:
        """See `Rag.stream`. Closing the generator stops the owner's model."""
        asked = {"question": question, "where": where, "principals": principals}
        for _, event in self._call("stream", asked):
            yield event

    def _result(self, name: str, progress: Steps = lambda *_: None, /, **arguments: Any) -> Any:
        """What a call returns."""
        from rag.ingest.job import Progress

        events = self._call(name, arguments)
        while True:
            try:
                kind, what = next(events)
            except StopIteration as stop:
                return stop.value
            if kind == "step":
                progress(*what)
            elif kind == "progress":
                job = _decoded(Progress, what)
                progress("ingest", job.done, job.total)

    def _call(self, name: str, arguments: Mapping[str, Any]) -> Generator[tuple[str, Any], None, Any]:
        """What the owner says before the result, by its kind; the result is the return value."""
        address = read_address(self._folder)
        if address is None:
            raise StoreError(f"{self._folder}: the process that served the corpus has ended: run the command again")
        settings = self.settings.model_dump(mode="json", exclude={"store"})
        try:
            channel = greet(address)
            try:
                channel.send({"call": name, "settings": settings, "arguments": as_json(arguments)}, limit=REQUEST_BYTES)
                result = yield from self._replies(channel, address)
            finally:
                channel.close()
        except WireError as error:
            raise StoreError(
                f"{self._folder}: {address} served the corpus and ended before it answered ({error}): "
                "run the command again"
            ) from None
        return result

    def _replies(self, channel: Channel, address: Address) -> Generator[tuple[str, Any], None, Any]:
        while True:
            reply = channel.receive(limit=REPLY_BYTES)
            if "error" in reply:
                raise decoded_error(_with_variable(reply["error"], address))
            if "result" in reply:
                self.warnings += [warning for warning in reply["warnings"] if warning not in self.warnings]
                return reply["result"]
            yield from reply.items()

    def _refuse_stdin(self) -> None:
        """The owner has a standard input of its own."""
        for source in self.settings.sources:
            if isinstance(source, JsonlSource) and str(source.path) == "-":
                raise StoreInUseError(
                    f"source {source.name!r} reads standard input, and {read_address(self._folder)}, which serves the "
                    "corpus, cannot: end that process, or give the source a file"
                )


def _with_variable(error: dict[str, Any], address: Address) -> dict[str, Any]:
    """The owner's error; where it misses an environment variable that is set here, it says so."""
    missing = _VARIABLE.search(error["message"])
    if missing is None or not os.environ.get(missing[1]):
        return error
    there = f"{error['message']} ({missing[1]} is set here, but not in {address}, which serves the corpus and answers)"
    return {**error, "message": there}


def _decoded(kind: type[T], value: Any) -> T:
    try:
        return decoded(kind, value)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise StoreError(
            f"the process that serves the corpus seems to be of another version of rag ({error}): start it again"
        ) from None
