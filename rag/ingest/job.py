"""The job that makes a corpus equal its sources.

Three stages overlap: reader threads prepare documents, which are encoded in groups, two at a time, so that one is cut
into batches and taken apart while the other is computed; a writer thread stores them. The readers are ahead by a
bounded number of items, encoders and writer behind by a bounded number of groups.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from threading import Lock

from rag.ingest.changes import Changes, states_by_item
from rag.ingest.numpy_threads import numpy_by_one_thread
from rag.ingest.overlap import Bounded, ahead
from rag.ingest.prepare import Prepared, Preparer, Reading
from rag.ingest.vectors import DenseVectors, encode_group
from rag.ingest.write import Failed, Writer
from rag.models.lazy import LazyEncoder
from rag.protocols import Connector
from rag.reports import Failure, Skipped
from rag.store.records import DocumentState
from rag.types import SourceItem, containers_of

AHEAD = 16
"""Items that the readers may be ahead."""
GROUP_BATCHES, FIRST = 12, 2
"""Batches of the encoder that documents are gathered for, and those of the first group; the next ones double. The more
there are, the more alike are the texts of a batch; the fewer, the sooner the encoder begins."""
ENCODING = 2
"""Groups that are encoded at a time. Where others ask questions in this process, whose threads would wait for those of
the job, nothing is prepared beside a group."""
GROUP_DOCUMENTS = 512
"""And no more documents than these, however short they are: of those that wait nothing would be left after a kill."""
SETTLED, SETTLED_CHUNKS = 64, 2048
"""Documents without new content, and such that cannot be read, that are written together; and chunks of the former."""
MOVED = 512
"""Documents at another address that are written together."""
BEHIND = 2
"""Groups that the writer may be behind."""
NAMED = 32
"""Items that a report names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a job stands.

    Attributes:
        done, total: documents that needed a look.
        tokens: encoded so far.
        seconds: since the job began.
        eta_s: seconds left, by the bytes that are left; None before the first document is done.
        current: ids of items that are being read or encoded, the first ones first.
    """

    done: int
    total: int
    tokens: int
    seconds: float
    eta_s: float | None
    current: tuple[str, ...] = ()

    def __str__(self) -> str:
        rate = self.tokens / self.seconds if self.seconds else 0.0
        left = "" if self.eta_s is None else f", about {self.eta_s:.0f} s left"
        return f"{self.done}/{self.total} documents, {rate:,.0f} tokens/s{left}"


@dataclass(kw_only=True)
class Tally:
    """What the job counted, where it happened.

    Attributes:
        vanished: stored documents that their containers no longer hold; nothing was deleted yet.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: list[DocumentState] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(kw_only=True)
