import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.web import WebConnector, fetching
from connectors.web.urls import normalised
from rag.errors import DocumentError, SettingsError, SourceError
from rag.protocols import Connector
from rag.testing.connector_contract import ConnectorContract, SourceUnderTest
from rag.types import Skip, SourceItem
from tests.connectors.web_site import Reply, Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the crawler would have slept."""
    slept: list[float] = []
    monkeypatch.setattr(fetching, "sleep", slept.append)
    return slept


_open: list[WebConnector] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


def connector(site: Site, *paths: str, **settings: object) -> WebConnector:
    urls = [site.url + path for path in paths]
    made = WebConnector(**{"name": "web", "urls": urls, "allow_private": True, "timeout_s": 1, **settings})
    _open.append(made)
    return made


def listed(source: WebConnector) -> tuple[list[SourceItem], dict[str, str]]:
    found = list(source.list())
    return [i for i in found if isinstance(i, SourceItem)], {s.uri: s.reason for s in found if isinstance(s, Skip)}


def crawled(site: Site, *paths: str, **settings: object) -> tuple[list[str], dict[str, str]]:
    """Keys and reasons, below the site's address."""
    items, skips = listed(connector(site, *paths, **settings))
    return [i.key.removeprefix(site.url) for i in items], {k.removeprefix(site.url): v for k, v in skips.items()}


