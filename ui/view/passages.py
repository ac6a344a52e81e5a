"""The panel of passages behind the answers, and of a passage the part that matters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ui.conversation import Turn
from ui.language import LANGUAGES, say
from ui.view.html import Span, address, escape, marked, web_address
from ui.view.icons import icon
from ui.view.structure import Passage, structured

CONTEXT_CHARS = 280
"""Characters that an excerpt shows before its first and after its last quote."""
NEAREST_CHARS = 420
"""Characters that an excerpt shows of a passage from which nothing is quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What is known of the document behind a passage.

    Attributes:
        text: its whole text as it is stored now; None where it is not at hand.
        page: the first one that is cited.
        pages: address of the cited pages as pictures, "" without any.
        at_once: the pictures are cheap: they come with the passage.
        original: address of the file, "" where there is none to open.
    """

    text: str | None = None
    page: int | None = None
    pages: str = ""
    at_once: bool = False
    original: str = ""


Look = Callable[[Mapping[str, Any], Sequence[Span]], Behind]
"""Evidence and the quotes in it (spans of the document's text) -> what is known of its document."""


def panel(language: str) -> str:
    """What is around the passages, which come below its title; without any it says what will."""
    hint = f'<p class="rag-hint">{say("passages.empty", language)}</p>'
    back = f'<a class="rag-back" href="#rag-conversation">{say("passages.back", language)}</a>'
    title = say("passages.title", language)
    return f'<section class="rag-sources" aria-label="{title}"><h2>{title}{back}</h2>{hint}</section>'


def sources(
    turns: Sequence[Turn], language: str = LANGUAGES[0], look: Look = lambda *_: Behind(), after: int = 0
) -> list[str]:
    """The passages behind each answer; "" where there is none.

    Args:
        look: where there is more to show than the answer holds.
        after: how many turns are left out.
    """
    numbered = enumerate(turns[after:], start=after + 1)
    return [_group(turn, number, language, look) if turn.answer else "" for number, turn in numbered]


def _group(turn: Turn, number: int, language: str, look: Look) -> str:
    answer = turn.answer or {}
    citations = [citation for sentence in answer["sentences"] for citation in sentence["citations"]]
    cited = {citation["evidence"] for citation in citations}
    rows = [e for e in answer["evidence"] if e["number"] in cited or answer["abstained"]]
    label = say("passages.nearest" if answer["abstained"] else "passages.behind", language)
    articles = "".join(_source(evidence, citations, number, language, look) for evidence in rows)
    return f'<h3 dir="auto"><span>{label}</span> {escape(turn.question)}</h3>{articles}'


def _source(
    evidence: Mapping[str, Any], citations: Sequence[Mapping[str, Any]], turn: int, language: str, look: Look
) -> str:
    number = evidence["number"]
    quotes = sorted({(c["start"], c["end"]) for c in citations if c["evidence"] == number and c["verified"]})
    behind = look(evidence, quotes)
    page = evidence["page"] if behind.page is None else behind.page
    path = "".join(f"<span>{escape(heading)}</span>" for heading in evidence["headings"])
    return (
        f'<article class="rag-source" id="source-{turn}-{number}" tabindex="-1">'
        f'<span class="rag-number">{number}</span>'
        f'<h4 dir="auto">{escape(evidence["title"] or evidence["document_id"])}</h4>'
        + (f'<p class="rag-path" dir="auto">{path}</p>' if path else "")
        + _facts(evidence, page, language)
        + body(evidence, quotes, behind.text, language)
        + (pages(page, behind, language) if behind.pages else "")
        + _place(evidence, behind, language)
        + "</article>"
    )


def _facts(evidence: Mapping[str, Any], page: int | None, language: str) -> str:
    """Kind of document, page and score in one quiet line."""
    picture, kind = icon(evidence.get("mime") or "")
    facts = [f"<span>{picture}{escape(kind)}</span>"] if kind else []
    if page is not None:
        facts.append(f"<span>{say('passages.page', language, page=page)}</span>")
    if (score := evidence.get("score")) is not None:
        share = round(100 * min(max(float(score), 0.0), 1.0))
        label = say("passages.score", language, score=f"{float(score):.2f}")
        facts.append(
            f'<span class="rag-score" role="img" aria-label="{escape(label)}" title="{escape(label)}">'
            f'<span style="inline-size:{share}%"></span></span>'
        )
    return f'<p class="rag-facts">{"".join(facts)}</p>' if facts else ""


def body(evidence: Mapping[str, Any], quotes: Sequence[Span], text: str | None, language: str = LANGUAGES[0]) -> str:
    """The quotes with their surroundings, and the whole passage one step away where that is more.

    Args:
        evidence: `start`, `end`, `text` and `mime` of a passage.
        quotes: spans of the document's text.
        text: of the whole document; what is no longer the same is not used.
    """
    start, end, own = evidence["start"], evidence["end"], evidence["text"]
    spans = [(low - start, high - start) for low, high in quotes]
    if text is not None and text[start:end] == own:
        shown = Passage(text=text, mime=evidence.get("mime") or "", start=start, end=end, marks=quotes, whole=True)
    else:
        shown = Passage(text=own, mime=evidence.get("mime") or "", start=0, end=len(own), marks=spans)
    low, high = _excerpt(own, spans)
    whole = structured(shown)
    part = structured(replace(shown, start=shown.start + low, end=shown.start + high)) if whole is not None else None
    if whole is None or part is None:
        return passage(own, spans, language)
    if (low, high) == (0, len(own)):
        return f'<div class="rag-passage rag-structured" dir="auto">{whole}</div>'
    return _with_whole(f'<div class="rag-passage rag-structured rag-excerpt" dir="auto">{part}</div>',
                       f'<div class="rag-passage rag-structured" dir="auto">{whole}</div>', language)  # fmt: skip


def passage(text: str, spans: Sequence[Span], language: str = LANGUAGES[0]) -> str:
    """`body` of text that is nothing but text: `spans` are the quotes in it."""
    start, end = _excerpt(text, spans)
    whole = f'<blockquote class="rag-passage" dir="auto">{marked(text, spans)}</blockquote>'
    if (start, end) == (0, len(text)):
        return whole
    inner = [(a - start, b - start) for a, b in spans]
    before, after = "… " if start else "", " …" if end < len(text) else ""
    excerpt = f"{before}{marked(text[start:end], inner)}{after}"
    return _with_whole(
        f'<blockquote class="rag-passage rag-excerpt" dir="auto">{excerpt}</blockquote>', whole, language
    )


def _with_whole(excerpt: str, whole: str, language: str) -> str:
    summary = say("passages.whole", language)
    return f'{excerpt}<details class="rag-whole"><summary>{summary}</summary>{whole}</details>'


def pages(page: int | None, behind: Behind, language: str) -> str:
    """Where the cited pages come when they are looked at; the page brings them (passages.js)."""
    summary = say("passages.page_picture", language, page=page)
    failed = escape(say("passages.no_picture", language))
    return (
        f'<details class="rag-pages" data-pages="{escape(behind.pages)}" data-failed="{failed}"'
        f"{' open' if behind.at_once else ''}><summary>{summary}</summary>"
        f'<div class="rag-strips" aria-busy="true"><span class="rag-strip"></span></div></details>'
    )


def _place(evidence: Mapping[str, Any], behind: Behind, language: str) -> str:
    """Where the document is: a link to the web, or a path to copy; and the file itself."""
    uri = evidence["uri"]
    if web_address(uri):
        return address(uri)
    copy, copied = escape(say("passages.copy", language)), escape(say("passages.copied", language))
    button = (
        f'<button type="button" class="rag-copy" data-copy="{escape(uri)}" data-copied="{copied}" '
        f'aria-label="{copy}" title="{copy}"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M5.5 4.5v-2h8v8h-2'
        'm-9-6h8v9h-8z"/></svg></button>'
    )
    opened = (
        f'<a class="rag-original" href="{escape(behind.original)}" target="_blank" rel="noopener">'
        f"{say('passages.open', language)}</a>"
        if behind.original
        else ""
    )
    return f'<p class="rag-address"><bdi>{escape(uri)}</bdi>{button if uri else ""}{opened}</p>'


def _excerpt(text: str, spans: Sequence[Span]) -> Span:
    """Where the excerpt starts and ends, at blanks if there are any; the whole text if little would be left out."""
    low = min((start for start, _ in spans), default=0) - CONTEXT_CHARS
    high = max((end + CONTEXT_CHARS for _, end in spans), default=NEAREST_CHARS)
    start = max(text.find(" ", low, low + 40) + 1, low) if low > CONTEXT_CHARS else 0
    end = max(text.rfind(" ", high - 40, high), high - 40) if high < len(text) - CONTEXT_CHARS else len(text)
    return start, end
