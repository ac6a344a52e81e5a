"""A conversation with its answers: checked, cited, abstained, failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from rag.answering.markers import without_markers
from ui.conversation import Turn, understood_as
from ui.view.html import box, escape, prose

_WORD_JOINER = "\u2060"
"""Keeps the number of a source on the line of the sentence's last word."""


def messages(turns: Sequence[Turn], *, running: bool = False) -> list[dict[str, str]]:
    """The conversation as the messages of a Gradio chatbot.

    Args:
        turns: oldest first.
        running: the last answer is still coming.
    """
    shown = []
    for number, turn in enumerate(turns, start=1):
        question = f'<div class="rag-question" dir="auto">{prose(turn.question)}</div>'
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
        return box("error", "This question could not be answered.", turn.error)
    if turn.answer is not None:
        body = _abstention(turn.answer, number) if turn.answer["abstained"] else _answer(turn.answer, number)
        notices = [text for text in (turn.answer.get("notice"), *turn.warnings) if text]
        return _understood(turn) + body + "".join(f'<div class="rag-notice">{prose(text)}</div>' for text in notices)
    text = f'<div class="rag-answer" dir="auto">{prose(turn.text)}</div>' if turn.text else ""
    if running:
        return text or '<div class="rag-waiting">Searching the documents …</div>'
    return f'{text}<div class="rag-notice">Stopped before the answer was complete and checked.</div>'


def _understood(turn: Turn) -> str:
    """What was searched for, where that is not what was asked."""
    meant = understood_as((turn,))
    return f'<div class="rag-understood" dir="auto">Understood as: {prose(meant)}</div>' if meant else ""


def _answer(answer: Mapping[str, Any], turn: int) -> str:
    quoted = answer["model"] == "extractive"
    # the sentences of a model come without the markers that its text has
    text = answer["answer"] if quoted else without_markers(answer["answer"])
    body, at = "", 0
    for sentence in answer["sentences"]:
        place = max(text.find(sentence["text"], at), at)
        body += prose(text[at:place]) + _sentence(sentence, turn)
        at = place + len(sentence["text"])
    by = "Quoted from the documents" if quoted else f"Written by {answer['model']}, checked against the documents"
    return (
        f'<div class="rag-answer" dir="auto">{body}{prose(text[at:])}</div><div class="rag-author">{escape(by)}</div>'
    )


def _sentence(sentence: Mapping[str, Any], turn: int) -> str:
    numbers = sorted({citation["evidence"] for citation in sentence["citations"]})
    links = "".join(f"{_WORD_JOINER}{_link(number, turn)}" for number in numbers)
    text = prose(" ".join(sentence["text"].split()))  # where its lines end is the document's layout
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
    return box("abstained", "The documents do not answer this.", answer["reason"] or "", nearest)


def hint(corpus: str) -> str:
    """What an empty conversation shows."""
    return (
        f'<div class="rag-start"><h1>Ask about {escape(corpus)}</h1>'
        "<p>Answers come from these documents only. Each sentence carries the number of the passage that it was "
        "checked against; select a number to read it.</p></div>"
    )


def _link(number: int, turn: int) -> str:
    return f'<a class="rag-cite" href="#source-{turn}-{number}">[{number}]</a>'
