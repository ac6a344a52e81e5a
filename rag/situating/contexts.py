"""A line of context for each chunk, written by a language model and kept for good.

The idea of https://www.anthropic.com/news/contextual-retrieval (2024).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import cached_property
from string import Template
from threading import BoundedSemaphore, Event, Lock
from typing import TypeAlias

from rag.errors import DocumentError, ModelError
from rag.prompts import Message, new_nonce
from rag.situating.headings import cut
from rag.situating.prompt import context_messages
from rag.situating.windows import context_windows
from rag.store.artifacts import Artifacts
from rag.types import Chunk, Document, encodable, hash_json

MAX_CONTEXT = 400
"""Characters of a context; a longer reply is cut there, with a mark."""
GIVE_UP = 8
"""Failures in a row after which the model is not asked any more in this run."""
RULES_TOKENS, CONTEXT_TOKENS = 330, 70
"""About what a request has beside its texts, and what a reply has: for estimates only."""

Ask: TypeAlias = Callable[[Sequence[Message]], str]
"""Sends messages and returns the reply; ModelError where there is none."""

_KIND = "context"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A context to be written.

    Attributes:
        key: hash of all that the reply depends on.
        part: the document, or as much of it around the chunk as the model is given.
        input_tokens: about what the request has, by the encoder's tokenizer.
    """

    key: str
    part: str
    chunk: Chunk
    input_tokens: int


@dataclass(kw_only=True)
class Contexts:
    """Writes contexts, each only once: they are kept by the hash of prompt, model, document and chunk.

    Args:
        model: the model's name.
        asking: sets the model up; called at the first request, or by `connect`.
        kept: where contexts are kept.
        rules: what it is told.
        prompt: version of the rules.
        max_document_tokens: of a longer document the model is given the part around the chunk, whole chunks of at most
            so many tokens together.
        parallel: requests at a time, over all threads.
    """

    model: str
    asking: Callable[[], Ask]
    kept: Artifacts
    rules: Template
    prompt: str
    max_document_tokens: int
    parallel: int
    written: int = 0
    """Contexts that the model wrote so far."""
    _failures: int = 0
    _closed: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)
    _slots: BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        self._slots = BoundedSemaphore(self.parallel)

    @cached_property
    def _ask(self) -> Ask:
        return self.asking()

    def connect(self) -> None:
        """Set the model up without asking it.

        Raises:
            SettingsError: it cannot be used as the settings say.
            MissingDependencyError: its package is not installed.
        """
        self._ask  # noqa: B018 - made at first use

    def add(self, document: Document, chunks: Sequence[Chunk]) -> list[Chunk]:
        """The chunks with their contexts. The model is asked for what is not kept yet; a single chunk has no context.

        Raises:
            DocumentError: the model failed for a chunk. What it wrote is kept for the next run.
        """
        requests = self._requests(document, chunks)
        texts = self._texts(requests)
        missing = {request.key: request for request in requests if request.key not in texts}
        if missing:
            texts |= self._write(document, list(missing.values()))
        contexts = [texts[request.key] for request in requests] or [""] * len(chunks)
        return [replace(chunk, context=context) for chunk, context in zip(chunks, contexts, strict=True)]

    def missing(self, document: Document, chunks: Sequence[Chunk]) -> list[Request]:
        """What `add` would ask for. Asks nothing, writes nothing."""
        requests = self._requests(document, chunks)
        texts = self._texts(requests)
        return [request for key, request in {r.key: r for r in requests}.items() if key not in texts]

    def close(self) -> None:
        """Let requests that wait fail, so that a job that ends does not wait for all of a long document."""
        self._closed.set()

    def _requests(self, document: Document, chunks: Sequence[Chunk]) -> list[Request]:
        return _requests([self.prompt, self.model], document, chunks, self.max_document_tokens)

    def _texts(self, requests: Sequence[Request]) -> dict[str, str]:
        """The contexts that are kept, by key."""
        found = self.kept.read(_KIND, [request.key for request in requests])
        return {key: payload["text"] for key, payload in found.items()}

    def _write(self, document: Document, missing: Sequence[Request]) -> dict[str, str]:
        """Have the contexts written, each kept as soon as it is there; after the first failure no more is asked for."""
        nonce = new_nonce()
        failures: list[ModelError] = []

        def write(request: Request) -> str:
            if failures:
                return ""
            try:
                plain = request.chunk.plain
                asked = context_messages(document.title, request.part, plain, rules=self.rules, nonce=nonce)
                return self._written(asked)
            except ModelError as error:
                failures.append(error)
                return ""

        texts: dict[str, str] = {}
        with ThreadPoolExecutor(min(self.parallel, len(missing)), "context") as pool:
            futures = {pool.submit(write, request): request for request in missing}
            try:
                for future in as_completed(futures):
                    if text := future.result():
                        key = futures[future].key
                        self.kept.write(_KIND, key, {"text": text, "model": self.model, "prompt": self.prompt})
                        texts[key] = text
            finally:
                pool.shutdown(cancel_futures=True)
                self.kept.flush()
        if failures:
            raise DocumentError(
                f"contexts.llm: {self.model} wrote no context: {failures[0]} ({len(texts)} of {len(missing)} are kept; "
                "the next run asks for the others)",
                kind=_KIND,
            )
        return texts

    def _written(self, messages: Sequence[Message]) -> str:
        """The reply as a line; ModelError where there is none, or the model is not asked any more."""
        with self._slots:
            if self._closed.is_set():
                raise ModelError("the job ended before it was asked")
            if self._failures >= GIVE_UP:
                raise ModelError(f"it is not asked any more in this run after {GIVE_UP} failures in a row")
            try:
                text = one_line(self._ask(messages))
                if not text:
                    raise ModelError("its reply was empty")
            except ModelError:
                with self._lock:
                    self._failures += 1
                raise
        with self._lock:
            self._failures = 0
            self.written += 1
        return text


def context_line(document: Document, chunk: Chunk) -> str:  # noqa: ARG001 - as every part of a line
    """What the model wrote."""
    return chunk.context


def one_line(reply: str) -> str:
    """A reply as a line of printable characters, at most `MAX_CONTEXT` of them; a mark stands where it was cut."""
    text = "".join(c if c.isprintable() else " " for c in encodable(reply))
    return cut(" ".join(text.split()), MAX_CONTEXT)


def _requests(asked: Sequence[str], document: Document, chunks: Sequence[Chunk], budget: int) -> list[Request]:
    """A request a chunk, in order; none for a single chunk, which is the whole document.

    Args:
        asked: who is asked, and how: part of the keys.
    """
    if len(chunks) < 2:
        return []
    parts: dict[tuple[int, int], tuple[str, int]] = {}
    requests = []
    for chunk, window in zip(chunks, context_windows([chunk.tokens for chunk in chunks], budget), strict=True):
        if window not in parts:
            inside = chunks[slice(*window)]
            text = document.plain(inside[0].start, inside[-1].end)
            parts[window] = text, sum(c.tokens for c in inside)
        part, tokens = parts[window]
        key = hash_json([*asked, document.title, part, chunk.plain])
        requests.append(Request(key=key, part=part, chunk=chunk, input_tokens=RULES_TOKENS + tokens + chunk.tokens))
    return requests
