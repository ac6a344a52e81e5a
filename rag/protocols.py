"""The seams: small, batch-first, typed. Nothing has to inherit from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

from rag.entries import Upload
from rag.points import CollectionSchema, Filter, IndexKind, Leg, Point, Record, Scored, SparseVector, Vector
from rag.types import Chunk, Document, PagePicture, Parsed, Skip, SourceItem

if TYPE_CHECKING:
    from langchain_core.documents.base import Blob

TextKind: TypeAlias = Literal["query", "chunk", "headings", "document"]
TextUnit: TypeAlias = Literal["words", "bigrams", "ngrams"]
Spans: TypeAlias = Sequence[tuple[int, int]]


class Connector(Protocol):
    """Where documents come from."""

    name: str

    def list(self) -> Iterable[SourceItem | Skip]:
        """Every item of the source, cheaply, without reading contents.

        Raises:
            SourceError: the source cannot be listed as a whole.
        """
        ...

    def fetch(self, item: SourceItem) -> "Blob":
        """The item's bytes.

        Raises:
            DocumentError: this item cannot be read.
        """
        ...

    def close(self) -> None:
        """Release connections and temporary files; a second call does nothing."""
        ...


class Uploads(Protocol):
    """Files that people hand over; what was handed over or removed shows in the corpus after an ingest."""

    def list(self) -> Sequence[Upload]:
        """All that are kept, by name.

        Raises:
            SourceError: their folder cannot be read.
        """
        ...

    def add(
        self, name: str, content: bytes | Path, *, replace: bool = False, max_file_mb: float | None = None
    ) -> Upload:
        """Keep a file, as a whole or not at all.

        Args:
            name: a file's name, no path; its ending says what it is.
            content: its bytes, or where they lie; that file stays.
            replace: take the place of another file of this name; else it gets a number.
            max_file_mb: a lower limit than `parsing.max_file_mb`.

        Raises:
            UploadRefusedError: the name or the size is not legal, or there is no parser for such files.
        """
        ...

    def add_url(self, url: str, *, max_file_mb: float | None = None) -> Upload:
        """Keep a page as it is now; the same address again takes its place.

        Raises:
            UploadRefusedError: it cannot be had, or is none of the formats that are read.
        """
        ...

    def remove(self, document_id: str) -> None:
        """Remove a file that was handed over.

        Raises:
            UploadRefusedError: it is no such file; for a document of another source the message says how to exclude it.
        """
        ...


class Parser(Protocol):
    """Bytes -> a document with structure."""

    def parse(self, blob: "Blob", item: SourceItem) -> Parsed:
        """Read the blob: one document, or those of a container's members.

        Raises:
            DocumentError: it cannot be read, or is a container that holds no text.
        """
        ...

    def holds_members(self, item: SourceItem) -> bool:
        """Whether the item is a container: how many documents it holds is known when it was read."""
        ...

    def close(self) -> None:
        """End what it started; a second call does nothing."""
        ...


@runtime_checkable
class KnowsFingerprints(Protocol):
    """A connector that can tell without a listing whether an item changed."""

    def fingerprint(self, item: SourceItem) -> str | None:
        """The item's fingerprint as it is now; None where it is gone or no longer part of the source."""
        ...


class FileViewer(Protocol):
    """Shows what is in a file. Files are hostile input: nothing of them is opened in this process."""

    def draw(self, data: bytes, item: SourceItem, page: int) -> PagePicture:
        """A page, from 1, as a picture.

        Raises:
            DocumentError: there is no such page (`page`), files like this have no pages to draw (`format`), it cannot
                be read, or drawing it took too long or too much.
        """
        ...

    def member(self, data: bytes, item: SourceItem, document_id: str) -> bytes:
        """The file in a container whose document has this id.

        Raises:
            DocumentError: it is not there (any more), or the container cannot be read.
        """
        ...

    def close(self) -> None:
        """End what it started; a second call does nothing."""
        ...


class TokenCounter(Protocol):
    """The encoder's tokenizer, as far as sizing needs it. Imports no torch."""

    max_word_chars: int
    """A longer run without white space would become one unknown token; split it before it gets here."""
    max_tokens: int
    """Longest text that the encoder reads whole, special tokens not counted."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens not counted."""
        ...


class Chunker(Protocol):
    """Document -> chunks: every visible character in some chunk, none over budget, ids stable.

    In order; neighbours may overlap, but each begins and ends behind where the one before it does.
    """

    def split(self, document: Document) -> list[Chunk]: ...