def test_an_item_says_what_is_known(site: Site) -> None:
    site.html("/a", Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT")
    source = connector(site, "/a", acl=["staff"], metadata={"team": "x"})
    (item,), skips = listed(source)
    blob = source.fetch(item)
    assert skips == {}
    assert (item.key, item.uri, item.mime, item.modified) == (
        f"{site.url}/a",
        f"{site.url}/a",
        "text/html",
        "2015-10-21T07:28:00Z",
    )
    assert (item.acl, item.metadata, item.size) == (("staff",), {"team": "x"}, len(blob.as_bytes()))
    assert b"<p>/a</p>" in blob.as_bytes()
    assert blob.mimetype == "text/html"
    assert site.requests == ["/robots.txt", "/a"]  # what was read for the listing is not read again
    source.close()
    source.close()


@pytest.mark.parametrize(("depth", "keys"), [(0, ["/"]), (1, ["/", "/a", "/b"]), (2, ["/", "/a", "/b", "/c"])])
def test_links_are_followed_to_the_depth(site: Site, depth: int, keys: list[str]) -> None:
    site.html(
        "/", "/a", "b#part", "https://elsewhere.example/x", "mailto:a@b.c", "javascript:void(0)", "/a?utm_source=x"
    )
    site.html("/a", "/c", "/", "/a")
    site.html("/b")
    site.html("/c", "/d")
    assert crawled(site, "/", depth=depth) == (keys, {})


def test_patterns_and_formats(site: Site) -> None:
    site.html("/", "/docs/a", "/docs/secret/b", "/blog/c", "/docs/d.pdf", "/docs/e.zip", "/docs/f.md", "/docs/g")
    for path in ("/docs/a", "/docs/secret/b", "/blog/c"):
        site.html(path)
    site.pages["/docs/d.pdf"] = Reply(b"%PDF-1.4", mime="application/pdf")
    site.pages["/docs/e.zip"] = Reply(b"PK", mime="application/zip")
    site.pages["/docs/f.md"] = Reply(b"# Hi", mime="text/plain")
    site.pages["/docs/g"] = Reply(b"\0", mime="font/woff2")
    keys, skips = crawled(site, "/", depth=1, exclude=["docs/secret"])
    assert keys == ["/", "/docs/a", "/blog/c", "/docs/d.pdf", "/docs/f.md"]
    assert skips == {
        "/docs/secret/b": "excluded by 'docs/secret'",
        "/docs/e.zip": "ZIP archive files are taken only where `include` names them",
        "/docs/g": "no parser for font/woff2",
    }
    assert "/docs/secret/b" not in site.requests
    keys, skips = crawled(site, "/", depth=1, include=["docs/*"])
    assert keys == ["/", "/docs/a", "/docs/secret/b", "/docs/d.pdf", "/docs/e.zip", "/docs/f.md"]
    assert skips == {"/docs/g": "no parser for font/woff2"}


def test_a_page_is_known_by_its_canonical_address(site: Site) -> None:
    site.html("/", "/a?session=1", "/a?session=2", "/b", "/moved", "/for-now")
    for path in ("/a?session=1", "/a?session=2"):
        site.html(path, head='<link rel="canonical" href="/a">')
    site.html("/b", head='<link rel="canonical" href="https://elsewhere.example/b">')
    site.redirect("/moved", "/new")
    site.redirect("/for-now", "/today", 302)
    site.html("/new")
    site.html("/today")
    keys, skips = crawled(site, "/", depth=1)
    assert keys == ["/", "/a", "/b", "/new", "/for-now"]
    assert skips == {"/a?session=2": f"the same page as {site.url}/a?session=1"}


def test_robots_are_asked_and_obeyed(site: Site, waits: list[float]) -> None:
    site.pages["/robots.txt"] = Reply(
        b"User-agent: *\nDisallow: /\n\nUser-agent: situated-rag\nDisallow: /private\nCrawl-delay: 7\n",
        mime="text/plain",
    )
    site.html("/", "/private/a", "/b", "/c", "/d")
    site.html("/private/a")
    site.html("/b", head='<meta name="ROBOTS" content="NoIndex, nofollow">')
    site.html("/c", X_Robots_Tag="noindex")
    site.pages["/d"] = Reply(b"<p>d</p><a rel='nofollow' href='/e'>e</a>")
    noindex = "the page asks robots not to index it"
    keys, skips = crawled(site, "/", depth=2)
    assert keys == ["/", "/d"]
    assert skips == {"/private/a": "robots.txt forbids it", "/b": noindex, "/c": noindex}
    assert site.requests == ["/robots.txt", "/", "/b", "/c", "/d"]
    assert [round(wait) for wait in waits] == [7, 7, 7, 7]
    with pytest.raises(SourceError, match=r"/private/a: robots\.txt forbids it"):
        crawled(site, "/private/a")


def test_robots_that_cannot_be_read_forbid_everything(site: Site) -> None:
    site.html("/")
    site.pages["/robots.txt"] = Reply(status=500)
    with pytest.raises(SourceError, match=r"robots\.txt cannot be read: the server answers 500"):
        crawled(site, "/")
    site.pages["/robots.txt"] = Reply(status=403)
    assert crawled(site, "/") == (["/"], {})


def test_requests_are_spread(site: Site, waits: list[float]) -> None:
    site.html("/", "/a", "/b")
    site.html("/a")
    site.html("/b")
    crawled(site, "/", depth=1, requests_per_second=0.25)
    assert len(waits) == 3
    assert all(3.5 < wait <= 4 for wait in waits)


def test_sitemaps_and_their_indexes_name_pages(site: Site) -> None:
    site.sitemap("/sitemap.xml", f"{site.url}/1.xml", f"{site.url}/2.xml.gz", f"{site.url}/sitemap.xml", index=True)
    site.sitemap("/1.xml", f" {site.url}/a\n", f"{site.url}/gone")
    site.sitemap("/2.xml.gz", f"{site.url}/b", f"{site.url}/a", "https://elsewhere.example/c", zipped=True)
    site.html("/a", "/not-followed")
    site.html("/b")
    keys, skips = crawled(site, sitemaps=[f"{site.url}/sitemap.xml"], depth=3)
    assert keys == ["/a", "/b"]
    assert skips == {
        "https://elsewhere.example/c": "on another host: name 'elsewhere.example' in `hosts` to take it",
    }


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=404), "the server answers 404"),
        (Reply(status=503), "the server answers 503"),
        (Reply(b"<html><body>Down"), "not well-formed XML"),
        (Reply(b"<rss><url><loc>http://x/</loc></url></rss>"), "its root is <rss>"),
        (Reply(b"\x1f\x8bnonsense"), "no gzip data"),
        (Reply(gzip.compress(bytes(60_000_000), 9)), "more than 52 MB unpacked"),
        (Reply(b""), "not well-formed XML"),
    ],
)
def test_a_sitemap_that_cannot_be_read_fails_the_listing(site: Site, reply: Reply, reason: str) -> None:
    site.sitemap("/index.xml", f"{site.url}/bad.xml", index=True)
    site.pages["/bad.xml"] = reply
    with pytest.raises(SourceError, match=reason):
        crawled(site, sitemaps=[f"{site.url}/index.xml"])


