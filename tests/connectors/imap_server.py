"""A dovecot of the test's own, on loopback."""

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

USER, PASSWORD = "anna@example.com", "s3cret pässword"
_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {group}
first_valid_uid = 1
first_valid_gid = 1
mail_uid = {uid}
mail_gid = {gid}
mail_location = maildir:{folder}/mail:LAYOUT=fs
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


class ImapServer:
    """A server with one account."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder = folder
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
        root = os.geteuid() == 0
        me = pwd.getpwnam("dovecot") if root else pwd.getpwuid(os.geteuid())  # mail of root's is refused
        for name in ("mail", "home"):
            (folder / name).mkdir()
            if root:
                shutil.chown(folder / name, me.pw_uid, me.pw_gid)
        config = folder / "dovecot.conf"
        config.write_text(
            _CONFIG.format(
                folder=folder,
                port=self.port,
                uid=me.pw_uid,
                gid=me.pw_gid,
                login="dovenull" if root else me.pw_name,
                internal=me.pw_name,
                group=grp.getgrgid(me.pw_gid).gr_name,
            )
        )
        self._process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    def connect(self) -> imaplib.IMAP4:
        connection = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        connection.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
        return connection

    def _wait(self) -> None:
        for _ in range(200):
            if self._process.poll() is not None:
                break
            try:
                self.connect().logout()
            except (OSError, imaplib.IMAP4.error):
                time.sleep(0.05)
            else:
                return
        log = self._folder / "log"
        raise AssertionError(f"dovecot did not start: {log.read_text()[-2000:] if log.exists() else 'no log'}")


@contextmanager
def dovecot() -> Iterator[ImapServer]:
    """A running server; the test is skipped where dovecot is not installed."""
    if not shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"):
        pytest.skip("dovecot is not installed")
    folder = Path(mkdtemp(prefix="rag-imap-", dir="/tmp"))  # its other accounts reach it there; socket paths are short
    folder.chmod(0o755)
    try:
        server = ImapServer(folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
