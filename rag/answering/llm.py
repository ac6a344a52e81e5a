"""`llm: openai:MODEL` -> a LangChain chat model, and reading what it sends."""

import contextvars
import os
import queue
import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from rag.errors import MissingDependencyError, ModelError, SettingsError
from rag.prompts import Message
from rag.settings import ChatModel

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

DEFAULT_KEY_ENV = "OPENAI_API_KEY"
MAX_RETRIES = 2
_NO_KEY = "none"
"""Servers of one's own ask for no key, but the client insists on one."""


def chat_model(settings: ChatModel, *, section: str = "answer", retries: int = MAX_RETRIES) -> "BaseChatModel":
    """The chat model that `llm` names. Nothing is sent yet.

    With a `base_url` and no `api_key_env`, no key is sent: the one in OPENAI_API_KEY is for OpenAI alone.

    Args:
        section: where the settings stand in the corpus file, for messages.
        retries: how often a request is sent again, later each time, where the server is busy or fails.

    Raises:
        SettingsError: not a supported provider, no model, or the key's variable is not set.
        MissingDependencyError: the provider's package is not installed.
    """
    provider, _, model = (settings.llm or "").partition(":")
    if provider != "openai" or not model:
        raise SettingsError(
            f"{section}.llm: {settings.llm!r} is not supported; write openai:MODEL, with {section}.base_url for any "
            "OpenAI-compatible server, or hand a LangChain chat model over from Python"
        )
    try:
        from langchain_openai import ChatOpenAI
    except ImportError as error:
        raise MissingDependencyError("langchain-openai", "llm", f"{section}.llm: {settings.llm}") from error
    from pydantic import SecretStr

    return ChatOpenAI(
        model=model,
        api_key=SecretStr(_api_key(settings, section)),
        base_url=settings.base_url,
        timeout=settings.timeout_s,
        max_retries=retries,
        stream_usage=True,
    )


def stream_model(
    model: "BaseChatModel", messages: Sequence[Message], timeout_s: float
) -> "Generator[AIMessageChunk, None, None]":
    """What the model sends, as it arrives, without tracing to any service.

    The model runs in a thread of its own, so that the limit holds for every model, retries included.

    Args:
        model: any LangChain chat model.
        messages: as `build_messages` makes them.
        timeout_s: longest wait in seconds for the next piece.

    Raises:
        TimeoutError: nothing came for `timeout_s`.
        Exception: whatever the model raises.
    """
    pieces: queue.SimpleQueue[AIMessageChunk | Exception | None] = queue.SimpleQueue()
    unwanted = threading.Event()

    def run() -> None:
        from langsmith import tracing_context

        try:
            with tracing_context(enabled=False):
                for piece in model.stream([dict(m) for m in messages]):
                    pieces.put(piece)
                    if unwanted.is_set():
                        return
            pieces.put(None)
        except Exception as error:  # handed to the reader, who raises it
            pieces.put(error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="rag-model", daemon=True).start()
    try:
        while True:
            try:
                piece = pieces.get(timeout=timeout_s)
            except queue.Empty:
                raise TimeoutError(f"no answer for {timeout_s:g} s") from None
            if piece is None:
                return
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        unwanted.set()


def complete(model: "BaseChatModel", messages: Sequence[Message], *, timeout_s: float, max_chars: int) -> str:
    """The model's reply; nothing more of it is read once it has `max_chars` characters.

    Args:
        timeout_s: longest wait in seconds for the next piece, retries included.

    Raises:
        ModelError: it sent none, and why, in a few words without the server's own.
    """
    reply = ""
    try:
        with closing(stream_model(model, messages, timeout_s)) as pieces:
            for piece in pieces:
                reply += str(piece.text)
                if len(reply) >= max_chars:
                    break
    except Exception as error:  # whatever the model raises
        raise ModelError(why_failed(error)) from None
    return reply


def why_failed(error: Exception) -> str:
    """What went wrong in a few words. Never the error's own text: servers echo keys and whole requests in it."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        meaning = {401: ", the API key was refused", 403: ", access was refused", 404: ", no such model or address"}
        return f"HTTP {status}{meaning.get(status, '')}"
    name = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "no answer in time"
    if isinstance(error, ConnectionError) or "Connect" in name:
        return "the server cannot be reached"
    return name


def _api_key(settings: ChatModel, section: str) -> str:
    if settings.api_key_env is None and settings.base_url is not None:
        return _NO_KEY
    variable = settings.api_key_env or DEFAULT_KEY_ENV
    key = os.environ.get(variable)
    if not key:
        raise SettingsError(
            f"{section}.llm: {settings.llm} needs an API key: set the environment variable {variable}, "
            f"or name another one with {section}.api_key_env"
        )
    return key
