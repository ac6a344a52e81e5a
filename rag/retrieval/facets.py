"""The listing of the documents: what they can be narrowed down by, with counts, and which ones have a name."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeAlias

from rag.errors import StoreError
from rag.points import Record
from rag.store.filters import instant

Value: TypeAlias = str | int | bool

LISTED = ("document_id", "title", "source", "path", "mime", "language", "modified", "acl", "metadata", "status")
"""Fields that a listing is made of."""
FOLDER_LEVELS = 2
"""Levels of folders that are counted, below the folder that holds all documents of a source."""
MAX_VALUES = 100
"""Values of a facet that are handed out, the most frequent ones."""
MAX_KEYS = 64
"""Metadata keys that are facets, those of the most documents: no more have an index."""
FEW, SHARE = 10, 0.1
"""Different values up to which a metadata key is a facet, and the least share of the documents that has it, where no
two documents share a value."""
MAX_CHARS = 100
"""A longer text is no value that one would choose from a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What is known of a document without reading it.

    Attributes:
        values: field, as `where` calls it -> the values that a filter matches.
        modified: ISO 8601, None where it is not known.
    """

    document_id: str
    title: str
    acl: frozenset[str]
    source: str
    folders: tuple[str, ...]
    values: Mapping[str, tuple[Value, ...]]
    modified: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """A value and how many documents have it."""

    value: Value
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """The values of a field.

    Attributes:
        name: as `where` calls it: source, path (of folders), mime, language, metadata.<key>.
        counts: the most frequent first, at most `MAX_VALUES`.
        distinct: how many values there are.
    """

    name: str
    counts: tuple[Count, ...]
    distinct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What documents can be narrowed down by.

    Attributes:
        documents: how many there are.
        facets: fields that have values; metadata keys last.
        modified: the earliest and the latest day (ISO 8601) on which one was changed; None where no day is known.
    """

    documents: int
    facets: tuple[Facet, ...]
    modified: tuple[str, str] | None

    def to_dict(self) -> dict[str, Any]:
        found = asdict(self)
        listed = [{**facet, "counts": list(facet["counts"])} for facet in found["facets"]]
        return {**found, "facets": listed, "modified": self.modified and list(self.modified)}


@dataclass(frozen=True, slots=True)
class Named:
    """A document by its id and title."""

    document_id: str
    title: str


@dataclass(frozen=True)
class Listing:
    """Documents without their texts."""

    documents: tuple[Listed, ...]

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Listing":
        """The documents that were read, from their stored records with the fields `LISTED`."""
        return cls(tuple(_listed(record.payload) for record in records if record.payload["status"] != "failed"))

    def visible_to(self, principals: Sequence[str] | None) -> "Listing":
        """Those that these principals may see; None is the operator, who sees everything."""
        if principals is None:
            return self
        known = {"*", *principals}
        return Listing(tuple(document for document in self.documents if known & document.acl))

    @cached_property
    def facets(self) -> Facets:
        """How many documents have each value; counted once."""
        return count_facets(self.documents)

    def named(self, text: str, *, limit: int = 20) -> list[Named]:
        """Documents whose title or id has every word of a text; those whose title begins with it come first."""
        wanted = text.casefold().split()
        found = []
        for document in self.documents:
            title, id = document.title.casefold(), document.document_id.casefold()
            if all(word in title or word in id for word in wanted):
                rank = (not title.startswith(" ".join(wanted)), not all(word in title for word in wanted), title, id)
                found.append((rank, Named(document.document_id, document.title)))
        return [name for _, name in sorted(found, key=itemgetter(0))[:limit]]

    def title(self, document_id: str) -> str | None:
        """The title of a document, None where there is none of this id."""
        return next((d.title for d in self.documents if d.document_id == document_id), None)


def count_facets(documents: Sequence[Listed]) -> Facets:
    """How many documents have each value."""
    counted: dict[str, Counter[tuple[type, Value]]] = defaultdict(Counter)
    for document in documents:
        for name, values in document.values.items():
            counted[name].update({(type(value), value) for value in values})
    counted["path"] = _folders(documents)
    own = [name for name in ("source", "path", "mime", "language") if counted[name]]
    keys = [
        name for name, counts in counted.items() if name.startswith("metadata.") and _divides(counts, len(documents))
    ]
    keys.sort(key=lambda name: (-sum(counted[name].values()), name))
    days = sorted(day for document in documents if (day := _day(document.modified)))
    return Facets(
        documents=len(documents),
        facets=tuple(_facet(name, counted[name]) for name in (*own, *sorted(keys[:MAX_KEYS]))),
        modified=(days[0], days[-1]) if days else None,
    )


def _listed(payload: Mapping[str, Any]) -> Listed:
    fields = {name: payload[name] for name in ("source", "mime", "language")}
    fields |= {f"metadata.{key}": value for key, value in payload["metadata"].items()}
    values = {name: tuple(_values(value)) for name, value in fields.items()}
    return Listed(
        document_id=payload["document_id"],
        title=payload["title"],
        acl=frozenset(payload["acl"]),
        source=payload["source"],
        folders=tuple(reversed(payload["path"][1:])),
        values={name: found for name, found in values.items() if found},
        modified=payload["modified"],
    )


def _values(value: Any) -> Iterator[Value]:
    """What of a field's value a filter can name: texts, integers, booleans, or a list of these."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, bool | int) or (isinstance(each, str) and 0 < len(each) <= MAX_CHARS):
            yield each


def _folders(documents: Sequence[Listed]) -> Counter[tuple[type, Value]]:
    """Documents in each folder of the first levels below the one that holds all of their source."""
    by_source: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for document in documents:
        by_source[document.source].append(document.folders)
    listed = set()
    for paths in by_source.values():
        shared = _shared(paths)
        listed |= {folder for path in paths for folder in path[shared : shared + FOLDER_LEVELS]}
    return Counter((str, folder) for document in documents for folder in set(document.folders) & listed)


def _shared(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders, from the outermost, all paths begin with."""
    first, last = min(paths), max(paths)
    return next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))


def _divides(counts: Counter[tuple[type, Value]], documents: int) -> bool:
    """The values group documents: some share one, or a few of them tell many apart."""
    return max(counts.values()) > 1 or (len(counts) <= FEW and counts.total() >= SHARE * documents)


def _facet(name: str, counts: Counter[tuple[type, Value]]) -> Facet:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0][1]), item[0][0].__name__))
    shown = tuple(Count(value, documents) for (_, value), documents in ordered[:MAX_VALUES])
    return Facet(name=name, counts=shown, distinct=len(counts))


def _day(modified: str | None) -> str | None:
    try:
        return instant(modified).date().isoformat() if modified else None
    except StoreError:
        return None
