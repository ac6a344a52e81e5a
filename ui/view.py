"""What the chat shows, as HTML. Pure functions; every text of a document, a model or a user goes through `escape`."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from rag.answering.markers import without_markers
from ui.conversation import Turn, understood_as

CONTEXT_CHARS = 280
"""Characters that an excerpt shows before its first and after its last quote."""
NEAREST_CHARS = 420
"""Characters that an excerpt shows of a passage from which nothing is quoted."""

BACK = '<a class="rag-back" href="#rag-conversation">Back to the conversation</a>'

Span: TypeAlias = tuple[int, int]

_WORD_JOINER = "\u2060"
"""Keeps the number of a source on the line of the sentence's last word."""
_BREAKS = re.compile(r"(?:[ \t\r]*\n)+[ \t\r]*")
_STRONG = re.compile(r"(?<!\w)&#42;&#42;(?=\S)(.+?)(?<=\S)&#42;&#42;(?!\w)")
_CODE = re.compile(r"&#96;(.+?)&#96;")


def escape(text: str) -> str:
    """The text as nothing but text, in HTML as well as in Markdown: no ASCII punctuation is left as it is."""
    return "".join(c if c.isalnum() or c == " " or not c.isascii() else f"&#{ord(c)};" for c in text)


def messages(turns: Sequence[Turn], *, running: bool = False) -> list[dict[str, str]]:
    """The conversation as the messages of a Gradio chatbot.

    Args:
        turns: oldest first.
        running: the last answer is still coming.
    """
    shown = []
    for number, turn in enumerate(turns, start=1):
        question = f'<div class="rag-question" dir="auto">{_prose(turn.question)}</div>'
        shown.append({"role": "user", "content": question})
        shown.append({"role": "assistant", "content": reply(turn, number, running=running and number == len(turns))})
    return shown


def reply(turn: Turn, number: int, *, running: bool = False) -> str:
    """What stands below a question: the answer so far, the checked answer, why there is none, or an error.

    Args:
        turn: the turn.
        number: of the turn, from 1; the links to its sources carry it.
        running: the answer is still coming.
    """
    if turn.error is not None:
        return _box("error", "This question could not be answered.", turn.error)
    if turn.answer is not None:
        body = _abstention(turn.answer, number) if turn.answer["abstained"] else _answer(turn.answer, number)
        notices = [text for text in (turn.answer.get("notice"), *turn.warnings) if text]
        return _understood(turn) + body + "".join(f'<div class="rag-notice">{_prose(text)}</div>' for text in notices)
    text = f'<div class="rag-answer" dir="auto">{_prose(turn.text)}</div>' if turn.text else ""
    if running:
        return text or '<div class="rag-waiting">Searching the documents …</div>'
    return f'{text}<div class="rag-notice">Stopped before the answer was complete and checked.</div>'


def _understood(turn: Turn) -> str:
    """What was searched for, where that is not what was asked."""
    meant = understood_as((turn,))
    return f'<div class="rag-understood" dir="auto">Understood as: {_prose(meant)}</div>' if meant else ""


def sources(turns: Sequence[Turn]) -> str:
    """The passages behind the answers, those of the newest turn first."""
    groups = [_group(turn, number) for number, turn in enumerate(turns, start=1) if turn.answer is not None]
    body = "".join(reversed(groups)) or '<p class="rag-hint">The passages behind an answer appear here.</p>'
    return f'<section class="rag-sources" aria-label="Sources"><h2>Sources{BACK}</h2>{body}</section>'


def hint(corpus: str) -> str:
    """What an empty conversation shows."""
    return (
        f'<div class="rag-start"><h1>Ask about {escape(corpus)}</h1>'
        "<p>Answers come from these documents only. Each sentence carries the number of the passage that it was "
        "checked against; select a number to read it.</p></div>"
    )


def marked(text: str, spans: Sequence[Span]) -> str:
    """The text, escaped, with the spans highlighted; spans that overlap or touch become one.

    Args:
        text: as stored.
        spans: (start, end) in code points of the text; what lies outside of it is ignored.
    """
    merged: list[Span] = []
    for start, end in sorted((max(0, start), min(len(text), end)) for start, end in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    edges = [0, *(edge for span in merged for edge in span), len(text)]
    pieces = [escape(text[start:end]) for start, end in pairwise(edges)]
    return "".join(f"<mark>{piece}</mark>" if place % 2 else piece for place, piece in enumerate(pieces))


def _answer(answer: Mapping[str, Any], turn: int) -> str:
    quoted = answer["model"] == "extractive"
    # the sentences of a model come without the markers that its text has
    text = answer["answer"] if quoted else without_markers(answer["answer"])
    body, at = "", 0
    for sentence in answer["sentences"]:
        place = max(text.find(sentence["text"], at), at)
        body += _prose(text[at:place]) + _sentence(sentence, turn)
        at = place + len(sentence["text"])
    by = "Quoted from the documents" if quoted else f"Written by {answer['model']}, checked against the documents"
    return (
        f'<div class="rag-answer" dir="auto">{body}{_prose(text[at:])}</div><div class="rag-author">{escape(by)}</div>'
    )


def _sentence(sentence: Mapping[str, Any], turn: int) -> str:
    numbers = sorted({citation["evidence"] for citation in sentence["citations"]})
    links = "".join(f"{_WORD_JOINER}{_link(number, turn)}" for number in numbers)
    text = _prose(" ".join(sentence["text"].split()))  # where its lines end is the document's layout
    if sentence["supported"]:
        return text + links
    reason = sentence.get("reason")
    said = f": {escape(reason)}" if reason else ""
    label = f'<span class="rag-unsupported-label">not supported by the sources{said}</span>'
    return f'<span class="rag-unsupported">{text}</span>{links} {label}'


def _abstention(answer: Mapping[str, Any], turn: int) -> str:
    numbers = [evidence["number"] for evidence in answer["evidence"]]
    links = " ".join(_link(number, turn) for number in numbers)
    nearest = f"<p>The nearest passages: {links}</p>" if numbers else ""
    return _box("abstained", "The documents do not answer this.", answer["reason"] or "", nearest)


def _box(kind: str, title: str, text: str, more: str = "") -> str:
    return f'<div class="rag-box rag-{kind}"><strong>{title}</strong><p>{_prose(text)}</p>{more}</div>'


def _link(number: int, turn: int) -> str:
    return f'<a class="rag-cite" href="#source-{turn}-{number}">[{number}]</a>'


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
        f'<p class="rag-place">{escape(", ".join(place))}</p>{_address(evidence["uri"])}'
        f"{_passage(text, spans)}</article>"
    )


def _address(uri: str) -> str:
    """A link only where it leads to the web: a document chooses its own address."""
    try:
        is_web = urlsplit(uri).scheme in ("http", "https")
    except ValueError:
        is_web = False
    shown = escape(uri)
    if is_web:
        shown = f'<a href="{shown}" target="_blank" rel="noopener noreferrer nofollow">{shown}</a>'
    return f'<p class="rag-address">{shown}</p>'


def _passage(text: str, spans: Sequence[Span]) -> str:
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


def _prose(text: str) -> str:
    """Text in lines, with the two kinds of markup that answers often hold."""
    lines = [escape(line) for line in _BREAKS.split(text)]
    shown = '<span class="rag-break"></span>'.join(lines)
    return _CODE.sub(r"<code>\1</code>", _STRONG.sub(r"<strong>\1</strong>", shown))
