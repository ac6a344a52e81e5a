"""What somebody can do with the documents of a served corpus, and what is to be shown then. Knows no Gradio."""

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from rag.entries import Upload
from rag.errors import RagError
from rag.settings.exclusion import how_to_exclude
from ui.language import say
from ui.served import Served
from ui.shelf import Listing, View, page_of
from ui.view import document, documents, jobs
from ui.view.told import wrong

_LOG = logging.getLogger(__name__)

Said: TypeAlias = Mapping[str, Any]
"""What the browser says that somebody did: `do`, and what it is about. Anybody can send anything."""
Parts: TypeAlias = dict[str, Any]
"""Part of the tab -> what it shows from now on; parts that are not named stay as they are."""

Principals: TypeAlias = Sequence[str] | None

Added: TypeAlias = tuple[str, Upload | str]
"""A name or address as it was given, and the upload, or why it was not taken."""

LARGE_MB, LARGE_FILES = 25, 40
"""Above either, uploads are not read before somebody has seen the plan."""
_VIEWS = ("text", "state", "source", "sort", "page", "clear")
_CHANGES = ("upload", "url", "remove", "retry", "retry_failed", "delete_anyway", "go_on", "stop", "ingest", "check")


class Desk:
    """The documents of one corpus.

    Args:
        received: the folder that files arrive in before anybody takes them; nothing outside of it is touched.
    """

    def __init__(self, served: Served, received: Path) -> None:
        self._served, self._corpus, self._jobs = served, served.corpus, served.jobs
        self._received = received.resolve()
        self._listing = Listing(served)

    def everything(self, view: View, language: str, principals: Principals = None) -> Parts:
        """All parts, read anew: the tab was opened.

        Args:
            principals: as in `Rag.search`; who is not the operator may only look.
        """
        limit = self._served.max_upload_mb if self._may_change(principals) else None
        zone = "" if limit is None else documents.zone(limit, language)
        return {"view": view, "zone": zone, "dialog": "", **self.news(view, language, principals, read=True)}

    def news(self, view: View, language: str, principals: Principals = None, *, read: bool = False) -> Parts:
        """The parts that change by themselves: the job and the table."""
        failed, may_change = 0, self._may_change(principals)
        try:
            rows = self._listing.rows(principals, now=read)
            shelf = documents.shelf(page_of(rows, view), language, may_change=may_change)
            failed = sum(row.state in ("failed", "stale") for row in rows)
        except RagError as error:
            shelf = documents.unlisted(wrong(error, language), language)
        if principals is not None:  # a job names documents that not everybody may see
            return {"job": "", "shelf": shelf}
        return {"job": jobs.job(self._jobs.last, language, may_change=may_change, failed=failed), "shelf": shelf}

    def act(self, said: Said, view: View, language: str, principals: Principals = None) -> Iterator[Parts]:
        """Do what somebody wants, and show what came of it; what goes wrong is shown too."""
        does = str(said.get("do"))
        try:
            if does in _VIEWS:
                view = View(sort=view.sort) if does == "clear" else view.after(does, str(said.get("value") or ""))
                yield {"view": view, **self.news(view, language, principals)}
            elif does in _CHANGES and not self._may_change(principals):
                yield {"dialog": document.problem(say("documents.not_allowed", language), language)}
            elif does in _CHANGES:
                yield from self._change(does, said, language)
                yield self.news(view, language)
            elif does in ("show", "confirm", "exclude"):
                yield {"dialog": self._dialog(does, said, language, principals)}
        except RagError as error:
            yield {"dialog": document.problem(wrong(error, language), language)}
        except Exception as error:
            _LOG.exception("%r failed", does)
            yield {
                "dialog": document.problem(say("documents.unexpected", language, kind=type(error).__name__), language)
            }

    def _may_change(self, principals: Principals) -> bool:
        return self._served.max_upload_mb is not None and principals is None

    @property
    def _uploads(self) -> str:
        """Name of the source of the uploads."""
        source = self._corpus.settings.uploads
        return source.name if source else ""

    def _dialog(self, does: str, said: Said, language: str, principals: Principals) -> str:
        id = str(said.get("id"))
        if does == "confirm":
            running = self._jobs.last is not None and self._jobs.last.state == "running"
            return document.confirm(id, language, running=running)
        if does == "exclude":
            return document.exclusion(id, how_to_exclude(self._corpus.settings, id), language)
        row = next((row for row in self._listing.rows(principals) if row.id == id), None)
        if row is not None and not row.chunks and row.state in ("failed", "waiting", "reading"):
            return document.unread(row, language, may_change=self._may_change(principals))
        wanted = str(said.get("value") or "")
        chunks = int(wanted) if wanted.isdecimal() and len(wanted) < 8 else document.CHUNKS
        return document.stored(self._corpus.show(id, principals=principals), language, chunks=chunks)

    def _change(self, does: str, said: Said, language: str) -> Iterator[Parts]:
        id, sources = str(said.get("id")), str(said.get("sources") or "").split()
        before = self._jobs.last.options if self._jobs.last else {}
        match does:
            case "upload" | "url":
                added = self._uploaded(said, language) if does == "upload" else self._page(said, language)
                yield {"zone": self._added(added, language)}
            case "remove":
                self._corpus.uploads.remove(id)
                self._jobs.follow_up([self._uploads])
            case "check":
                yield {"dialog": jobs.looking(language)}
                yield {"dialog": jobs.plan(self._corpus.plan(sources=sources or None), sources, language)}
            case "ingest":
                self._jobs.start(**({"sources": sources} if sources else {}))
            case "retry":
                self._jobs.follow_up([id.partition(":")[0]])
            case "retry_failed":
                failed = {row.source for row in self._listing.rows() if row.state in ("failed", "stale")}
                self._jobs.start(**({"sources": sorted(failed)} if failed else {}))
            case "delete_anyway":
                self._jobs.start(**{**before, "max_delete": 1.0})
            case "go_on":
                self._jobs.start(**before)
            case "stop":
                self._jobs.stop()

    def _uploaded(self, said: Said, language: str) -> Iterator[Added]:
        """Take the files that were uploaded."""
        for sent in said.get("files") or ():
            name, path = str(sent.get("name")), self._arrived(sent.get("path"))
            if path is None:
                yield name, str(sent.get("error") or say("documents.not_sent", language))
                continue
            try:
                replace, limit = bool(said.get("replace")), self._served.max_upload_mb
                yield name, self._corpus.uploads.add(name, path, replace=replace, max_file_mb=limit)
            except RagError as error:
                yield name, wrong(error, language)
            finally:
                _remove(path)

    def _page(self, said: Said, language: str) -> Iterator[Added]:
        """Take the page whose address was pasted."""
        if address := str(said.get("value") or "").strip():
            try:
                yield address, self._corpus.uploads.add_url(address, max_file_mb=self._served.max_upload_mb)
            except RagError as error:
                yield address, wrong(error, language)

    def _added(self, added: Iterable[Added], language: str) -> str:
        """Have the uploads read, or where they are many, have somebody look at the plan first."""
        results = [*added]
        taken = [came for _, came in results if isinstance(came, Upload)]
        large = len(taken) > LARGE_FILES or sum(upload.size for upload in taken) > LARGE_MB * 1_000_000
        if taken and not large:
            self._jobs.follow_up([self._uploads])
        limit = self._served.max_upload_mb or 0
        return documents.zone(limit, language, results=results, large=self._uploads if large else None)

    def _arrived(self, path: object) -> Path | None:
        """A file that was uploaded; None for any other path that somebody may send."""
        with contextlib.suppress(OSError, ValueError):
            found = Path(path).resolve(strict=True) if isinstance(path, str) else None
            if found is not None and found.is_relative_to(self._received) and found.is_file():
                return found
        return None


def _remove(path: Path) -> None:
    """An uploaded file that was taken, or refused; it lies in a folder of its own."""
    with contextlib.suppress(OSError):
        path.unlink()
        path.parent.rmdir()
