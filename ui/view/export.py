"""Answers as text to take along: for the clipboard, and a conversation as Markdown."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.answering.numbered import numbered, numbers
from ui.conversation import Turn, understood_as
from ui.language import say
from ui.view.told import failure, notices_of, reason_of

_MARKUP = re.compile(r"([\\<>\[\]`])")
_UNFIT = re.compile(r"[^\w]+")


def path(evidence: Mapping[str, Any]) -> str:
    """Title and headings of a passage."""
    return " › ".join([evidence["title"] or evidence["document_id"], *evidence["headings"]])


def place(evidence: Mapping[str, Any], language: str) -> str:
    """Where a passage stands, in one line."""
    page = "" if evidence["page"] is None else f", {say('chat.page', language, page=evidence['page'])}"
    return " ".join(f"{path(evidence)} ({evidence['document_id']}{page})".split())


def plain(turn: Turn, language: str) -> str:
    """The answer with its sources, as text."""
    answer = turn.answer
    if answer is None:
        return turn.text
    if answer["abstained"]:
        return say("chat.abstained", language)
    return numbered(answer, say("chat.unsupported", language)) + "".join(
        f"\n\n[{row['number']}] {place(row, language)}" for row in _cited(answer)
    )


def markdown(name: str, turns: Sequence[Turn], *, corpus: str, date: str, language: str) -> str:
    """A conversation as Markdown, each answer with the passages behind it."""
    written = say("chat.exported", language, corpus=_text(corpus), date=date)
    return "\n\n".join([f"# {_text(name)}", f"*{written}*", *(_turn(turn, language) for turn in turns)]) + "\n"


def file_name(name: str) -> str:
    """A name for the file of a conversation that every file system takes."""
    return f"{_UNFIT.sub('-', name.lower()).strip('-')[:60].strip('-') or 'conversation'}.md"


def _turn(turn: Turn, language: str) -> str:
    parts = [f"## {_text(' '.join(turn.question.split()))}"]
    meant = understood_as((turn,))
    if meant:
        parts.append(f"*{_text(say('chat.understood', language, question=meant))}*")
    if turn.error is not None:
        return "\n\n".join([*parts, say("chat.failed", language), _text(failure(turn, language))])
    if turn.answer is None:
        return "\n\n".join([*parts, *filter(None, [_text(turn.text)]), f"*{say('chat.stopped', language)}*"])
    if turn.answer["abstained"]:
        parts += [say("chat.abstained", language), _text(reason_of(turn.answer, language))]
        return "\n\n".join(filter(None, parts))
    parts.append(numbered(turn.answer, say("chat.unsupported", language), _text))
    parts += [f"*{_text(each)}*" for each in notices_of(turn.answer, language)]
    rows = [_source(row, turn.answer, language) for row in _cited(turn.answer)]
    if rows:
        parts.append(f"**{say('chat.sources', language)}**\n\n" + "\n\n".join(rows))
    return "\n\n".join(parts)


def _source(row: Mapping[str, Any], answer: Mapping[str, Any], language: str) -> str:
    citations = [c for sentence in answer["sentences"] for c in sentence["citations"] if c["evidence"] == row["number"]]
    quotes = dict.fromkeys(" ".join(citation["quote"].split()) for citation in citations if citation["verified"])
    lines = [
        f"[{row['number']}] {_text(place(row, language))}  ",
        f"{_text(row['uri'])}",
        *("> " + _text(q) for q in quotes),
    ]
    return "\n".join(lines[:2]) + "".join(f"\n\n{line}" for line in lines[2:])


def _cited(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    cited = {number for sentence in answer["sentences"] for number in numbers(sentence)}
    return [row for row in answer["evidence"] if row["number"] in cited]


def _text(text: str) -> str:
    """Text of a document, a model or a user, in which Markdown sees no links, pictures or HTML."""
    return _MARKUP.sub(r"\\\1", text)
