import gzip
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.web import WebConnector, addresses, fetching
from connectors.web.addresses import is_public
from connectors.web.errors import Unreachable
from connectors.web.page import read_page
from connectors.web.urls import normalised
from rag.errors import SourceError
from rag.types import Skip, SourceItem
from tests.connectors.web_site import Reply, Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "sleep", lambda _: None)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fe80::1%eth0",
        "fec0::1",
        "fd00:ec2::254",
        "ff0e::1",
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"])
def test_however_it_is_spelled_this_machine_is_not_reached(site: Site, host: str) -> None:
    site.html("/")
    source = WebConnector(name="web", urls=[f"http://{host}:{site.url.rpartition(':')[2]}/"], timeout_s=1)
    with pytest.raises(SourceError, match="which is not a public one: set `allow_private: true`"):
        list(source.list())
    source.close()
    assert site.requests == []


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "resolve", lambda *_: ["93.184.216.34", "127.0.0.1"])
    with (
        closing(WebConnector(name="web", urls=["http://docs.example/"])) as source,
        pytest.raises(SourceError, match=r"docs\.example has the address 127\.0\.0\.1"),
    ):
        list(source.list())


def test_a_name_is_resolved_once_and_that_address_is_connected_to(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.html("/", text="inside")
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    # the first answer passes the check, so it must be the one that is used
    monkeypatch.setattr(addresses, "resolve", rebinding)
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    source = WebConnector(name="web", urls=[f"http://docs.example:{site.url.rpartition(':')[2]}/"], timeout_s=1)
    (item,) = source.list()
    source.close()
    assert isinstance(item, SourceItem)
    assert asked == ["docs.example"]
    assert site.headers["/"]["host"].startswith("docs.example")


@pytest.mark.parametrize("start", [True, False])
def test_a_redirect_does_not_lead_inside(site: Site, start: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site counts as public here; where it sends the crawler does not."""
    inside = site.url.replace("127.0.0.1", "127.0.0.3")
    site.html("/", "/out")
    site.redirect("/out", f"{inside}/metadata")
    site.html("/metadata", text="secret")
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    hosts = [] if start else [inside.removeprefix("http://")]
    source = WebConnector(name="web", urls=[site.url + ("/out" if start else "/")], depth=1, timeout_s=1, hosts=hosts)
    if start:
        with pytest.raises(SourceError, match=r"127\.0\.0\.3 has the address 127\.0\.0\.3"):
            list(source.list())
    else:
        found = list(source.list())
        assert [type(entry) for entry in found] == [SourceItem, Skip]
    source.close()
    assert "/metadata" not in site.requests


def test_secrets_go_to_the_start_pages_origin_only(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_TOKEN", "Bearer s3cret")
    with serving("localhost") as other:
        site.html("/", "/out")
        site.redirect("/out", f"{other.url}/a")
        other.html("/a")
        source = WebConnector(
            name="web",
            urls=[f"{site.url}/"],
            depth=1,
            hosts=[other.host],
            headers_env={"Authorization": "SITE_TOKEN"},
            allow_private=True,
        )
        found = list(source.list())
        source.close()
    assert [type(entry) for entry in found] == [SourceItem, SourceItem]
    assert {path: headers["authorization"] for path, headers in site.headers.items()} == {
        "/robots.txt": "Bearer s3cret",
        "/": "Bearer s3cret",
        "/out": "Bearer s3cret",
    }
    assert {headers["authorization"] for headers in other.headers.values()} == {None}
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize("value", ["", "s3cret\r\nX: y", "s3crét"])
def test_a_secret_that_is_none_is_named_by_its_variable(
    site: Site, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_TOKEN", value)
    source = WebConnector(name="web", urls=[site.url], headers_env={"Authorization": "SITE_TOKEN"}, allow_private=True)
    with pytest.raises(SourceError, match="SITE_TOKEN") as caught:
        list(source.list())
    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(bytes(3_000_000)),
        Reply(gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"}),
        Reply(b"0;" * 10, headers={"Content-Length": "99999999"}),
    ],
    ids=["large", "bomb", "declared"],
)
def test_pages_larger_than_allowed_are_skipped(site: Site, reply: Reply) -> None:
    site.html("/", "/large")
    site.pages["/large"] = reply
    source = WebConnector(name="web", urls=[site.url], depth=1, max_file_mb=1, allow_private=True, timeout_s=1)
    (_, skip) = source.list()
    source.close()
    assert isinstance(skip, Skip)
    assert skip.reason.endswith("above the 1 MB of parsing.max_file_mb")


def test_gzip_in_several_parts_is_read_whole(site: Site) -> None:
    body = gzip.compress(b"<p>one</p>") + gzip.compress(b"<p>two</p>")
    site.pages["/"] = Reply(body, headers={"Content-Encoding": "gzip"})
    source = WebConnector(name="web", urls=[site.url], allow_private=True)
    (item,) = source.list()
    assert isinstance(item, SourceItem)
    assert source.fetch(item).as_bytes() == b"<p>one</p><p>two</p>"
    source.close()


def test_closing_leaves_nothing_behind(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    site.html("/")
    source = WebConnector(name="web", urls=[site.url], allow_private=True)
    list(source.list())
    assert list(tmp_path.iterdir())
    source.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Example.COM:80", "http://example.com/"),
        ("https://example.com:443/a/../b/./c/?x=1#top", "https://example.com/b/c/?x=1"),
        ("http://example.com:8080/a", "http://example.com:8080/a"),
        ("http://example.com./a", "http://example.com/a"),
        ("http://example.com/%7euser/%e4%BD%A0/你", "http://example.com/~user/%E4%BD%A0/%E4%BD%A0"),
        ("http://example.com/a%2Fb%20c d", "http://example.com/a%2Fb%20c%20d"),
        ("http://example.com/?utm_source=x&b=2&fbclid=9&a=1&UTM_Medium=y", "http://example.com/?b=2&a=1"),
        ("http://example.com/?a=b&&c", "http://example.com/?a=b&c"),
        ("http://example.com/%2e%2e/a/..", "http://example.com/"),
        ("http://example.com//a//b", "http://example.com//a//b"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("ftp://example.com/", None),
        ("file:///etc/passwd", None),
        ("//example.com/", None),
        ("http://user@example.com/", None),
        ("http://example.com\\@evil.example/", None),
        ("http://example.com/" + "a" * 3000, None),
        ("http://[::1/", None),
        ("", None),
    ],
)
def test_each_address_has_one_spelling(url: str, expected: str | None) -> None:
    assert normalised(url) == expected


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(tail: str) -> None:
    once = normalised(f"http://example.com/{tail}")
    assert once is None or normalised(once) == once


@pytest.mark.parametrize(
    "body", [b"", b"\0\0", b"<", b"<a", b"<div>" * 100_000, b"\xff" * 1000, b"<a href='http://['>"]
)
def test_broken_pages_have_no_links(body: bytes) -> None:
    assert read_page(body, "http://x/", charset=None, robots_header="").links == ()


@pytest.mark.parametrize("open_", [b"<font>" * 300, b"<div>" * 260 + b"</div>" * 260])
def test_a_link_behind_what_is_nested_deeply_is_found(open_: bytes) -> None:
    """What is not found would count as deleted."""
    links = read_page(open_ + b"<a href='/b'>b</a>", "http://x/", charset=None, robots_header="").links
    assert links == ("http://x/b",)


@pytest.mark.parametrize(
    ("header", "noindex"),
    [
        ("noindex", True),
        ("nofollow, noindex", True),
        ("none", True),
        ("googlebot: noindex", False),
        ("googlebot: nofollow, noindex", False),
        ("googlebot: nofollow, *: noindex", True),
        ("unavailable_after: 25 Jun 2031 15:00:00 PST, noindex", True),
        ("", False),
    ],
)
def test_what_is_asked_of_another_robot_is_not_asked_of_us(header: str, noindex: bool) -> None:
    assert read_page(b"<p>words</p>", "http://x/", charset=None, robots_header=header).noindex is noindex


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nX-A: ",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 60000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 60000\r\n\r\n",
    ],
    ids=["headers", "error", "body"],
)
def test_an_answer_that_comes_byte_by_byte_ends(start: bytes) -> None:
    """Every read is in time; all of them together are not."""
    fetcher = fetching.Fetcher(
        user_agent="test", timeout_s=0.3, requests_per_second=1000, allow_private=True, secrets={}
    )
    with _dripping(start) as port, closing(fetcher):
        began = monotonic()
        with pytest.raises(Unreachable, match="no answer within"):
            fetcher.get(f"http://127.0.0.1:{port}/", max_bytes=10**6)
        assert monotonic() - began < 20


@contextmanager
def _dripping(start: bytes) -> Iterator[int]:
    """A server whose answers never end, twenty bytes a second."""
    ended = Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(start)
            while not ended.wait(0.05):
                connection.sendall(b"a")

    def accept() -> None:
        with suppress(OSError):
            while True:
                Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        ended.set()


def test_a_base_moves_relative_links() -> None:
    body = b"<head><base href='/docs/'></head><a href='a'>a</a><a href='?p=2'>b</a><map><area href='/c'></map>"
    links = read_page(body, "http://x/y/z", charset=None, robots_header="").links
    assert links == ("http://x/docs/a", "http://x/docs/?p=2", "http://x/c")
