"""Makes the page that Gradio serves the app's own: language, theme, header, and a nonce for its scripts.

Gradio adds its parameter `head` when its own scripts already run, which is too late for the language and would show
the other theme for a moment. So the page is changed on its way out.
"""

import gzip
import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.guard import NONCE
from ui.language import language_of
from ui.theme import chosen_theme
from ui.users import USER, User
from ui.view import frame

_META = re.compile(r'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*|<link rel="manifest"[^>]*>\s*')
"""What Gradio tells other sites of itself; and the manifest, which browsers ask for without cookies."""


class Page:
    """ASGI middleware around Gradio.

    Args:
        app: Gradio.
        root: path of the app as the browser sees it, without the slash at its end.
    """

    def __init__(self, app: ASGIApp, *, root: str = "") -> None:
        self._app, self._root = app, root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            return await self._app(scope, receive, send)
        connection = HTTPConnection(scope)
        return await self._app(
            scope, receive, _Whole(send, connection, lambda text: self._dressed(text, connection)).send
        )

    def _dressed(self, text: str, connection: HTTPConnection) -> str:
        user: User = connection.scope[USER]
        nonce, language, theme = connection.scope[NONCE], language_of(connection), chosen_theme(connection)
        header = frame.header(language=language, theme=theme, user=user.name or None, root=self._root)
        text = _META.sub("", text).replace("<script", f'<script nonce="{nonce}"')
        text = text.replace('lang="en"', f'lang="{language}" data-chosen-theme="{theme}"', 1)
        text = text.replace("<head>", f"<head>{frame.head(nonce)}", 1)
        chosen = "" if theme == "system" else f' theme_mode="{theme}"'
        return text.replace("<gradio-app", f"{header}<gradio-app{chosen}", 1)


class _Whole:
    """Collects a response of HTML, and sends it changed."""

    def __init__(self, send: Send, connection: HTTPConnection, change: Callable[[str], str]) -> None:
        self._send, self._change = send, change
        self._zips = "gzip" in connection.headers.get("accept-encoding", "")
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if not Headers(raw=message["headers"]).get("content-type", "").startswith("text/html"):
                return await self._send(message)
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_changed(self._start)
        return None

    async def _send_changed(self, start: Message) -> None:
        body = self._change(self._body.decode()).encode()
        headers = MutableHeaders(scope=start)
        if self._zips:
            body = gzip.compress(body, 5)
            headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Cookie, Accept-Language, Accept-Encoding"
        headers["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
