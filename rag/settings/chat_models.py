"""Language models: which one, where it is, and what it is asked for."""

from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from rag.errors import SettingsError
from rag.settings.base import Section

CONTEXT_PROMPT = 1
"""Raised with the words of `rag/situating/prompts/context.txt`: contexts that another prompt asked for are others."""


AROUND_TOKENS, WINDOW_STEP = 3072, 1024
"""Tokens beside those that a setting counts: rules, the question, the reply and what was thought for it; and what a
window is rounded up to."""


class Prices(Section):
    """Of a million tokens, in any currency."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)

    def cost(self, input_tokens: float, output_tokens: float) -> float:
        """Of so many tokens."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


class ChatModel(Section):
    """A language model; `rag.answering.providers` knows where it is."""

    llm: str | None = Field(None, description="provider:model, for example openai:gpt-4o-mini; null answers by quoting")
    base_url: str | None = Field(None, description="address of another server than the provider's own")
    api_key_env: str | None = Field(None, description="name of the environment variable that holds the API key")
    timeout_s: float = Field(60, gt=0, description="seconds without an answer after which the model counts as failed")
    price_per_million: Prices | None = Field(
        None, description="what a million tokens cost, such as {input: 0.15, output: 0.6}: an answer then says its cost"
    )


class OfferedModel(ChatModel):
    """One of several language models to choose from."""

    llm: str = Field(description="provider:model, for example openai:gpt-4o-mini")


class AnswerSettings(ChatModel):
    models: tuple[OfferedModel, ...] = Field(
        (),
        description="models to choose from in place of `llm`, in the chat's settings or as `--set answer.llm=`: a list "
        "of {llm, base_url, api_key_env, timeout_s, price_per_million}. Where `llm` names one of them, these keys are "
        "its own and not those beside `llm`",
    )
    max_evidence_tokens: int = Field(
        4000, ge=100, description="tokens of evidence that the answer may rest on, as the model counts them"
    )
    max_history_tokens: int = Field(
        1000, ge=0, description="tokens of earlier turns that the model is given whole; of older ones it gets the gist"
    )
    max_sentences: int = Field(3, ge=1, description="sentences quoted when no LLM is configured")
    style: Literal["normal", "short"] = Field(
        "normal", description="short: one sentence where that is enough, and one quote when no LLM is configured"
    )
    prompts: Path | None = Field(
        None,
        description="folder with prompts in place of ours, some or all of answer.txt ($nonce, of the delimiters of "
        "evidence, and $sentinel, the reply where it has no answer), repair.txt ($faults, $sentinel), "
        "standalone.txt ($nonce) and judge.txt ($nonce)",
    )
    unsupported: Literal["flag", "repair", "drop"] = Field(
        "flag",
        description="what becomes of a model's sentences that the evidence does not support: flag marks them, repair "
        "has the answer written once more and keeps what was verified of the first, drop leaves them out",
    )
    judge: str | None = Field(
        None,
        description="who has the last word on whether a model's sentence is supported, where no number, name or "
        "negation speaks against it: llm is that model itself, else a model of natural language inference, a local "
        "folder or a hub id@revision; null: the shared words, and the meaning by the encoder",
    )
    min_confidence: float | None = Field(
        None,
        ge=0,
        le=1,
        description="below this probability that the corpus covers the question, abstain; null: 0.5, or what `rag "
        "calibrate` found for its risk",
    )

    @field_validator("models")
    @classmethod
    def _each_once(cls, value: tuple[OfferedModel, ...]) -> tuple[OfferedModel, ...]:
        names = [model.llm for model in value]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{twice!r} stands there twice: a model is chosen by its name")
        return value

    @property
    def window(self) -> int:
        """Tokens that a request and its reply may have together."""
        return _window(self.max_evidence_tokens + self.max_history_tokens)

    @property
    def model(self) -> ChatModel:
        """The model that answers, with how it is reached: the one of `models` that `llm` names, else as here."""
        return next((offered for offered in self.models if offered.llm == self.llm), self)


class ContextSettings(ChatModel):
    """The model that writes a line of context for each chunk, where `situating` names llm."""

    llm: str | None = Field(
        None, description="provider:model that writes a line of context for each chunk, where `situating` names llm"
    )
    timeout_s: float = Field(
        120, gt=0, description="seconds without an answer, retries included, after which a document counts as failed"
    )
    max_document_tokens: int = Field(
        8000,
        ge=16,
        description="tokens, by the encoder's tokenizer, of the document that the model reads with a chunk; of longer "
        "ones it reads the part around the chunk",
    )
    prompt: Path | None = Field(
        None, description="file with a prompt in place of ours, with the placeholder $nonce, of the delimiters"
    )
    parallel: int = Field(4, ge=1, le=64, description="requests at a time")
    price_per_million: Prices | None = Field(
        None,
        description="what a million tokens cost, such as {input: 0.15, output: 0.6}: `rag plan` then says the cost",
    )

    @property
    def window(self) -> int:
        """Tokens that a request and its reply may have together."""
        return _window(self.max_document_tokens)

    @property
    def prompt_version(self) -> str:
        """Contexts that another prompt asked for are others.

        Raises:
            SettingsError: the file cannot be read.
        """
        if self.prompt is None:
            return str(CONTEXT_PROMPT)
        try:
            return sha256(self.prompt.read_bytes()).hexdigest()[:16]
        except OSError as error:
            raise SettingsError(f"contexts.prompt: {self.prompt} cannot be read ({type(error).__name__})") from None


def _window(tokens: int) -> int:
    return -(-(tokens + AROUND_TOKENS) // WINDOW_STEP) * WINDOW_STEP
