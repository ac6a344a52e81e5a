"""Messages as a source."""

import ipaddress
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from langchain_core.documents.base import Blob

from connectors.mail.imap import ImapAccount
from connectors.mail.local import open_mailbox
from connectors.mail.message import ListedMessage, Mailbox, MailboxError
from rag.errors import DocumentError, SettingsError, SourceError
from rag.skips import skip_reason, too_large
from rag.types import PUBLIC, Skip, SourceItem

_MIME = "message/rfc822"


class MailConnector:
    """Every message of a mailbox; implements `rag.protocols.Connector`.

    A message's key is its Message-ID, so that it stays the same document in whichever folder it is; one without has
    its place as key. Of several messages with one Message-ID the first is taken. Messages that are marked as deleted
    are not listed, and reading marks none as seen.

    Args:
        name: the source's name, prefix of its documents' ids.
        path: an mbox file or a maildir on this machine; or
        host: an IMAP server, with
        port: by default 993, or 143 without implicit TLS,
        tls: how the connection is encrypted; `none` only to this machine,
        user, password_env: the account, and the name of the environment variable that holds its password,
        folders: the account's folders that are read, in order.
        since: messages of this day and later; those without a date are taken.
        acl: principals that may see the documents.
        metadata: attached to each of them, beside the `folder` of an IMAP account.
        max_file_mb: larger messages are skipped, in millions of bytes.
    """

    def __init__(
        self,
        *,
        name: str,
        path: Path | None = None,
        host: str | None = None,
        port: int | None = None,
        tls: Literal["implicit", "starttls", "none"] = "implicit",
        user: str | None = None,
        password_env: str | None = None,
        folders: Sequence[str] = ("INBOX",),
        since: date | None = None,
        acl: Sequence[str] = PUBLIC,
        metadata: Mapping[str, Any] | None = None,
        max_file_mb: float = 200,
        cache_dir: Path | None = None,  # noqa: ARG002 - nothing is worth keeping
    ) -> None:
        if (path is None) == (host is None):
            raise SettingsError("a mailbox is either at a `path` or on a `host`: give one of them")
        if host and tls == "none" and not _is_this_machine(host):
            raise SettingsError(
                f"tls: none would send the password to {host} for all to read: use implicit or starttls"
            )
        self.name = name
        self._path, self._host, self._port, self._tls = path, host, port, tls
        self._user, self._password_env = user or "", password_env or ""
        self._folders, self._since = tuple(dict.fromkeys(folders)), since
        self._acl, self._metadata = tuple(acl), dict(metadata or {})
        self._max_bytes = int(max_file_mb * 1_000_000)
        self._mailbox: Mailbox | None = None

    def list(self) -> Iterator[SourceItem | Skip]:
        """Every message; of its content only the header is looked at.

        Raises:
            SourceError: the mailbox, or a folder of it, cannot be read.
        """
        taken: dict[str, str] = {}
        try:
            for message in self._opened().messages():
                key = message.message_id or message.place
                if message.size > self._max_bytes:
                    yield Skip(uri=message.uri, reason=too_large(message.size, self._max_bytes))
                elif key in taken:
                    yield Skip(uri=message.uri, reason=skip_reason("same_message", other=taken[key]))
                else:
                    taken[key] = message.uri
                    yield self._item(key, message)
        except MailboxError as error:
            raise SourceError(f"source {self.name!r}: {error}") from error

    def fetch(self, item: SourceItem) -> Blob:
        """The message as it was received.

        Raises:
            DocumentError: it is gone, too large, or the mailbox cannot be read (`read`).
        """
        try:
            data = self._opened().read(item.fingerprint, self._max_bytes + 1)
        except (MailboxError, SourceError) as error:
            raise DocumentError(f"{item.uri}: cannot be read: {error}", kind="read") from error
        if len(data) > self._max_bytes:
            raise DocumentError(f"{item.uri}: larger than parsing.max_file_mb allows", kind="read")
        return Blob.from_data(data, mime_type=_MIME, path=item.uri)

    def close(self) -> None:
        """Log out; a second call does nothing."""
        if self._mailbox:
            self._mailbox.close()
            self._mailbox = None

    def _item(self, key: str, message: ListedMessage) -> SourceItem:
        folder = {"folder": message.folder} if message.folder else {}
        return SourceItem(
            source=self.name,
            key=key,
            uri=message.uri,
            fingerprint=message.place,
            mime=_MIME,
            size=message.size,
            modified=message.received.strftime("%Y-%m-%dT%H:%M:%SZ") if message.received else None,
            metadata={**folder, **self._metadata},
            acl=self._acl,
        )

    def _opened(self) -> Mailbox:
        """The mailbox.

        Raises:
            MailboxError: there is none at the path.
            SourceError: there is no password.
        """
        if self._mailbox is None and self._path:
            self._mailbox = open_mailbox(self._path, self._since)
        elif self._mailbox is None:
            password = os.environ.get(self._password_env, "")
            if not password:
                raise SourceError(
                    f"source {self.name!r}: the environment variable {self._password_env} holds no password: set it"
                )
            self._mailbox = ImapAccount(
                host=self._host or "",
                port=self._port,
                tls=self._tls,
                user=self._user,
                password=password,
                folders=self._folders,
                since=self._since,
            )
        return self._mailbox


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
