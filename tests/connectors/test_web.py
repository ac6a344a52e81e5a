"""A crawl of a site on loopback: what it takes, what it asks for, and what it must never reach or delete."""

import gzip
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.web import WebConnector, addresses
from connectors.web.addresses import is_public
from connectors.web.urls import normalised
from rag import Rag
from rag.errors import DocumentError, SettingsError, SourceError
from rag.types import Skip, SourceItem

Page = tuple[int, dict[str, str], bytes]


class Site:
    """Pages by path, and what was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                status, headers, body = site.pages.get(self.path, (404, {}, b"no such page"))
                if status == 200 and headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
                    status, body = 304, b""
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.host = self.url.removeprefix("http://")
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def put(self, path: str, text: str, *links: str, head: str = "", status: int = 200, **headers: str) -> None:
        anchors = " ".join(f"<a href='{link}'>link</a>" for link in links)
        body = f"<html><head><title>{path}</title>{head}</head><body><p>{text}</p>{anchors}</body></html>".encode()
        named = {"Content-Type": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.pages[path] = (status, named, body)

    def paths(self) -> list[str]:
        asked = [path for path, _ in self.requests if path != "/robots.txt"]
        self.requests.clear()
        return asked


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    site.put("/", "Start.", "/tea", "/coffee#roast", "https://elsewhere.example/x")
    site.put("/tea", "Green tea.", "/tea/green")
    site.put("/coffee", "French press.", "/")
    site.put("/tea/green", "Sencha.")
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture(autouse=True)
def _asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.web.fetching._BACKOFF_S", 0.01)


_open: list[WebConnector] = []


@pytest.fixture(autouse=True)
def _close_connectors() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


def crawler(site: Site, **settings: Any) -> WebConnector:
    given = {"urls": [f"{site.url}/"], "allow_private": True, "requests_per_second": 100, "timeout_s": 2, **settings}
    made = WebConnector(name="web", **given)
    _open.append(made)
    return made


def crawled(connector: WebConnector) -> tuple[dict[str, SourceItem], list[Skip]]:
    entries = [*connector.list()]
    items = [entry for entry in entries if isinstance(entry, SourceItem)]
    assert len({item.key for item in items}) == len(items)
    return {item.uri.rpartition(":")[2].partition("/")[2]: item for item in items}, [
        entry for entry in entries if isinstance(entry, Skip)
    ]


@pytest.mark.parametrize(
    ("depth", "pages"),
    [
        (0, {""}),
        (1, {"", "tea", "coffee"}),
        (2, {"", "tea", "coffee", "tea/green"}),
        (9, {"", "tea", "coffee", "tea/green"}),
    ],
)
def test_links_are_followed_to_their_depth_on_the_start_pages_host(site: Site, depth: int, pages: set[str]) -> None:
    connector = crawler(site, depth=depth, acl=["staff"], metadata={"team": "tea"})
    items, _ = crawled(connector)
    assert set(items) == pages
    asked = site.paths()
    item = items[""]
    assert (item.key, item.mime, item.acl, item.metadata) == (f"{site.url}/", "text/html", ("staff",), {"team": "tea"})
    assert b"Start." in connector.fetch(item).as_bytes()
    assert len(asked) == len(set(asked)) == len(pages)
    assert site.paths() == [], "a page that was listed is not fetched again"
    connector.close()
    connector.close()


def test_patterns_take_and_leave_pages(site: Site) -> None:
    assert set(crawled(crawler(site, depth=3, include=["/tea"]))[0]) == {"", "tea", "tea/green"}
    site.paths()
    assert set(crawled(crawler(site, depth=3, exclude=["/tea"]))[0]) == {"", "coffee"}
    assert "/tea" not in site.paths(), "what is excluded is not even asked for"


def test_a_second_crawl_sees_what_changed_came_and_went(site: Site, tmp_path: Path) -> None:
    site.put("/tea", "Green tea.", "/tea/green", ETag='"1"')
    first, _ = crawled(crawler(site, depth=2, cache_dir=tmp_path))
    same, _ = crawled(crawler(site, depth=2, cache_dir=tmp_path))
    assert {k: i.fingerprint for k, i in first.items()} == {k: i.fingerprint for k, i in same.items()}
    site.put("/tea", "Black tea.", "/tea/black", ETag='"2"')
    site.put("/tea/black", "Assam.")
    del site.pages["/coffee"]
    site.requests.clear()
    connector = crawler(site, depth=2, cache_dir=tmp_path)
    changed, skips = crawled(connector)
    assert set(changed) == {"", "tea", "tea/black"}
    assert (first["tea"].fingerprint != changed["tea"].fingerprint, skips) == (True, [])
    assert b"Black tea." in connector.fetch(changed["tea"]).as_bytes()


def test_an_unchanged_page_is_not_sent_again_and_still_leads_on(site: Site, tmp_path: Path) -> None:
    site.put("/", "Start.", "/tea", ETag='"1"', Last_Modified=formatdate(0, usegmt=True))
    crawled(crawler(site, depth=1, cache_dir=tmp_path))
    site.requests.clear()
    connector = crawler(site, depth=1, cache_dir=tmp_path)
    items, _ = crawled(connector)
    assert set(items) == {"", "tea"}
    headers = next(headers for path, headers in site.requests if path == "/")
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"1"', formatdate(0, usegmt=True))
    assert b"Start." in connector.fetch(items[""]).as_bytes()
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_text("damaged")
    assert set(crawled(crawler(site, depth=1, cache_dir=tmp_path))[0]) == {"", "tea"}


@pytest.mark.parametrize("trouble", ["down", "500", "slow", "robots"])
def test_a_source_in_trouble_is_an_error_and_deletes_nothing(site: Site, tmp_path: Path, trouble: str) -> None:
    config = tmp_path / "corpus.yaml"
    config.write_text(
        f"name: t\nsources: [{{kind: web, urls: ['{site.url}/'], depth: 1, allow_private: true, timeout_s: 0.5, "
        "requests_per_second: 100}]\n"
    )
    with Rag.open(config) as corpus:
        assert corpus.ingest().new == 3
        if trouble == "down":
            site.server.shutdown()
            site.server.server_close()
        elif trouble == "robots":
            site.pages["/robots.txt"] = (503, {"Retry-After": "0"}, b"")
        else:
            site.put("/tea", "", status=500)
        if trouble == "slow":
            site.pages["/tea"] = (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, b"not gzip")
        with pytest.raises(SourceError):
            corpus.ingest()
        assert corpus.search("green tea")[0].title == "/tea"
        assert corpus.verify().documents == 3


def test_a_new_page_in_trouble_stops_nothing_and_says_why(site: Site, tmp_path: Path) -> None:
    site.put("/", "Start.", "/broken", "/secret", "/big", "/film", "/tea")
    site.put("/broken", "", status=500)
    site.put("/secret", "", status=403)
    site.put("/big", "x" * 50_000)
    site.put("/film", "", Content_Type="video/mp4")
    connector = crawler(site, depth=1, cache_dir=tmp_path, max_file_mb=0.03)
    items, skips = crawled(connector)
    assert set(items) == {"", "tea", "broken"}
    with pytest.raises(DocumentError, match="500"):
        connector.fetch(items["broken"])
    reasons = {skip.uri.rpartition("/")[2]: skip.reason for skip in skips}
    assert set(reasons) == {"secret", "big", "film"}
    assert "403" in reasons["secret"]
    assert "0.03 MB" in reasons["big"]
    assert reasons["film"] == "no parser for video/mp4"


def test_robots_and_their_tags_are_honoured(site: Site) -> None:
    site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /tea\nAllow: /tea/green\nCrawl-delay: 0.01\n")
    site.put("/coffee", "Hidden.", "/cups", head="<meta name=robots content=noindex>")
    site.put("/cups", "Cups.", "/plates", head="<meta name=robots content=nofollow>")
    site.put("/plates", "Plates.")
    items, skips = crawled(crawler(site, depth=5))
    assert set(items) == {"", "cups"}
    assert {skip.uri.rpartition("/")[2]: skip.reason for skip in skips} == {
        "tea": "robots.txt forbids it",
        "coffee": "the page asks robots not to index it",
    }
    with pytest.raises(SourceError, match=r"robots\.txt forbids"):
        crawled(crawler(site, urls=[f"{site.url}/tea"]))


def test_each_host_is_asked_at_most_so_often(site: Site) -> None:
    started = time.monotonic()
    crawled(crawler(site, depth=1, requests_per_second=10))
    assert time.monotonic() - started >= 0.3, "robots.txt and three pages are three pauses"


def test_redirects_and_canonical_names_make_one_page_of_several(site: Site) -> None:
    site.put("/", "Start.", "/old", "/tea?utm_source=x", "/tea/", "/TEA2")
    site.pages["/old"] = (301, {"Location": "/tea"}, b"")
    site.put("/tea/", "Green tea.", head="<link rel=canonical href='/tea'>")
    site.put("/TEA2", "Green tea.", head="<link rel=canonical href='https://elsewhere.example/tea'>")
    assert set(crawled(crawler(site, depth=1))[0]) == {"", "tea", "TEA2"}
    site.pages["/loop"] = (302, {"Location": "/loop"}, b"")
    with pytest.raises(SourceError, match="more than 5 redirects"):
        crawled(crawler(site, urls=[f"{site.url}/loop"]))


def test_sitemaps_list_pages(site: Site) -> None:
    index = f"<sitemapindex xmlns='x'><sitemap><loc>{site.url}/map.xml.gz</loc></sitemap></sitemapindex>"
    urls = "".join(f"<url><loc>{url}</loc></url>" for url in (f"{site.url}/tea", f"{site.url}/coffee", "http://other/"))
    site.pages["/sitemap.xml"] = (200, {}, index.encode())
    site.pages["/map.xml.gz"] = (200, {}, gzip.compress(f"<urlset xmlns='x'>{urls}</urlset>".encode()))
    assert set(crawled(crawler(site, urls=[], sitemaps=[f"{site.url}/sitemap.xml"]))[0]) == {"tea", "coffee"}
    site.pages["/map.xml.gz"] = (200, {}, b"<broken")
    with pytest.raises(SourceError, match=r"map\.xml\.gz"):
        crawled(crawler(site, urls=[], sitemaps=[f"{site.url}/sitemap.xml"]))


def test_pages_beyond_the_limit_are_skipped_and_not_fetched(site: Site) -> None:
    items, skips = crawled(crawler(site, depth=1, max_pages=2))
    assert (len(items), len(skips)) == (2, 1)
    assert len(site.paths()) == 2


def test_secrets_go_to_the_start_pages_hosts_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Site()
    other.put("/x", "Elsewhere.")
    site.pages["/out"] = (302, {"Location": f"{other.url}/x"}, b"")
    site.put("/", "Start.", "/out", "/tea")
    monkeypatch.setenv("TOKEN", "Bearer s3cret")
    connector = crawler(site, depth=1, headers_env={"Authorization": "TOKEN"}, hosts=[other.host])
    crawled(connector)
    assert all(headers["authorization"] == "Bearer s3cret" for _, headers in site.requests)
    assert other.requests
    assert not any("authorization" in headers for _, headers in other.requests)
    other.server.shutdown()
    other.server.server_close()
    monkeypatch.delenv("TOKEN")
    with pytest.raises(SourceError, match=r"TOKEN.*is not set"):
        crawled(crawler(site, headers_env={"Authorization": "TOKEN"}))
    with pytest.raises(SettingsError, match="no password"):
        crawler(site, urls=["https://me:s3cret@example.org/"])


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_private_addresses_are_not_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_private_address_is_refused_whatever_its_name(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match=r"127\.0\.0\.1, which is not a public one.*allow_private"):
        crawled(crawler(site, allow_private=False))
    answer = ["127.0.0.1"]
    monkeypatch.setattr(addresses, "resolve", lambda *_: answer)
    with pytest.raises(SourceError, match=r"rebound\.example has the address 127\.0\.0\.1"):
        crawled(crawler(site, allow_private=False, urls=["http://rebound.example/"]))
    assert site.requests == []


def test_a_redirect_to_a_private_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Site()
    inner.put("/secret", "Secret.")
    site.pages["/"] = (302, {"Location": f"{inner.url}/secret"}, b"")
    # the first site stands for a public one, what it leads to does not
    monkeypatch.setattr(addresses, "is_public", lambda _: not any(path == "/" for path, _ in site.requests))
    with pytest.raises(SourceError, match="not a public one"):
        crawled(crawler(site, allow_private=False))
    assert inner.requests == []
    inner.server.shutdown()
    inner.server.server_close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Example.ORG:80/a/../b/./c?b=1&utm_source=x#top", "http://example.org/b/c?b=1"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/%7Euser/a%20b", "https://example.org/~user/a%20b"),
        ("https://münchen.example/ü", "https://xn--mnchen-3ya.example/%C3%BC"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("https://user:pw@example.org/", None),
        ("ftp://example.org/", None),
        ("https://", None),
        ("https://[::1", None),
        ("mailto:x@example.org", None),
    ],
)
def test_a_page_has_one_spelling(url: str, expected: str | None) -> None:
    assert normalised(url) == expected
    if expected:
        assert normalised(expected) == expected


def test_a_page_that_is_gone_when_it_is_fetched_is_a_failed_document(site: Site) -> None:
    items, _ = crawled(crawler(site))
    again = crawler(site)
    assert b"Start." in again.fetch(items[""]).as_bytes()
    site.pages.clear()
    with pytest.raises(DocumentError, match="answers 404"):
        again.fetch(items[""])
