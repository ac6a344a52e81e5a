import imaplib
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from connectors.mail import MailConnector
from connectors.mail.imap import ImapAccount
from connectors.mail.message import MailboxError
from rag.errors import DocumentError, SettingsError, SourceError
from rag.protocols import Connector
from rag.testing.connector_contract import ConnectorContract, SourceUnderTest
from rag.types import Skip, SourceItem
from tests.connectors.imap_server import PASSWORD, USER, ImapServer, dovecot


def message(name: str, text: str, **headers: str) -> bytes:
    """A message in UTF-8 with a Message-ID."""
    made = EmailMessage()
    made["From"], made["Subject"], made["Date"] = "a@example.com", "Tea", "Wed, 01 May 2024 10:30:00 +0200"
    if name:
        made["Message-ID"] = f"<{name}>"
    for header, value in headers.items():
        del made[header]
        made[header] = value
    made.set_content(text, cte="8bit")
    return made.as_bytes()


@pytest.fixture(scope="module")
def server() -> Iterator[ImapServer]:
    with dovecot() as running:
        yield running


@pytest.fixture
def account(server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[imaplib.IMAP4]:
    """An empty account."""
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    connection = server.connect()
    for line in connection.list()[1]:
        name = line.rpartition(b' "/" ')[2] if isinstance(line, bytes) else b""
        if name and name.strip(b'"') != b"INBOX":
            connection.delete(name.decode())
    connection.select("INBOX")
    connection.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
    connection.expunge()
    yield connection
    connection.logout()


def reading(server: ImapServer, **settings: Any) -> MailConnector:
    own = {"host": "127.0.0.1", "port": server.port, "tls": "none", "user": USER, "password_env": "MAIL_PASSWORD"}
    return MailConnector(**{"name": "mail", **own, **settings})


def listed(source: Connector) -> tuple[list[SourceItem], list[Skip]]:
    with closing(source):
        found = list(source.list())
    return [i for i in found if isinstance(i, SourceItem)], [s for s in found if isinstance(s, Skip)]


class Messages(SourceUnderTest):
    """A mailbox whose messages go by their Message-IDs."""

    def __init__(self, put: Callable[[str, bytes], None], remove: Callable[[str], None], **settings: Any) -> None:
        self._put, self._remove, self.settings = put, remove, settings

    def put(self, key: str, text: str) -> None:
        self._remove(key)
        self._put(key, message(key, text))

    def remove(self, key: str) -> None:
        self._remove(key)

    def connect(self) -> Connector:  # type: ignore[override]
        return MailConnector(**{"name": "mail", "acl": ["staff"], "metadata": {"team": "tea"}, **self.settings})


class TestImap(ConnectorContract):
    @pytest.fixture
    def source(self, server: ImapServer, account: imaplib.IMAP4) -> Messages:
        def put(_: str, data: bytes) -> None:
            assert account.append("INBOX", "", "", data)[0] == "OK"

        def remove(key: str) -> None:
            account.select("INBOX")
            for uid in account.uid("SEARCH", "HEADER", "Message-ID", f'"<{key}>"')[1][0].split():
                account.uid("STORE", uid.decode(), "+FLAGS", r"(\Deleted)")
            account.expunge()

        def take_down() -> None:
            made.settings["port"] = 1

        own = {"host": "127.0.0.1", "port": server.port, "tls": "none", "user": USER, "password_env": "MAIL_PASSWORD"}
        made = Messages(put, remove, **own)
        made.take_down = take_down  # type: ignore[method-assign]
        return made


class TestMbox(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Messages:
        path, messages = tmp_path / "x.mbox", dict[str, bytes]()

        def write() -> None:
            path.write_bytes(b"".join(b"From a\n" + data + b"\n" for data in messages.values()))

        def put(key: str, data: bytes) -> None:
            messages[key] = data
            write()

        def remove(key: str) -> None:
            messages.pop(key, None)
            write()

        made = Messages(put, remove, path=path)
        made.take_down = path.unlink  # type: ignore[method-assign]
        return made


class TestMaildir(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Messages:
        for folder in ("cur", "new", "tmp"):
            (tmp_path / "mail" / folder).mkdir(parents=True)
        number = iter(range(1000))

        def put(key: str, data: bytes) -> None:
            (tmp_path / "mail/new" / f"{next(number):04}.{key}").write_bytes(data)

        def remove(key: str) -> None:
            for file in (tmp_path / "mail/new").glob(f"*.{key}"):
                file.unlink()

        made = Messages(put, remove, path=tmp_path / "mail")
        made.take_down = lambda: (tmp_path / "mail").rename(tmp_path / "gone")  # type: ignore[assignment, method-assign, return-value]
        return made


def test_an_item_says_what_is_known(server: ImapServer, account: imaplib.IMAP4) -> None:
    account.append("INBOX", "", '"02-May-2024 10:30:00 +0200"', message("x@y", "Hello"))
    with closing(reading(server, metadata={"team": "tea"})) as source:
        (item,) = source.list()
        assert isinstance(item, SourceItem)
        assert (item.key, item.mime, item.modified) == ("x@y", "message/rfc822", "2024-05-02T08:30:00Z")
        assert re.fullmatch(r"imap://127\.0\.0\.1/INBOX;UIDVALIDITY=\d+/;UID=\d+", item.uri)
        assert item.metadata == {"folder": "INBOX", "team": "tea"}
        blob = source.fetch(item)
        assert (blob.mimetype, item.size) == ("message/rfc822", len(blob.as_bytes()))
        assert b"Hello" in blob.as_bytes()


def test_reading_changes_nothing(server: ImapServer, account: imaplib.IMAP4) -> None:
    account.append("INBOX", "", "", message("x@y", "Hello"))
    with closing(reading(server)) as source:
        (item,) = source.list()
        assert isinstance(item, SourceItem)
        source.fetch(item)
    account.select("INBOX")
    assert b"Seen" not in account.fetch("1", "(FLAGS)")[1][0]
    account.store("1", "+FLAGS", r"(\Seen \Flagged)")
    ((again,), _) = listed(reading(server))
    assert again == item


def test_folders_deleted_messages_and_duplicates(server: ImapServer, account: imaplib.IMAP4) -> None:
    for name in ("INBOX", "Entw&APw-rfe"):
        account.create(f'"{name}"')
    account.create('"a & b"'.replace("&", "&-"))
    account.append("INBOX", "", "", message("one@y", "1"))
    account.append("INBOX", r"(\Deleted)", "", message("deleted@y", "2"))
    account.append('"Entw&APw-rfe"', "", "", message("two@y", "3"))
    account.append('"Entw&APw-rfe"', "", "", message("one@y", "copy"))
    account.append('"a &- b"', "", "", message("", "none"))
    items, skips = listed(reading(server, folders=["INBOX", "Entwürfe", "a & b"]))
    assert [(i.key, i.metadata["folder"]) for i in items[:2]] == [("one@y", "INBOX"), ("two@y", "Entwürfe")]
    assert re.fullmatch(r"a & b/\d+/\d+", items[2].key)
    assert [skip.reason for skip in skips] == [f"the same Message-ID as {items[0].uri}"]
    with closing(reading(server, folders=["INBOX", "Entwürfe", "a & b"])) as source:
        assert b"none" in source.fetch(items[2]).as_bytes()
    with pytest.raises(SourceError, match="folder 'Nowhere'"):
        listed(reading(server, folders=["INBOX", "Nowhere"]))


def test_many_messages_are_listed_in_batches(server: ImapServer, account: imaplib.IMAP4) -> None:
    for n in range(210):
        account.append("INBOX", "", "", message(f"{n}@y", "x"))
    items, _ = listed(reading(server))
    assert [i.key for i in items] == [f"{n}@y" for n in range(210)]


def test_since_is_a_day_of_arrival(server: ImapServer, account: imaplib.IMAP4) -> None:
    for day in ("01-May-2024", "02-May-2024", "03-May-2024"):
        account.append("INBOX", "", f'"{day} 12:00:00 +0000"', message(f"{day}@y", "x"))
    assert [i.key for i in listed(reading(server, since=date(2024, 5, 2)))[0]] == ["02-May-2024@y", "03-May-2024@y"]


def test_large_messages_are_skipped(server: ImapServer, account: imaplib.IMAP4) -> None:
    account.append("INBOX", "", "", message("x@y", "x\n" * 1000))
    items, (skip,) = listed(reading(server, max_file_mb=0.001))
    assert items == []
    assert skip.reason.endswith("more than the 0.001 MB of parsing.max_file_mb")


def test_a_message_that_went_away_is_a_failed_document(server: ImapServer, account: imaplib.IMAP4) -> None:
    account.append("INBOX", "", "", message("x@y", "x"))
    with closing(reading(server)) as source:
        (item,) = source.list()
        assert isinstance(item, SourceItem)
        account.select("INBOX")
        account.store("1", "+FLAGS", r"\Deleted")
        account.expunge()
        with pytest.raises(DocumentError, match="not there any more"):
            source.fetch(item)


def test_a_lost_connection_is_opened_again(server: ImapServer, account: imaplib.IMAP4) -> None:
    account.append("INBOX", "", "", message("x@y", "Hello"))
    with closing(reading(server)) as source:
        (item,) = source.list()
        assert isinstance(item, SourceItem)
        assert source._mailbox is not None
        source._mailbox._connection.shutdown()  # type: ignore[attr-defined]
        assert b"Hello" in source.fetch(item).as_bytes()


@contextmanager
def scripted(*fetched: bytes) -> Iterator[int]:
    """The port of a server that answers every FETCH with these lines."""
    answers = {b"CAPABILITY": [b"CAPABILITY IMAP4rev1"], b"EXAMINE": [b"2 EXISTS", b"OK [UIDVALIDITY 7] x"]}
    answers |= {b"UID SEARCH": [b"SEARCH 1 2"], b"UID FETCH": [*fetched], b"LOGOUT": [b"BYE"]}

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK hello\r\n")
            for line in self.rfile:
                tag, _, command = line.strip().partition(b" ")
                said = [lines for name, lines in answers.items() if command.startswith(name)]
                self.wfile.write(b"".join(b"* " + answer + b"\r\n" for lines in said for answer in lines))
                self.wfile.write(tag + b" OK done\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (b'""', "INBOX/7/1"),
        (b"NIL", "INBOX/7/1"),
        (rb'"Message-ID: <\"UID 9\"@x>"', '"UID9"@x'),
        (b"{19}\r\nMessage-ID: <1@x>\r\n", "1@x"),
    ],
)
def test_a_header_that_is_no_literal_is_read(monkeypatch: pytest.MonkeyPatch, given: bytes, key: str) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "x")
    section = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"
    lines = [
        b"1 FETCH (" + section + b" " + given + b" UID 1 RFC822.SIZE 50)",
        rb"1 FETCH (UID 1 FLAGS (\Seen))",  # somebody read it meanwhile
        b"2 FETCH (UID 2 RFC822.SIZE 60 " + section + b" {19}\r\nMessage-ID: <2@x>\r\n)",
    ]
    with scripted(*lines) as port:
        items, _ = listed(
            MailConnector(name="mail", host="127.0.0.1", port=port, tls="none", password_env="MAIL_PASSWORD")
        )
    assert [(i.key, i.fingerprint, i.size) for i in items] == [(key, "INBOX/7/1", 50), ("2@x", "INBOX/7/2", 60)]


@pytest.mark.parametrize(("given", "data"), [(rb'"Subject: a \"b\""', b'Subject: a "b"'), (b'""', b""), (b"NIL", None)])
def test_a_message_that_is_no_literal_is_read(given: bytes, data: bytes | None) -> None:
    with scripted(rb"1 FETCH (UID 1 FLAGS (\Seen))", b"1 FETCH (UID 1 BODY[]<0> " + given + b")") as port:
        account = ImapAccount(host="127.0.0.1", port=port, tls="none", user="", password="x", folders=[], since=None)
        with closing(account):
            if data is not None:
                assert account.read("INBOX/7/1", 100) == data
                return
            with pytest.raises(MailboxError, match="not there any more"):
                account.read("INBOX/7/1", 100)


def test_a_wrong_password_is_an_error_that_does_not_show_it(
    server: ImapServer, account: imaplib.IMAP4, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "wr0ng")
    with pytest.raises(SourceError, match=r"(?i)auth") as caught:
        listed(reading(server))
    assert "wr0ng" not in str(caught.value)
    monkeypatch.delenv("MAIL_PASSWORD")
    with pytest.raises(SourceError, match="MAIL_PASSWORD holds no password"):
        listed(reading(server))


def test_a_password_is_not_sent_in_the_clear() -> None:
    with pytest.raises(SettingsError, match="for all to read"):
        MailConnector(name="mail", host="mail.example.com", tls="none", user="a", password_env="B")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_server_that_does_not_encrypt_is_not_spoken_to(server: ImapServer, account: imaplib.IMAP4, tls: str) -> None:
    with pytest.raises(SourceError):
        listed(reading(server, tls=tls))


@pytest.mark.parametrize("settings", [{}, {"path": Path("x"), "host": "h"}])
def test_a_mailbox_is_in_one_place(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="give one of them"):
        MailConnector(name="mail", **settings)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_an_mbox_is_cut_where_messages_begin(tmp_path: Path, ending: bytes) -> None:
    lines = [b"", b"From a", b"Message-ID:", b" <1@x>", b"", b"no start:", b"From here", b">From b", b">>From c", b""]
    lines += [b"From b", b"Subject: none", b"", b"x", b"", b"From c", b"Message-ID: <1@x>", b"", b"y", b""]
    path = tmp_path / "x.mbox"
    path.write_bytes(ending.join(lines))
    with closing(MailConnector(name="mail", path=path)) as source:
        first, second, skip = source.list()
        assert isinstance(first, SourceItem)
        assert isinstance(second, SourceItem)
        assert isinstance(skip, Skip)
        assert first.key == "1@x"
        assert ending.join([b"no start:", b"From here", b"From b", b">From c", b""]) in source.fetch(first).as_bytes()
        assert source.fetch(second).as_bytes().startswith(b"Subject: none")
        path.write_bytes(b"From a\n\nother")
        with pytest.raises(DocumentError, match="written to"):
            source.fetch(first)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_paragraph_of_an_mbox_may_begin_with_from(tmp_path: Path, ending: bytes) -> None:
    lines = [
        b"From a",
        b"Message-ID: <1@x>",
        b"",
        b"From tomorrow on,",
        b"we close.",
        b" " * 65_536,
        b"From b",
        b"X: y",
    ]
    lines += [b"", b"From c", b"Message-ID: <2@x>", b"", b"From now", b""]
    path = tmp_path / "x.mbox"
    path.write_bytes(ending.join(lines))
    with closing(MailConnector(name="mail", path=path)) as source:
        first, second = source.list()
        assert isinstance(first, SourceItem)
        assert isinstance(second, SourceItem)
        assert source.fetch(first).as_bytes() == ending.join([*lines[1:9], b""])
        assert source.fetch(second).as_bytes() == ending.join(lines[10:])


def test_an_empty_mbox_has_no_messages_and_another_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.mbox"
    path.write_bytes(b"")
    assert listed(MailConnector(name="mail", path=path)) == ([], [])
    path.write_bytes(b"%PDF")
    with pytest.raises(SourceError, match="no mbox file"):
        listed(MailConnector(name="mail", path=path))
    with pytest.raises(SourceError, match="no maildir"):
        listed(MailConnector(name="mail", path=tmp_path))


def test_a_maildir_message_keeps_its_identity_when_its_flags_change(tmp_path: Path) -> None:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    new = tmp_path / "new/1.host"
    new.write_bytes(message("x@y", "Hello"))
    (tmp_path / "cur/2.host:2,ST").write_bytes(message("trashed@y", "x"))
    (tmp_path / "cur/3.host:2,S").symlink_to("/etc/passwd")
    with closing(MailConnector(name="mail", path=tmp_path)) as source:
        (item,) = source.list()
        assert isinstance(item, SourceItem)
        new.rename(tmp_path / "cur/1.host:2,S")
        (again,) = source.list()
        assert isinstance(again, SourceItem)
        assert (again.key, again.fingerprint) == (item.key, item.fingerprint) == ("x@y", item.fingerprint)
        assert b"Hello" in source.fetch(item).as_bytes()
