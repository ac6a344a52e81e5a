"""What the engine says, in the language of the page: of an answer, and of what went wrong."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

from rag.errors import RagError
from rag.skips import recognised
from ui.conversation import UNEXPECTED, Turn
from ui.language import LANGUAGES, say, strings
from ui.view.words import Figure


def told(notice: Mapping[str, Any], language: str) -> str:
    """A notice as text.

    Args:
        notice: the `to_dict` of a `rag.notices.Notice`, which a browser may have kept; of a newer or another version it
            is told as it came, in English.
    """
    values = {
        name: told(each, language)
        if isinstance(each, Mapping)
        else Figure(each, language)
        if isinstance(each, int | float)
        else each
        for name, each in notice["values"].items()
    }
    try:
        return strings()[language][f"notices.{notice['code']}"].format_map(values)
    except (KeyError, ValueError):
        return str(notice["text"])


def notices_of(answer: Mapping[str, Any], language: str) -> list[str]:
    """What is said of how an answer came about; `answer` is the JSON of `rag ask`, perhaps of an earlier version."""
    return [told(each, language) for each in answer.get("notices") or ()] or [*filter(None, [answer.get("notice")])]


def reason_of(part: Mapping[str, Any], language: str) -> str:
    """Why an answer abstained, or a sentence of it is not supported; "" where there is nothing to say."""
    why = part.get("why")
    return told(why, language) if why else part.get("reason") or ""


def failure(turn: Turn, language: str) -> str:
    """Why there is no answer to a question."""
    unexpected = turn.error == UNEXPECTED
    return say("chat.unexpected", language) if unexpected else wrong_by(turn.error_code, turn.error or "", language)


def wrong(error: RagError, language: str) -> str:
    """An error as text."""
    return wrong_by(error.code, str(error), language)


def wrong_by(code: str, message: str, language: str) -> str:
    """An error of which only this is known: what it is in the language, then the message, which is in English.

    Args:
        code: of a `rag.errors.RagError`.
    """
    key = f"errors.{code}"
    return say(key if key in strings()[language] else "errors.rag", language, detail=message)


def left_aside(reason: str, language: str) -> str:
    """Why something of a source was not taken; words of another's connector are told as they are."""
    found = None if language == LANGUAGES[0] else recognised(reason)  # it is in English as it is
    if found is None:
        return reason
    code, values = found
    words = strings()[language][f"skips.{code}"]
    numbers = {name for _, name, spec, _ in Formatter().parse(words) if name and spec}
    return words.format_map({n: Figure(float(v), language) if n in numbers else v for n, v in values.items()})


def unreadable(kind: str | None, message: str, language: str) -> str:
    """Why a document could not be read.

    Args:
        kind: of a `rag.errors.DocumentError`.
    """
    return wrong_by(f"document_{kind}", message, language)
