"""A PostgreSQL server of the test's own, on loopback."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest


class PostgresServer:
    """A cluster in a temporary folder.

    Attributes:
        url: SQLAlchemy URL of its database, the password included.
    """

    def __init__(self, binaries: Path, folder: Path, account: str | None) -> None:
        self._binaries = binaries
        self._data = folder / "data"
        self._account = account
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"postgresql://postgres:s3cret@127.0.0.1:{self._port}/postgres"
        password = folder / "password"
        password.write_text("s3cret")
        if account:
            shutil.chown(folder, account)
            shutil.chown(password, account)
        arguments = ["-A", "scram-sha-256", "-U", "postgres", "--pwfile", str(password), "-E", "UTF8", "--no-sync"]
        self._run("initdb", "-D", str(self._data), *arguments)

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._data / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(
            command,
            user=self._account,
            cwd=self._data.parent,
            capture_output=True,
            text=True,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A running server; the test is skipped where PostgreSQL is not installed or may not be run."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or [
        Path(p) for p in [shutil.which("postgres")] if p
    ]
    if not found:
        pytest.skip("PostgreSQL is not installed")
    account = None
    if os.geteuid() == 0:  # it refuses to run as root
        try:
            account = pwd.getpwnam("postgres").pw_name
        except KeyError:
            pytest.skip("root runs the tests, and there is no account 'postgres' to run PostgreSQL")
    folder = Path(mkdtemp(prefix="rag-pg-", dir="/tmp"))  # an account other than ours reaches it there
    server = PostgresServer(found[-1].parent, folder, account)
    try:
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
