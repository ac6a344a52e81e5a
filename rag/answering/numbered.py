"""The text of an answer with the numbers of its evidence."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rag.answering.markers import without_markers


def pieces(answer: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """The text of an answer in order: each sentence as its answer has it, and with None what stands between them.

    Args:
        answer: the JSON of `rag ask`.
    """
    # the sentences of a model come without the markers that its text has
    text = answer["answer"] if answer["model"] == "extractive" else without_markers(answer["answer"])
    at = 0
    for sentence in answer["sentences"]:
        place = max(text.find(sentence["text"], at), at)
        yield text[at:place], None
        yield sentence["text"], sentence
        at = place + len(sentence["text"])
    yield text[at:], None


def numbers(sentence: Mapping[str, Any]) -> list[int]:
    """Of the evidence that a sentence cites."""
    return sorted({citation["evidence"] for citation in sentence["citations"]})


def marks(sentence: Mapping[str, Any]) -> str:
    """` [1] [2]` for a sentence."""
    return "".join(f" [{number}]" for number in numbers(sentence))


def numbered(answer: Mapping[str, Any], unsupported: str, escape: Callable[[str], str] = str) -> str:
    """The text with numbers behind the sentences.

    Args:
        answer: the JSON of `rag ask`.
        unsupported: said of a sentence that no checked citation backs.
        escape: applied to what the answer says.
    """
    text = ""
    for piece, sentence in pieces(answer):
        text += escape(piece)
        if sentence is not None:
            text += marks(sentence) + ("" if sentence["supported"] else f" ({unsupported})")
    return text
