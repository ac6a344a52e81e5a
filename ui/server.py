"""Serves the web app."""

import errno
import math
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import gradio as gr

from rag.errors import RagError, SettingsError
from ui.app import build_app
from ui.following import following
from ui.language import i18n
from ui.served import Served

if TYPE_CHECKING:
    from rag.corpus import Rag

_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
_MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "Liberation Mono", "monospace")
_HERE = Path(__file__).parent


def serve(corpora: "Sequence[Rag]", *, host: str, port: int, max_upload_mb: float | None = None) -> None:
    """Serve the app until Ctrl-C.

    Args:
        corpora: one or more.
        host: address to listen on.
        port: 1 to 65535.
        max_upload_mb: largest file that people may add, in millions of bytes, and at most `parsing.max_file_mb`; 0
            where nobody may add, delete or ingest anything. By default that is so, but not on this machine's own
            addresses.

    Raises:
        SettingsError: the port is not legal.
        RagError: nothing can listen there, for example because the port is taken.
    """
    _check_address(host, port)
    served = [Served(corpus, upload_limit(corpus, host, max_upload_mb)) for corpus in corpora]
    with received():
        _serve(served, host, port)


def _serve(served: Sequence[Served], host: str, port: int) -> None:
    app = build_app(served)
    shown = f"[{host}]" if ":" in host else host
    app.launch(
        server_name=shown,
        server_port=port,
        theme=_theme(),
        css_paths=sorted((_HERE / "styles").glob("*.css")),
        js=(_HERE / "script.js").read_text(encoding="utf-8"),
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
        # Gradio takes uploads on every page, also where nothing asks for one
        max_file_size=int(max((each.max_upload_mb or 0 for each in served), default=0) * 1_000_000) or 1,
    )
    print(f"chat on http://{shown}:{port}", file=sys.stderr, flush=True)  # noqa: T201 - the address is all that is said
    try:
        with following([each.corpus for each in served]):
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        pass
    finally:
        for each in served:
            each.jobs.close()
        app.close(verbose=False)


def upload_limit(corpus: "Rag", host: str, max_upload_mb: float | None) -> float | None:
    """Largest file that people may add to a corpus; None where they may only look. See `serve`."""
    if max_upload_mb is None:
        max_upload_mb = math.inf if _is_loopback(host) else 0
    return min(max_upload_mb, corpus.settings.parsing.max_file_mb) or None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def received() -> Iterator[None]:
    """A folder of this process alone for files that are uploaded and not yet taken; it goes with the process."""
    with TemporaryDirectory(prefix="rag-chat-") as folder:
        before = os.environ.get("GRADIO_TEMP_DIR")
        os.environ["GRADIO_TEMP_DIR"] = folder
        try:
            yield
        finally:
            os.environ.pop("GRADIO_TEMP_DIR")
            if before is not None:
                os.environ["GRADIO_TEMP_DIR"] = before


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
