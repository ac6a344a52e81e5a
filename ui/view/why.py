"""Why a document was not found: the stages that it passed, where it was lost, and by how much."""

from rag.retrieval.listing import Listed
from rag.retrieval.trace import Explanation
from ui.language import say
from ui.view.html import box, escape
from ui.view.plain import plain
from ui.view.search import excerpt, in_order

NAMES = "rag-names-missing"
"""The id of the list of documents that are offered."""
STAGES = ("text", "filter", "candidate", "ranking", "reranking")
LOST_AT = {
    "no text": "text",
    "filtered out": "filter",
    "no candidate": "candidate",
    "ranked too low": "ranking",
    "reranked too low": "reranking",
}


def form(language: str) -> str:
    """The field for the document that is missed."""
    hint = say("search.why_document", language)
    return (
        f'<form class="rag-why"><h3>{say("search.why", language)}</h3><div><input type="text" name="missing" '
        f'list="{NAMES}" autocomplete="off" maxlength="4000" placeholder="{hint}" aria-label="{hint}">'
        f'<button type="submit" class="rag-search-quiet">{say("search.why_ask", language)}</button></div></form>'
    )


def explanation(found: Explanation, document: Listed | None, language: str, *, reranks: bool) -> str:
    """The stages with the one where it was lost, and each leg beside the last hit.

    Args:
        document: that is missed; None where nothing more is known of it.
        reranks: hits are reranked.
    """
    title = (document and document.title) or found.document_id
    mime = document.payload["mime"] if document else ""
    lost = LOST_AT.get(found.stage)
    steps, open_ = "", True
    for stage in STAGES if reranks else STAGES[:-1]:
        state = "lost" if stage == lost else "passed" if open_ else "unreached"
        open_ = open_ and stage != lost
        words = say(f"search.stage_{stage}", language)
        told = f"<span>{escape(_told(found, language))}</span>" if stage == lost else ""
        seen = say(f"search.state_{state}", language)
        steps += f'<li class="rag-{state}"><b aria-label="{seen}"></b>{words}{told}</li>'
    verdict = say("search.why_found", language, rank=found.rank) if lost is None else say("search.why_lost", language)
    best = f'<p class="rag-found" dir="auto">{excerpt(plain(found.text, mime), ())}</p>' if found.text else ""
    return (
        f'<section class="rag-explained" role="status" tabindex="-1"><header><h4 dir="auto">{escape(title)}</h4>'
        f'<button type="button" class="rag-clear" data-close>{say("search.why_close", language)}</button></header>'
        f'<p class="rag-place">{escape(found.document_id)}</p><p class="rag-verdict">{escape(verdict)}</p>'
        f'<div><ol class="rag-stages">{steps}</ol>{_legs(found, language)}</div>{best}</section>'
    )


def _told(found: Explanation, language: str) -> str:
    missing = f"{found.missing:.3f}"
    key = found.stage.replace(" ", "_")
    return say(f"search.lost_{key}", language, rank=found.rank, missing=missing)


def _legs(found: Explanation, language: str) -> str:
    """What each leg adds to the document's best passage, and to the last hit."""
    if not found.legs:
        return ""
    longest = max([*(leg.share for leg in found.legs.values()), *found.last_hit.values()], default=0.0) or 1.0
    rows = ""
    for name, leg in in_order(found.legs).items():
        beside = found.last_hit.get(name)
        last = "" if beside is None else f"{beside:.3f}"
        about, bars = escape(say(f"search.leg_{name}", language)), _bars(name, leg.share, beside, longest)
        rows += f"<tr><th>{about}</th><td>{bars}</td><td>{leg.share:.3f}</td><td>{last}</td></tr>"
    head = "".join(
        f"<th>{say(f'search.column_{name}', language)}</th>" if name else "<th></th>"
        for name in ("leg", "", "this", "last_hit")
    )
    return f'<div class="rag-search-table"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _bars(leg: str, mine: float, last: float | None, longest: float) -> str:
    other = "" if last is None else f'<rect class="rag-last" y="7" width="{60 * last / longest:.1f}" height="3"/>'
    return (
        '<svg viewBox="0 0 60 10" width="60" height="10" aria-hidden="true">'
        f'<rect class="rag-leg-{leg}" width="{60 * mine / longest:.1f}" height="5"/>{other}</svg>'
    )


def unknown(text: str, language: str) -> str:
    """There is no such document."""
    return box("abstained", say("search.why_unknown", language), text)


def unasked(language: str) -> str:
    """Nothing was searched yet."""
    return f'<p class="rag-hint">{say("search.why_first", language)}</p>'
