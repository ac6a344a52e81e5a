"""The search tab: hits without an answer, and how each leg scored and ranked them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from rag.candidates import Candidate, LegScore, Trace
from rag.legs import LEGS
from rag.results import Hit, SearchResult
from rag.retrieval.matches import matches
from rag.settings import Retrieval
from ui.language import say
from ui.view.html import Span, box, escape, marked
from ui.view.plain import plain
from ui.view.structure import Passage, structured

T = TypeVar("T")

EXCERPT_CHARS = 300
_LEAD = 40
_COLUMN, _WIDE, _BAR = 46, 40, 7
"""Pixels: a leg's column in the picture, its longest bar, and how high a bar is."""


def query(language: str) -> str:
    """The field for what is searched."""
    words = say("search.query", language)
    return (
        '<form role="search" class="rag-query rag-search-asked">'
        f'<input type="search" name="query" autocomplete="off" maxlength="2000" placeholder="{words}" '
        f'aria-label="{words}"></form>'
    )


def panel(settings: Retrieval, language: str, *, candidates: int) -> str:
    """Sliders for what a ranking depends on, at the corpus' own settings.

    Args:
        candidates: the most that can be asked for.
    """
    weights = settings.weights.asked()
    longest = max(1.0, *weights.values())
    legs = "".join(
        _slider(
            f'data-leg="{leg}" min="0" max="{longest:g}" step="0.05" value="{weight:g}"',
            say(f"search.leg_{leg}", language),
            say(f"search.leg_{leg}_help", language),
            f"{weight:g}",
            leg,
        )
        for leg, weight in weights.items()
    )
    numbers = (("candidates", settings.candidates, candidates), ("top_k", settings.top_k, max(50, settings.top_k)))
    others = "".join(
        _slider(
            f'name="{name}" min="1" max="{most}" step="1" value="{value}"',
            say(f"search.{name}", language),
            say(f"search.{name}_help", language),
            str(value),
        )
        for name, value, most in numbers
    )
    rerank = ""
    if settings.rerank:
        kinds = ", ".join(stage.kind for stage in settings.rerank)
        rerank = (
            f'<label class="rag-search-switch"><input type="checkbox" name="rerank" checked> '
            f"{say('search.rerank', language)} <small>{escape(kinds)}</small></label>"
        )
    return (
        f'<details class="rag-weights rag-search-asked" open><summary>{say("search.ranking", language)}</summary>'
        f'<div class="rag-legs">{legs}</div><div class="rag-numbers">{others}</div>{rerank}'
        f'<button type="button" class="rag-search-quiet" data-reset>{say("search.reset", language)}</button></details>'
    )


def _slider(attributes: str, name: str, about: str, value: str, leg: str = "") -> str:
    swatch = f'<i class="rag-leg-{leg}"></i>' if leg else ""
    return (
        f'<label class="rag-slider" title="{escape(about)}"><span>{swatch}{escape(name)}</span><output>{value}</output>'
        f'<input type="range" {attributes} aria-label="{escape(name)}"></label>'
    )


def start(language: str) -> str:
    """What stands where hits will."""
    return f'<p class="rag-search-empty">{say("search.start", language)}</p>'


def failed(error: str, language: str) -> str:
    """Why there are no hits."""
    return box("error", say("search.failed", language), error)


def hits(
    result: SearchResult,
    search_ms: Mapping[str, float],
    settings: Retrieval,
    language: str,
    *,
    scored: Iterable[str] = (),
    filtered: str = "",
) -> str:
    """The hits with their pictures, below what they came from.

    Args:
        result: with its trace.
        search_ms: how long finding the candidates took, by step.
        scored: legs that this query can be weighed by.
        filtered: the filters that are on, in words.
    """
    if not result.hits or result.trace is None:
        return _nothing(filtered, language)
    candidates = {candidate.chunk_id: candidate for candidate in result.trace.candidates}
    longest = max(candidates[hit.chunk_id].score for hit in result) or 1.0
    highest = max(leg.share for hit in result for leg in candidates[hit.chunk_id].legs.values()) or 1.0
    rows = "".join(
        _hit(hit, candidates[hit.chunk_id], result.searched, longest, highest, settings, language) for hit in result
    )
    head, legs = _head(result, result.trace, search_ms, language), " ".join(scored)
    return f'{head}<ol class="rag-hits" data-legs="{legs}">{rows}</ol>'


