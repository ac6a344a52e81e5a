"""The process that serves a corpus answers for other processes that need its embedded index."""

import logging
import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import Any, Protocol

from rag.build import edge_path
from rag.corpus import Rag
from rag.errors import RagError
from rag.jobs import Jobs
from rag.serving.address import new_address, read_address, remove_address, write_address
from rag.serving.calls import call
from rag.serving.encoding import encoded, encoded_error
from rag.serving.wire import GREETING_S, REPLY_BYTES, REQUEST_BYTES, Channel, WireError, welcome
from rag.settings import EdgeStore, Settings

_LOG = logging.getLogger(__name__)

LOOK_S = 0.5
"""How often is looked whether the corpus was opened or closed, which its address follows."""
PATIENCE_S = 2.0
"""How long the end waits for what is being answered."""
AFTER_JOB_S = 30.0
"""The same where nobody asked for the end but the job, which is done."""
GREETED_AT_ONCE = 32
"""Connections that did not yet prove to be clients."""


class Served(Protocol):
    """A corpus that is served."""

    @property
    def corpus(self) -> Rag: ...
    @property
    def jobs(self) -> Jobs: ...


@contextmanager
def owning(served: Iterable[Served]) -> Iterator[None]:
    """Answer other processes for these corpora as long as the block runs; their jobs end with it.

    Corpora on a server are anybody's: they need no owner.
    """
    with ExitStack() as stack:
        for each in served:
            if isinstance(each.corpus.settings.store, EdgeStore):
                owner = Owner(each.corpus, each.jobs)
                stack.callback(owner.close)
                owner.start()
            stack.callback(each.jobs.close)
        yield


@contextmanager
def answering(corpus: Rag) -> Iterator[None]:
    """Answer the questions of other processes while the block is at a job with the corpus.

    Of a corpus on a server others need not ask here.
    """
    if not isinstance(corpus.settings.store, EdgeStore):
        yield
        return
    owner, patience_s = Owner(corpus), PATIENCE_S
    owner.start()
    try:
        yield
        patience_s = AFTER_JOB_S
    finally:
        owner.close(patience_s)


class Owner:
    """Answers for one corpus, a thread for each client. Only who reads the address in the index folder is a client.

    Args:
        corpus: stays open; who opened it closes it.
        jobs: what ingests it; None where this process is at a job of its own, beside which it answers questions only.
    """

    def __init__(self, corpus: Rag, jobs: Jobs | None = None) -> None:
        assert isinstance(corpus.settings.store, EdgeStore)  # noqa: S101 - see owning and answering
        self._corpus, self._jobs = corpus, {corpus.name: jobs} if jobs else {}
        self._takes_jobs = jobs is not None
        self._folder = Path(edge_path(corpus.settings.store))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LOOK_S)
        self._address = new_address(self._listener.getsockname()[1], takes_jobs=self._takes_jobs)
        self._greeted = BoundedSemaphore(GREETED_AT_ONCE)
        self._ended, self._lock = Event(), Lock()
        self._connections: set[socket.socket] = set()
        self._thread = Thread(target=self._listen, daemon=True, name="owner")

    def start(self) -> None:
        """Open the corpus, if it holds anything and nobody else does, and answer from now on."""
        try:
            # a job of this process may rewrite the index, which holds up those who ask
            self._corpus.hold(wait_s=0, serving=self._takes_jobs)
        except RagError as error:  # its first use will say so
            _LOG.info("%s is not open yet: %s", self._corpus.name, error)
        self._announce()
        self._thread.start()

    def close(self, patience_s: float = PATIENCE_S) -> None:
        """Answer nobody any more; clients that wait for longer are told by the end of their connection."""
        self._ended.set()
        self._listener.close()
        remove_address(self._folder, self._address)
        self._thread.join()
        for jobs in self._jobs.values():
            jobs.close()
        deadline = time.monotonic() + patience_s
        while self._connections and time.monotonic() < deadline:
            time.sleep(0.02)
        with self._lock:
            for connection in self._connections:
                _hang_up(connection)

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                self._announce()
            except OSError:  # closed, or out of file descriptors for a moment
                self._ended.wait(LOOK_S)
            else:
                self._take(connection)
        remove_address(self._folder, self._address)

    def _announce(self) -> None:
        """Leave the address while the corpus is open, and only then: its lock says who is asked."""
        try:
            if not self._corpus.held:
                remove_address(self._folder, self._address)
            elif read_address(self._folder) != self._address:
                write_address(self._folder, self._address)
        except OSError as error:
            _LOG.warning("commands cannot go through this process: %s", error)

    def _take(self, connection: socket.socket) -> None:
        if not self._greeted.acquire(blocking=False):
            connection.close()
            return
        with self._lock:
            self._connections.add(connection)
        Thread(target=self._attend, args=(connection,), daemon=True, name="owner-client").start()

    def _attend(self, connection: socket.socket) -> None:
        """One client from its greeting to its end."""
        try:
            try:
                channel = welcome(connection, self._address.token)
            finally:
                self._greeted.release()
            request = channel.receive(limit=REQUEST_BYTES, timeout_s=GREETING_S)
            channel.send(self._answer(request, _Client(channel)), limit=REPLY_BYTES)
        except WireError as error:
            _LOG.debug("a client of %s: %s", self._corpus.name, error)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _answer(self, request: dict[str, Any], client: "_Client") -> dict[str, Any]:
        try:
            corpus = self._by_settings(request["settings"])
            own = corpus is self._corpus
            with self._lock:
                jobs = self._jobs.setdefault(corpus.name, Jobs(corpus.ingest)) if self._takes_jobs else None
            result = call(request["call"], request["arguments"], corpus, jobs, client, own=own)
            if request["call"] == "ingest" and corpus.name == self._corpus.name:
                self._corpus.take_sources(corpus.settings)
            return {"result": encoded(result), "warnings": list(corpus.warnings)}
        except WireError:
            raise
        except RagError as error:
            return {"error": encoded_error(error)}
        except Exception as error:
            _LOG.exception("a request failed")
            said = f"{type(error).__name__}: {error}; the log of process {os.getpid()}, which serves it, shows where"
            return {"error": encoded_error(RagError(f"corpus {self._corpus.name!r}: {said}"))}

    def _by_settings(self, settings: dict[str, Any]) -> Rag:
        """The corpus by a client's settings, which name no store: it is this one."""
        store = self._corpus.settings.store
        asked = Settings.model_validate({**settings, "store": store.model_dump()})
        return self._corpus if asked == self._corpus.settings else self._corpus.beside(asked)


class _Client:
    """See `rag.serving.calls.Client`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def tell(self, kind: str, what: Any) -> None:
        self._channel.send({kind: what}, limit=REPLY_BYTES)

    def check(self) -> None:
        if self._channel.gone:
            raise WireError("the client has gone")


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # it has gone already
        connection.shutdown(socket.SHUT_RDWR)