def test_unchanged_pages_are_not_sent_again(site: Site, tmp_path: Path) -> None:
    site.html("/", "/a")
    site.html("/a", "/b")
    site.html("/b")
    for path in ("/", "/a", "/b"):
        site.etag(path, f'"{path}-1"')
    first, _ = listed(connector(site, "/", depth=2, cache_dir=tmp_path / "cache"))
    site.html("/b", text="new")
    site.etag("/b", '"/b-2"')
    second = connector(site, "/", depth=2, cache_dir=tmp_path / "cache")
    again, _ = listed(second)
    assert site.headers["/a"]["if-none-match"] == '"/a-1"'
    assert [i.key for i in first] == [i.key for i in again]
    assert [i.fingerprint == j.fingerprint for i, j in zip(first, again, strict=True)] == [True, True, False]
    # the server sent no body for it, but it may have to be read all the same
    assert b"<p>/a</p>" in second.fetch(again[1]).as_bytes()


@pytest.mark.parametrize("damage", [b"", b"{", b'{"url": 1}\n', b"\xff\xfe", b"[]"])
def test_a_damaged_cache_is_no_cache(site: Site, tmp_path: Path, damage: bytes) -> None:
    site.html("/")
    site.etag("/", '"1"')
    expected = crawled(site, "/", cache_dir=tmp_path)
    (tmp_path / "pages.jsonl").write_bytes(damage)
    assert crawled(site, "/", cache_dir=tmp_path) == expected


def test_what_is_added_changed_and_gone_is_seen(site: Site) -> None:
    site.html("/", "/a", "/b")
    site.html("/a")
    site.html("/b")
    source = connector(site, "/", depth=1)
    before = {i.key: i.fingerprint for i in listed(source)[0]}
    site.html("/a", text="changed")
    del site.pages["/b"]
    site.html("/", "/a", "/b", "/c")
    site.html("/c")
    after = {i.key: i.fingerprint for i in listed(source)[0]}
    assert [k.removeprefix(site.url) for k in after] == ["/", "/a", "/c"]
    assert after[f"{site.url}/a"] != before[f"{site.url}/a"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=500), "the server answers 500"),
        (Reply(status=503), "the server answers 503"),
        (Reply(status=429), "the server answers 429"),
        (Reply(status=403), "the server answers 403"),
        (Reply(status=0), "disconnected"),
        (Reply(status=302, headers={"Location": "http://127.0.0.2:9/login"}), "redirects to another host"),
        (Reply(b"xyz", headers={"Content-Encoding": "gzip"}), "no gzip data"),
        (Reply(gzip.compress(b"<p>text</p>")[:-5], headers={"Content-Encoding": "gzip"}), "middle of its gzip data"),
        (Reply(b"short", headers={"Content-Length": "9"}), "closed connection|disconnected|no answer"),
        (Reply(b"xyz", headers={"Content-Encoding": "br"}), "encoded as 'br'"),
    ],
)
def test_a_known_page_that_fails_deletes_nothing(site: Site, tmp_path: Path, reply: Reply, reason: str) -> None:
    site.html("/", "/a")
    site.html("/a", "/b")
    site.html("/b")
    assert crawled(site, "/", depth=2, cache_dir=tmp_path)[0] == ["/", "/a", "/b"]
    site.pages["/a"] = reply
    with pytest.raises(SourceError, match=f"/a: .*{reason}"):
        crawled(site, "/", depth=2, cache_dir=tmp_path)
    site.html("/a", "/b")
    assert crawled(site, "/", depth=2, cache_dir=tmp_path)[0] == ["/", "/a", "/b"]


