"""One crawl: from the start pages along their links, then the pages of the sitemaps."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from connectors.globs import Globs
from connectors.parsing.formats import format_of_mime
from connectors.web.errors import Gone, PageError, Refused, Unreachable
from connectors.web.fetching import Answer, Fetcher
from connectors.web.memory import Seen
from connectors.web.robots import Robots
from connectors.web.sitemap import sitemap_urls
from connectors.web.urls import host_of, path_of
from connectors.web.visit import Visit, checked_status, mime_of, read_visit
from rag.errors import SourceError
from rag.skips import skip_reason
from rag.types import Skip

_MAX_FAILURES = 5
"""So many pages in a row that cannot be had mean that the site is down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What belongs to the source.

    Attributes:
        starts: addresses that are always read, and taken whatever the patterns say.
        hosts: whose pages are taken.
        depth: links that are followed from a start page.
        max_bytes: of a page.
    """

    starts: tuple[str, ...]
    sitemaps: tuple[str, ...]
    hosts: frozenset[str]
    include: Globs
    exclude: Globs
    depth: int
    max_pages: int
    max_bytes: float


class Crawl:
    """Visits every page once, in a fixed order.

    A page that was read by the crawl before and now fails, for whatever reason but a lasting one, ends the crawl:
    what it leads to would else count as deleted.

    Args:
        before: pages of the crawl before, by address.
    """

    def __init__(self, scope: Scope, fetcher: Fetcher, robots: Robots, before: Mapping[str, Seen]) -> None:
        self._scope = scope
        self._fetcher = fetcher
        self._robots = robots
        self._before = before
        self._hosts = set(scope.hosts)
        self.seen: dict[str, Seen] = {}

    def visits(self) -> Iterator[Visit | Skip]:
        """The pages and what is not taken.

        Raises:
            SourceError: a start page, a sitemap or a page that was read before cannot be had.
        """
        listed = self._sitemap_pages()
        queue = deque((url, self._scope.depth) for url in self._scope.starts)
        queued, asked, failures = set(self._scope.starts), 0, 0
        while queue or listed:
            if not queue:
                queue.extend((url, 0) for url in listed if url not in queued)
                queued.update(listed)
                listed = []
                continue
            url, depth = queue.popleft()
            start = url in self._scope.starts
            against = None if start else self._against(url)
            if against is not None:
                if against:
                    yield Skip(uri=url, reason=against)
                continue
            found: Visit | Skip | None
            if asked >= self._scope.max_pages:
                found = self._beyond(url)
            else:
                asked += 1
                found = self._visited(url, start, depth)
            if found is None:
                continue
            yield found
            if isinstance(found, Skip) and url not in self.seen:
                continue
            failures = failures + 1 if isinstance(found, Visit) and found.failure else 0
            if failures >= _MAX_FAILURES and isinstance(found, Visit):
                raise SourceError(
                    f"{url}: {found.failure}; {failures} pages in a row could not be had: try again later"
                )
            if depth:
                fresh = [link for link in self.seen[url].links if link not in queued and self._follows(link)]
                queued.update(fresh)
                queue.extend((link, depth - 1) for link in fresh)

    def _sitemap_pages(self) -> list[str]:
        found: dict[str, None] = {}
        for sitemap in self._scope.sitemaps:
            try:
                found.update(dict.fromkeys(sitemap_urls(sitemap, self._fetcher)))
            except PageError as error:
                raise SourceError(f"{sitemap}: the sitemap cannot be read: {error}") from error
        return list(found)

    def _follows(self, link: str) -> bool:
        """Whether a link is worth a word: those to other hosts are no part of the source."""
        return host_of(link) in self._hosts

    def _against(self, url: str) -> str | None:
        """Why an address is not asked for, "" where `include` does not name it; None where it is."""
        if host_of(url) not in self._hosts:
            return skip_reason("other_host", host=host_of(url))
        pattern = self._scope.exclude.match(path_of(url))
        if pattern:
            return skip_reason("excluded", pattern=pattern)
        return None if not self._scope.include or self._scope.include.match(path_of(url)) else ""

    def _beyond(self, url: str) -> Visit | Skip:
        """A page that there is no room for: if it is known it stays as it is, for it is not gone."""
        known = self._before.get(url)
        if known and known.sha256:
            self.seen[url] = known  # also of a page that is not taken: what it leads to is
            return Skip(uri=url, reason=known.skip) if known.skip else Visit(page=known)
        return Skip(uri=url, reason=skip_reason("too_many_pages", pages=self._scope.max_pages))

    def _visited(self, url: str, start: bool, depth: int) -> Visit | Skip | None:
        """The page; None where there is none any more."""
        known = self._before.get(url)
        # a page that is not taken counts too: what it leads to would be gone with it
        was_read = bool(known and known.sha256)
        try:
            visit = self._visit(url, start, known)
        except Gone as error:
            if start:
                raise SourceError(f"{url}: {error}: mend the address in `urls`") from error
            return None
        except Refused as error:
            if start or (was_read and not error.lasting):
                raise SourceError(f"{url}: {error}: {_advice(error)}") from error
            return Skip(uri=url, reason=str(error))
        except Unreachable as error:
            # nothing is known of a crawl before: what this page leads to may be documents
            if start or was_read or (depth and not self._before):
                raise SourceError(f"{url}: {error}: try again later, or exclude the page") from error
            visit = Visit(page=Seen(url=url, final=url, key=url), failure=str(error))
        self.seen[url] = visit.page
        self._hosts |= {host_of(visit.page.final)} if start else set()
        against = None if start else self._against(visit.page.key)
        reason = visit.page.skip or against or (skip_reason("not_included") if against == "" else "")
        return Skip(uri=url, reason=reason) if reason else visit

    def _visit(self, url: str, start: bool, known: Seen | None) -> Visit:
        self._robots.check(url)
        answer = self._fetcher.get(
            url,
            max_bytes=self._scope.max_bytes,
            validators={known.final: known.conditions} if known else None,
            check=partial(self._check_redirect, start),
            wanted=self._check_format,
        )
        if answer.status == 304 and known and answer.url == known.final:
            return Visit(page=known)
        checked_status(answer)
        return read_visit(url, answer)

    def _check_redirect(self, start: bool, target: str, permanent: bool) -> None:
        if not start and host_of(target) not in self._hosts:
            raise Refused(skip_reason("redirected", host=host_of(target)), lasting=permanent)
        self._robots.check(target)

    def _check_format(self, answer: Answer) -> None:
        """Do nothing where there is a parser for what is answered.

        Raises:
            Refused: there is none, or its format is not taken unless it is asked for.
        """
        mime = mime_of(answer)
        format = format_of_mime(mime) if mime else None
        if format is None:
            reason = skip_reason("no_parser_for_type", mime=mime) if mime else skip_reason("no_type")
            raise Refused(reason, lasting=True)
        if not (format.default or self._scope.include):
            raise Refused(skip_reason("not_default", kind=format.name), lasting=True)


def _advice(error: Refused) -> str:
    if "not a public one" in str(error):
        return "set `allow_private: true` if that is meant"
    return "name its password in `headers_env`, or leave the page out"
