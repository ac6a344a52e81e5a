"""The bar above a question: what it is narrowed down to, and the drawer to choose from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from rag.errors import RagError
from rag.retrieval.facets import Facet, Facets
from rag.retrieval.listing import Listing, Named
from ui.language import say, strings
from ui.view.html import escape

TYPES = {
    "markdown": ("text/markdown",),
    "pdf": ("application/pdf",),
    "page": ("text/html", "application/xhtml+xml"),
    "word": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.oasis.opendocument.text",
        "application/msword",
        "application/rtf",
    ),
    "slides": (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.ms-powerpoint",
    ),
    "table": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "text/csv",
        "text/tab-separated-values",
    ),
    "mail": ("message/rfc822", "application/vnd.ms-outlook", "application/mbox"),
    "book": ("application/epub+zip",),
    "text": ("text/plain", "text/x-rst", "text/x-org", "text/x-log"),
    "data": ("application/json", "application/x-ndjson", "application/xml"),
}
"""Types of documents, as people call them, and the media types of each."""


def bar(where: Mapping[str, Any], known: Listing | None, *, tab: str, language: str) -> str:
    """A button that opens the drawer, the filters that are on, and the drawer.

    Args:
        where: the filter that is on.
        known: the documents; None leaves the drawer empty until it is opened.
        tab: tells the bars of a page apart.
    """
    chips = "".join(_chips(where, known, language))
    if chips:
        words = say("scope.clear", language)
        chips += f'<button type="button" class="rag-clear" data-clear>{words}</button>'
    days = where.get("modified", {})
    chosen = {
        "values": {name: values for name, values in where.items() if name not in ("modified", "document_id")},
        "since": days.get("gte"),
        "until": last_day(days),
        "document": next(iter(where.get("document_id", ())), None),
    }
    return (
        f'<div class="rag-scope-bar" role="group" aria-label="{say("scope.active", language)}">'
        f'<button type="button" class="rag-scope-open" aria-expanded="false" aria-controls="rag-drawer-{tab}">'
        f"{_ICON}{say('scope.filter', language)}</button>{chips}</div>"
        f'<div class="rag-search-drawer" id="rag-drawer-{tab}" data-chosen="{_attribute(chosen)}" hidden>'
        f"{_drawer(where, known, tab, language)}</div>"
    )


def names_id(tab: str) -> str:
    """The id of the list of documents that a bar offers."""
    return f"rag-names-{tab}"


def suggestions(found: Iterable[Named], *, id: str) -> str:
    """Documents to choose from while a name is typed."""
    options = "".join(f'<option value="{escape(n.document_id)}">{escape(n.title)}</option>' for n in found)
    return f'<datalist id="{id}">{options}</datalist>'


def summary(where: Mapping[str, Any], known: Listing | None, language: str) -> str:
    """The filters that are on, as plain text."""
    return ", ".join(f"{label}: {value}" for label, value, _, _ in _active(where, known, language))


_ICON = (
    '<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="M1.5 3h13M4 8h8M6.5 13h3" '
    'fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/></svg>'
)


def _chips(where: Mapping[str, Any], known: Listing | None, language: str) -> Iterable[str]:
    for label, shown, name, values in _active(where, known, language):
        only = " rag-chip-only" if name == "document_id" else ""
        gone = _attribute({"name": name, "values": values})
        removed = escape(say("scope.remove", language, filter=f"{label}: {shown}"))
        yield (
            f'<span class="rag-search-chip{only}" dir="auto"><span>{escape(label)}</span> {escape(shown)}'
            f'<button type="button" aria-label="{removed}" data-remove="{gone}">'
            '<svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true"><path d="M2 2l8 8M10 2l-8 8" '
            'stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/></svg></button></span>'
        )


def _active(
    where: Mapping[str, Any], known: Listing | None, language: str
) -> Iterable[tuple[str, str, str, list[Any]]]:
    """Label, words, name and values of each filter that is on."""
    for name, values in where.items():
        label = field_name(name, language)
        if name == "modified":
            yield label, _days(values, language), name, []
        elif name == "document_id":
            document = known.document(values[0]) if known and values else None
            yield label, (document and document.title) or ", ".join(values), name, []
        else:
            for words, group in _grouped(name, values, language):
                yield label, str(group[0]) if name == "path" else words, name, group


def _days(days: Mapping[str, str], language: str) -> str:
    since, until = days.get("gte"), last_day(days)
    if since and until:
        return say("scope.between", language, since=since, until=until)
    return say("scope.since", language, day=since) if since else say("scope.until", language, day=until)


def last_day(days: Mapping[str, str]) -> str | None:
    """The last day that a range of days includes."""
    return (date.fromisoformat(days["lt"]) - timedelta(days=1)).isoformat() if "lt" in days else None


def _drawer(where: Mapping[str, Any], known: Listing | None, tab: str, language: str) -> str:
    if known is None:
        return f'<p class="rag-hint">{say("scope.counting", language)}</p>'
    if not known.documents:
        return f'<p class="rag-hint">{say("scope.empty", language)}</p>'
    facets = _narrowed(known, where)
    whole = {facet.name: facet for facet in known.facets.facets}
    groups = "".join(
        _fieldset(facet, whole[facet.name], where.get(facet.name, []), language) for facet in facets.facets
    )
    days = ""
    if bounds := facets.modified or known.facets.modified:
        first, last = bounds
        chosen = where.get("modified", {})
        fields = (("since", chosen.get("gte")), ("until", last_day(chosen)))
        days = "".join(
            f'<label>{say(f"scope.{name}_day", language)}<input type="date" name="{name}" min="{first}" max="{last}" '
            f'value="{escape(value or "")}"></label>'
            for name, value in fields
        )
        days = f"<fieldset><legend>{field_name('modified', language)}</legend>{days}</fieldset>"
    one = (
        f"<fieldset class='rag-only'><legend>{field_name('document_id', language)}</legend>"
        f'<input type="text" name="document" list="{names_id(tab)}" autocomplete="off" maxlength="4000" '
        f'placeholder="{say("scope.document_hint", language)}" aria-label="{field_name("document_id", language)}">'
        "</fieldset>"
    )
    of = "documents_of" if where else "documents"
    total = say(f"scope.{of}", language, count=facets.documents, total=len(known.documents))
    return f'<div class="rag-facets">{groups}{days}{one}</div><p class="rag-hint">{total}</p>'


def _narrowed(known: Listing, where: Mapping[str, Any]) -> Facets:
    """What the filter leaves to choose from; everything where it means nothing, which the search says."""
    try:
        return known.narrowed(where)
    except RagError:
        return known.facets


def _fieldset(facet: Facet, whole: Facet, chosen: Sequence[Any], language: str) -> str:
    """The values of a facet, to be ticked.

    Args:
        facet: as the other filters leave it.
        whole: as it is without a filter: a box means all values of one name, however few of them are left.
    """
    on = {(type(value), value) for value in chosen}
    counts = {(type(count.value), count.value): count.documents for count in facet.counts}
    values = [value for _, value in dict.fromkeys((*counts, *on, *((type(c.value), c.value) for c in whole.counts)))]
    if facet.name == "path":
        values.sort(key=str)
    shown = [value for (_, value), number in counts.items() if number or (type(value), value) in on]
    least = min((str(value).count("/") for value in shown), default=0)
    rows = []
    for words, group in _grouped(facet.name, values, language):
        keys = [(type(value), value) for value in group]
        number = sum(counts.get(key, 0) for key in keys)
        if not number and not on.intersection(keys):
            continue
        checked = " checked" if on.intersection(keys) else ""
        deep = str(group[0]).rstrip("/").count("/") - least
        indent = f' style="--rag-depth: {min(deep, 4)}"' if facet.name == "path" and deep > 0 else ""
        meant = _attribute(sorted(group, key=repr))
        rows.append(
            f'<label dir="auto"{indent}><input type="checkbox" data-values="{meant}"{checked}>'
            f"<span>{escape(words)}</span> <small>{number}</small></label>"
        )
    more = facet.distinct - len(facet.counts)
    rest = f'<p class="rag-hint">{say("scope.more", language, count=more)}</p>' if more else ""
    name = escape(field_name(facet.name, language))
    return (
        f'<fieldset data-name="{escape(facet.name)}"><legend>{name}</legend><div>{"".join(rows)}{rest}</div></fieldset>'
    )


def _grouped(name: str, values: Sequence[Any], language: str) -> list[tuple[str, list[Any]]]:
    """Values that people call the same, under that name, in order of the first of each; folders stay apart."""
    groups: dict[str, list[Any]] = {}
    for value in values:
        groups.setdefault(str(value) if name == "path" else value_name(name, value, language), []).append(value)
    return [(value_name(name, group[0], language), group) for group in groups.values()]


def field_name(name: str, language: str) -> str:
    """What people call a field; a metadata key is called what the documents call it."""
    return name.removeprefix("metadata.") if name.startswith("metadata.") else _said(f"scope.{name}", language) or name


def value_name(name: str, value: Any, language: str) -> str:
    """What people call a value of a field."""
    if isinstance(value, bool):
        return say("scope.true" if value else "scope.false", language)
    if name == "mime":
        return _type(str(value), language)
    if name == "language":
        return _said(f"languages.{value}", language) or str(value)
    if name == "path":
        return str(value).rsplit("/", 1)[-1]
    return str(value)


def _type(mime: str, language: str) -> str:
    own = mime.partition(";")[0].strip().lower()
    kind = next((kind for kind, mimes in TYPES.items() if own in mimes), None)
    if kind is None and own.startswith("image/"):
        kind = "image"
    if kind is None and own.startswith("text/x-"):
        kind = "code"
    return say(f"scope.type_{kind}", language) if kind else mime


def _said(key: str, language: str) -> str | None:
    return strings()[language].get(key)


def _attribute(value: Any) -> str:
    """A JSON value for an attribute that a script reads."""
    return escape(json.dumps(value))