def test_a_page_that_never_could_be_read_fails_alone(site: Site, tmp_path: Path) -> None:
    site.html("/", "/a", "/b", "/c")
    site.pages["/a"] = Reply(status=500)
    site.pages["/b"] = Reply(status=403)
    site.html("/c")
    for _ in range(2):
        source = connector(site, "/", depth=1, cache_dir=tmp_path)
        items, skips = listed(source)
        assert [i.key.removeprefix(site.url) for i in items] == ["/", "/a", "/c"]
        assert skips == {f"{site.url}/b": "the server answers 403"}
        with pytest.raises(DocumentError, match="/a: cannot be read: the server answers 500") as caught:
            source.fetch(items[1])
        assert caught.value.kind == "read"


def test_a_site_that_goes_down_ends_the_crawl(site: Site) -> None:
    site.html("/", *(f"/{n}" for n in range(50)))
    for n in range(50):
        site.pages[f"/{n}"] = Reply(status=500)
    with pytest.raises(SourceError, match="5 pages in a row"):
        crawled(site, "/", depth=1)
    assert len(site.requests) == 7


def test_a_start_page_that_is_gone_is_an_error(site: Site) -> None:
    with pytest.raises(SourceError, match=r"/a: the server answers 404: mend the address in `urls`"):
        crawled(site, "/a")


def test_a_server_that_is_down_is_an_error(waits: list[float]) -> None:
    with serving() as site:
        pass
    with pytest.raises(SourceError, match="refused"):
        crawled(site, "/")
    assert [wait for wait in waits if wait >= 1] == [1, 2]


def test_a_busy_server_is_asked_again_when_it_says(site: Site, waits: list[float]) -> None:
    site.html("/a")
    page, answers = site.pages["/a"], [Reply(status=503, headers={"Retry-After": "9"}), Reply(status=429)]
    assert isinstance(page, Reply)
    site.pages["/a"] = lambda _: answers.pop(0) if answers else page
    assert crawled(site, "/a", requests_per_second=100) == (["/a"], {})
    assert 9 in waits
    site.pages["/a"] = Reply(status=503, headers={"Retry-After": "3600"})
    site.forget_requests()
    with pytest.raises(SourceError, match="503"):
        crawled(site, "/a")
    assert site.requests == ["/robots.txt", "/a"]


def test_pages_beyond_the_limit_are_skipped_but_stay_if_known(site: Site, tmp_path: Path) -> None:
    site.html("/", "/a", "/b", "/c")
    for path in ("/a", "/b", "/c"):
        site.html(path)
    reason = "more than 3 pages: raise `max_pages` or narrow `include`"
    assert crawled(site, "/", depth=1, max_pages=3) == (["/", "/a", "/b"], {"/c": reason})
    crawled(site, "/", depth=1, cache_dir=tmp_path)
    site.html("/", "/new", "/a", "/b", "/c", "/d")
    site.html("/new")
    keys, skips = crawled(site, "/", depth=1, max_pages=3, cache_dir=tmp_path)
    assert keys == ["/", "/new", "/a", "/b", "/c"]
    assert skips == {"/d": reason}


def test_a_redirected_start_page_brings_its_host_along(site: Site) -> None:
    with serving("localhost") as other:
        site.redirect("/", f"{other.url}/home")
        other.html("/home", "/a")
        other.html("/a")
        source = connector(site, "/", depth=1)
        items, _ = listed(source)
        assert [i.key for i in items] == [f"{other.url}/home", f"{other.url}/a"]


