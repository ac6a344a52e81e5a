"""The health of a corpus: what could not be read, and whether what is stored is what it should be."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock, Thread

from rag import build
from rag.corpus import Rag
from rag.errors import RagError
from rag.reports import VerifyReport
from rag.retrieval.filters import build_filter
from rag.store.records import plain_of

_LOG = logging.getLogger(__name__)
COUNTED = 256
"""Chunks that are tokenised together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDocument:
    """A document that could never be read, and why. `kind` is that of a `rag.errors.DocumentError`."""

    id: str
    uri: str
    error: str
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the store says without a look at the chunks.

    Attributes:
        documents: that were read.
        empty: of these, how many hold no text.
    """

    documents: int
    chunks: int
    empty: int
    failed: tuple[FailedDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a look at every chunk found.

    Attributes:
        verified: as of `rag verify`.
        tokens_truncated: tokens of all chunks that are beyond the encoder's window, and so were lost; 0 unless chunks
            were sized for another encoder.
        time: when it was done, seconds since the epoch.
        seconds: how long it took.
    """

    verified: VerifyReport
    tokens_truncated: int
    time: float
    seconds: float


def health(corpus: Rag, *, principals: Sequence[str] | None = None) -> Health:
    """Count documents and chunks, and list what failed.

    Args:
        principals: as in `Rag.search`.

    Raises:
        CorpusMissingError: nothing was ingested yet.
    """
    reader, access = corpus.documents(), build_filter(None, principals)
    documents = empty = 0
    failed = []
    fields = ("document_id", "uri", "status", "error", "error_kind", "chunk_ids")
    for record in reader.store.scroll(reader.documents, where=access, fields=fields):
        stored = record.payload
        if stored["status"] == "failed":
            known = {"error": stored["error"], "kind": stored.get("error_kind")}
            failed.append(FailedDocument(id=stored["document_id"], uri=stored["uri"], **known))
        else:
            documents += 1
            empty += not stored["chunk_ids"]
    return Health(
        documents=documents,
        chunks=reader.store.count(reader.chunks, where=access),
        empty=empty,
        failed=tuple(sorted(failed, key=lambda each: each.id)),
    )


def check(corpus: Rag) -> Check:
    """Verify the corpus, and count what the encoder would not read of its chunks.

    Raises:
        CorpusMissingError: nothing was ingested yet.
    """
    started = time.monotonic()
    verified = corpus.verify()
    return Check(
        verified=verified,
        tokens_truncated=_tokens_truncated(corpus),
        time=time.time(),
        seconds=round(time.monotonic() - started, 3),
    )


def _tokens_truncated(corpus: Rag) -> int:
    counter, reader = build.build_counter(corpus.settings), corpus.documents()
    stored = iter(reader.store.scroll(reader.chunks, fields=("text", "plain")))
    lost = 0
    while page := [plain_of(record.payload) for record in islice(stored, COUNTED)]:
        lost += sum(max(0, tokens - counter.max_tokens) for tokens in counter.count(page))
    return lost


class Checks:
    """The checks of a corpus: in the background, one at a time, seen by everyone who asks.

    Args:
        check: makes one.
    """

    def __init__(self, check: Callable[[], Check]) -> None:
        self._check, self._lock = check, Lock()
        self._thread: Thread | None = None
        self.last: Check | None = None
        self.error: str | None = None
        self.raised: RagError | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start a check, or join the one that is running."""
        with self._lock:
            if not self.running:
                self._thread = Thread(target=self._run, daemon=True, name="check")
                self._thread.start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Return when no check is running any more, or after so many seconds."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        self.error = self.raised = None
        try:
            self.last = self._check()
        except RagError as error:
            self.error, self.raised = str(error), error
        except Exception as error:
            _LOG.exception("the check failed")
            self.error = f"{type(error).__name__}: {error}; the log shows where"
