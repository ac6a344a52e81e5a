"""What an owner does for its clients: the calls of `Rag` that the command line makes."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from inspect import signature
from typing import Any, Protocol

from rag.corpus import Rag
from rag.errors import RagError, StoreInUseError
from rag.jobs import Jobs, JobState
from rag.reports import IngestReport
from rag.results import Answer
from rag.serving.encoding import encoded

PLAIN: "dict[str, Callable[..., Any]]" = {
    "show": Rag.show,
    "search": Rag.search,
    "why": Rag.why,
}
"""Calls that say nothing before their result."""

STEPPED: "dict[str, Callable[..., Any]]" = {"plan": Rag.plan, "verify": Rag.verify}
"""Calls that say how far they are."""

TOLD_S = 0.1
"""How often at most."""

LOOK_S = 1.0
"""How often a job that does not move is shown, and looked whether anybody still watches."""

_DEFAULTS = {name: parameter.default for name, parameter in signature(Rag.ingest).parameters.items()}


class Client(Protocol):
    """Who is answered."""

    def tell(self, kind: str, what: Any) -> None:
        """Send what there is before the result.

        Raises:
            Exception: the client has gone.
        """
        ...

    def check(self) -> None:
        """Nothing where the client is still there.

        Raises:
            Exception: the client has gone.
        """
        ...


def call(name: str, arguments: Mapping[str, Any], corpus: Rag, jobs: Jobs | None, client: Client, *, own: bool) -> Any:
    """The result of a call.

    Args:
        corpus: by the settings of the client.
        jobs: of the corpus; None where the owner is at a job of its own, beside which it answers questions only.
        own: the client's settings are those of the corpus that is served.

    Raises:
        RagError: what the call raises.
    """
    if jobs is None and name in ("ingest", *STEPPED):
        raise StoreInUseError("the process that holds the index is at a job of its own: wait until it is done")
    if jobs is not None and name == "ingest":
        return _ingest(corpus, jobs, client, dict(arguments), own=own)
    if name in ("ask", "stream"):
        return _ask(corpus, client, arguments, told=name == "stream")
    if jobs is not None and name in STEPPED:
        return _stepped(name, corpus, jobs, client, arguments)
    if name not in PLAIN:
        raise RagError(f"the process that serves the corpus knows no call {name!r}: it may be of another version")
    return PLAIN[name](corpus, **arguments)


def _stepped(name: str, corpus: Rag, jobs: Jobs, client: Client, arguments: Mapping[str, Any]) -> Any:
    """The result of a call that takes its time; where it goes to a client, it ends when the client does."""
    at, told = "", 0.0

    def tell(step: str, done: int, total: int) -> None:
        nonlocal at, told
        now = time.monotonic()
        if step != at or done == total or now - told >= TOLD_S:
            at, told = step, now
            client.tell("step", [step, done, total])

    running = jobs.last
    if name == "verify" and running is not None and running.state == "running":  # it waits for the job's end
        _watch(jobs, running.number, client)
    return STEPPED[name](corpus, **arguments, progress=tell)


def _ask(corpus: Rag, client: Client, arguments: Mapping[str, Any], *, told: bool) -> Answer | None:
    """The answer, or its events; the model is stopped where the client goes."""
    with closing(corpus.stream(**arguments)) as events:
        while True:
            try:
                event = next(events)
            except StopIteration as stop:
                answer: Answer = stop.value
                return None if told else answer
            client.tell("event", event) if told else client.check()


def _ingest(corpus: Rag, jobs: Jobs, client: Client, arguments: dict[str, Any], *, own: bool) -> IngestReport:
    """The report of a job that begins after it was asked for: one under way may have listed the sources before.

    Those who ask meanwhile share the next one, where their options are the same.
    """
    options = {name: value for name, value in arguments.items() if value != _DEFAULTS[name]}
    before = jobs.last.number if jobs.last else 0
    job = None
    while job is None:
        last = jobs.last
        if own and last is not None and last.number > before and last.options == options:
            job = last
        elif (job := jobs.begin(None if own else corpus.ingest, **options)) is None and last is not None:
            _watch(jobs, last.number, client)
    ended = _watch(jobs, job.number, client)
    if ended is not None and ended.report is not None:
        return ended.report
    raise (ended and ended.raised) or RagError((ended and ended.error) or "the ingestion ended and left no report")


def _watch(jobs: Jobs, number: int, client: Client) -> JobState | None:
    """How a job ended; its progress goes to the client."""
    state = None
    for state in jobs.watch(LOOK_S, number=number):
        client.check()
        if state.progress is not None:
            client.tell("progress", encoded(state.progress))
    return state
