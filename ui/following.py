"""Keeps corpora equal to their watched sources while they are served."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from rag.errors import RagError
from rag.render import ingest, printable

if TYPE_CHECKING:
    from rag.corpus import Rag

PATIENCE_S = 30
"""How long the end waits for a run under way; what it was at is read again next time."""


@contextmanager
def following(corpora: "Sequence[Rag]") -> Iterator[None]:
    """Follow the sources with `watch: true` for as long as the block runs; what it did is said on stderr."""
    stop = Event()
    watched = [corpus for corpus in corpora if corpus.settings.watched]
    threads = [Thread(target=_follow, args=(corpus, stop), daemon=True, name="follow") for corpus in watched]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)


def _follow(corpus: "Rag", stop: Event) -> None:
    for outcome in corpus.follow(stop):
        if isinstance(outcome, RagError):
            said = f"rag: {outcome}"
        elif outcome.new or outcome.changed or outcome.deleted or outcome.failed:
            said = ingest(outcome)
        else:
            continue
        print(printable(said), file=sys.stderr, flush=True)  # noqa: T201 - where the log of a server goes
