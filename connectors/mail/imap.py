"""An IMAP account, read and never changed."""

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote

from connectors.mail.message import ListedMessage, MailboxError, message_id_of, utc

_TIMEOUT_S = 60
_MESSAGES_AT_A_TIME = 200
_WANTED = "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_IN_QUOTES = re.compile(rb'\bBODY\[[^]]*\](?:<\d+>)? "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_FAILURES = (imaplib.IMAP4.error, OSError)


class ImapAccount:
    """Folders of an account. They are opened for reading: no message is marked as seen.

    A message's place is its folder with UIDVALIDITY and UID, which never stand for another message.

    Args:
        tls: `none` is for servers on this machine.
        since: messages received on this day or later.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int | None,
        tls: Literal["implicit", "starttls", "none"],
        user: str,
        password: str,
        folders: Sequence[str],
        since: date | None,
    ) -> None:
        self._host, self._tls = host, tls
        self._port = port or (993 if tls == "implicit" else 143)
        self._user, self._password = user, password
        self._folders, self._since = tuple(folders), since
        self._connection: imaplib.IMAP4 | None = None
        self._opened = ("", "")

    def messages(self) -> Iterator[ListedMessage]:
        """See `Mailbox`."""
        criteria = ["UNDELETED"]
        if self._since:
            criteria += ["SINCE", f"{self._since.day}-{_MONTHS[self._since.month - 1]}-{self._since.year}"]
        self.close()  # what an old connection knows may be old
        for folder in self._folders:
            try:
                connection, validity = self._folder(folder)
                # servers may answer in several lines
                lines = self._done(connection.uid("SEARCH", *criteria))
                uids = [uid for line in lines if isinstance(line, bytes) for uid in line.split()]
                for at in range(0, len(uids), _MESSAGES_AT_A_TIME):
                    batch = b",".join(uids[at : at + _MESSAGES_AT_A_TIME]).decode()
                    answer = self._done(connection.uid("FETCH", batch, _WANTED))
                    yield from self._listed(folder, validity, answer)
            except _FAILURES as error:
                raise MailboxError(f"folder {folder!r} on {self._host}: {_reason(error)}") from error

    def read(self, place: str, max_bytes: int) -> bytes:
        """See `Mailbox`. A connection that was closed meanwhile is opened again."""
        folder, wanted, uid = place.rsplit("/", 2)
        for attempt in (1, 2):
            try:
                connection, validity = self._folder(folder)
                if validity != wanted:
                    raise MailboxError("the folder was made anew since it was listed")
                answer = self._done(connection.uid("FETCH", uid, f"(UID BODY.PEEK[]<0.{max_bytes}>)"))
                break
            except _FAILURES as error:
                self.close()
                if attempt == 2 or not isinstance(error, imaplib.IMAP4.abort | OSError):
                    raise MailboxError(_reason(error)) from error
        for _, data in _messages(answer):
            if data is not None:
                return data
        raise MailboxError("the message is not there any more")

    def close(self) -> None:
        """Log out; a second call does nothing."""
        connection, self._connection, self._opened = self._connection, None, ("", "")
        if connection:
            with suppress(*_FAILURES):
                connection.logout()
            with suppress(*_FAILURES):
                connection.shutdown()

    def _listed(self, folder: str, validity: str, answer: Sequence[Any]) -> Iterator[ListedMessage]:
        for said, header in _messages(answer):
            if header is None and not re.search(r"\bRFC822\.SIZE |\bBODY\[", said):
                continue  # not asked for: flags that somebody changed meanwhile
            uid = re.search(r"\bUID (\d+)", said)
            size = re.search(r"RFC822\.SIZE (\d+)", said)
            at = re.search(r'INTERNALDATE "([^"]+)"', said)
            if not uid or not size:
                raise MailboxError(
                    f"folder {folder!r} on {self._host}: the server's answer is not understood: {said:.80}"
                )
            received = None
            with suppress(ValueError, TypeError):
                received = utc(parsedate_to_datetime(at[1].strip().replace("-", " ", 2))) if at else None
            path = quote(folder, safe="")
            yield ListedMessage(
                message_id=message_id_of(header or b""),
                place=f"{folder}/{validity}/{uid[1]}",
                uri=f"imap://{self._host}/{path};UIDVALIDITY={validity}/;UID={uid[1]}",
                size=int(size[1]),
                folder=folder,
                received=received,
            )

    def _folder(self, folder: str) -> tuple[imaplib.IMAP4, str]:
        """A connection with the folder open, and the folder's UIDVALIDITY."""
        if self._connection is None:
            self._connection = self._connected()
        connection = self._connection
        if self._opened[0] != folder:
            self._opened = ("", "")
            self._done(connection.select(_quoted(folder), readonly=True))
            validity = _first(connection.response("UIDVALIDITY")[1]).decode()
            if not validity.isdecimal():
                raise imaplib.IMAP4.error("the server gives no UIDVALIDITY")
            self._opened = (folder, validity)
        return connection, self._opened[1]

    def _connected(self) -> imaplib.IMAP4:
        if self._tls == "implicit":
            context = ssl.create_default_context()
            connection: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                self._host, self._port, ssl_context=context, timeout=_TIMEOUT_S
            )
        else:
            connection = imaplib.IMAP4(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            if self._tls == "starttls":
                connection.starttls(ssl_context=ssl.create_default_context())
            if "AUTH=PLAIN" in connection.capabilities:
                secret = f"\0{self._user}\0{self._password}".encode()
                self._done(connection.authenticate("PLAIN", lambda _: secret))
            else:
                self._done(connection.login(self._user, self._password))
        except UnicodeError:  # whose text holds the password
            connection.shutdown()
            raise MailboxError(f"{self._host} takes no password beyond ASCII without AUTH=PLAIN") from None
        except Exception:
            connection.shutdown()
            raise
        return connection

    def _done(self, answer: tuple[str, Any]) -> list[Any]:
        status, data = answer
        if status != "OK":
            raise imaplib.IMAP4.error(_first(data).decode("utf-8", "replace") or status)
        return list(data or [])


def _messages(answer: Sequence[Any]) -> Iterator[tuple[str, bytes | None]]:
    """What a FETCH says of each message, and what it gives of it, None where that is nothing.

    What is given is a literal, which `imaplib` makes a tuple of, or in quotes where the server likes that better.
    """
    in_literal = False
    for number, part in enumerate(answer):
        if isinstance(part, tuple):
            # what belongs to a message stands before and after its literal
            after = answer[number + 1] if number + 1 < len(answer) else b""
            said = part[0] + b" " + (after if isinstance(after, bytes) else b"")
            yield said.decode("ascii", "replace"), bytes(part[1])
        elif isinstance(part, bytes) and not in_literal:
            given = _IN_QUOTES.search(part)
            # senders write Message-IDs: one must not pass for what the server says
            said = part[: given.start()] + part[given.end() :] if given else part
            yield said.decode("ascii", "replace"), re.sub(rb"\\(.)", rb"\1", given[1]) if given else None
        in_literal = isinstance(part, tuple)


def _first(data: Sequence[Any] | None) -> bytes:
    return data[0] if data and isinstance(data[0], bytes) else b""


def _quoted(folder: str) -> str:
    """A folder's name as IMAP writes it: modified UTF-7 in quotes (RFC 3501, 5.1.3)."""

    def shifted(match: re.Match[str]) -> str:
        if match[0] == "&":
            return "&-"
        return "&" + b64encode(match[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    escaped = re.sub(r"&|[^\x20-\x7e]+", shifted, folder).replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _reason(error: Exception) -> str:
    found = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error)
    text = found.decode("utf-8", "replace") if isinstance(found, bytes) else found
    return " ".join(text.split())[:300] or type(error).__name__
