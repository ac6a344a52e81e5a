"""A conversation with its answers: checked, cited, abstained, failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from rag.answering.numbered import numbers, pieces
from rag.feedback import LONGEST_REASON
from ui.conversation import Turn, understood_as
from ui.language import say
from ui.view.buttons import button
from ui.view.export import path, plain
from ui.view.html import box, escape, prose
from ui.view.told import failure, notices_of, reason_of, told

NEAREST = 5
"""Passages that an abstention names; all of them are in the panel."""
_WORD_JOINER = "\u2060"
"""Keeps the number of a source on the line of the sentence's last word."""


def articles(turns: Sequence[Turn], language: str, after: int = 0) -> list[str]:
    """The questions with what came of them, each for itself: none changes when another one comes.

    Args:
        turns: oldest first; none of them is running.
        after: how many of them are left out.
    """
    return [
        _article(turn, number, reply(turn, number, language) + _tools(turn, number, language), language)
        for number, turn in enumerate(turns[after:], start=after + 1)
    ]


def running(turn: Turn, number: int, language: str) -> str:
    """A question whose answer is still coming."""
    text = f'<div class="rag-answer" dir="auto">{prose(turn.text)}</div>' if turn.text else ""
    waiting = f'<div class="rag-waiting">{say("chat.searching", language)}</div>'
    return _article(turn, number, text or waiting, language, kind=" rag-running")


def _article(turn: Turn, number: int, body: str, language: str, kind: str = "") -> str:
    edit = "" if kind else button("edit", say("chat.edit", language), turn=number)
    return (
        f'<article class="rag-turn{kind}"><div class="rag-asked">{edit}'
        f'<h2 class="rag-question" dir="auto">{prose(turn.question)}</h2></div>'
        f'<div class="rag-reply">{body}</div></article>'
    )


def reply(turn: Turn, number: int, language: str) -> str:
    """What stands below a question: the checked answer, why there is none, what had come of it, or an error.

    Args:
        turn: the turn, settled.
        number: of the turn, from 1; the links to its sources carry it.
    """
    if turn.error is not None:
        return box("error", say("chat.failed", language), failure(turn, language))
    if turn.answer is not None:
        show = _abstention if turn.answer["abstained"] else _answer
        notices = [*notices_of(turn.answer, language), *(told(notice, language) for notice in turn.notices)]
        return (
            _understood(turn, number, language)
            + show(turn.answer, number, language)
            + "".join(f'<div class="rag-notice">{prose(text)}</div>' for text in notices)
        )
    text = f'<div class="rag-answer" dir="auto">{prose(turn.text)}</div>' if turn.text else ""
    return f'{text}<div class="rag-notice">{say("chat.stopped", language)}</div>'


def _understood(turn: Turn, number: int, language: str) -> str:
    """What was searched for, where that is not what was asked, and the way to ask what was."""
    meant = understood_as((turn,))
    if not meant:
        return ""
    said = prose(say("chat.understood", language, question=meant))
    undo = f'<button type="button" class="rag-link" data-act="as-written" data-turn="{number}">'
    return f'<div class="rag-understood" dir="auto">{said} {undo}{say("chat.as_written", language)}</button></div>'


def _answer(answer: Mapping[str, Any], turn: int, language: str) -> str:
    body = "".join(
        prose(text) if sentence is None else _sentence(sentence, turn, language) for text, sentence in pieces(answer)
    )
    quoted = answer["model"] == "extractive"
    by = say("chat.quoted", language) if quoted else say("chat.written", language, model=answer["model"])
    return f'<div class="rag-answer" dir="auto">{body}</div><div class="rag-author">{escape(by)}</div>'


def _sentence(sentence: Mapping[str, Any], turn: int, language: str) -> str:
    links = "".join(f"{_WORD_JOINER}{_link(number, turn)}" for number in numbers(sentence))
    text = prose(" ".join(sentence["text"].split()))  # where its lines end is the document's layout
    if sentence["supported"]:
        return text + links
    reason = reason_of(sentence, language)
    said = say("chat.unsupported", language) + (f": {escape(reason)}" if reason else "")
    label = f'<span class="rag-unsupported-label">{said}</span>'
    return f'<span class="rag-unsupported">{text}</span>{links} {label}'


def _abstention(answer: Mapping[str, Any], turn: int, language: str) -> str:
    """What to do now, with the passages that came nearest; why it abstained is one step away."""
    rows = "".join(f"<li>{_link(row['number'], turn)} {escape(path(row))}</li>" for row in answer["evidence"][:NEAREST])
    nearest = f"<p>{say('chat.nearest', language)}</p><ul>{rows}</ul>" if rows else ""
    opened = "" if rows else " open"  # where nothing was found, the reason is all that there is
    reason = prose(reason_of(answer, language))
    summary = f"<summary>{say('chat.why', language)}</summary>"
    why = f"<details{opened}>{summary}<p>{reason}</p></details>" if reason else ""
    return box("abstained", say("chat.abstained", language), say("chat.rephrase", language), nearest + why)


def _tools(turn: Turn, number: int, language: str) -> str:
    """What can be done with an answer, and after a vote the place for a reason."""
    copied = plain(turn, language)
    tools = []
    if copied:
        tools.append(button("copy", say("chat.copy", language), text=copied, done=say("chat.copied", language)))
    if turn.answer is not None:
        for vote, label in (("up", say("chat.up", language)), ("down", say("chat.down", language))):
            tools.append(button(vote, label, pressed=turn.vote == vote, act="vote", vote=vote, turn=number))
    tools.append(button("retry", say("chat.retry", language), turn=number))  # shown at the last turn
    return f'<div class="rag-tools">{"".join(tools)}</div>{_reason(turn, number, language)}'


def _reason(turn: Turn, number: int, language: str) -> str:
    if turn.vote is None:
        return ""
    if turn.reason:
        return f'<p class="rag-thanks">{say("chat.thanks", language)}</p>'
    label = say("chat.reason_up" if turn.vote == "up" else "chat.reason_down", language)
    return (
        f'<form class="rag-reason" data-turn="{number}">'
        f'<input name="reason" maxlength="{LONGEST_REASON}" autocomplete="off" placeholder="{escape(label)}" '
        f'aria-label="{escape(label)}">'
        f'<button type="submit" class="rag-link">{say("chat.send", language)}</button></form>'
    )


def _link(number: int, turn: int) -> str:
    return f'<a class="rag-cite" href="#source-{turn}-{number}">[{number}]</a>'
