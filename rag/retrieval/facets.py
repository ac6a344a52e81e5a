"""What documents can be narrowed down by: fields with their values, and how many documents have each."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeAlias

from rag.errors import StoreError
from rag.store.filters import instant

Value: TypeAlias = str | int | bool
Counted: TypeAlias = Counter[tuple[type, Value]]
"""A value with its type, as `True` and `1` are two -> how many documents have it."""

OWN = ("source", "path", "mime", "language")
"""Fields of every document that are facets."""
FOLDER_LEVELS = 2
"""Levels of folders that are counted, below the folder that holds all documents of a source."""
MAX_VALUES = 100
"""Values of a facet that are handed out, the most frequent ones."""
MAX_KEYS = 64
"""Metadata keys that are facets, those of the most documents: no more have an index."""
FEW, SHARE = 10, 0.1
"""Different values up to which a metadata key is a facet, and the least share of the documents that has it, where no
two documents share a value."""


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
        counts: the most frequent first, at most `MAX_VALUES`; behind them what a filter asks for besides, even if no
            document has it.
        distinct: how many values there are, those that a filter asks for included.
    """

    name: str
    counts: tuple[Count, ...]
    distinct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What documents can be narrowed down by.

    Attributes:
        documents: how many there are; with a filter, how many it leaves.
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


class Countable(Protocol):
    """What is counted: see `rag.retrieval.listing.Listed`."""

    @property
    def source(self) -> str: ...
    @property
    def folders(self) -> tuple[str, ...]: ...
    @property
    def values(self) -> Mapping[str, Sequence[Value]]: ...


def count_values(documents: Iterable[Countable], folders: Collection[str]) -> dict[str, Counted]:
    """Field -> its values, each with how many of the documents have it; of `path` the given folders."""
    counted: dict[str, Counted] = defaultdict(Counter)
    for document in documents:
        for name, values in document.values.items():
            counted[name].update({(type(value), value) for value in values})
        counted["path"].update((str, folder) for folder in set(document.folders).intersection(folders))
    return counted


def names_of(counted: Mapping[str, Counted], documents: int) -> tuple[str, ...]:
    """The fields that documents can be narrowed down by, in the order in which they are shown.

    Args:
        counted: of all documents.
        documents: how many these are.
    """
    own = [name for name in OWN if counted.get(name)]
    keys = [name for name, counts in counted.items() if name.startswith("metadata.") and _divides(counts, documents)]
    keys.sort(key=lambda name: (-counted[name].total(), name))
    return (*own, *sorted(keys[:MAX_KEYS]))


def facet_of(name: str, counts: Counted, asked: Sequence[Value] = ()) -> Facet:
    """The values of a field in the order in which they are shown.

    Args:
        asked: values that a filter asks for.
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0][1]), item[0][0].__name__))
    besides = {(type(value), value): counts[type(value), value] for value in asked}
    shown = dict(ordered[:MAX_VALUES]) | besides
    found = tuple(Count(value, documents) for (_, value), documents in shown.items())
    return Facet(name=name, counts=found, distinct=len(counts.keys() | besides.keys()))


def counted_folders(documents: Iterable[Countable]) -> frozenset[str]:
    """Folders of the first levels below the one that holds all documents of their source."""
    by_source: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for document in documents:
        by_source[document.source].append(document.folders)
    levels = [(paths, _shared(paths)) for paths in by_source.values()]
    return frozenset(folder for paths, n in levels for path in paths for folder in path[n : n + FOLDER_LEVELS])


def days_of(modified: Iterable[str | None]) -> tuple[str, str] | None:
    """The earliest and the latest day (ISO 8601) of some times; None where none is known."""
    days = sorted(day for each in modified if (day := _day(each)))
    return (days[0], days[-1]) if days else None


def _shared(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders, from the outermost, all paths begin with."""
    first, last = min(paths), max(paths)
    return next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))


def _divides(counts: Counted, documents: int) -> bool:
    """The values group documents: some share one, or a few of them tell many apart."""
    return max(counts.values()) > 1 or (len(counts) <= FEW and counts.total() >= SHARE * documents)


def _day(modified: str | None) -> str | None:
    try:
        return instant(modified).date().isoformat() if modified else None
    except StoreError:
        return None
