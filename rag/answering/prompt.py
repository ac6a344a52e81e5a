"""What the model is given: rules, earlier turns, evidence that no document can break out of, the question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from rag.answering.budget import estimated_tokens
from rag.answering.markers import without_markers
from rag.chunking.sentences import sentence_spans
from rag.errors import SettingsError
from rag.prompts import Message, check_history, delimited, new_nonce, own, packaged
from rag.results import AnswerSentence, Evidence

SENTINEL = "NOT_IN_EVIDENCE"
"""What the model replies, and nothing else, where the evidence does not hold the answer."""
SHORT = "Answer in one sentence, or in two where one cannot hold what was asked for."
HISTORY_TOKENS = 1000


_PLACEHOLDERS = {
    "answer": ("nonce", "sentinel"),
    "repair": ("faults", "sentinel"),
    "standalone": ("nonce",),
    "judge": ("nonce",),
}


@dataclass(frozen=True, slots=True)
class Prompts:
    """What a model is told: how to answer, to repair an answer, to make a follow-up question stand alone, to judge."""

    answer: Template
    repair: Template
    standalone: Template
    judge: Template


def prompts(folder: Path | None, *, short: bool = False) -> Prompts:
    """Those of `answer.prompts`, and ours for the others.

    Args:
        short: also ask for a short answer.

    Raises:
        SettingsError: there is no such folder, a file has another name or cannot be read, or a prompt has not its
            placeholders.
    """
    names = [] if folder is None else _names(folder)
    found = {
        name: own(folder / f"{name}.txt", needed, "answer.prompts")
        if folder is not None and f"{name}.txt" in names
        else packaged("rag.answering", name)
        for name, needed in _PLACEHOLDERS.items()
    }
    if short:
        found["answer"] = Template(f"{found['answer'].template.rstrip()}\n\n{SHORT}\n")
    return Prompts(**found)


def _names(folder: Path) -> list[str]:
    legal = ", ".join(f"{name}.txt" for name in _PLACEHOLDERS)
    try:
        names = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise SettingsError(f"answer.prompts: {folder} cannot be read ({type(error).__name__})") from None
    unknown = [name for name in names if name.removesuffix(".txt") not in _PLACEHOLDERS or not name.endswith(".txt")]
    if unknown or not names:
        has = ", ".join(map(repr, sorted(unknown))) or "nothing"
        raise SettingsError(f"answer.prompts: {folder} holds {has}: it may hold {legal}")
    return names


def build_messages(
    question: str,
    evidence: Sequence[Evidence],
    history: Sequence[Message] = (),
    *,
    rules: Template | None = None,
    max_history_tokens: int = HISTORY_TOKENS,
    count: Callable[[str], int] = estimated_tokens,
    nonce: str | None = None,
) -> list[Message]:
    """The messages of one request.

    Args:
        question: as the user asked it.
        evidence: numbered passages.
        history: earlier messages of the user and the assistant, oldest first.
        rules: how to answer; ours by default.
        max_history_tokens: of the history; the latest turns are given whole as far as that goes, of older ones the
            question and the first sentence of the answer, the oldest not at all.
        count: text -> its tokens.
        nonce: part of the delimiters; drawn anew for every request unless given.

    Raises:
        SettingsError: a message of the history has another role, or no text.
    """
    check_history(history)
    nonce, rules = nonce or new_nonce(), rules or prompts(None).answer
    blocks = "\n\n".join(_block(passage, nonce) for passage in evidence)
    return [
        {"role": "system", "content": rules.substitute(nonce=nonce, sentinel=SENTINEL)},
        *_recent(history, max_history_tokens, count),
        {"role": "user", "content": f"{blocks}\n\nQuestion: {question}"},
    ]


def repair_messages(
    messages: Sequence[Message], answer: str, unsupported: Sequence[AnswerSentence], rules: Template
) -> list[Message]:
    """The request once more, with the answer that came and what is wrong with it.

    Args:
        messages: of the first request.
        unsupported: sentences of the answer, with the reasons.
        rules: how to repair it.
    """
    faults = "\n".join(f"- {_line(sentence.text)} ({sentence.reason})" for sentence in unsupported)
    asked = rules.substitute(faults=faults, sentinel=SENTINEL)
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


def _recent(history: Sequence[Message], max_tokens: int, count: Callable[[str], int]) -> list[Message]:
    """The latest turns that fit, whole while all of them do, then their gist."""
    kept: list[Message] = []
    whole = True
    for turn in reversed(_turns(history)):
        for form in [turn, _gist(turn)] if whole else [_gist(turn)]:
            size = sum(count(message["content"]) for message in form)
            if size <= max_tokens:
                break
        else:
            break
        kept[:0] = form
        max_tokens -= size
        whole = form is turn
    return kept


def _turns(history: Sequence[Message]) -> list[list[Message]]:
    """Each question with what was answered; the numbers of earlier answers, which name other evidence, are left out."""
    turns: list[list[Message]] = []
    for message in history:
        role, content = message["role"], message["content"]
        if role == "user" or not turns:
            turns.append([])
        turns[-1].append({"role": role, "content": without_markers(content) if role == "assistant" else content})
    return turns


def _gist(turn: Sequence[Message]) -> list[Message]:
    """The question and the first sentence of the answer."""
    return [
        message if message["role"] == "user" else {**message, "content": _first_sentence(message["content"])}
        for message in turn
    ]


def _first_sentence(text: str) -> str:
    return next((text[start:end] for start, end in sentence_spans(text)), text)


def _line(text: str) -> str:
    return " ".join(text.split())
