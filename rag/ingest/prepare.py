"""One item up to the point where its chunks are encoded: fetch, parse, chunk, situate, lexical vectors."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from rag.errors import DocumentError, ModelError, StoreError
from rag.ingest.terms import ChunkTerms, chunk_terms, document_terms
from rag.models.languages import Languages
from rag.points import SparseVector
from rag.protocols import Chunker, Connector, LexicalEncoder, Parser, Situator, TokenCounter
from rag.reports import Failure, Skipped
from rag.situating.contexts import Contexts
from rag.store.records import (
    DocumentState,
    chunk_payload,
    document_payload,
    document_point_id,
    same_record,
    text_payload,
)
from rag.store.validate import check_payload
from rag.types import Chunk, Document, Parsed, SourceItem, containers_of

STAGES = ("list", "fetch", "parse", "chunk", "situate", "encode", "write")


class Stopwatch:
    """Seconds by stage in which one thread or more was at it."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._threads = dict.fromkeys(STAGES, 0)
        self._started = dict.fromkeys(STAGES, 0.0)
        self._lock = Lock()

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        with self._lock:
            if not self._threads[stage]:
                self._started[stage] = time.perf_counter()
            self._threads[stage] += 1
        try:
            yield
        finally:
            with self._lock:
                self._threads[stage] -= 1
                if not self._threads[stage]:
                    self.seconds[stage] += time.perf_counter() - self._started[stage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document that was read.

    Attributes:
        item: the source item that it was read from.
        parts: documents that the item holds, those that cannot be read included.
        state: what the store has of it, None where it is new.
        damaged: what the store has of it is not what it should have: none of its vectors is kept.
    content_changed: the text or its structure differ, or it is damaged.
        record_changed: title, metadata or acl differ.
        payloads: what is stored with each chunk.
        record: what is stored with the document.
        lines: the situation line of each chunk.
        readable: whether the encoder reads the language of each chunk; the others have no dense vectors.
        terms: the term vectors of each chunk.
        document_terms: the term weights of the whole document.
    """

    item: SourceItem
    parts: int
    document: Document
    state: DocumentState | None
    damaged: bool
    content_changed: bool
    record_changed: bool
    chunks: list[Chunk]
    payloads: list[dict[str, Any]]
    record: dict[str, Any]
    lines: list[str]
    readable: list[bool]
    terms: list[ChunkTerms]
    document_terms: SparseVector


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of a source item.

    Attributes:
        prepared: its documents; several for a container.
        failed: what of it cannot be read: itself, or members.
        skipped: members that are not taken.
        kept: stored documents of a container in it, or of itself, that cannot be read: their last version stays.
        vanished: stored documents that it no longer holds.
    """

    item: SourceItem
    prepared: tuple[Prepared, ...] = ()
    failed: tuple[Failure, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    kept: tuple[DocumentState, ...] = ()
    vanished: tuple[DocumentState, ...] = ()

    @property
    def parts(self) -> int:
        """Documents that the item holds, those that cannot be read included."""
        return len(self.prepared) + len(self.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparer:
    """The components that read a document; `prepare` runs in reader threads."""

    parser: Parser
    counter: TokenCounter
    chunker: Chunker
    situator: Situator
    lexical: LexicalEncoder
    languages: Languages
    stopwatch: Stopwatch
    contexts: Contexts | None = None
    """Has a line written for each chunk; None where no language model situates."""
    readers: int = 1
    """Items that are read at a time."""
    longest_text: int | None = None
    """Bytes of a text that the store takes in one piece; None for any number."""
    passes: int = 1
    """Times that the encoder reads a document's text: twice where it also finds the topics."""
    _fetching: dict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))

    def read(self, connector: Connector, item: SourceItem) -> Parsed:
        """Fetch and parse. Connections are not for several threads: a connector fetches one item at a time.

        Raises:
            DocumentError: the item cannot be read, whatever the reason.
        """
        try:
            with self._fetching[connector.name], self.stopwatch.time("fetch"):
                blob = connector.fetch(item)
            with self.stopwatch.time("parse"):
                return self.parser.parse(blob, item)
        except DocumentError:
            raise
        except Exception as error:  # a parser's own bug must not stop the job: one bad file is one failed document
            raise DocumentError(f"the parser failed: {type(error).__name__}: {error}", kind="parse") from error

    def prepare(
        self,
        connector: Connector,
        item: SourceItem,
        states: Sequence[DocumentState],
        damaged: AbstractSet[str],
        vectors: Collection[str],
    ) -> Reading:
        """Everything up to where the chunks are encoded. What cannot be read comes back as a failure.

        Args:
            states: what the store has of the item's documents.
            damaged: ids of documents whose stored chunks are not those that they list.
            vectors: of chunks, that are built.

        Raises:
            ModelError: the encoder is needed to find topics, and does not work.
        """
        try:
            parsed = self.read(connector, item)
        except DocumentError as error:
            failure = Failure(id=item.id, uri=item.uri, error=str(error), kind=error.kind)
            members = tuple(state for state in states if state.id != item.id)
            return Reading(item=item, failed=(failure,), kept=members)
        known = {state.id: state for state in states}
        parts = len(parsed.documents) + len(parsed.failed)
        prepared, failed = [], [Failure(id=p.id, uri=p.uri, error=p.error, kind=p.kind) for p in parsed.failed]
        for document in parsed.documents:
            try:
                prepared.append(self._prepared(document, item, parts, known.get(document.id), damaged, vectors))
            except DocumentError as error:
                failed.append(Failure(id=document.id, uri=document.uri, error=str(error), kind=error.kind))
            except ModelError:  # an encoder that does not work would fail every document
                raise
            except StoreError as error:  # what the store would refuse must not take a whole group with it
                failed.append(Failure(id=document.id, uri=document.uri, error=str(error), kind="payload"))
            except Exception as error:  # one document's trouble stops no job, whichever component has it
                reason = f"{type(error).__name__}: {error}"
                failed.append(Failure(id=document.id, uri=document.uri, error=reason, kind="prepare"))
        unread = {part.id for part in parsed.failed}
        held = {document.id for document in parsed.documents} | unread
        missing = {state.id: state for state in states if state.id not in held}
        kept = {id: state for id, state in missing.items() if not unread.isdisjoint(containers_of(id))}
        return Reading(
            item=item,
            prepared=tuple(prepared),
            failed=tuple(failed),
            skipped=tuple(Skipped(uri=skip.uri, reason=skip.reason) for skip in parsed.skipped),
            kept=tuple(kept.values()),
            vanished=tuple(state for id, state in missing.items() if id not in kept),
        )

    def _prepared(
        self,
        document: Document,
        item: SourceItem,
        parts: int,
        state: DocumentState | None,
        damaged: AbstractSet[str],
        vectors: Collection[str],
    ) -> Prepared:
        with self.stopwatch.time("chunk"):
            chunks = self.chunker.split(document)
        with self.stopwatch.time("situate"):
            if self.contexts is not None:
                chunks = self.contexts.add(document, chunks)
            lines = self.situator.lines(document, chunks)
            readable = [self.languages.cover(chunk.plain) for chunk in chunks]
            terms = chunk_terms(document, chunks, lines, readable, lexical=self.lexical, vectors=vectors)
            whole = document_terms(document, chunks, lexical=self.lexical)
        payloads = [chunk_payload(document, chunk, line) for chunk, line in zip(chunks, lines, strict=True)]
        record = document_payload(document, item, parts, chunks, payloads)
        for chunk, payload in zip(chunks, payloads, strict=True):
            check_payload(chunk.id, payload)
        for payload in (record, text_payload(document)):
            check_payload(document_point_id(document.id), payload)
        self._check_length(document)
        good = state is not None and not state.failed and document.id not in damaged
        return Prepared(
            item=item,
            parts=parts,
            document=document,
            state=state,
            damaged=document.id in damaged,
            content_changed=not good
            or state is None
            or (state.content_hash, set(state.chunk_ids)) != (document.content_hash, {chunk.id for chunk in chunks}),
            record_changed=state is None or not same_record(state, document),
            chunks=chunks,
            payloads=payloads,
            record=record,
            lines=lines,
            readable=readable,
            terms=terms,
            document_terms=whole,
        )

    def _check_length(self, document: Document) -> None:
        """StoreError where the text is more than the store takes, and would take its whole group with it."""
        size = len(document.text.encode("utf-8", "surrogatepass"))
        if self.longest_text is not None and size > self.longest_text:
            limit = self.longest_text / 1e6
            raise StoreError(
                f"{document.uri}: its text has {size / 1e6:.1f} MB, and a Qdrant server takes {limit:g} MB at a time: "
                "split the file, or keep the corpus in an embedded index"
            )
