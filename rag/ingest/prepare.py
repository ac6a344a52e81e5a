"""One item up to the point where it needs the encoder: fetch, parse, chunk, situate, lexical vectors."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from rag.errors import DocumentError, StoreError
from rag.points import SparseVector
from rag.protocols import Chunker, Connector, LexicalEncoder, Parser, Situator, TokenCounter
from rag.results import Failure
from rag.store.records import DocumentState, chunk_payload, document_payload, document_point_id, same_record
from rag.store.validate import check_payload
from rag.types import Chunk, Document, SourceItem

STAGES = ("list", "fetch", "parse", "chunk", "situate", "encode", "write")


class Stopwatch:
    """Busy seconds by stage, added up over threads."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._lock = Lock()

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[stage] += time.perf_counter() - started


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document that was read.

    Attributes:
        state: what the store has of it, None where it is new.
        content_changed: the text or its structure differ, or the stored chunks are damaged.
        record_changed: title, metadata or acl differ.
        payloads: what is stored with each chunk.
        record: what is stored with the document.
        lines: the situation line of each chunk.
        lexical: the lexical vector of each chunk.
        document_lexical: that of the whole document.
    """

    item: SourceItem
    document: Document
    state: DocumentState | None
    content_changed: bool
    record_changed: bool
    chunks: list[Chunk]
    payloads: list[dict[str, Any]]
    record: dict[str, Any]
    lines: list[str]
    lexical: list[SparseVector]
    document_lexical: SparseVector


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparer:
    """The components that read a document; `prepare` runs in a reader thread."""

    parser: Parser
    counter: TokenCounter
    chunker: Chunker
    situator: Situator
    lexical: LexicalEncoder
    stopwatch: Stopwatch

    def read(self, connector: Connector, item: SourceItem) -> Document:
        """Fetch and parse.

        Raises:
            DocumentError: the item cannot be read, whatever the reason.
        """
        try:
            with self.stopwatch.time("fetch"):
                blob = connector.fetch(item)
            with self.stopwatch.time("parse"):
                return self.parser.parse(blob, item)
        except DocumentError:
            raise
        except Exception as error:  # a parser's own bug must not stop the job: one bad file is one failed document
            raise DocumentError(f"the parser failed: {type(error).__name__}: {error}", kind="parse") from error

    def prepare(
        self, connector: Connector, item: SourceItem, state: DocumentState | None, damaged: bool
    ) -> Prepared | Failure:
        """Everything that needs no encoder. A document that cannot be read comes back as its failure."""
        try:
            return self._prepared(self.read(connector, item), item, state, damaged)
        except DocumentError as error:
            return Failure(id=item.id, uri=item.uri, error=str(error), kind=error.kind)
        except StoreError as error:  # what the store would refuse must not take a whole group with it
            return Failure(id=item.id, uri=item.uri, error=str(error), kind="payload")
        except Exception as error:  # one document's trouble stops no job, whichever component has it
            return Failure(id=item.id, uri=item.uri, error=f"{type(error).__name__}: {error}", kind="prepare")

    def _prepared(self, document: Document, item: SourceItem, state: DocumentState | None, damaged: bool) -> Prepared:
        with self.stopwatch.time("chunk"):
            chunks = self.chunker.split(document)
        with self.stopwatch.time("situate"):
            lines = self.situator.lines(document, chunks)
            lexical = self.lexical.encode(lexical_texts(chunks, lines), kind="chunk")
            (whole,) = self.lexical.encode(["\n".join([document.title, *(c.plain for c in chunks)])], kind="document")
        payloads = [chunk_payload(document, chunk, line) for chunk, line in zip(chunks, lines, strict=True)]
        record = document_payload(document, item, chunks, payloads)
        for chunk, payload in zip(chunks, payloads, strict=True):
            check_payload(chunk.id, payload)
        check_payload(document_point_id(document.id), record)
        good = state is not None and not state.failed and not damaged
        return Prepared(
            item=item,
            document=document,
            state=state,
            content_changed=not good
            or state is None
            or (state.content_hash, set(state.chunk_ids)) != (document.content_hash, {chunk.id for chunk in chunks}),
            record_changed=state is None or not same_record(state, document),
            chunks=chunks,
            payloads=payloads,
            record=record,
            lines=lines,
            lexical=lexical,
            document_lexical=whole,
        )


def lexical_texts(chunks: Sequence[Chunk], lines: Sequence[str]) -> list[str]:
    """What is matched lexically: the situation line and the chunk's own text."""
    return [f"{line}\n{chunk.plain}" for chunk, line in zip(chunks, lines, strict=True)]
