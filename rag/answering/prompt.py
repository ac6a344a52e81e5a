"""What the model is given: rules, earlier turns, evidence that no document can break out of, the question."""

from collections.abc import Sequence
from pathlib import Path
from string import Template

from rag.answering.markers import without_markers
from rag.errors import SettingsError
from rag.prompts import Message, delimited, new_nonce, own, packaged
from rag.results import AnswerSentence, Evidence

SENTINEL = "NOT_IN_EVIDENCE"
"""What the model replies, and nothing else, where the evidence does not hold the answer."""
HISTORY_TURNS = 6
"""Earlier questions, with their answers, that the model is given."""


def answer_rules(path: Path | None) -> Template:
    """The rules that the model is given: those of `answer.prompt`, or ours.

    Raises:
        SettingsError: the file cannot be read, or has not the placeholders `$nonce` and `$sentinel`.
    """
    return own(path, ("nonce", "sentinel"), "answer.prompt") if path else packaged("rag.answering", "answer")


def build_messages(
    question: str,
    evidence: Sequence[Evidence],
    history: Sequence[Message] = (),
    *,
    rules: Template | None = None,
    nonce: str | None = None,
) -> list[Message]:
    """The messages of one request.

    Args:
        question: as the user asked it.
        evidence: numbered passages.
        history: earlier messages of the user and the assistant, oldest first; the last `HISTORY_TURNS` turns are used.
        rules: see `answer_rules`; ours by default.
        nonce: part of the delimiters; drawn anew for every request unless given.

    Raises:
        SettingsError: a message of the history has another role, or no text.
    """
    nonce, rules = nonce or new_nonce(), rules or answer_rules(None)
    blocks = "\n\n".join(_block(passage, nonce) for passage in evidence)
    return [
        {"role": "system", "content": rules.substitute(nonce=nonce, sentinel=SENTINEL)},
        *_recent(history),
        {"role": "user", "content": f"{blocks}\n\nQuestion: {question}"},
    ]


def repair_messages(messages: Sequence[Message], answer: str, unsupported: Sequence[AnswerSentence]) -> list[Message]:
    """The request once more, with the answer that came and what is wrong with it.

    Args:
        messages: of the first request.
        unsupported: sentences of the answer, with the reasons.
    """
    faults = "\n".join(f"- {_line(sentence.text)} ({sentence.reason})" for sentence in unsupported)
    asked = packaged("rag.answering", "repair").substitute(faults=faults, sentinel=SENTINEL)
    return [*messages, {"role": "assistant", "content": answer}, {"role": "user", "content": asked}]


def _block(evidence: Evidence, nonce: str) -> str:
    """A passage with its source. All that documents can influence stands between the delimiters."""
    source = [f"Title: {_line(evidence.title)}"]
    if evidence.headings:
        source.append(f"Section: {_line(' > '.join(evidence.headings))}")
    if evidence.page is not None:
        source.append(f"Page: {evidence.page}")
    text = "\n".join([*source, "", evidence.text])
    return delimited("evidence", text, nonce, number=evidence.number)


def _recent(history: Sequence[Message]) -> list[Message]:
    messages: list[Message] = []
    for message in history:
        role, content = message.get("role"), message.get("content")
        if role not in ("user", "assistant") or not isinstance(content, str):
            raise SettingsError(
                f"history: a message needs a role, 'user' or 'assistant', and text as content, got {message!r:.80}"
            )
        # numbers of earlier answers name other evidence
        messages.append({"role": role, "content": without_markers(content) if role == "assistant" else content})
    questions = [place for place, message in enumerate(messages) if message["role"] == "user"]
    return messages[questions[-HISTORY_TURNS] :] if len(questions) > HISTORY_TURNS else messages


def _line(text: str) -> str:
    return " ".join(text.split())
