"""Ingestion in the background: at most one job of a corpus at a time, seen by everyone who asks for it."""

import logging
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Condition, Thread, get_native_id
from typing import Any, Literal

from rag.errors import RagError
from rag.ingest.job import Progress
from rag.reports import IngestReport

_LOG = logging.getLogger(__name__)

NICE = 10
"""Priority of a job's threads: who asks a question meanwhile comes first."""
KEPT = 8
"""Jobs that ended and can still be asked about: whoever waits for one may look after the next has begun."""


class JobStoppedError(RagError):
    """Somebody stopped the job; what it had written stays, and the next one goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """Where a job stands.

    Attributes:
        number: of the job, from 1.
        started: seconds since the epoch.
        options: of `Rag.ingest`, as they were asked for.
        progress: None until it knows what there is to do.
        report: of a job that is done.
        error: why it failed or that it was stopped, in one line.
        raised: what the error was.
    """

    number: int
    state: Literal["running", "done", "failed", "stopped"]
    started: float
    options: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress | None = None
    report: IngestReport | None = None
    error: str | None = None
    raised: RagError | None = None


class Jobs:
    """The jobs of one corpus; used by several threads.

    Args:
        ingest: `Rag.ingest` of the corpus.
    """

    def __init__(self, ingest: Callable[..., IngestReport]) -> None:
        self._ingest = ingest
        self._changed = Condition()
        self._last: JobState | None = None
        self._ended: deque[JobState] = deque(maxlen=KEPT)
        self._stopping = False
        self._after: list[str] | None = None
        self._thread: Thread | None = None

    @property
    def last(self) -> JobState | None:
        """The job under way, else the one before; None where there was none."""
        return self._last

    def start(self, **options: Any) -> JobState:
        """Start a job, or join the one that is running.

        Args:
            options: of `Rag.ingest`; those of the one who came first hold.
        """
        with self._changed:
            started = self.begin(**options) or self._last
            assert started is not None  # noqa: S101 - nothing is begun where one is running
            return started

    def begin(self, ingest: Callable[..., IngestReport] | None = None, **options: Any) -> JobState | None:
        """Start a job with just these options; None where one is running.

        Args:
            ingest: in place of the corpus' own, as of one with other settings.
        """
        with self._changed:
            if self._last is not None and self._last.state == "running":
                return None
            number = 1 if self._last is None else self._last.number + 1
            self._last = JobState(number=number, state="running", started=time.time(), options=options)
            self._stopping = False
            run = ingest or self._ingest
            self._thread = Thread(target=self._run, args=(run, options), daemon=True, name="ingest")
            self._thread.start()
            return self._last

    def follow_up(self, sources: Collection[str]) -> JobState:
        """Have some sources ingested as they are now.

        The job that runs may have listed them before: then another one follows it.

        Args:
            sources: as of `Rag.ingest`.
        """
        with self._changed:
            if self._last is None or self._last.state != "running":
                return self.start(sources=sorted(sources))
            self._after = sorted({*(self._after or ()), *sources})
            return self._last

    def stop(self) -> None:
        """Ask the job to end after the documents that it is at, and that none follows; does nothing where none runs."""
        with self._changed:
            self._stopping, self._after = True, None

    def watch(self, timeout_s: float | None = None, *, number: int | None = None) -> Iterator[JobState]:
        """The state of the job now and at every change, until it ended; nothing where there was none.

        Args:
            timeout_s: hand out the state at least this often, also unchanged.
            number: of the job, which may be over; by default the last one when the watching begins.
        """
        while (state := self._state(number)) is not None:
            number = state.number
            yield state
            if state.state != "running":
                return
            with self._changed:
                self._changed.wait_for(lambda seen=state: self._state(seen.number) is not seen, timeout_s)  # type: ignore[misc]

    def close(self, patience_s: float = 30.0) -> None:
        """Stop the job and wait for its end."""
        self.stop()
        if self._thread is not None:
            self._thread.join(patience_s)

    def _state(self, number: int | None) -> JobState | None:
        """The state of a job that is running or ended not long ago; by default of the last one."""
        with self._changed:
            known = (*self._ended, self._last)
            return self._last if number is None else next((s for s in known if s and s.number == number), None)

    def _run(self, ingest: Callable[..., IngestReport], options: dict[str, Any]) -> None:
        if sys.platform == "linux":  # elsewhere only whole processes have a priority
            os.setpriority(os.PRIO_PROCESS, get_native_id(), NICE)  # and all threads that this one starts
        try:
            self._tell(state="done", report=ingest(progress=self._progress, **options))
        except JobStoppedError as error:
            self._tell(state="stopped", error=str(error), raised=error)
        except RagError as error:
            self._tell(state="failed", error=str(error), raised=error)
        except Exception as error:
            _LOG.exception("the ingestion failed")
            self._tell(state="failed", error=f"{type(error).__name__}: {error}; the log shows where")

    def _progress(self, at: Progress) -> None:
        if self._stopping:
            raise JobStoppedError("the ingestion was stopped: the next one goes on where it was")
        self._tell(progress=at)

    def _tell(self, **changes: Any) -> None:
        with self._changed:
            assert self._last is not None  # noqa: S101 - a job is running
            self._last = replace(self._last, **changes)
            self._changed.notify_all()
            if self._last.state != "running":
                self._ended.append(self._last)
                after, self._after = self._after, None
                if after is not None:  # before anybody else starts something
                    self.start(sources=after)