def _nothing(filtered: str, language: str) -> str:
    if not filtered:
        return box("abstained", say("search.nothing", language), say("search.nothing_help", language))
    clear = f'<button type="button" class="rag-search-quiet" data-clear>{say("scope.clear", language)}</button>'
    told = say("scope.excluded_help", language, filter=filtered)
    return box("abstained", say("scope.excluded", language), told, clear)


def _head(result: SearchResult, trace: Trace, search_ms: Mapping[str, float], language: str) -> str:
    steps = " · ".join(
        f"{say(f'search.step_{name}', language)} {ms:.0f}" for name, ms in search_ms.items() if name != "total"
    )
    timings = say(
        "search.timings", language, search=f"{search_ms['total']:.0f}", rank=f"{result.timings_ms['total']:.0f}"
    )
    count = say("search.count", language, hits=len(result), candidates=trace.stages["candidates"])
    legs = in_order(trace.legs).items()
    corrected = say("search.corrected", language, query=result.corrected) if result.corrected else ""
    legend = "".join(f"<li>{_leg(leg, language)} <small>{found.share:.0%}</small></li>" for leg, found in legs)
    return (
        f'<p class="rag-search-count" role="status"><strong>{escape(count)}</strong> '
        f'<span title="{escape(steps)} ms">{escape(timings)}</span> {escape(corrected)}</p>'
        f'<ul class="rag-search-legend" aria-label="{say("search.legend", language)}">{legend}</ul>'
    )


def in_order(legs: Mapping[str, T]) -> dict[str, T]:
    """The legs in the order of their sliders."""
    return {name: legs[name] for name in LEGS if name in legs}


def _leg(name: str, language: str) -> str:
    """The colour and the name of a leg."""
    return f'<i class="rag-leg-{name}"></i>{escape(say(f"search.leg_{name}", language))}'


def _hit(
    hit: Hit,
    candidate: Candidate,
    asked: str,
    longest: float,
    highest: float,
    settings: Retrieval,
    language: str,
) -> str:
    title, headings = hit.title or hit.document_id, "".join(f" › {heading}" for heading in hit.headings)
    place = [hit.document_id] + ([] if hit.page is None else [say("search.page", language, page=hit.page)])
    label = say("search.hit", language, rank=hit.rank, title=title + headings)
    words = plain(hit.text, hit.mime)
    return (
        f'<li class="rag-hit" tabindex="{0 if hit.rank == 1 else -1}" aria-label="{escape(label)}">'
        f'<span class="rag-number">{hit.rank}</span>'
        f'<h4 dir="auto">{escape(title)}<span>{escape(headings)}</span></h4>'
        f'<p class="rag-place">{escape(", ".join(place))}</p>'
        f'<span class="rag-search-score" title="{say("search.score", language)}">{hit.score:.3f}</span>'
        f'<p class="rag-found" dir="auto">{excerpt(words, matches(asked, words))}</p>'
        f"{picture(candidate.legs, candidate.score / longest, highest, language)}"
        f"<details><summary>{say('search.passage', language)}</summary>"
        f"{_passage(hit, candidate, asked, settings, language)}"
        f'<button type="button" class="rag-search-quiet" data-only="{escape(hit.document_id)}">'
        f"{say('scope.only_this', language)}</button></details></li>"
    )


def excerpt(text: str, spans: Sequence[Span]) -> str:
    """The part of a text that has most of the spans, marked, on one line."""

    def held(start: int) -> int:
        return sum(start <= a and b <= start + EXCERPT_CHARS for a, b in spans)

    start = max((max(0, a - _LEAD) for a, _ in spans), key=lambda at: (held(at), -at), default=0)
    if len(text) <= EXCERPT_CHARS + _LEAD:
        start, end = 0, len(text)
    else:
        start = text.find(" ", start, start + _LEAD) + 1 if start else 0
        end = start + EXCERPT_CHARS
        end = len(text) if end >= len(text) else max(text.rfind(" ", end - _LEAD, end), end - _LEAD)
    inner = [(a - start, b - start) for a, b in spans]
    return f"{'… ' if start else ''}{marked(text[start:end], inner)}{' …' if end < len(text) else ''}"


