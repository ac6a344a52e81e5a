"""Follow-up questions: what they mean is searched for, not only what they say."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from string import Template
from typing import TYPE_CHECKING

from rag.answering.llm import complete
from rag.answering.markers import without_markers
from rag.answering.names import capitalises_nouns, names
from rag.answering.prompt import prompts
from rag.answering.tokens import tokens
from rag.errors import ModelError
from rag.prompts import Message, delimited, new_nonce, request
from rag.results import SearchResult

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_LOG = logging.getLogger(__name__)
FEW_WORDS = 2
"""Content words up to which a question is taken for one that goes on with the last."""
CARRIED = 8
"""Words of earlier questions that are taken along."""
_ASKING = frozenset(
    word
    for line in (
        "long many much often far old big kind type sort way difference take takes mean means happen happens work why",
        "i me my we us our you your please ich mich mir mein wir uns unser bitte warum wieso weshalb wozu pourquoi",
        "works need needs explain describe tell list give show find",
        "lange viel viele oft weit alt groß art dauert dauern bedeutet bedeuten heißt passiert braucht erkläre",
        "erklären beschreibe nenne zeige finde longtemps combien signifie explique tiempo significa explica",
    )
    for word in line.split()
)
"""Words that ask, and say nothing of what is asked about."""
LONGEST = 400
"""Characters of a rewritten question."""
TURNS = 3
"""Earlier questions with their answers that the model is shown for rewriting."""
_REFERS = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|one|ones|same|"
    r"former|latter|above|else|instead|er|sie|es|ihn|ihm|ihr|ihre|ihren|dessen|deren|dies|diese|dieser|dieses|dort|"
    r"dann|dabei|damit|davon|dafür|dazu|daran|darauf|daraus|danach|darüber|derselbe|dieselbe|il|elle|ils|elles|lui|leur|cela|celui|celle|ello|ella|ellos|esto|eso)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s*(?:and|but|or|so|also|why|what about|how about|and what|und|aber|oder|auch|warum|wieso|et|mais|ou|pourquoi|"
    r"y|pero|o|por qué)\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\W*(?:(?:ok|okay|thanks?|thank you|thx|cheers|great|perfect|nice|cool|very|so|much|a lot|hello|hi|goodbye|bye|"
    r"danke|vielen dank|schön|sehr|super|prima|alles klar|hallo|tschüss|merci|beaucoup|bonjour|gracias|muchas|hola)"
    r"\b\W*)+",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")


def depends(question: str) -> bool:
    """Whether a question may not be understood without what was said before it.

    It points back ("it", "there"), goes on ("and", "what about"), or has hardly a word of its own, and is no mere
    "Thanks!".
    """
    if _COURTESY.fullmatch(question):
        return False
    return bool(_REFERS.search(question) or _GOES_ON.match(question)) or len(tokens(question)) <= FEW_WORDS


def standalone(
    question: str,
    history: Sequence[Message],
    model: "BaseChatModel | None",
    timeout_s: float,
    *,
    rules: Template | None = None,
) -> str:
    """The question as one would ask it without the history; the question itself where it does not depend on it.

    A model rewrites it; without one, or where it fails, the words of the last question that it points to are added.

    Args:
        history: earlier messages, oldest first.
        timeout_s: longest wait for the model.
        rules: what it is told; ours by default.
    """
    asked = [message["content"] for message in history if message["role"] == "user"]
    asked = [earlier for earlier in asked if not _COURTESY.fullmatch(earlier)]
    if not asked or not depends(question):
        return question
    if model is not None:
        try:
            rewritten = _rewritten(question, history, model, timeout_s, rules or prompts(None).standalone)
        except ModelError as error:
            _LOG.info("the question was not rewritten: %s", error)
        else:
            return rewritten or question
    return _with_subject(question, asked)


def search_both(question: str, meant: str, search: Callable[[str], SearchResult]) -> SearchResult:
    """What is found for a question as it was asked and as it is meant, best first; scores are on one scale.

    The result's `query` is what is meant.
    """
    found = search(meant)
    if meant == question:
        return found
    other = search(question)
    known = {hit.chunk_id for hit in found}
    hits = sorted((*found, *(hit for hit in other if hit.chunk_id not in known)), key=lambda hit: -hit.score)
    ranked = tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits[: max(len(found), len(other))], 1))
    return replace(found, hits=ranked)


def _with_subject(question: str, asked: Sequence[str]) -> str:
    """The question with the words of the last question that stands alone, and of those that went on with it."""
    german = capitalises_nouns(" ".join((*asked, question)))
    first = max((at for at, text in enumerate(asked) if not depends(text)), default=0)
    named: list[_Word] = []
    for text in asked[first:]:
        own = _words_of(text, german)
        named = [*own, *_carried(text, own, named)]
    words = _carried(question, _words_of(question, german), named)[:CARRIED]
    return f"{question} ({' '.join(word.text for word in words)})" if words else question


@dataclass(frozen=True, slots=True)
class _Word:
    """What a question names.

    Attributes:
        key: the same for forms of one word.
        kind: `name`, which may have a number in it, `year`, `number` or "".
    """

    text: str
    key: str
    kind: str


def _carried(question: str, own: Sequence[_Word], named: Sequence[_Word]) -> list[_Word]:
    """Those of the words before a question that it still is about.

    What it names itself takes the place of what they named: "And of 2023?" leaves out 2022, unless it points back.
    """
    if len(named) == 1 and _is_bare_name(question, own):
        return []
    replaced = set() if _REFERS.search(question) else {word.kind for word in own} - {""}
    keys = {word.key for word in own}
    return [word for word in named if word.key not in keys and word.kind not in replaced]


def _words_of(text: str, german: bool) -> list[_Word]:
    """The words of a question that say what it is about.

    Args:
        german: a capital alone makes no name.
    """
    found, capitals, before = dict[str, _Word](), {*names(text)}, ""
    for word in tokens(text):
        digits, letters = any(map(str.isdigit, word.text)), any(map(str.isalpha, word.text))
        inner = any(map(str.isupper, word.text[1:]))
        if digits and (letters or (word.follows and before == "name")):
            kind = "name"
        elif digits:
            kind = "year" if _YEAR.fullmatch(word.text) else "number"
        else:
            kind = "name" if word.text in capitals and (inner or not german) else ""
        before = kind
        if word.text.casefold() not in _ASKING:
            found.setdefault(word.key, _Word(word.text, word.key, kind))
    return [*found.values()]


def _is_bare_name(question: str, own: Sequence[_Word]) -> bool:
    """It is "And NPSH?": a question about one thing is asked of another."""
    left = _GOES_ON.sub("", question, count=1).split()
    return len(left) == len(own) and {word.kind for word in own} == {"name"}


def _rewritten(
    question: str, history: Sequence[Message], model: "BaseChatModel", timeout_s: float, rules: Template
) -> str:
    nonce = new_nonce()
    last = [message for message in history if message.get("role") in ("user", "assistant")][-2 * TURNS :]
    turns = "\n\n".join(delimited(m["role"], without_markers(str(m["content"])), nonce) for m in last)
    asked = f"{turns}\n\n{delimited('question', question, nonce)}"
    reply = complete(model, request(rules.substitute(nonce=nonce), asked), timeout_s=timeout_s, max_chars=LONGEST)
    return " ".join(reply.split()).strip("\"'`")
