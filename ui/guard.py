"""What stands before the app: who may come in, from where, with how much, and what browsers are told about it.

Deny by default: where there are users, only the login page is there for those who have not logged in. Gradio's own
`auth` leaves routes open (`/cancel`, `/heartbeat`, `/stream`, `/startup-events`), keeps sessions for ever, sends its
cookie without SameSite, and hashes nothing.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.users import OPERATOR, USER, User

LOGIN = "/login"
NONCE = "rag.nonce"
"""Where an ASGI scope holds the nonce of the page's scripts."""
MAX_BODY = 16 * 2**20
"""Bytes of a request that uploads nothing."""
UPLOAD = "/gradio_api/upload"
"""Gradio itself limits what goes there, by `max_file_size`."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""Gradio's HTML components and handlers in JavaScript are compiled in the browser, hence unsafe-eval; scripts and
handlers that a document brings into the page do not run, and nothing reaches another host."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers do not say where a form comes from either
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin"}


class Guard:
    """ASGI middleware around everything.

    Args:
        app: what is guarded.
        user: whose session a cookie header belongs to; None where everyone is the operator.
        hosts: names that this server is called by; None where any may be. Without users, a page of somebody else's
            whose name leads to this machine would see the corpus in the browser of whoever opens it.
        origin: scheme, name and port by which browsers know it, where that is not how they ask for it.
        root: path of the app as the browser sees it, without the slash at its end.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        user: Callable[[HTTPConnection], User | None] | None,
        hosts: Iterable[str] | None,
        origin: str | None = None,
        root: str = "",
    ) -> None:
        self._app, self._user, self._origin, self._root = app, user, origin, root
        self._hosts = None if hosts is None else frozenset(hosts)
        self._headers = HEADERS | (HTTPS_HEADERS if (origin or "").startswith("https:") else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        scope[NONCE] = secrets.token_urlsafe(16)
        send = self._with_headers(scope, send)
        connection = HTTPConnection(scope)
        user = self._user(connection) if self._user else OPERATOR
        refusal = self._refusal(connection, user)
        if refusal is not None:
            return await refusal(scope, receive, send)
        scope[USER] = user
        if scope["path"] != UPLOAD:
            too_much = int(connection.headers.get("content-length") or 0) > MAX_BODY
            if too_much:
                return await JSONResponse({"detail": "the request is too large"}, 413)(scope, receive, send)
            receive = _limited(receive)
        return await self._app(scope, receive, send)

    def _refusal(self, connection: HTTPConnection, user: User | None) -> Response | None:
        """Why a request is not let in."""
        host = connection.headers.get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            return JSONResponse({"detail": f"this server is not called {_name(host)[:100]}: see rag chat --url"}, 421)
        origin = connection.headers.get("origin")
        if origin is not None and origin != self._origin and urlsplit(origin).netloc != host:
            return JSONResponse({"detail": "another site's page may not ask for this"}, 403)
        path = connection.scope["path"]
        if user is not None or path == LOGIN:
            return None
        reads = connection.scope["method"] in ("GET", "HEAD")
        if reads and "text/html" in connection.headers.get("accept", "") and not path.startswith("/gradio_api"):
            return RedirectResponse(f"{self._root}{LOGIN}", 303)
        return JSONResponse({"detail": "log in first"}, 401)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                is_page = headers.get("content-type", "").startswith("text/html")
                policy = POLICY.format(nonce=scope[NONCE]) if is_page else "default-src 'none'; frame-ancestors 'none'"
                headers.setdefault("Content-Security-Policy", policy)
                if is_page:
                    headers.setdefault("Cache-Control", "no-store")
                # Gradio allows every origin to read where it is called by another name than localhost
                del headers["Access-Control-Allow-Origin"], headers["Access-Control-Allow-Credentials"]
            await send(message)

        return sending


def _name(host: str) -> str:
    """Of `name:port` or `[address]:port`, in lower case."""
    return (urlsplit(f"//{host}").hostname or "") if host else ""


def _limited(receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Ends a body that says nothing of its length and goes on and on."""
    taken = 0

    async def receiving() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:
                return {"type": "http.disconnect"}
        return message

    return receiving
