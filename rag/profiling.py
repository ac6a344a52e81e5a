"""Where the processor time of a call goes, by the library that spends it.

A thread looks now and then what every other thread has spent since the last look, and on whose code it is. Whoever
waits spends nothing. Compiled code shows no frames of its own: what the modules of `_DRIVE` spend is counted for the
library that they drive.
"""

import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from threading import Event, Thread
from types import FrameType, TracebackType
from typing import Any

import psutil

INTERVAL_S = 0.05
OWN = ("rag", "connectors", "ui", "__main__")
CHILDREN, UNSEEN, PROFILER = "parsing processes", "compiled threads", "this profile"

_DRIVE = {
    "rag.models.bert": "torch",
    "rag.models.auto": "torch",
    "rag.models.bert_openvino": "openvino",
    "rag.models.tokenizer": "tokenizers",
    "rag.store.edge": "qdrant_edge",
    "rag.store.edge_conversion": "qdrant_edge",
    "rag.store.shards": "qdrant_edge",
}
"""Modules that do little beside calling one compiled library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What was spent.

    Attributes:
        seconds: by the clock.
        processor_seconds: of this process and of those below it.
        libraries: processor seconds by library, most first. `rag` is this project's own code with Python's standard
            library; "parsing processes" are those that read files, with the programs that they start; "compiled
            threads" are threads that libraries such as torch run beside Python's.
    """

    seconds: float
    processor_seconds: float
    libraries: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Profiler:
    """Profiles all threads during a `with` block; `result` is there after it."""

    result: Profile

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._stop, self._thread = Event(), Thread(target=self._watch, daemon=True, name="profiler")
        self._spent: defaultdict[str, float] = defaultdict(float)

    def __enter__(self) -> "Profiler":
        self._started, self._before, self._children = time.monotonic(), time.process_time(), _of_children()
        self._seen = self._of_threads()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        # a process that was there before and left this one's care takes what it had spent along
        own, children = time.process_time() - self._before, max(0.0, _of_children() - self._children)
        # threads that ended between two looks
        self._spent[UNSEEN] += max(0.0, own - sum(self._spent.values()))
        found = {name: round(seconds, 2) for name, seconds in {**self._spent, CHILDREN: children}.items()}
        self.result = Profile(
            seconds=round(time.monotonic() - self._started, 3),
            processor_seconds=round(own + children, 3),
            libraries={name: found[name] for name in sorted(found, key=lambda name: -found[name]) if found[name]},
        )

    def _watch(self) -> None:
        me = threading.get_native_id()
        while not self._stop.wait(INTERVAL_S):
            self._look(me)
        self._look(me)

    def _look(self, me: int) -> None:
        # the frames first: what held the interpreter until now is still where it was
        frames = sys._current_frames()
        threads = {thread.native_id: frames.get(thread.ident or 0) for thread in threading.enumerate()}
        now = self._of_threads()
        for id, seconds in now.items():
            spent = seconds - self._seen.get(id, 0.0)
            if spent > 0:
                frame = threads.get(id)
                name = PROFILER if id == me else UNSEEN if frame is None else library_of(frame)
                self._spent[name] += spent
        self._seen = now

    def _of_threads(self) -> dict[int, float]:
        """Processor seconds of each thread so far, by its native id."""
        return {thread.id: thread.user_time + thread.system_time for thread in self._process.threads()}


def library_of(frame: FrameType) -> str:
    """The package that is at work in a frame: what a function of Python's standard library does, its caller does."""
    at: FrameType | None = frame
    while at is not None:
        module = str(at.f_globals.get("__name__", ""))
        package = module.partition(".")[0]
        if package in OWN:
            return _DRIVE.get(module, "rag") if at is frame else "rag"
        if package in sys.modules and package not in sys.stdlib_module_names:
            return package
        at = at.f_back
    return "rag"


def _of_children() -> float:
    """Processor seconds of all processes below this one, those that ended included."""
    ended = os.times()
    spent = ended.children_user + ended.children_system
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it ends just now
            times = child.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return spent
