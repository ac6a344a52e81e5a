"""Parsing in processes of its own: a file that crashes, hangs or swallows memory is one failed document."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from queue import SimpleQueue
from typing import IO, cast

from langchain_core.documents.base import Blob

from connectors.parsing import holds_members
from connectors.parsing.options import Options
from connectors.parsing.wire import parsed_from_json, picture_from_bytes, read_frame, request_to_json, write_frame
from connectors.parsing.worker import MEMBER, MEMORY_EXIT
from rag.errors import DocumentError
from rag.types import PagePicture, Parsed, SourceItem

FILES_A_WORKER = 500
"""After so many files a worker is replaced: what libraries leak goes with it."""

# no telemetry and no download, whatever a library would do by itself
_ENVIRONMENT = {
    "SCARF_NO_ANALYTICS": "true",
    "DO_NOT_TRACK": "true",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
}


class WorkerParser:
    """`FormatParser` in worker processes; implements `rag.protocols.Parser` and `FileViewer`, for several threads.

    Args:
        options: how files are read.
        workers: files that are read at a time.
        timeout_s: seconds for one file, a container with all its members.
        memory_mb: millions of bytes that a worker may take, with its libraries (about 100 to 400).
    """

    def __init__(self, options: Options, *, workers: int, timeout_s: float, memory_mb: int) -> None:
        self._timeout_s, self._memory_mb = timeout_s, memory_mb
        settings = json.dumps({**asdict(options), "timeout_s": timeout_s, "memory_mb": memory_mb})
        self._workers = [_Worker(settings) for _ in range(workers)]
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def parse(self, blob: Blob, item: SourceItem) -> Parsed:
        """Read the blob in an idle worker; waits for one.

        Raises:
            DocumentError: as `FormatParser.parse`; and `timeout`, `memory`, or `crash` of the worker.
        """
        known = item if item.mime or not blob.mimetype else replace(item, mime=blob.mimetype)
        return parsed_from_json(self._ask(item, request_to_json(known), blob.as_bytes()))

    def draw(self, data: bytes, item: SourceItem, page: int) -> PagePicture:
        """A page, from 1, as a picture.

        Raises:
            DocumentError: as `FormatParser.draw`; and `timeout`, `memory`, or `crash` of the worker.
        """
        return picture_from_bytes(self._ask(item, request_to_json(item, page=page), data))

    def member(self, data: bytes, item: SourceItem, document_id: str) -> bytes:
        """The file in a container whose document has this id.

        Raises:
            DocumentError: as `FormatParser.member`; and `timeout`, `memory`, or `crash` of the worker.
        """
        return self._ask(item, request_to_json(item, member=document_id), data).removeprefix(MEMBER)

    def holds_members(self, item: SourceItem) -> bool:
        """Whether the item is an archive, a message or a mailbox."""
        return holds_members(item)

    def close(self) -> None:
        """End the workers; a second call does nothing. A later `parse` starts them again."""
        for worker in self._workers:
            worker.end()

    def _ask(self, item: SourceItem, head: bytes, data: bytes) -> bytes:
        worker = self._idle.get()
        try:
            started = time.monotonic()
            answer = worker.ask(head, data)
            if answer is None:
                raise self._ended(item, worker.end(), time.monotonic() - started)
        finally:
            self._idle.put(worker)
        if answer.startswith(b'{"error"'):
            failure = json.loads(answer)
            raise DocumentError(failure["error"], kind=failure["kind"])
        return answer

    def _ended(self, item: SourceItem, status: int, seconds: float) -> DocumentError:
        """Why a worker ended over a file."""
        if status == MEMORY_EXIT:
            limit = f"more memory than the {self._memory_mb} MB of parsing.memory_mb"
            return DocumentError(f"{item.uri}: reading it takes {limit}: split it, or allow more", kind="memory")
        if seconds >= self._timeout_s:
            limit = f"longer than the {self._timeout_s:g} s of parsing.timeout_s"
            return DocumentError(f"{item.uri}: reading it takes {limit}: split it, or allow more", kind="timeout")
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        return DocumentError(f"{item.uri}: the parser crashed ({how}): repair or exclude the file", kind="crash")


class _Worker:
    """One worker process, started when it is first needed and again after it ended."""

    def __init__(self, settings: str) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0

    def ask(self, head: bytes, data: bytes) -> bytes | None:
        """The answer to a request, None where the process ended over it."""
        if self._files >= FILES_A_WORKER:
            self.end()
        process = self._process = self._process or self._started()
        self._files += 1
        requests, answers = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        try:
            write_frame(requests, head)
            write_frame(requests, data)
            return read_frame(answers)
        except BrokenPipeError:
            return None

    def end(self) -> int:
        """End the process and return its exit status, 0 where there is none."""
        process, self._process, self._files = self._process, None, 0
        if process is None:
            return 0
        try:
            process.communicate(timeout=0.5)  # closes its stdin: an idle worker ends
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        with suppress(ProcessLookupError, PermissionError):  # programs that it had started, as for OCR
            os.killpg(process.pid, signal.SIGKILL)
        return process.returncode

    def _started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "connectors.parsing.worker", self._settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # Ctrl-C is for the job, which ends its workers in order
        )