def picture(legs: Mapping[str, LegScore], length: float, highest: float, language: str) -> str:
    """A bar of what each leg adds to the score; below it, leg by leg, how much that is and the rank that it gives.

    Args:
        length: of the bar, 1 for the best hit.
        highest: what a leg adds at most to a hit, whose bar is the longest.
    """
    legs, width = in_order(legs), _COLUMN * len(legs)
    total = sum(leg.share for leg in legs.values()) or 1.0
    parts, columns, at = [], [], 0.0
    for place, (name, leg) in enumerate(legs.items()):
        long = width * length * leg.share / total
        x, wide = place * _COLUMN, max(_WIDE * leg.share / highest, 1.5 if leg.share else 0)
        parts.append(f'<rect class="rag-leg-{name}" x="{at:.1f}" width="{long:.1f}" height="{_BAR}"/>')
        columns.append(
            f"<g><title>{escape(_said(name, leg, language))}</title>"
            f'<rect class="rag-track" x="{x}" y="16" width="{_WIDE}" height="4" rx="2"/>'
            f'<rect class="rag-leg-{name}" x="{x}" y="16" width="{wide:.1f}" height="4" rx="2"/>'
            f'<text x="{x}" y="32">{f"#{leg.rank}" if leg.share else "–"}</text></g>'
        )
        at += long
    words = "; ".join(_said(name, leg, language) for name, leg in legs.items())
    return (
        f'<svg class="rag-picture" viewBox="0 0 {width} 34" width="{width}" height="34" role="img" '
        f'aria-label="{escape(words)}"><rect class="rag-track" width="{width}" height="{_BAR}"/>'
        f"{''.join(parts)}{''.join(columns)}</svg>"
    )


def _said(name: str, leg: LegScore, language: str) -> str:
    about = say(f"search.leg_{name}", language)
    return say("search.leg_score", language, leg=about, share=f"{leg.share:.3f}", rank=leg.rank)


def _passage(hit: Hit, candidate: Candidate, asked: str, settings: Retrieval, language: str) -> str:
    situation = f'<p class="rag-situation" dir="auto">{escape(hit.situation)}</p>' if hit.situation else ""
    weights = settings.weights.model_dump()
    columns = ("leg", "score", "weight", "adds", "rank")
    head = "".join(f"<th>{say(f'search.column_{name}', language)}</th>" for name in columns)
    rows = "".join(
        f"<tr><th>{_leg(name, language)}</th><td>{leg.score:.3f}</td>"
        f"<td>{weights[name]:g}</td><td>{leg.share:.3f}</td><td>{leg.rank}</td></tr>"
        for name, leg in in_order(candidate.legs).items()
    )
    stages = [name for name in hit.scores if name not in LEGS]
    rows += "".join(
        f"<tr><th>{escape(name.removeprefix('rerank_'))}</th><td>{hit.scores[name]:.3f}</td><td></td><td></td>"
        f"<td>{hit.ranks[name]}</td></tr>"
        for name in stages
    )
    marks = matches(asked, hit.text)
    text = structured(Passage(text=hit.text, mime=hit.mime, start=0, end=len(hit.text), marks=marks))
    passage = (
        f'<blockquote class="rag-passage" dir="auto">{marked(hit.text, marks)}</blockquote>'
        if text is None
        else f'<div class="rag-passage rag-structured" dir="auto">{text}</div>'
    )
    return (
        f"{passage}{situation}"
        f'<div class="rag-search-table"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def kept(lines: str, language: str) -> str:
    """The lines of a corpus file that keep what the sliders say.

    Args:
        lines: YAML; "" where they are the defaults.
    """
    if not lines:
        return f'<p class="rag-hint">{say("search.defaults", language)}</p>'
    copy, copied = say("search.copy", language), escape(say("search.copied", language))
    return (
        f'<p class="rag-hint">{say("search.keep", language)}</p><pre dir="ltr">{escape(lines)}</pre>'
        f'<button type="button" class="rag-search-quiet" data-copy data-copied="{copied}">{copy}</button>'
    )
