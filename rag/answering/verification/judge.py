"""A second opinion on whether a source says what a sentence says: from a language model."""

from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Protocol

from rag.answering.llm import complete
from rag.errors import ModelError
from rag.notices import notice
from rag.prompts import delimited, new_nonce, request

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

AGREED = 0.5
"""Probability from which a sentence follows from its source."""
_LONGEST = 100
"""Characters of a reply."""


class Judge(Protocol):
    """Reads a source and a sentence together."""

    def entails(self, premise: str, hypothesis: str) -> float:
        """Probability that the hypothesis follows from the premise. ModelError where there is no answer."""
        ...


@dataclass(frozen=True, slots=True)
class ModelJudge:
    """Asks a chat model for yes or no.

    Attributes:
        rules: what it is told.
        timeout_s: longest wait in seconds.
    """

    model: "BaseChatModel"
    rules: Template
    timeout_s: float

    def entails(self, premise: str, hypothesis: str) -> float:
        """1 for yes, 0 for no.

        Raises:
            ModelError: the model failed, or replied with neither.
        """
        nonce = new_nonce()
        asked = f"{delimited('source', premise, nonce)}\n\n{delimited('sentence', hypothesis, nonce)}"
        rules = self.rules.substitute(nonce=nonce)
        reply = complete(self.model, request(rules, asked), timeout_s=self.timeout_s, max_chars=_LONGEST)
        first = reply.strip(" \t\n\"'`*.").casefold()
        if not first.startswith(("yes", "no")):
            why = notice("neither_yes_nor_no")
            raise ModelError(why.text, why=why)
        return float(first.startswith("yes"))