class Job:
    """One run over the changes.

    Attributes:
        encoder: a job that encodes nothing never calls it.
        known: ids of the documents that the corpus had before; the others are new.
        batch_tokens: tokens of a batch of the encoder's; `GROUP_BATCHES` of them are written together, and a kill may
            lose a few such groups.
        only: ids of the documents that are written, whatever else is in the items that are read; None is all.
    """

    preparer: Preparer
    writer: Writer
    encoder: LazyEncoder
    known: set[str]
    batch_tokens: int
    only: Collection[str] | None = None
    progress: Callable[[Progress], object] | None = None
    tally: Tally = field(default_factory=Tally)
    _before: tuple[int, int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._before = self.encoder.counts

    @property
    def tokens_encoded(self) -> int:
        """Tokens that the encoder read since the job was made, by whichever thread, chunking included."""
        return self.encoder.counts[0] - self._before[0]

    @property
    def tokens_truncated(self) -> int:
        """How many of the texts' tokens did not fit the encoder's window."""
        return self.encoder.counts[1] - self._before[1]

    @property
    def tokens_unknown(self) -> int:
        """How many of the tokens that were read the vocabulary does not know."""
        return self.encoder.counts[2] - self._before[2]

    def run(self, changes: Changes[DocumentState], states: dict[str, DocumentState], damaged: set[str]) -> Tally:
        """Read, encode and write everything that changed. What is gone is for the caller to delete."""
        self.tally.unchanged += len(changes.unchanged)
        groups = states_by_item(states.values())
        generation = self.writer.generation
        meter = _Meter((item for _, item in changes.read), self.progress)

        def prepare(pair: tuple[Connector, SourceItem]) -> Reading:
            connector, item = pair
            meter.begin(item)
            return self.preparer.prepare(connector, item, groups.get(item.id, ()), damaged, generation.vectors)

        def tell() -> None:
            meter.tell(self.tokens_encoded)

        beside = 0 if self.writer.serving else ENCODING
        tell()
        with (
            numpy_by_one_thread(),
            ThreadPoolExecutor(1, "writer") as writer,
            nullcontext(Bounded[None](writer, BEHIND)) as writes,
            ThreadPoolExecutor(ENCODING, "encoder") as encoders,
            closing(
                Bounded[_Encoded](encoders, beside, lambda encoded: self._write(encoded, writes, meter))
            ) as encodes,
            ThreadPoolExecutor(self.preparer.readers, "reader") as readers,
            closing(self.preparer.contexts) if self.preparer.contexts else nullcontext(),
            closing(self.preparer.parser),  # everything is read when the index is compacted
            closing(ahead(readers, prepare, changes.read, AHEAD, waiting=tell)) as readings,
        ):
            for begin in range(0, len(changes.moved), MOVED):
                writes.submit(self.writer.move, changes.moved[begin : begin + MOVED])
            if changes.read:
                encoders.submit(self.preparer.languages.load)
            enough = self.batch_tokens * FIRST
            group: list[Prepared] = []
            tokens = 0
            same: list[Prepared] = []
            settled = 0
            failed: list[Failed] = []
            finished: list[SourceItem] = []
            for reading in readings:
                failed += self._failed(reading, groups.get(reading.item.id, ()))
                self.tally.skipped += reading.skipped
                self.tally.vanished += reading.vanished
                finished.append(reading.item)
                for prepared in reading.prepared:
                    if not self._concerns(prepared.document.id):
                        continue
                    if not prepared.content_changed:
                        same.append(prepared)
                        settled += len(prepared.chunks)
                        continue
                    group.append(prepared)
                    tokens += sum(chunk.tokens for chunk in prepared.chunks)
                    if tokens >= enough or len(group) >= GROUP_DOCUMENTS:
                        tell()
                        encodes.submit(self._encode, group, finished)
                        group, tokens, finished = [], 0, []
                        enough = min(2 * enough, self.batch_tokens * GROUP_BATCHES)
                if len(same) >= SETTLED or settled >= SETTLED_CHUNKS:
                    self._settle(same, writes)
                    same, settled = [], 0
                if len(failed) >= SETTLED:
                    writes.submit(self.writer.fail, failed)
                    failed = []
                encodes.wait(beside)
                if not group:
                    meter.count(finished, self.tokens_encoded)
                    finished = []
            self._settle(same, writes)
            writes.submit(self.writer.fail, failed)
            if group:
                tell()
                encodes.submit(self._encode, group, finished)
            encodes.wait(0)
            writes.wait(0)
        return self.tally

    def _concerns(self, document_id: str) -> bool:
        return self.only is None or document_id in self.only

    def _failed(self, reading: Reading, states: Sequence[DocumentState]) -> Iterator[Failed]:
        """What is to be noted: of a container that cannot be read, with the documents that it held."""
        self.tally.failed += reading.failed
        known = {state.id: state for state in states}
        failures = {failure.id: failure for failure in reading.failed}
        noted = [Failed(reading.item, f, known.get(f.id), reading.parts) for f in reading.failed]
        holders: set[str] = set()
        for state in reading.kept:
            holder = next(id for id in containers_of(state.id) if id in failures)
            holders.add(holder)
            failure = replace(failures[holder], id=state.id, uri=state.uri)
            noted.append(Failed(reading.item, failure, state, state.parts))
        for failed in noted:
            is_told_by_members = failed.state is None and failed.failure.id in holders
            if not is_told_by_members and self._concerns(failed.failure.id):
                yield failed

    def _encode(self, group: Sequence[Prepared], items: Sequence[SourceItem]) -> "_Encoded":
        with self.preparer.stopwatch.time("encode"):
            vectors = encode_group(
                group,
                encoder=self.encoder(),
                situator=self.preparer.situator,
                store=self.writer.store,
                generation=self.writer.generation,
            )
        return _Encoded(group, items, vectors)

    def _write(self, encoded: "_Encoded", writes: "Bounded[None]", meter: "_Meter") -> None:
        """Hand a group to the writer."""
        for prepared in encoded.group:
            self._count(prepared.document.id)
        writes.submit(self.writer.write, encoded.group, encoded.vectors)
        meter.count(encoded.items, self.tokens_encoded)

    def _settle(self, same: list[Prepared], writes: "Bounded[None]") -> None:
        """The content is the stored one: rewrite the records that differ, else only note the fingerprint."""
        rewritten = [prepared for prepared in same if prepared.record_changed]
        touched = [prepared for prepared in same if not prepared.record_changed]
        for prepared in rewritten:
            self._count(prepared.document.id)
        self.tally.unchanged += len(touched)
        if rewritten:
            writes.submit(self.writer.rewrite, rewritten)
        if touched:
            writes.submit(self.writer.touch, touched)

    def _count(self, document_id: str) -> None:
        if document_id in self.known:
            self.tally.changed += 1
        else:
            self.tally.new += 1


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A group of documents with their vectors, and the items that are done with it."""

    group: Sequence[Prepared]
    items: Sequence[SourceItem]
    vectors: Sequence[DenseVectors]


class _Meter:
    """Turns finished items into progress; the time left goes by bytes, since documents differ in size."""

    def __init__(self, items: Iterable[SourceItem], report: Callable[[Progress], object] | None) -> None:
        sizes = [item.size or 1 for item in items]
        self._total, self._bytes, self._report = len(sizes), sum(sizes), report
        self._done = self._bytes_done = 0
        self._started = time.monotonic()
        self._current: dict[str, None] = {}
        self._lock = Lock()

    def begin(self, item: SourceItem) -> None:
        """A reader takes the item."""
        with self._lock:
            self._current[item.id] = None

    def count(self, items: Sequence[SourceItem], tokens: int) -> None:
        """The items are done."""
        with self._lock:
            for item in items:
                self._current.pop(item.id, None)
        self._done += len(items)
        self._bytes_done += sum(item.size or 1 for item in items)
        self.tell(tokens)

    def tell(self, tokens: int) -> None:
        """Say where the job stands."""
        if self._report is None:
            return
        seconds = time.monotonic() - self._started
        left = (self._bytes - self._bytes_done) * seconds / self._bytes_done if self._bytes_done else None
        with self._lock:
            current = tuple(islice(self._current, NAMED))
        self._report(
            Progress(done=self._done, total=self._total, tokens=tokens, seconds=seconds, eta_s=left, current=current)
        )