class Encoder(Protocol):
    """A dense text encoder. The counters only grow; a job reports their differences."""

    @property
    def dimension(self) -> int: ...

    @property
    def tokens_encoded(self) -> int:
        """Tokens of all texts so far, special tokens not counted."""
        ...

    @property
    def tokens_truncated(self) -> int:
        """Tokens that did not fit the window and were lost; counted where that happens."""
        ...

    @property
    def tokens_unknown(self) -> int:
        """Encoded tokens that the vocabulary does not know."""
        ...

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "document"]) -> Vector:
        """Texts -> (n, dimension) float32, unit norm; row i belongs to text i; (0, dimension) for no texts."""
        ...

    def encode_parts(
        self, texts: Sequence[str], parts: Sequence[Spans], *, kind: Literal["query", "document"]
    ) -> tuple[Vector, list[Vector]]:
        """Texts and parts of them from one pass over their tokens.

        Args:
            parts: for each text, (start, end) spans of it in code points.

        Returns:
            `encode(texts, kind=kind)`, and for each text (m, dimension) float32, a unit vector a part: the mean of the
            states of the tokens that begin in it, 0 where none does.
        """
        ...


class LexicalEncoder(Protocol):
    """Texts -> term weights. A vector depends on its own text alone."""

    def encode(self, texts: Sequence[str], *, kind: TextKind, unit: TextUnit = "words") -> list[SparseVector]:
        """Term weights of each text, without idf; an empty vector for a text without terms.

        Args:
            kind: what the texts are; bigrams and n-grams are of queries and chunks alone.
            unit: what a term is: a word, two neighbouring words, or a few characters of a word.
        """
        ...

    @property
    def max_term_weight(self) -> float:
        """Least upper bound of a term's weight in a chunk (k1 + 1): scales scores to a fixed range."""
        ...


class Situator(Protocol):
    """Chunk -> its situation in the document. It is matched, never shown as the chunk's text."""

    def lines(self, document: Document, chunks: Sequence[Chunk]) -> list[str]:
        """A line a chunk: what is shown beside it and matched lexically; "" where there is nothing to say."""
        ...

    def vectors(self, document: Document, chunks: Sequence[Chunk], raw: Vector, encoder: Encoder) -> Vector:
        """The situated vectors (n, d), unit norm, from the raw vectors (n, d) of the document's chunks."""
        ...


class Store(Protocol):
    """Collections of points. One process, one store object; calls are serialised by the implementation."""

    def aliases(self) -> dict[str, str]:
        """Alias -> collection name."""
        ...

    def switch(self, aliases: Mapping[str, str | None]) -> None:
        """Point every alias to its collection, and take those away that have None, all at once."""
        ...

    def collections(self) -> list[str]:
        """Names of all collections, without aliases, sorted."""
        ...

    def metadata(self, name: str) -> dict[str, Any]:
        """The metadata that the collection was created with."""
        ...

    def create(self, schema: CollectionSchema) -> None:
        """Make a collection with its payload indexes. StoreError where the name is taken."""
        ...

    def drop(self, name: str) -> None:
        """Remove a collection, or do nothing where there is none."""
        ...

    def index(self, name: str, field: str, kind: IndexKind) -> None:
        """Index a payload field; does nothing where it is indexed."""
        ...

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        """Write points, every one validated before the engine sees any. StoreError names a bad one."""
        ...

    def set_payload(self, name: str, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace top-level payload keys of existing points; vectors stay. Unknown ids are left out."""
        ...

    def delete(self, name: str, ids: Sequence[str]) -> None:
        """Remove points; unknown ids are fine."""
        ...

    def retrieve(
        self, name: str, ids: Sequence[str], *, fields: Sequence[str] | None = None, vectors: Sequence[str] = ()
    ) -> dict[str, Record]:
        """Points by id; missing ones are left out. `fields=None` is the whole payload, `()` none of it."""
        ...

    def scroll(
        self, name: str, *, where: Filter = (), fields: Sequence[str] | None = None, vectors: Sequence[str] = ()
    ) -> Iterator[Record]:
        """Every point that meets the filter, in order of id."""
        ...

    def search(self, name: str, legs: Sequence[Leg]) -> list[list[Scored]]:
        """A list a leg in one round trip: best first, scores rounded to 6 digits, ties by id.

        Lexical scores are sum over shared terms of query weight x stored weight x idf.
        """
        ...

    def count(self, name: str, *, where: Filter = ()) -> int:
        """Exact number of points that meet the filter."""
        ...

    def flush(self, name: str) -> None:
        """Return when everything written so far survives a power cut."""
        ...

    def refresh(self, name: str) -> None:
        """Make the idf exact again, which deleted points distort."""
        ...

    def compact(self, name: str, *, merge: bool = True) -> None:
        """Also give back the space of deleted points. Slow: never in a serving process.

        Args:
            merge: make few parts of the many that a long job wrote; without it what is new alone is rewritten.
        """
        ...

    def close(self) -> None:
        """Release files and locks; a second call does nothing."""
        ...


class Reranker(Protocol):
    """Scores only; sorting, cutting and stamping ranks is one pure function elsewhere."""

    def score(self, query: str, texts: Sequence[str]) -> Vector:
        """(n,) float32, higher is better."""
        ...
