"""The documents of a corpus as somebody looks at them: filtered, sorted, a page at a time. Knows no Gradio, no HTML."""

import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from rag.entries import DocumentEntry, Upload
from rag.errors import CorpusMissingError
from ui.served import Served

State: TypeAlias = Literal["reading", "waiting", "failed", "stale", "ready"]
STATES: tuple[State, ...] = ("reading", "waiting", "failed", "stale", "ready")
"""In the order in which they want attention. Waiting is an upload that no job has read yet."""
PAGE = 50
"""Rows that are shown at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A document of the table.

    Attributes:
        error: where it could not be read, in English.
        error_kind: of a `rag.errors.DocumentError`.
        upload: id of the upload that it goes with, None for documents of other sources.
    """

    id: str
    title: str
    source: str
    uri: str
    state: State
    error: str | None = None
    error_kind: str | None = None
    chunks: int = 0
    size: int | None = None
    modified: str | None = None
    upload: str | None = None


def rows_of(entries: Sequence[DocumentEntry], uploads: Sequence[Upload], current: Collection[str]) -> tuple[Row, ...]:
    """The stored documents, and the uploads that are none yet.

    Args:
        current: ids of items that a job is reading.
    """
    given = {upload.document_id: upload for upload in uploads}
    rows, stored = [], set()
    for entry in entries:
        item = entry.id if entry.id in given else entry.id.partition("!/")[0]
        stored.add(item)
        rows.append(
            Row(
                id=entry.id,
                title=entry.title.removeprefix(f"{entry.source}:") or entry.id,
                source=entry.source,
                uri=entry.uri,
                state="reading" if item in current or entry.id in current else entry.state,
                error=entry.error,
                error_kind=entry.error_kind,
                chunks=entry.chunks,
                size=entry.size,
                modified=entry.modified,
                upload=item if item in given else None,
            )
        )
    for id, upload in given.items():
        if id not in stored:
            state: State = "reading" if id in current else "waiting"
            source = id.partition(":")[0]
            row = Row(id=id, title=upload.name, source=source, uri=upload.uri, state=state, upload=id)
            rows.append(replace(row, size=upload.size, modified=upload.modified))
    return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What somebody wants to see.

    Attributes:
        text: words that a title, an id, an address or an error must hold, all of them.
        state, source: "" is any.
        page: from 0.
    """

    text: str = ""
    state: str = ""
    source: str = ""
    sort: str = "state"
    descending: bool = False
    page: int = 0

    def after(self, action: str, value: str) -> "View":
        """The view after what somebody did; another filter or order begins at the first page.

        Args:
            action: text, state, source, sort or page; anything else does nothing.
        """
        match action:
            case "text":
                return replace(self, text=value[:200], page=0)
            case "source":
                return replace(self, source=value, page=0)
            case "state":
                return replace(self, state="" if value == self.state else value, page=0)
            case "sort" if value in _SORT:
                turned = value == self.sort and not self.descending
                return replace(self, sort=value, descending=turned, page=0)
            case "page" if value.isdecimal():
                return replace(self, page=int(value[:9]))
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The rows to show, and what there is besides.

    Attributes:
        found: rows that the filters leave, on all pages.
        total: rows without any filter.
        states, sources: how many rows each value of a filter would leave, the other filters as they are.
        view: with a page that there is.
    """

    rows: tuple[Row, ...]
    found: int
    total: int
    states: Mapping[str, int]
    sources: Mapping[str, int]
    view: View

    @property
    def pages(self) -> int:
        return max(1, -(-self.found // PAGE))


_SORT: dict[str, Callable[[Row], Any]] = {
    "title": lambda row: _folded(row.title),
    "state": lambda row: STATES.index(row.state),
    "source": lambda row: row.source,
    "chunks": lambda row: row.chunks,
    "size": lambda row: row.size or 0,
    "modified": lambda row: row.modified or "",
}
SORTS = tuple(_SORT)


def page_of(rows: Sequence[Row], view: View) -> Page:
    """The page of the rows that a view shows."""
    words = _folded(view.text).split()
    worded = [row for row in rows if not words or _has(row, words)]
    found = [row for row in worded if view.state in ("", row.state) and view.source in ("", row.source)]
    found.sort(key=lambda row: (_folded(row.title), row.id))
    found.sort(key=_SORT[view.sort], reverse=view.descending)
    last = max(0, -(-len(found) // PAGE) - 1)
    at = min(view.page, last)
    return Page(
        rows=tuple(found[at * PAGE : (at + 1) * PAGE]),
        found=len(found),
        total=len(rows),
        states=Counter(row.state for row in worded if view.source in ("", row.source)),
        sources=Counter(row.source for row in worded if view.state in ("", row.state)),
        view=replace(view, page=at),
    )


def _has(row: Row, words: Sequence[str]) -> bool:
    text = _folded(" ".join((row.title, row.id, row.uri, row.error or "", row.error_kind or "")))
    return all(word in text for word in words)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


class Listing:
    """The documents of a served corpus; they are read anew when they may have changed, for everyone who looks.

    Reading many takes a while, in which the process does little else: so it is done only where something may have
    changed, and not more often than pays off.
    """

    BUSY, IDLE = 5.0, 20.0
    """So many times what the last reading took must pass before the next one, while a job runs and otherwise."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._entries: tuple[DocumentEntry, ...] = ()
        self._read_at, self._took, self._job = float("-inf"), 0.0, (0, "")
        self._read_version: int | None = None
        self.version = 0

    def rows(self, principals: Sequence[str] | None = None, *, now: bool = False) -> tuple[Row, ...]:
        """All rows; `version` tells whether they may be others than before.

        Args:
            principals: who looks, as in `Rag.search`; who is not the operator sees no uploads that wait to be read.
            now: read them, however lately that was done, unless nothing can have changed.
        """
        job = self._served.jobs.last
        running = job is not None and job.state == "running"
        outcome = (job.number, job.state) if job else (0, "")
        pause = max(1.0, self._took * (self.BUSY if running else self.IDLE), 0 if running else 5.0)
        version = self._served.corpus.version
        may_differ = version is None or version != self._read_version
        if may_differ and (now or outcome != self._job or time.monotonic() - self._read_at > pause):
            self._read()
            self._read_version = version
            self._job = outcome
        current = job.progress.current if running and job and job.progress else ()
        corpus = self._served.corpus
        uploads = corpus.uploads.list() if corpus.settings.uploads and principals is None else ()
        return rows_of([entry for entry in self._entries if entry.is_open_to(principals)], uploads, current)

    def _read(self) -> None:
        began = time.monotonic()
        try:
            entries = tuple(self._served.corpus.documents().overview())
        except CorpusMissingError:  # nothing yet, or a rebuild that switched in this moment
            entries = ()
        self._read_at = time.monotonic()
        self._took = self._read_at - began
        if entries != self._entries:
            self._entries = entries
            self.version += 1
