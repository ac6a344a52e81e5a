"""Serves the web app."""

import errno
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from rag.errors import RagError, SettingsError
from ui.app import build_app
from ui.following import following
from ui.language import i18n
from ui.passages import Passages
from ui.served import Served

if TYPE_CHECKING:
    from rag.corpus import Rag

_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
_MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "Liberation Mono", "monospace")
_HERE = Path(__file__).parent


def serve(corpora: "Sequence[Rag]", *, host: str, port: int) -> None:
    """Serve the app until Ctrl-C.

    Args:
        corpora: one or more.
        host: address to listen on.
        port: 1 to 65535.

    Raises:
        SettingsError: the port is not legal.
        RagError: nothing can listen there, for example because the port is taken.
    """
    _check_address(host, port)
    served = [Served(corpus) for corpus in corpora]
    passages = Passages(served)
    app = build_app(served, passages)
    shown = f"[{host}]" if ":" in host else host
    app.launch(
        server_name=shown,
        server_port=port,
        theme=_theme(),
        css_paths=sorted((_HERE / "styles").glob("*.css")),
        js=_scripts(),
        app_kwargs={"routes": passages.routes()},
        i18n=i18n(),
        share=False,
        inbrowser=False,
        quiet=True,
        prevent_thread_lock=True,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        allowed_paths=[],
        max_file_size=1,  # Gradio takes uploads on every page, also where nothing asks for one
    )
    print(f"chat on http://{shown}:{port}", file=sys.stderr, flush=True)  # noqa: T201 - the address is all that is said
    try:
        with following(corpora):
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        pass
    finally:
        app.close(verbose=False)


def _scripts() -> str:
    """All scripts as the one function that Gradio runs; each file holds a function of its own."""
    functions = (path.read_text(encoding="utf-8") for path in sorted(_HERE.glob("*.js")))
    return f"() => {{ {' '.join(f'({function})();' for function in functions)} }}"


def _check_address(host: str, port: int) -> None:
    """Fail early and in one line; Gradio tries for seconds and names no cause."""
    if not 1 <= port <= 65535:
        raise SettingsError(f"--port {port}: a port is a number from 1 to 65535")
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise RagError(f"port {port} on {host} is taken: choose another with --port, such as {port + 1}") from None
        raise RagError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}; change --host or --port"
        ) from None


def _theme() -> gr.themes.Base:
    """System fonts only: the page loads nothing from elsewhere."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_lg,
        font=_SANS,
        font_mono=_MONO,
    )
