"""Serves the web app."""

import errno
import logging
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import uvicorn

from rag.errors import RagError, SettingsError
from rag.serving.client import refuse_if_served
from rag.serving.owner import owning
from ui.app import build_app
from ui.following import following
from ui.guard import LOOPBACK
from ui.passages import Passages
from ui.served import Served
from ui.uploading import received, upload_limit
from ui.users import principals_of, users_from
from ui.web import Web, build_web, public_address

if TYPE_CHECKING:
    from rag.corpus import Rag
    from ui.users import Authenticate

_STOP_S = 3
"""How long the end waits for answers under way."""


def serve(
    corpora: "Sequence[Rag]",
    *,
    host: str,
    port: int,
    auth: "str | Path | Authenticate | None" = None,
    url: str | None = None,
    open_to_all: bool = False,
    max_upload_mb: float | None = None,
) -> None:
    """Serve the app until Ctrl-C.

    Args:
        corpora: one or more.
        host: address to listen on.
        port: 1 to 65535.
        auth: a users file, or a function of name and password that gives the user's principals, True for their name
            alone, or None. Without it everyone is the operator.
        url: what browsers call the app, where a proxy stands before it.
        open_to_all: without users, also on an address that other machines reach.
        max_upload_mb: largest file that people may add, in millions of bytes, and at most `parsing.max_file_mb`; 0
            where nobody may add, delete or ingest anything. By default that is so, but where only this machine can
            open the app.

    Raises:
        SettingsError: the port or the url is not legal, the users file neither, or others could read without a login.
        RagError: nothing can listen there, for example because the port is taken.
    """
    way: dict[str, Any] = {"auth": auth, "url": url, "open_to_all": open_to_all, "max_upload_mb": max_upload_mb}
    with serving(corpora, host=host, port=port, **way) as shown:
        print(f"chat on {shown}", file=sys.stderr, flush=True)  # noqa: T201 - the address is all that is said
        with following(corpora):
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                pass


@contextmanager
def serving(
    corpora: "Sequence[Rag]",
    *,
    host: str,
    port: int,
    auth: "str | Path | Authenticate | None" = None,
    url: str | None = None,
    open_to_all: bool = False,
    max_upload_mb: float | None = None,
) -> Iterator[str]:
    """The app, served for as long as the block runs; yields its address. See `serve`."""
    address = public_address(url)
    users = users_from(auth)
    with _listening(host, port) as listener, received():
        if users is None and not open_to_all and host not in LOOPBACK:
            raise SettingsError(
                f"--host {host}: whoever reaches this machine could read every document; name users with --auth FILE "
                "(rag users add FILE NAME), or mean it with --no-auth"
            )
        private = host in LOOPBACK and users is None and url is None
        for corpus in corpora:
            refuse_if_served(corpus)
        served = [Served(corpus, upload_limit(corpus, max_upload_mb, private=private)) for corpus in corpora]
        passages = Passages(served, principals_of)
        app = build_app(served, passages)
        web = build_web(
            app,
            passages.routes(),
            users=users,
            host=host,
            port=port,
            address=address,
            open_to_all=open_to_all,
            max_upload_mb=max((each.max_upload_mb or 0 for each in served), default=0),
        )
        with _running(web, listener, proxied=address is not None), owning(served):
            for corpus in corpora:  # it takes longer than the first question
                Thread(target=_load, args=(corpus,), daemon=True, name="encoder").start()
            try:
                yield url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
            finally:
                for each in served:
                    each.jobs.close()


def _load(corpus: "Rag") -> None:
    """Have the encoder ready; what keeps it from loading is said to whoever asks."""
    with suppress(RagError):
        corpus.encoder.encode(["ready"], kind="query")


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Fail early and in one line."""
    if not 1 <= port <= 65535:
        raise SettingsError(f"--port {port}: a port is a number from 1 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise RagError(f"port {port} on {host} is taken: choose another with --port, such as {port + 1}") from None
        raise RagError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}; change --host or --port"
        ) from None
    with listener:
        yield listener


@contextmanager
def _running(web: Web, listener: socket.socket, *, proxied: bool) -> Iterator[None]:
    """The web server in a thread of its own, for as long as the block runs."""
    server = uvicorn.Server(
        uvicorn.Config(
            web.asgi,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            proxy_headers=proxied,  # of a proxy on this machine: whose address it is that logs in
        )
    )
    thread = Thread(target=server.run, args=([listener],), daemon=True, name="web")
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RagError("the web server did not start; the log says why")
        time.sleep(0.01)
    try:
        yield
    finally:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # that it cuts off who is still there
        web.stop()
        server.should_exit = True
        thread.join(_STOP_S)
        server.force_exit = True
        thread.join(_STOP_S)
