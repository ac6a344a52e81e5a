"""The nouns of the system: source items, documents, elements, chunks.

All positions are code points of `Document.text`, end exclusive: `chunk.text == document.text[chunk.start:chunk.end]`.
"""

import hashlib
import json
import uuid
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any, Literal, Self, TypeAlias

Metadata: TypeAlias = Mapping[str, Any]
"""Values are what JSON has; keys hold no double quote."""

PUBLIC: tuple[str, ...] = ("*",)
"""The access list of a document that everyone may see. An empty list is nobody."""

_NAMESPACE = uuid.UUID("6f1b6d0a-4f0e-5c0b-9d5e-0b7a3c1d2e4f")


def stable_id(*parts: str) -> str:
    """A uuid5 of the parts, as a string; the same parts give the same id everywhere."""
    # a lone surrogate is in no stored id, but may be asked for
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts).encode("utf-8", "backslashreplace").decode()))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """One thing that a source lists, before anything of it is read.

    Attributes:
        source: name of the source.
        key: identity within the source; for files the path below the source's folder, `/` and NFC.
        uri: what a person opens: the absolute path of a local file as it is, else the URL.
        fingerprint: changes whenever the content may have changed (mtime and size, etag, commit).
        mime: media type, as far as the listing knows it.
        size: bytes.
        modified: ISO 8601 in UTC.
        metadata: from the source's settings and from what the source itself knows.
        acl: principals that may see it; `("*",)` is everyone, `()` nobody.
    """

    source: str
    key: str
    uri: str
    fingerprint: str
    mime: str | None = None
    size: int | None = None
    modified: str | None = None
    metadata: Metadata = field(default_factory=dict)
    acl: tuple[str, ...] = PUBLIC

    @property
    def id(self) -> str:
        """`<source>:<key>`, the identity of the document made from this item."""
        return f"{self.source}:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A thing in a source that is not taken, and why. Never a failure."""

    uri: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBox:
    """Where a line of text stands on a page: points (1/72 inch) from the page's top left corner."""

    start: int
    end: int
    page: int
    left: float
    top: float
    right: float
    bottom: float

    def numbers(self) -> tuple[int, int, int, float, float, float, float]:
        """In the order of the fields, as they are stored and sent."""
        return self.start, self.end, self.page, self.left, self.top, self.right, self.bottom

    @classmethod
    def of(cls, numbers: Sequence[Any]) -> Self:
        """The line that has these `numbers`."""
        start, end, page, left, top, right, bottom = numbers
        return cls(start=start, end=end, page=page, left=left, top=top, right=right, bottom=bottom)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePicture:
    """A page as it looks.

    Attributes:
        data: an image file of the media type `mime`.
        width: in points, as of `LineBox`; as is `height`.
    """

    data: bytes
    mime: str
    width: float
    height: float


ElementKind: TypeAlias = Literal["heading", "paragraph", "list_item", "table", "code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A piece of a document's structure: `text[start:end]`.

    Elements are in order and do not overlap; together they cover every visible character.

    Attributes:
        level: 1 to 6 for headings. For others None, or the level of the sections that end before it: what follows a
            class is no part of it.
        page: from 1, None where the format has no pages.
        lines: boxes of its lines, where the format has them.
        header_end: where the header rows of a table end, None without any. `text[start:header_end]` goes with every
            chunk of the table.
    """

    kind: ElementKind
    start: int
    end: int
    level: int | None = None
    page: int | None = None
    lines: tuple[LineBox, ...] = ()
    header_end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadPart:
    """A member of a container (a file in an archive, an attachment) that cannot be read.

    Attributes:
        id: what its document would have.
        kind: as of `rag.errors.DocumentError`.
    """

    id: str
    uri: str
    error: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """A parsed source item.

    Attributes:
        id: `<source>:<key>`.
        text: the canonical text: NFC, line feeds as line ends, no BOM; what is shown, quoted and cited.
        elements: its structure; see `Element`.
        markup: sorted, disjoint spans of `text` that are syntax and not words (link targets, emphasis marks, table
            rules); they stay in the text but are left out of what is encoded.
        metadata: the item's metadata, the parser's (front matter) under it.
        language: ISO 639-1 code where known.
    """

    id: str
    source: str
    uri: str
    title: str
    mime: str
    text: str
    elements: tuple[Element, ...]
    markup: tuple[tuple[int, int], ...] = ()
    metadata: Metadata = field(default_factory=dict)
    acl: tuple[str, ...] = PUBLIC
    language: str | None = None
    modified: str | None = None
    size: int | None = None

    @cached_property
    def content_hash(self) -> str:
        """sha256 of the text and its structure: equal hashes need no new encoding."""
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogatepass"))
        for e in self.elements:
            digest.update(f"{e.kind},{e.start},{e.end},{e.level},{e.page},{e.header_end}".encode())
            for line in e.lines:
                digest.update(
                    f"{line.start},{line.left:.1f},{line.top:.1f},{line.right:.1f},{line.bottom:.1f}".encode()
                )
        digest.update(repr(self.markup).encode())
        return digest.hexdigest()

    def plain(self, start: int, end: int) -> str:
        """`text[start:end]` without the markup in it: what is encoded and matched."""
        parts, at = [], start
        for i in range(bisect_right(self.markup, start, key=itemgetter(1)), len(self.markup)):
            low, high = self.markup[i]
            if low >= end:
                break
            parts.append(self.text[at : max(at, low)])
            at = min(max(at, high), end)
        parts.append(self.text[at:end])
        return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What an item holds: one document, or those of a container's members.

    The id of a member's document is `<item id>!/<path in the container>`; see `containers_of`.
    """

    documents: tuple[Document, ...]
    failed: tuple[UnreadPart, ...] = ()
    skipped: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A contiguous piece of one document, the unit that is found.

    Attributes:
        id: uuid5 of document id, text and n-th occurrence: text that did not change keeps its id.
        ordinal: 0, 1, 2 ... in document order.
        text: `document.text[start:end]`.
        plain: the text without markup, over-long words split: what is encoded and matched.
        headings: the heading path, outermost first, without the document's title where the two are equal; very long
            ones cut.
        pages: page numbers from 1, in order; empty where the format has none.
        lines: boxes of the lines within the span.
        table_header: plain text of the header of the table that the chunk goes on with; "" where it starts in no table,
            or with the header itself; cut where it is very long.
        context: what a language model wrote to situate the chunk, "" without one; matched, no part of the text.
        tokens: length of `plain` by the encoder's tokenizer, special tokens not counted.
    """

    id: str
    document_id: str
    ordinal: int
    start: int
    end: int
    text: str
    plain: str
    headings: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    lines: tuple[LineBox, ...] = ()
    table_header: str = ""
    context: str = ""
    tokens: int = 0

    @staticmethod
    def id_of(document_id: str, text: str, occurrence: int) -> str:
        """The id of the `occurrence`-th chunk (from 0) of the document that has this text."""
        return stable_id(document_id, text, str(occurrence))


def containers_of(document_id: str) -> Iterator[str]:
    """Ids of the containers that a document was found in, the innermost first; none for one that lies in no container.

    What `<item>!/inner.zip!/a.md` yields is `<item>!/inner.zip` and `<item>`.
    """
    holder, found, _ = document_id.rpartition("!/")
    while found:
        yield holder
        holder, found, _ = holder.rpartition("!/")


def encodable(text: str) -> str:
    """The text with lone surrogates, which nothing can store, as U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def hash_json(value: Any) -> str:
    """sha256 of a JSON value, keys sorted."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=list)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
