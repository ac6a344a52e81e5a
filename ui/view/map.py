"""The map of a corpus as SVG, with its legend and the list that mirrors it; and what stands beside it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.corpus_map.result import CorpusMap, MapHit, MapPoint, PlacedQuery, Unit
from rag.results import StoredDocument
from ui.language import say
from ui.view.html import address, escape

WIDTH, HEIGHT, MARGIN = 960, 720, 36
OTHERS = 8
"""The colour of sources after the eighth."""
FIRST_CHARS = 600
"""Characters of a text that are shown of what is opened."""
LISTED = 30
"""Groups of near-duplicates that are listed."""
MEMBERS = 6
"""Members of a group that are listed."""

Names = Mapping[int, str]

_BLANK_LINES = re.compile(r"\n\s*\n")


def picture(drawn: CorpusMap, language: str, *, waiting: bool = False) -> str:
    """The map with its controls, its legend and the list of its points.

    Args:
        waiting: a better layout is on its way.
    """
    if not drawn.points:
        return f'<p class="rag-hint rag-map-empty">{escape(say(f"map.empty_{drawn.unit}", language))}</p>'
    sources = source_colours(drawn.points)
    topics = topic_names(drawn, language)
    label = say(f"map.label_{drawn.unit}", language, points=len(drawn.points), topics=len(drawn.topics))
    circles = "".join(_circle(point, sources, topics) for point in drawn.points)
    return (
        f'<div class="rag-map" data-colour="topic" data-layout="{drawn.layout}">'
        f"{_controls(drawn.unit, len(sources) > 1, language)}"
        f'<div class="rag-map-frame"><svg class="rag-map-svg" viewBox="0 0 {WIDTH} {HEIGHT}" tabindex="0" '
        f'role="application" aria-label="{escape(label)}" aria-describedby="rag-map-keys">'
        f'<g class="rag-map-query"></g><g class="rag-map-points">{circles}</g><g class="rag-map-chosen"></g></svg>'
        f'<div class="rag-map-tip" hidden></div>{_zoom(language)}</div>'
        f'<p class="rag-map-unseen" id="rag-map-keys">{escape(say("map.keys", language))}</p>'
        '<p class="rag-map-unseen rag-map-said" aria-live="polite"></p>'
        f"{_legends(drawn, sources, topics, language)}"
        f'<p class="rag-map-note" role="status">{escape(note(drawn, language, waiting=waiting))}</p>'
        f"{_list(drawn, topics, language)}</div>"
    )


def source_colours(points: Sequence[MapPoint]) -> dict[str, int]:
    """Source -> number of its colour: the largest have one of their own, the others share the last."""
    sizes: dict[str, int] = {}
    for point in points:
        sizes[point.source] = sizes.get(point.source, 0) + 1
    ordered = sorted(sizes, key=lambda source: (-sizes[source], source))
    return {source: min(n, OTHERS) for n, source in enumerate(ordered)}


def topic_names(drawn: CorpusMap, language: str) -> Names:
    """Topic -> its words, or a number where it has none."""
    return {
        n: " · ".join(topic.words) or say("map.topic", language, number=n + 1) for n, topic in enumerate(drawn.topics)
    }


def note(drawn: CorpusMap, language: str, *, waiting: bool = False) -> str:
    """What the map shows and how its points came to their places."""
    said = [say(f"map.shown_{drawn.unit}", language, points=len(drawn.points), total=drawn.total)]
    if drawn.total > len(drawn.points) + drawn.unplaced:
        said.append(say("map.sampled", language))
    if drawn.unplaced:
        said.append(say("map.unplaced", language, number=drawn.unplaced))
    if drawn.layout == "umap":
        said.append(say("map.by_umap", language))
    else:
        said.append(say("map.by_pca", language, share=round(100 * (drawn.kept or 0))))
    return " ".join([*said, *([say("map.waiting", language)] if waiting else [])])


def query(placed: PlacedQuery | None, unit: Unit, language: str) -> str:
    """The hits of a query, from which the map also takes where to draw them; nothing without one."""
    if placed is None:
        return ""
    # a point is listed once, by its best hit
    best: dict[str, MapHit] = {}
    found_there: dict[str, int] = {}
    for hit in placed.hits:
        place = hit.document_id if unit == "documents" else hit.point or f"{hit.rank}"
        found_there[place] = found_there.get(place, 0) + 1
        best.setdefault(place, hit)
    rows = "".join(
        f"<li>{_button(hit.point, _where(hit.title or hit.document_id, hit.headings, hit.page, language))}"
        f'<span class="rag-map-share">{escape(_passages(found_there[place], language))}</span>'
        "</li>"
        for place, hit in best.items()
    )
    at = "" if placed.x is None or placed.y is None else f' data-x="{_x(placed.x)}" data-y="{_y(placed.y)}"'
    ids = "".join(f'<data hidden data-hit="{escape(hit.point)}"></data>' for hit in best.values() if hit.point)
    said = [say("map.none_found" if not best else f"map.how_{placed.how}", language)]
    if any(hit.point is None for hit in best.values()):
        said.append(say("map.off_map", language))
    return (
        f'<section class="rag-map-card" data-query{at}><header><h3 dir="auto">{escape(placed.query)}</h3>'
        f'<button type="button" class="rag-map-quiet" data-clear>{escape(say("map.clear", language))}</button></header>'
        f'<p class="rag-map-how">{escape(" ".join(said))}</p><ol class="rag-map-hits">{rows}</ol>{ids}</section>'
    )


def _passages(number: int, language: str) -> str:
    return say("map.passages", language, number=number) if number > 1 else ""


def opened(
    document: StoredDocument, point: MapPoint, similar: Sequence[tuple[MapPoint, float]], topic: str, language: str
) -> str:
    """The document or chunk that was chosen: where it is from, how it begins, and what is similar to it.

    Args:
        similar: points with their cosines.
        topic: the name of its topic.
    """
    rows = "".join(
        f"<li>{_button(other.id, _where(_title(other), other.headings, other.page, language))}"
        f'<span class="rag-map-share">{round(100 * cosine)} %</span></li>'
        for other, cosine in similar
    )
    text = _beginning(document, point)
    nearest = f"<h4>{escape(say('map.similar', language))}</h4><ol>{rows}</ol>" if rows else ""
    place = [document.document_id, *([] if point.page is None else [say("map.page", language, page=point.page)])]
    headings = " › ".join(point.headings)
    return (
        f'<section class="rag-map-card" data-opened="{escape(point.id)}">'
        f'<h3 dir="auto">{escape(_title(point))}</h3>'
        + (f'<p class="rag-map-how" dir="auto">{escape(headings)}</p>' if headings else "")
        + f'<p class="rag-place">{escape(", ".join(place))}</p>{address(document.uri)}'
        f'<p class="rag-map-topic"><span class="rag-dot t{point.topic}"></span>{escape(topic)}</p>'
        f'<blockquote class="rag-passage" dir="auto">{escape(text)}</blockquote>'
        f'<button type="button" class="rag-map-only" data-only="{escape(document.document_id)}">'
        f"{escape(say('map.only', language))}</button>{nearest}</section>"
    )


def findings(drawn: CorpusMap, language: str) -> str:
    """Near-duplicates and outliers."""
    groups = "".join(
        f'<li><span class="rag-map-share">{escape(_overlap(group.overlap, language))}</span><ul>'
        + "".join(f"<li>{_button(p.id, _named(p))}</li>" for p in drawn.of(group.ids[:MEMBERS]))
        + (
            f"<li>{escape(say('map.and_more', language, number=len(group.ids) - MEMBERS))}</li>"
            if len(group.ids) > MEMBERS
            else ""
        )
        + "</ul></li>"
        for group in drawn.duplicates[:LISTED]
    )
    similarity = {outlier.id: outlier.similarity for outlier in drawn.outliers}
    alone = "".join(
        f'<li>{_button(p.id, _named(p))}<span class="rag-map-share">{round(100 * similarity[p.id])} %</span></li>'
        for p in drawn.of([*similarity])
    )
    return (
        _finding("duplicates", len(drawn.duplicates), f'<ul class="rag-map-groups">{groups}</ul>', language)
        + _finding("outliers", len(drawn.outliers), f"<ol>{alone}</ol>", language)
        if drawn.points
        else ""
    )


def _finding(kind: str, number: int, listed: str, language: str) -> str:
    if not number:
        return f'<p class="rag-hint">{escape(say(f"map.no_{kind}", language))}</p>'
    more = escape(say("map.and_more", language, number=number - LISTED)) if number > LISTED else ""
    return (
        f'<details class="rag-map-card rag-map-{kind}"><summary>{escape(say(f"map.{kind}", language))} '
        f'<span class="rag-map-count">{number}</span></summary>'
        f'<p class="rag-map-how">{escape(say(f"map.{kind}_help", language))}</p>{listed}{more}</details>'
    )


def _overlap(share: float, language: str) -> str:
    return say("map.same_text", language) if share == 1 else say("map.same_share", language, share=round(100 * share))


def _circle(point: MapPoint, sources: Mapping[str, int], topics: Names) -> str:
    title = _title(point)
    below = " › ".join(point.headings) or topics[point.topic]
    return (
        f'<circle class="t{point.topic} s{sources[point.source]}" cx="{_x(point.x)}" cy="{_y(point.y)}" r="5" '
        f'data-id="{escape(point.id)}" data-title="{escape(title)}" data-below="{escape(below)}"/>'
    )


def _x(x: float) -> float:
    return round(WIDTH / 2 + x * (WIDTH / 2 - MARGIN), 1)


def _y(y: float) -> float:
    return round(HEIGHT / 2 - y * (HEIGHT / 2 - MARGIN), 1)


def _controls(unit: Unit, has_sources: bool, language: str) -> str:
    def switch(name: str, choices: Mapping[str, str], chosen: str) -> str:
        buttons = "".join(
            f'<button type="button" data-{name}="{choice}" aria-pressed="{str(choice == chosen).lower()}">'
            f"{escape(say(f'map.{words}', language))}</button>"
            for choice, words in choices.items()
        )
        label = escape(say(f"map.{name}", language))
        return f'<div class="rag-map-switch" role="group" aria-label="{label}">{buttons}</div>'

    ask = escape(say("map.ask", language))
    colour = switch("colour", {"topic": "by_topic", "source": "by_source"}, "topic") if has_sources else ""
    return (
        f'<div class="rag-map-bar">{switch("unit", {"documents": "documents", "chunks": "chunks"}, unit)}{colour}'
        f'<form class="rag-map-ask" role="search"><input type="search" name="query" maxlength="1000" '
        f'aria-label="{ask}" placeholder="{ask}" autocomplete="off"/>'
        f'<button type="submit">{escape(say("map.show", language))}</button></form></div>'
    )


def _zoom(language: str) -> str:
    icons = {"in": "M7 2v10M2 7h10", "out": "M2 7h10", "whole": "M2 5V2h3M9 2h3v3M12 9v3H9M5 12H2V9"}
    buttons = "".join(
        f'<button type="button" data-zoom="{name}" aria-label="{escape(say(f"map.zoom_{name}", language))}" '
        f'title="{escape(say(f"map.zoom_{name}", language))}"><svg viewBox="0 0 14 14" aria-hidden="true">'
        f'<path d="{path}"/></svg></button>'
        for name, path in icons.items()
    )
    return f'<div class="rag-map-zoom">{buttons}</div>'


def _legends(drawn: CorpusMap, sources: Mapping[str, int], topics: Names, language: str) -> str:
    sizes: dict[int, int] = {}
    for point in drawn.points:
        sizes[sources[point.source]] = sizes.get(sources[point.source], 0) + 1
    named = {number: source for source, number in sources.items() if number != OTHERS}
    if OTHERS in sizes:
        named[OTHERS] = say("map.others", language)
    by_topic = [(f"t{n}", topics[n], topic.size) for n, topic in enumerate(drawn.topics)]
    by_source = [(f"s{n}", named[n], sizes[n]) for n in sorted(named)]
    return "".join(
        f'<ul class="rag-map-legend" data-for="{kind}" aria-label="{escape(say(f"map.legend_{kind}", language))}">'
        + "".join(
            f'<li><button type="button" data-filter="{colour}" aria-pressed="false">'
            f'<span class="rag-dot {colour}"></span><span dir="auto">{escape(name)}</span>'
            f'<span class="rag-map-count">{size}</span></button></li>'
            for colour, name, size in rows
        )
        + "</ul>"
        for kind, rows in (("topic", by_topic), ("source", by_source))
    )


def _list(drawn: CorpusMap, topics: Names, language: str) -> str:
    """The points by topic: the map without a map."""
    groups = []
    for number, name in topics.items():
        points = sorted((p for p in drawn.points if p.topic == number), key=lambda p: (_title(p).casefold(), p.id))
        rows = "".join(f"<li>{_button(p.id, _named(p))}</li>" for p in points)
        groups.append(
            f'<details><summary><span class="rag-dot t{number}"></span>{escape(name)} '
            f'<span class="rag-map-count">{len(points)}</span></summary><ul>{rows}</ul></details>'
        )
    return (
        f'<details class="rag-map-list"><summary>{escape(say(f"map.list_{drawn.unit}", language))}</summary>'
        f"{''.join(groups)}</details>"
    )


def _button(id: str | None, shown: str) -> str:
    """What chooses a point; only words where there is none."""
    if id is None:
        return f'<span class="rag-map-absent">{shown}</span>'
    return f'<button type="button" data-choose="{escape(id)}" dir="auto">{shown}</button>'


def _where(title: str, headings: Sequence[str], page: int | None, language: str) -> str:
    path = " › ".join([*headings, *([] if page is None else [say("map.page", language, page=page)])])
    return escape(title) + (f"<small>{escape(path)}</small>" if path else "")


def _named(point: MapPoint) -> str:
    """A point in a list: what tells it from one of the same title is below."""
    below = " › ".join(point.headings) or point.document_id.partition(":")[2]
    return f"{escape(_title(point))}<small>{escape(below)}</small>"


def _title(point: MapPoint) -> str:
    return point.title or point.document_id


def _beginning(document: StoredDocument, point: MapPoint) -> str:
    """The first lines of the document, or of the chunk."""
    chunk: Mapping[str, Any] = next((c for c in document.chunks if c["chunk_id"] == point.id), {})
    text = document.text[chunk.get("start", 0) : chunk.get("end", len(document.text))]
    text = _BLANK_LINES.sub("\n", text).strip()
    if len(text) <= FIRST_CHARS:
        return text
    blank = text.rfind(" ", FIRST_CHARS - 40, FIRST_CHARS)
    return f"{text[: blank if blank > 0 else FIRST_CHARS].rstrip()} …"
