"""A web site on loopback whose every answer a test decides."""

import gzip
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """What the server sends for a path. `status` 0 closes the connection without an answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    mime: str | None = "text/html; charset=utf-8"


@dataclass
class Site:
    """A running server.

    Attributes:
        pages: path with query -> reply, or what makes one of the request's headers.
        requests: paths in the order in which they were asked for.
        headers: those of the last request for a path.
    """

    url: str = ""
    pages: dict[str, Reply | Callable[[Message], Reply]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    headers: dict[str, Message] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def html(self, path: str, *links: str, text: str = "", head: str = "", **headers: str) -> None:
        """A page with links."""
        anchors = "".join(f'<a href="{link}">link</a>' for link in links)
        body = f"<html><head><title>{path}</title>{head}</head><body><p>{text or path}</p>{anchors}</body></html>"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Reply(body.encode(), headers=named)

    def redirect(self, path: str, to: str, status: int = 301) -> None:
        self.pages[path] = Reply(status=status, headers={"Location": to})

    def sitemap(self, path: str, *urls: str, index: bool = False, zipped: bool = False) -> None:
        root, entry = ("sitemapindex", "sitemap") if index else ("urlset", "url")
        entries = "".join(f"<{entry}><loc>{url}</loc></{entry}>" for url in urls)
        body = f'<?xml version="1.0"?><{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{root}>'
        data = body.encode()
        self.pages[path] = Reply(gzip.compress(data) if zipped else data, mime="application/xml")

    def etag(self, path: str, tag: str) -> None:
        """Answer 304 to who has the page as it is now."""
        reply = self.pages[path]
        assert isinstance(reply, Reply)

        def answer(headers: Message) -> Reply:
            if headers["if-none-match"] == tag:
                return Reply(status=304, headers={"ETag": tag}, mime=None)
            return Reply(reply.body, headers={**reply.headers, "ETag": tag}, mime=reply.mime)

        self.pages[path] = answer

    def forget_requests(self) -> None:
        self.requests.clear()
        self.headers.clear()


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[Site]:
    """A server on a free port of this machine, which `host` names; every unknown path is 404."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.requests.append(self.path)
            site.headers[self.path] = self.headers
            reply = site.pages.get(self.path, Reply(b"no such page", 404))
            if not isinstance(reply, Reply):
                reply = reply(self.headers)
            if not reply.status:
                self.close_connection = True
                return
            self.send_response(reply.status)
            if reply.mime:
                self.send_header("Content-Type", reply.mime)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in reply.headers and reply.status != 304:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            """Not to the test's output."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that went away is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    site.url = f"http://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
