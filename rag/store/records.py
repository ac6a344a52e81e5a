"""Documents and chunks as payloads, and back. The one place that knows the payload's field names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Self

from rag.entries import DocumentEntry
from rag.errors import StoreError
from rag.points import Record
from rag.reports import Failure
from rag.store.schema import SCHEMA_VERSION
from rag.store.validate import check_payload
from rag.types import Chunk, Document, LineBox, Metadata, SourceItem, encodable, hash_json, stable_id

MARK_FIELDS = ("document_id", "uri", "fingerprint", "item", "item_hash", "parts", "status")
STATE_FIELDS = (*MARK_FIELDS, "content_hash", "title", "metadata", "acl", "chunk_ids")

SHARED_FIELDS = (
    "document_id",
    "source",
    "uri",
    "path",
    "title",
    "mime",
    "language",
    "modified",
    "size",
    "acl",
    "metadata",
)
"""Fields that a document and each of its chunks carry alike: what is shown and filtered on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentMark:
    """What the store knows of a document that decides whether it must be read again: small, for there are many.

    Attributes:
        item_id: of the source item that it was read from; another one than its own for a container's members.
        parts: documents that the item held, those that could not be read included.
    """

    id: str
    item_id: str
    parts: int
    uri: str
    fingerprint: str
    item_hash: str
    failed: bool

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """From a record with `MARK_FIELDS`, or what a subclass needs."""
        return cls(**cls._fields(record.payload))

    @classmethod
    def _fields(cls, p: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": p["document_id"],
            "item_id": p["item"],
            "parts": p["parts"],
            "uri": p["uri"],
            "fingerprint": p["fingerprint"],
            "item_hash": p["item_hash"],
            "failed": p["status"] == "failed",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentState(DocumentMark):
    """What the store knows of a document: enough to decide what must be written of it."""

    content_hash: str
    title: str
    metadata: Mapping[str, Any]
    acl: tuple[str, ...]
    chunk_ids: tuple[str, ...]

    @classmethod
    def _fields(cls, p: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **DocumentMark._fields(p),
            "content_hash": p["content_hash"],
            "title": p["title"],
            "metadata": p["metadata"],
            "acl": tuple(p["acl"]),
            "chunk_ids": tuple(p["chunk_ids"]),
        }


ENTRY_FIELDS = (
    *("document_id", "title", "source", "uri", "mime", "acl", "size", "modified"),
    *("chunk_ids", "content_hash", "status", "error", "error_kind"),
)
"""What `entry_of` needs: small fields alone, since a corpus has many documents."""


def entry_of(record: Record) -> DocumentEntry:
    """What a table shows of a document."""
    p = record.payload
    error = p.get("error")  # what is set to null is not stored
    failed, stale = p["status"] == "failed", error is not None or not p["content_hash"]
    return DocumentEntry(
        id=p["document_id"],
        title=p["title"],
        source=p["source"],
        uri=p["uri"],
        mime=p["mime"],
        state="failed" if failed else "stale" if stale else "ready",
        error=error,
        error_kind=p.get("error_kind"),
        chunks=len(p["chunk_ids"]),
        size=p.get("size"),
        modified=p.get("modified"),
        acl=tuple(p["acl"]),
    )


def same_record(state: DocumentState, document: Document) -> bool:
    """Title, metadata and access list are the stored ones."""
    ours = (document.title, hash_json([dict(document.metadata), list(document.acl)]))
    return ours == (state.title, hash_json([dict(state.metadata), list(state.acl)]))


def document_point_id(document_id: str) -> str:
    return stable_id("document", document_id)


def item_hash(item: SourceItem) -> str:
    """Hash of what the source's settings say about an item; a change rewrites payloads and encodes nothing."""
    return hash_json([dict(item.metadata), list(item.acl)])


def shared_payload(document: Document) -> dict[str, Any]:
    """`SHARED_FIELDS` and their values."""
    key = document.id.removeprefix(f"{document.source}:")
    parents = [str(p) for p in PurePosixPath(key).parents if str(p) not in (".", "/")]
    return {
        "document_id": document.id,
        "source": document.source,
        "uri": document.uri,
        "path": [key, *parents],
        "title": document.title,
        "mime": document.mime,
        "language": document.language,
        "modified": document.modified,
        "size": document.size,
        "acl": list(document.acl),
        "metadata": dict(document.metadata),
    }


def chunk_payload(document: Document, chunk: Chunk, situation: str) -> dict[str, Any]:
    plain = {} if chunk.plain == chunk.text else {"plain": chunk.plain}
    return {
        **shared_payload(document),
        **plain,
        "headings": list(chunk.headings),
        "pages": list(chunk.pages),
        "start": chunk.start,
        "end": chunk.end,
        "ordinal": chunk.ordinal,
        "text": chunk.text,
        "situation": situation,
        # a hundredth of a point is finer than any screen, and reads back as it was written
        "lines": [[round(number, 2) for number in line.numbers()] for line in chunk.lines],
        "schema": SCHEMA_VERSION,
    }


def plain_of(payload: Mapping[str, Any]) -> str:
    """What is encoded and matched of the chunk that `chunk_payload` wrote."""
    plain: str = payload.get("plain", payload["text"])
    return plain


def lines_of(payload: Mapping[str, Any]) -> tuple[LineBox, ...]:
    """The boxes that `chunk_payload` wrote."""
    return tuple(LineBox.of(row) for row in payload.get("lines", ()))


OWN_FIELDS = ("headings", "pages", "start", "end", "ordinal", "text", "plain", "situation", "lines")
"""Fields that each chunk has for itself."""


def chunks_hash(payloads: Iterable[Mapping[str, Any]]) -> str:
    """Hash of what the chunks of a document have for themselves, in document order."""
    ordered = sorted(payloads, key=lambda payload: payload["ordinal"])
    return hash_json([[payload.get(name) for name in OWN_FIELDS] for payload in ordered])


def document_payload(
    document: Document, item: SourceItem, parts: int, chunks: Sequence[Chunk], payloads: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The record of a document, one of the item's `parts`, whose chunks have these payloads."""
    return {
        **shared_payload(document),
        "fingerprint": item.fingerprint,
        "content_hash": document.content_hash,
        "item": item.id,
        "item_hash": item_hash(item),
        "parts": parts,
        "chunk_ids": [chunk.id for chunk in chunks],
        "chunks_hash": chunks_hash(payloads),
        "status": "ok",
        "error": None,
        "error_kind": None,
        "schema": SCHEMA_VERSION,
    }


def text_payload(document: Document) -> dict[str, Any]:
    """What is stored of a document's text, under the id of its record."""
    return {"document_id": document.id, "text": document.text}


def failure_fields(failure: Failure) -> dict[str, Any]:
    """What the record of a document says of its last failure."""
    return {"error": encodable(failure.error), "error_kind": failure.kind}


def failed_payload(item: SourceItem, failure: Failure, parts: int) -> dict[str, Any]:
    """A document that could never be read: it has a status and an error, and nothing that can be found."""
    blank = Document(
        id=failure.id,
        source=item.source,
        uri=failure.uri,
        title=PurePosixPath(failure.id).name,
        mime=(item.mime or "") if failure.id == item.id else "",
        text="",
        elements=(),
        metadata=_storable(item.metadata),
        acl=item.acl,
        modified=item.modified,
        size=item.size,
    )
    # no fingerprint: it is tried again at every run
    record = document_payload(blank, item, parts, [], [])
    return {**record, "fingerprint": "", "status": "failed", **failure_fields(failure)}


def _storable(metadata: Metadata) -> Metadata:
    """The metadata, or none of it where the store would refuse it: the failure that says so must be stored."""
    try:
        check_payload("metadata", {"metadata": dict(metadata)})
    except StoreError:
        return {}
    return metadata