def test_a_linked_page_may_not_lead_to_another_host(site: Site) -> None:
    with serving("localhost") as other:
        other.html("/a")
        site.html("/", "/out", "/loop")
        site.redirect("/out", f"{other.url}/a")
        site.redirect("/loop", "/loop")
        keys, skips = crawled(site, "/", depth=1)
        assert other.requests == []
        assert keys == ["/", "/loop"]  # it is no page: reading it fails
        assert skips == {"/out": f"redirects to another host, {other.host}"}
        assert [k for k in crawled(site, "/", depth=1, hosts=[other.host])[0] if "localhost" in k] == [f"{other.url}/a"]


def test_a_charset_that_only_the_server_knows_is_kept(site: Site) -> None:
    site.pages["/a"] = Reply("<p>Привет</p>".encode("koi8-r"), mime="text/html; charset=KOI8-R")
    source = connector(site, "/a")
    (item,), _ = listed(source)
    assert source.fetch(item).as_bytes().decode("utf-8-sig") == "<p>Привет</p>"


@pytest.mark.parametrize("url", ["ftp://x/a", "http://user:pw@x/", "http:///a", "http://x:99999/", "x", "http://a b/"])
def test_addresses_that_are_none_are_refused_at_once(url: str) -> None:
    with pytest.raises(SettingsError, match="no address of a web page"):
        WebConnector(name="web", urls=[url])


class Pages(SourceUnderTest):
    """Pages that a sitemap names; their keys are addresses, which the contract sees without the site."""

    def __init__(self, site: Site, cache: Path) -> None:
        self.site, self.cache = site, cache
        self.paths: list[str] = []

    def put(self, key: str, text: str) -> None:
        self.site.pages[f"/{key}"] = Reply(text.encode(), mime="text/markdown; charset=utf-8")
        self.site.etag(f"/{key}", f'"{hash(text)}"')
        self.paths = [*dict.fromkeys([*self.paths, key])]
        self.site.sitemap("/sitemap.xml", *(f"{self.site.url}/{path}" for path in self.paths))

    def remove(self, key: str) -> None:
        del self.site.pages[f"/{key}"]

    def take_down(self) -> None:
        self.site.pages = {path: Reply(status=502) for path in self.site.pages}

    def connect(self) -> Connector:  # type: ignore[override]
        maps = [f"{self.site.url}/sitemap.xml"]
        return connector(
            self.site, sitemaps=maps, cache_dir=self.cache, acl=["staff"], metadata={"team": "tea"}, timeout_s=5
        )


class TestWeb(ConnectorContract):
    @pytest.fixture(params=["kept", None])
    def source(self, site: Site, tmp_path: Path, request: pytest.FixtureRequest) -> Pages:
        return Pages(site, tmp_path / request.param if request.param else request.param)

    def _listed(self, connector: Connector) -> dict[str, SourceItem]:
        return {key.rpartition("/")[2]: item for key, item in super()._listed(connector).items()}


def test_a_hub_that_is_not_taken_and_fails_deletes_nothing_behind_it(site: Site, tmp_path: Path) -> None:
    site.html("/", "/hub")
    site.pages["/hub"] = Reply(b"<meta name=robots content=noindex><a href=/a>a</a>")
    site.html("/a")
    assert crawled(site, "/", depth=2, cache_dir=tmp_path)[0] == ["/", "/a"]
    site.pages["/hub"] = Reply(status=503)
    for cache in (tmp_path, tmp_path / "lost"):
        with pytest.raises(SourceError, match=r"/hub: .*503"):
            crawled(site, "/", depth=2, cache_dir=cache)


def test_headers_that_cannot_be_sent_back_are_left_out(site: Site, tmp_path: Path) -> None:
    site.pages["/"] = Reply(
        b"<p>text</p>", headers={"ETag": '"caf\xe9"', "Content-Type": "text/html; charset=undefined"}
    )
    for _ in range(2):
        assert crawled(site, "/", cache_dir=tmp_path)[0] == ["/"]


def test_blanks_in_links_are_part_of_the_address() -> None:
    assert normalised("User Guide.pdf", "http://h/") == "http://h/User%20Guide.pdf"
    assert normalised("a\n b", "http://h/") == "http://h/a%20b"
