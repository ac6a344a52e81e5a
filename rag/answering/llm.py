"""`llm: openai:MODEL` -> a LangChain chat model, and reading what it sends."""

import contextvars
import queue
import re
import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from langchain_core.exceptions import ContextOverflowError

from rag.answering.thoughts import Thoughts
from rag.errors import ModelError
from rag.notices import Notice, notice
from rag.prompts import Message

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|window|size)|too (?:long|large|many tokens)|maximum.{0,40}tokens", re.I
)


ENDLESS_CHARS = 20_000
"""Characters beyond those that are wanted, after which a reply is given up."""
_STOPPED = frozenset(("length", "max_tokens", "max_output_tokens", "content_filter", "model_context_window_exceeded"))
"""What servers call it that a model did not end its reply by itself."""
_MEANINGS = {
    401: "key_refused",
    403: "access_refused",
    404: "no_such_model",
    429: "too_many_requests",
}


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
    """The model's reply without what it thought, cut to `max_chars` characters.

    It is read to its end, since all of it may turn out to be thought, unless a thought is over already.

    Args:
        timeout_s: longest wait in seconds for the next piece, retries included.

    Raises:
        ModelError: it sent none, and why, in a few words without the server's own; or it went on and on.
    """
    reply, thoughts = "", Thoughts()
    endless = False
    try:
        with closing(stream_model(model, messages, timeout_s)) as pieces:
            for piece in pieces:
                said = thoughts.feed(str(piece.text))
                reply = said if thoughts.anew else reply + said
                endless = len(reply) > max_chars + ENDLESS_CHARS
                if endless or (thoughts.over and len(reply) >= max_chars):
                    break
    except Exception as error:  # whatever the model raises
        why = why_failed(error)
        raise ModelError(why.text, why=why) from None
    if endless:
        why = notice("endless_reply")
        raise ModelError(why.text, why=why)
    said = thoughts.finish()
    return (said if thoughts.anew else reply + said)[:max_chars]


def is_cut_off(piece: "AIMessageChunk") -> bool:
    """Whether a piece says that the model was stopped before it had ended its reply."""
    told = piece.response_metadata
    return any(str(told.get(name)).lower() in _STOPPED for name in ("finish_reason", "stop_reason", "done_reason"))


def is_too_long(error: Exception) -> bool:
    """Whether a model refused a request for its length. Not every server of one's own says so in the same words."""
    if isinstance(error, ContextOverflowError):
        return True
    return getattr(error, "status_code", None) in (400, 413) and bool(_TOO_LONG.search(str(error)))


def why_failed(error: Exception) -> Notice:
    """What went wrong in a few words. Never the error's own text: servers echo keys and whole requests in it."""
    if is_too_long(error):
        return notice("too_long")
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return notice(_MEANINGS.get(status, "http_error"), status=status)
    name = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return notice("no_answer_in_time")
    if isinstance(error, ConnectionError) or "Connect" in name:
        return notice("unreachable")
    return notice("other_failure", name=name)
