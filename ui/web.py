"""Puts the app behind its guard, with the login and the page around it: what a web server runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import gradio as gr
from fastapi import FastAPI
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from rag.errors import SettingsError
from ui.guard import LOOPBACK, Guard
from ui.language import i18n
from ui.login import Login
from ui.page import Page
from ui.streams import Streams
from ui.theme import theme
from ui.users import USER, Users

_HERE = Path(__file__).parent
_IN_THE_HEAD = "base.css"
_OF_THE_PAGE = ("script.js", "passages.js")
"""Scripts that are about the whole page; those of a component come with it."""


@dataclass(frozen=True, slots=True)
class Web:
    """What a web server runs, and how its long requests end."""

    asgi: ASGIApp
    stop: Callable[[], None]


def public_address(url: str | None) -> SplitResult | None:
    """What browsers call the app.

    Raises:
        SettingsError: no address of the web, or more than one.
    """
    if url is None:
        return None
    try:
        found = urlsplit(url.rstrip("/"))
        legal = (
            found.scheme in ("http", "https") and found.hostname and not (found.query or found.fragment or "@" in url)
        )
    except ValueError:
        legal = False
    if not legal:
        raise SettingsError(f"--url {url}: the address that people open, such as https://rag.example.org/handbook")
    return found


def build_web(
    app: gr.Blocks,
    routes: Sequence[Route],
    *,
    users: Users | None,
    host: str,
    port: int,
    address: SplitResult | None = None,
    open_to_all: bool = False,
    max_upload_mb: float = 0,
) -> Web:
    """The app as it is served.

    Args:
        app: of `build_app`.
        routes: what is served besides it.
        users: who may log in; None where everyone is the operator.
        host, port: where it is listened.
        address: what browsers call it, where that is something else.
        open_to_all: without users, also where other machines come.
        max_upload_mb: largest file that may be uploaded, in millions of bytes.
    """
    root = address.path if address else ""
    login = Login(users, port=port, root=root, https=address.scheme == "https" if address else None) if users else None
    outer = FastAPI(
        docs_url=None, redoc_url=None, openapi_url=None, routes=[*(login.routes() if login else ()), *routes]
    )
    gr.mount_gradio_app(
        outer,
        app,
        path="/",
        server_name=host,
        server_port=port,
        root_path=address.geturl() if address else None,
        app_kwargs={"redirect_slashes": False},
        auth_dependency=(lambda request: request.scope[USER].name) if users else None,
        theme=theme(),
        css_paths=sorted(path for path in (_HERE / "styles").glob("*.css") if path.name != _IN_THE_HEAD),
        js=_scripts(),
        i18n=i18n(),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        show_error=False,
        allowed_paths=[],
        max_file_size=int(max_upload_mb * 1_000_000) or 1,  # Gradio takes uploads also where nothing asks for one
    )
    named = {host, *LOOPBACK} | ({address.hostname or ""} if address else set())
    streams = Streams(outer, app._queue)
    guard = Guard(
        Page(streams, root=root),
        user=login.user if login else None,
        hosts=None if users or open_to_all else named,
        origin=f"{address.scheme}://{address.netloc}" if address else None,
        root=root,
    )

    def stop() -> None:
        app._queue.close()  # type: ignore[no-untyped-call]
        app.is_running = False
        streams.stop()
        for route in outer.routes:
            if isinstance(route, Mount):
                route.app.stop_event.set()  # type: ignore[attr-defined] # heartbeats, which go on for ever

    return Web(guard, stop)


def _scripts() -> str:
    """The scripts of the page as the one function that Gradio runs; each file holds a function of its own."""
    functions = ((_HERE / name).read_text(encoding="utf-8") for name in _OF_THE_PAGE)
    return f"() => {{ {' '.join(f'({function})();' for function in functions)} }}"
