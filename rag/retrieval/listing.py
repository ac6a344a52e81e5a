"""The listing of the documents: which ones have a name, and what they can be narrowed down by."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

from rag.errors import SettingsError
from rag.notices import Notice, notice
from rag.points import AnyOf, Between, HasId, Record
from rag.retrieval.facets import Counted, Facets, Value, count_values, counted_folders, days_of, facet_of, names_of
from rag.retrieval.filters import Where, build_filter
from rag.store.fields import field_path
from rag.store.filters import can_match, meets
from rag.store.records import SHARED_FIELDS

LISTED = (*SHARED_FIELDS, "status")
"""Fields that a listing is made of."""
MAX_CHARS = 100
"""A longer text is no value that one would choose from a list."""

SHOWN = 8
"""Names or values that are told where a filter asks for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What is known of a document without reading it.

    Attributes:
        payload: the fields `LISTED` as they are stored.
        values: field, as `where` calls it -> the values that are counted.
        modified: ISO 8601, None where it is not known.
    """

    document_id: str
    title: str
    payload: Mapping[str, Any]
    acl: frozenset[str]
    source: str
    folders: tuple[str, ...]
    values: Mapping[str, tuple[Value, ...]]
    modified: str | None


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
        return Facets(
            documents=len(self.documents),
            facets=tuple(facet_of(name, self._counted[name]) for name in self._names),
            modified=days_of(document.modified for document in self.documents),
        )

    def narrowed(self, where: Where) -> Facets:
        """How many documents have each value among those that a filter leaves.

        What the filter asks of a field does not restrict that field's own values: they are what could be chosen
        besides. The fields are those of `facets` that have values here, or are asked for.

        Args:
            where: as in `Rag.search`, of what is the same for all of a document.

        Raises:
            SettingsError: a field that differs within a document, or a value that no filter takes.
            StoreError: a condition that means nothing.
        """
        conditions = _conditions(where)
        if not conditions:
            return self.facets
        left: list[Listed] = []
        but_for: dict[str, list[Listed]] = defaultdict(list)  # field -> those that only its condition leaves out
        for document in self.documents:
            unmet = {c.field for c in conditions if not meets(document.document_id, document.payload, c)}
            if len(unmet) == 1:
                but_for[unmet.pop()].append(document)
            elif not unmet:
                left.append(document)
        counted = count_values(left, self._folders)
        for name, documents in but_for.items():
            counted[name] += count_values(documents, self._folders)[name]
        asked = {c.field: c.values for c in conditions if isinstance(c, AnyOf)}
        names = [name for name in self._names if counted.get(name) or name in asked]
        return Facets(
            documents=len(left),
            facets=tuple(facet_of(name, counted[name], asked.get(name, ())) for name in names),
            modified=days_of(document.modified for document in (*left, *but_for["modified"])),
        )

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

    def document(self, document_id: str) -> Listed | None:
        """What is known of a document, None where there is none of this id."""
        return next((d for d in self.documents if d.document_id == document_id), None)

    def why_nothing(self, where: Where) -> Notice:
        """Why a search with this filter found nothing: which of its names or values no document has, if that is it."""
        if not self.documents:
            return notice("nothing_found")
        for condition in build_filter(where):
            if not isinstance(condition, AnyOf | Between) or field_path(condition.field)[0] not in LISTED:
                continue
            name = condition.field.removeprefix("metadata.")
            if not any(_has(document.payload, condition.field) for document in self.documents):
                known = [field.removeprefix("metadata.") for field, counts in self._counted.items() if counts]
                return notice("no_such_field", name=name, known=_some(known))
            alone = any(meets(document.document_id, document.payload, condition) for document in self.documents)
            if isinstance(condition, AnyOf) and not alone and (counted := self._counted.get(condition.field)):
                value = _some(condition.values)
                common = [value for (_, value), _ in counted.most_common(SHOWN + 1)]
                return notice("no_such_value", name=name, value=value, known=_some(common))
        return notice("nothing_filtered")

    @cached_property
    def _folders(self) -> frozenset[str]:
        return counted_folders(self.documents)

    @cached_property
    def _counted(self) -> Mapping[str, Counted]:
        return count_values(self.documents, self._folders)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return names_of(self._counted, len(self.documents))


def _has(payload: Mapping[str, Any], field: str) -> bool:
    """Whether a document has anything in a field, in which metadata may be nested."""
    held: Any = payload
    for key in field_path(field):
        held = held.get(key) if isinstance(held, Mapping) else None
    return held not in (None, "", [])


def _some(values: Sequence[Value]) -> str:
    """The first of some values, as people write them."""
    words = list(dict.fromkeys(str(value).lower() if isinstance(value, bool) else str(value) for value in values))
    return ", ".join([*words[:SHOWN], "…"] if len(words) > SHOWN else words)


def _conditions(where: Where) -> list[AnyOf | Between]:
    """What a filter asks for, of fields that a listing knows."""
    conditions = build_filter(where)
    can_match(conditions)  # refuses what means nothing
    found = [condition for condition in conditions if not isinstance(condition, HasId)]
    for condition in found:
        if field_path(condition.field)[0] not in LISTED:
            raise SettingsError(
                f"documents cannot be counted by {condition.field}, which is not the same for all of a document; "
                f"legal are {', '.join(SHARED_FIELDS)} and metadata keys"
            )
    return found


def _listed(payload: Mapping[str, Any]) -> Listed:
    fields = {name: payload[name] for name in ("source", "mime", "language")}
    fields |= {f"metadata.{key}": value for key, value in payload["metadata"].items()}
    values = {name: tuple(_values(value)) for name, value in fields.items()}
    return Listed(
        document_id=payload["document_id"],
        title=payload["title"],
        payload=payload,
        acl=frozenset(payload["acl"]),
        source=payload["source"],
        folders=tuple(reversed(payload["path"][1:])),
        values={name: found for name, found in values.items() if found},
        modified=payload.get("modified"),
    )


def _values(value: Any) -> Iterator[Value]:
    """What of a field's value a filter can name: texts, integers, booleans, or a list of these."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, bool | int) or (isinstance(each, str) and 0 < len(each) <= MAX_CHARS):
            yield each
