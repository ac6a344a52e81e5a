"""What an answer says about a page."""

import hashlib
import mimetypes
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from connectors.parsing.formats import format_of_mime, format_of_name
from connectors.web.errors import Gone, Refused
from connectors.web.fetching import Answer
from connectors.web.memory import Seen
from connectors.web.page import Page, charset_of, read_page, wishes_of
from connectors.web.urls import path_of
from rag.skips import skip_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page of the source.

    Attributes:
        body: what the server sent; None where it said that nothing changed, or was not asked.
        failure: why it cannot be read; None where it can.
    """

    page: Seen
    body: bytes | None = None
    charset: str | None = None
    failure: str | None = None


def checked_status(answer: Answer) -> None:
    """Do nothing where there is a page in the answer.

    Raises:
        Gone: there is none any more.
        Refused: we do not get it.
    """
    if answer.status in (404, 410):
        raise Gone(skip_reason("status", status=answer.status))
    if answer.status != 200:
        raise Refused(skip_reason("status", status=answer.status), lasting=False)


def mime_of(answer: Answer) -> str | None:
    """The media type that the server names; the address's ending where that says nothing, or less."""
    named = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if named in ("", "application/octet-stream", "binary/octet-stream", "text/plain"):
        path = path_of(answer.url)
        format = format_of_name(path)
        return format.mime_of(path) if format else named or mimetypes.guess_type(path)[0]
    format = format_of_mime(named)
    return format.mime if format and "*" not in format.mime else named


def read_visit(url: str, answer: Answer) -> Visit:
    """The page that was answered when `url` was asked for."""
    body, mime = answer.body or b"", mime_of(answer)
    charset = charset_of(answer.headers.get("content-type", ""))
    robots = answer.headers.get("x-robots-tag", "")
    page = Page()
    if mime == "text/html":
        page = read_page(body, answer.url, charset=charset, robots_header=robots)
    elif wishes_of(robots) & {"noindex", "none"}:
        page = Page(noindex=True)
    seen = Seen(
        url=url,
        final=answer.url,
        key=page.canonical or answer.key,
        sha256=hashlib.sha256(body).hexdigest(),
        mime=mime,
        size=len(body),
        modified=_utc(answer.headers.get("last-modified", "")),
        etag=answer.headers.get("etag", ""),
        last_modified=answer.headers.get("last-modified", ""),
        links=page.links,
        skip=skip_reason("robots_index") if page.noindex else "",
    )
    return Visit(page=seen, body=body, charset=charset)


def _utc(value: str) -> str | None:
    with suppress(ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None
