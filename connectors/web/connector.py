"""The pages of web sites as a source."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.documents.base import Blob

from connectors.globs import Globs
from connectors.web import memory
from connectors.web.crawl import Crawl, Scope
from connectors.web.errors import PageError
from connectors.web.fetching import Fetcher
from connectors.web.page import charset_of
from connectors.web.robots import Robots
from connectors.web.urls import host_of, normalised
from connectors.web.visit import Visit, checked_status
from rag.errors import DocumentError, SettingsError, SourceError
from rag.skips import skip_reason
from rag.types import PUBLIC, Skip, SourceItem

_UNREAD = "unread"


class WebConnector:
    """Crawls sites and reads their pages; implements `rag.protocols.Connector`.

    A page's key is its canonical address where it names one on its own host, else the address that permanent
    redirects lead to, in one spelling (`connectors.web.urls.normalised`).

    A page that is not there any more (404, 410) or is linked no longer is not listed. One that was read before and
    now fails otherwise fails the listing: nothing is deleted because a server is down. A page that never could be
    read is listed, and fails alone when it is fetched.

    Args:
        name: the source's name, prefix of its documents' ids.
        urls: start pages; always read, whatever the patterns say.
        sitemaps: sitemaps or sitemap indexes, whose pages are taken too.
        depth: links that are followed from a start page.
        include: glob patterns of the paths of pages to read; none takes the document formats on all paths.
        exclude: glob patterns of the paths of pages that are not read.
        hosts: hosts (`host` or `host:port`) whose pages are read besides those of the start pages and sitemaps.
        max_pages: pages that are asked for in a crawl; further ones are skipped, and kept if they are known.
        requests_per_second: for each host; a longer `Crawl-delay` of its robots.txt is kept.
        timeout_s: seconds that a server may take for an answer.
        user_agent: how requests name their sender, and whose rules in robots.txt are kept.
        allow_private: also connect to private, loopback and link-local addresses.
        headers_env: header -> name of the environment variable that holds its value; sent only to the scheme, host
            and port of the start pages and sitemaps, or https on the same host.
        acl: principals that may see the documents.
        metadata: attached to each of them.
        max_file_mb: larger pages are skipped, in millions of bytes.
        cache_dir: where what is needed to ask "has it changed?" is kept for the next crawl.
    """

    def __init__(
        self,
        *,
        name: str,
        urls: Sequence[str] = (),
        sitemaps: Sequence[str] = (),
        depth: int = 0,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        hosts: Sequence[str] = (),
        max_pages: int = 1000,
        requests_per_second: float = 2,
        timeout_s: float = 20,
        user_agent: str = "situated-rag",
        allow_private: bool = False,
        headers_env: Mapping[str, str] | None = None,
        acl: Sequence[str] = PUBLIC,
        metadata: Mapping[str, Any] | None = None,
        max_file_mb: float = 200,
        cache_dir: Path | None = None,
    ) -> None:
        self.name = name
        starts = tuple(dict.fromkeys(_address(url) for url in urls))
        maps = tuple(dict.fromkeys(_address(url) for url in sitemaps))
        self._scope = Scope(
            starts=starts,
            sitemaps=maps,
            hosts=frozenset(host_of(url) for url in (*starts, *maps, *(_address(f"http://{host}") for host in hosts))),
            include=Globs(include),
            exclude=Globs(exclude),
            depth=depth,
            max_pages=max_pages,
            max_bytes=max_file_mb * 1_000_000,
        )
        self._requests_per_second = requests_per_second
        self._timeout_s = timeout_s
        self._user_agent = user_agent
        self._allow_private = allow_private
        self._headers_env = dict(headers_env or {})
        self._acl = tuple(acl)
        self._metadata = dict(metadata or {})
        self._cache_dir = cache_dir
        self._before = memory.load(cache_dir)
        self._listed: dict[str, Visit] = {}
        self._bodies: TemporaryDirectory[str] | None = None
        self._fetcher: Fetcher | None = None
        self._robots: Robots | None = None

    def list(self) -> Iterator[SourceItem | Skip]:
        """Every page in the order of the crawl. Bodies that come with it are kept for `fetch`.

        Raises:
            SourceError: a start page, a sitemap or a page that was read before cannot be had.
        """
        self._forget()
        fetcher = self._connected()
        self._robots = Robots(fetcher, self._user_agent)
        crawl = Crawl(self._scope, fetcher, self._robots, self._before)
        for found in crawl.visits():
            if isinstance(found, Skip):
                yield found
                continue
            key = found.page.key
            if key in self._listed:
                yield Skip(uri=found.page.url, reason=skip_reason("same_page", other=self._listed[key].page.url))
                continue
            if found.body is not None:
                self._body_file(key).write_bytes(_in_unicode(found.body, found.page.mime, found.charset))
            self._listed[key] = Visit(page=found.page, failure=found.failure)
            yield self._item(found)
        self._before = crawl.seen
        memory.save(self._cache_dir, crawl.seen.values())

    def fetch(self, item: SourceItem) -> Blob:
        """The page as it was when it was listed, or as it is now where the server had said that nothing changed.

        Raises:
            DocumentError: it cannot be had (`read`).
        """
        listed = self._listed.get(item.key)
        if listed and listed.failure:
            raise DocumentError(f"{item.uri}: cannot be read: {listed.failure}", kind="read")
        try:
            kept = self._body_file(item.key)
            data = kept.read_bytes() if kept.is_file() else self._read(listed.page.url if listed else item.uri, item)
        except (PageError, SourceError, OSError) as error:
            raise DocumentError(f"{item.uri}: cannot be read: {error}", kind="read") from error
        return Blob.from_data(data, mime_type=item.mime, path=item.uri)

    def close(self) -> None:
        """Close all connections and remove the pages that were kept."""
        self._forget()
        if self._fetcher:
            self._fetcher.close()
            self._fetcher = None

    def _read(self, url: str, item: SourceItem) -> bytes:
        fetcher = self._connected()
        robots = self._robots = self._robots or Robots(fetcher, self._user_agent)
        robots.check(url)
        answer = fetcher.get(url, max_bytes=self._scope.max_bytes, check=lambda target, _: robots.check(target))
        checked_status(answer)
        return _in_unicode(answer.body or b"", item.mime, charset_of(answer.headers.get("content-type", "")))

    def _item(self, visit: Visit) -> SourceItem:
        return SourceItem(
            source=self.name,
            key=visit.page.key,
            uri=visit.page.key,
            fingerprint=visit.page.sha256 or _UNREAD,
            mime=visit.page.mime,
            size=visit.page.size,
            modified=visit.page.modified,
            metadata=self._metadata,
            acl=self._acl,
        )

    def _connected(self) -> Fetcher:
        if self._fetcher is None:
            headers = {header: _secret(header, variable) for header, variable in self._headers_env.items()}
            origins = {
                url.partition("://")[0] + "://" + host_of(url) for url in self._scope.starts + self._scope.sitemaps
            }
            origins |= {"https://" + origin.removeprefix("http://") for origin in origins if _has_default_port(origin)}
            self._fetcher = Fetcher(
                user_agent=self._user_agent,
                timeout_s=self._timeout_s,
                requests_per_second=self._requests_per_second,
                allow_private=self._allow_private,
                secrets=dict.fromkeys(origins, headers),
            )
        return self._fetcher

    def _body_file(self, key: str) -> Path:
        if self._bodies is None:
            self._bodies = TemporaryDirectory(prefix="rag-web-")
        return Path(self._bodies.name) / hashlib.sha256(key.encode()).hexdigest()

    def _forget(self) -> None:
        self._listed = {}
        if self._bodies:
            self._bodies.cleanup()
            self._bodies = None


def _address(url: str) -> str:
    found = normalised(url)
    if found is None:
        raise SettingsError(f"{url!r} is no address of a web page: give http:// or https://, and no password in it")
    return found


def _has_default_port(origin: str) -> bool:
    return origin.startswith("http://") and ":" not in origin.removeprefix("http://").rpartition("]")[2]


def _secret(header: str, variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value or not value.isprintable() or not value.isascii():
        state = "holds no value that a header may have" if value else "is not set"
        raise SourceError(f"the environment variable {variable} for the header {header!r} {state}: set it")
    return value


def _in_unicode(body: bytes, mime: str | None, charset: str | None) -> bytes:
    """A text whose charset only the server knows, in UTF-8 with a mark that says so."""
    if not charset or charset == "utf-8" or not (mime or "").startswith("text/"):
        return body
    try:
        return body.decode(charset).encode("utf-8-sig")
    except (UnicodeError, LookupError):
        return body
