"""Logging in and out: a page without JavaScript, a cookie that no script reads."""

from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ui.guard import LOGIN
from ui.language import language_of
from ui.passwords import MAX_CHARS
from ui.sessions import IDLE_S, Attempts, Sessions
from ui.theme import chosen_theme
from ui.users import User, Users
from ui.view import frame

LOGOUT = "/logout"
GUESSES_AT_A_TIME = 2
"""Each takes 32 MB and a core for a moment."""
MAX_FORM = 8192


class Login:
    """The way in, where there are users.

    Args:
        users: those who may come in.
        port: part of the cookie's name, since browsers share cookies between ports.
        root: path of the app as the browser sees it, without the slash at its end.
        https: whether browsers come by https; None goes by each request.
    """

    def __init__(self, users: Users, *, port: int, root: str = "", https: bool | None = None) -> None:
        self._users, self._root, self._https = users, root, https
        self._sessions, self._attempts = Sessions(users), Attempts()
        self._cookie = f"rag_session_{port}"
        self._guesses: CapacityLimiter | None = None

    def user(self, connection: HTTPConnection) -> User | None:
        """Whose session the request belongs to."""
        return self._sessions.user(connection.cookies.get(self._cookie))

    def routes(self) -> list[Route]:
        """The page, what its form is sent to, and the way out."""
        return [
            Route(LOGIN, self._page, methods=["GET"]),
            Route(LOGIN, self._log_in, methods=["POST"]),
            Route(LOGOUT, self._log_out, methods=["POST"]),
        ]

    async def _page(self, request: Request) -> Response:
        if self.user(request) is not None:
            return RedirectResponse(f"{self._root}/", 303)
        return _shown(request)

    async def _log_in(self, request: Request) -> Response:
        if int(request.headers.get("content-length") or MAX_FORM + 1) > MAX_FORM:
            return _shown(request, "wrong", status=413)
        form = await request.form()
        name, password = str(form.get("name", "")).strip(), str(form.get("password", ""))[:MAX_CHARS]
        address = request.client.host if request.client else ""
        if wait_s := self._attempts.wait_s(address, name):
            shown = _shown(request, "too_often", status=429, name=name, minutes=int(wait_s // 60 + 1))
            shown.headers["Retry-After"] = str(int(wait_s) + 1)
            return shown
        self._attempts.note(address, name)
        self._guesses = self._guesses or CapacityLimiter(GUESSES_AT_A_TIME)
        user = await run_sync(self._users.check, name, password, limiter=self._guesses)
        if user is None:
            return _shown(request, "wrong", name=name)  # not 401: browsers write that to their console as an error
        self._attempts.forgive(address, name)
        self._sessions.end(request.cookies.get(self._cookie))
        entered = RedirectResponse(f"{self._root}/", 303)
        secure = request.url.scheme == "https" if self._https is None else self._https
        entered.set_cookie(
            self._cookie,
            self._sessions.begin(user),
            max_age=IDLE_S,
            path=f"{self._root}/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )
        return entered

    async def _log_out(self, request: Request) -> Response:
        self._sessions.end(request.cookies.get(self._cookie))
        left = RedirectResponse(f"{self._root}{LOGIN}", 303)
        left.delete_cookie(self._cookie, path=f"{self._root}/")
        return left


def _shown(request: Request, problem: str | None = None, *, status: int = 200, **values: Any) -> HTMLResponse:
    language, theme = language_of(request), chosen_theme(request)
    return HTMLResponse(frame.login(problem, language=language, theme=theme, **values), status)
