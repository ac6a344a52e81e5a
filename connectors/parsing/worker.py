"""The process that parses: `python -m connectors.parsing.worker SETTINGS`, files on stdin, documents on stdout.

It also draws pages and takes files out of containers.

It ends itself when a file takes too long or too much memory, since nobody can interrupt a parser that hangs in
somebody's C code. It reaches no network.
"""

import faulthandler
import json
import os
import sys
import threading
import time
from typing import IO

from connectors.parsing import FormatParser
from connectors.parsing.options import Options
from connectors.parsing.wire import parsed_to_json, picture_to_bytes, read_frame, request_from_json, write_frame
from rag.errors import DocumentError, MissingDependencyError

MEMORY_EXIT = 77
"""Exit status of a worker that took more memory than it may."""

MEMBER = b"member\n"
"""Stands before the bytes of a member of a container."""

_MEMORY_POLL_S = 0.1
_NETWORK = {
    *("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"),
    *("socket.sendto", "socket.sendmsg"),
}


def main(settings: str) -> None:
    """Answer requests until stdin ends. `settings` is the JSON of `Options` with `timeout_s` and `memory_mb`."""
    values = json.loads(settings)
    timeout_s, memory_mb = values.pop("timeout_s"), values.pop("memory_mb")
    values["ocr_languages"] = tuple(values["ocr_languages"])
    parser = FormatParser(Options(**values))
    requests, answers = sys.stdin.buffer, _private_stdout()
    sys.addaudithook(_refuse_network)
    _limit_memory(memory_mb * 1_000_000)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - no path of anybody's
        while (head := read_frame(requests)) is not None and (data := read_frame(requests)) is not None:
            # a thread in C that ends the process, whatever holds the interpreter
            faulthandler.dump_traceback_later(timeout_s, exit=True, file=nowhere)
            _answer(parser, head, data, answers)
            faulthandler.cancel_dump_traceback_later()


def _answer(parser: FormatParser, head: bytes, data: bytes, answers: IO[bytes]) -> None:
    item, page, member = request_from_json(head)
    error: DocumentError | None = None
    try:
        if page is not None:
            answer = picture_to_bytes(parser.draw(data, item, page))
        elif member is not None:
            # what a file holds is never taken for an error
            answer = MEMBER + parser.member(data, item, member)
        else:
            answer = parsed_to_json(parser.read(data, None, item))
    except DocumentError as failure:
        error = failure
    except MissingDependencyError as failure:
        error = DocumentError(f"{item.uri}: {failure}", kind="dependency")
    except MemoryError:
        os._exit(MEMORY_EXIT)
    if error is not None:
        answer = json.dumps({"error": str(error), "kind": error.kind}).encode()
    write_frame(answers, answer)


def _private_stdout() -> IO[bytes]:
    """The pipe to the parent; what a library prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return answers


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    # a program may be talked to through a file system socket
    if event in _NETWORK and not (event == "socket.connect" and isinstance(arguments[1], str | bytes)):
        raise PermissionError("parsing does not reach the network")


def _limit_memory(limit: int) -> None:
    """End the process where its resident memory passes the limit (bytes).

    Where the system can bound the address space, twice that and what the libraries map: one huge allocation is faster
    than any look.
    """
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (2 * limit + 2_000_000_000,) * 2)
    except (ImportError, OSError, ValueError):
        pass
    threading.Thread(target=_watch_memory, args=(limit,), daemon=True).start()


def _watch_memory(limit: int) -> None:
    import psutil

    process = psutil.Process()
    while True:
        if process.memory_info().rss > limit:
            os._exit(MEMORY_EXIT)
        time.sleep(_MEMORY_POLL_S)


if __name__ == "__main__":
    main(sys.argv[1])
