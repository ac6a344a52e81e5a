"""The panel of passages behind the answers, and of a passage the part that matters."""

from collections.abc import Mapping, Sequence
from typing import Any

from ui.conversation import Turn
from ui.view.html import Span, address, escape, marked

CONTEXT_CHARS = 280
"""Characters that an excerpt shows before its first and after its last quote."""
NEAREST_CHARS = 420
"""Characters that an excerpt shows of a passage from which nothing is quoted."""

BACK = '<a class="rag-back" href="#rag-conversation">Back to the conversation</a>'


def sources(turns: Sequence[Turn]) -> str:
    """The passages behind the answers, those of the newest turn first."""
    groups = [_group(turn, number) for number, turn in enumerate(turns, start=1) if turn.answer is not None]
    body = "".join(reversed(groups)) or '<p class="rag-hint">The passages behind an answer appear here.</p>'
    return f'<section class="rag-sources" aria-label="Sources"><h2>Sources{BACK}</h2>{body}</section>'


def _group(turn: Turn, number: int) -> str:
    answer = turn.answer or {}
    citations = [citation for sentence in answer["sentences"] for citation in sentence["citations"]]
    cited = {citation["evidence"] for citation in citations}
    rows = [e for e in answer["evidence"] if e["number"] in cited or answer["abstained"]]
    label = "Nearest passages to" if answer["abstained"] else "Passages behind"
    articles = "".join(_source(evidence, citations, number) for evidence in rows)
    return f'<h3 dir="auto"><span>{label}</span> {escape(turn.question)}</h3>{articles}'


def _source(evidence: Mapping[str, Any], citations: Sequence[Mapping[str, Any]], turn: int) -> str:
    number, offset, text = evidence["number"], evidence["start"], evidence["text"]
    spans = [(c["start"] - offset, c["end"] - offset) for c in citations if c["evidence"] == number and c["verified"]]
    path = [evidence["title"] or evidence["document_id"], *evidence["headings"]]
    place = [evidence["document_id"]] + ([] if evidence["page"] is None else [f"page {evidence['page']}"])
    return (
        f'<article class="rag-source" id="source-{turn}-{number}" tabindex="-1">'
        f'<span class="rag-number">{number}</span>'
        f'<h4 dir="auto">{escape(" › ".join(path))}</h4>'
        f'<p class="rag-place">{escape(", ".join(place))}</p>{address(evidence["uri"])}'
        f"{passage(text, spans)}</article>"
    )


def passage(text: str, spans: Sequence[Span]) -> str:
    """The quotes with their surroundings, and the whole passage one step away where that is more."""
    start, end = _excerpt(text, spans)
    whole = f'<blockquote class="rag-passage" dir="auto">{marked(text, spans)}</blockquote>'
    if (start, end) == (0, len(text)):
        return whole
    inner = [(a - start, b - start) for a, b in spans]
    before, after = "… " if start else "", " …" if end < len(text) else ""
    excerpt = f"{before}{marked(text[start:end], inner)}{after}"
    return (
        f'<blockquote class="rag-passage rag-excerpt" dir="auto">{excerpt}</blockquote>'
        f"<details><summary>Whole passage</summary>{whole}</details>"
    )


def _excerpt(text: str, spans: Sequence[Span]) -> Span:
    """Where the excerpt starts and ends, at blanks if there are any; the whole text if little would be left out."""
    low = min((start for start, _ in spans), default=0) - CONTEXT_CHARS
    high = max((end + CONTEXT_CHARS for _, end in spans), default=NEAREST_CHARS)
    start = max(text.find(" ", low, low + 40) + 1, low) if low > CONTEXT_CHARS else 0
    end = max(text.rfind(" ", high - 40, high), high - 40) if high < len(text) - CONTEXT_CHARS else len(text)
    return start, end
