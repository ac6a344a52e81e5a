import email.message
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from langchain_core.documents.base import Blob

from connectors.parsing import FormatParser
from rag.errors import DocumentError
from rag.types import Parsed, SourceItem

Make = Callable[..., SourceItem]


def message(**headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in {"Subject": "Tea", "From": "Ann <a@x.org>", "To": "b@x.org", **headers}.items():
        made[name.replace("_", "-")] = value
    return made


def read(make_item: Make, data: bytes | email.message.Message, key: str = "m.eml") -> Parsed:
    raw = data if isinstance(data, bytes) else data.as_bytes()
    return FormatParser().parse(Blob.from_data(raw), make_item(key))


def test_a_message_is_its_subject_its_people_and_its_text(make_item: Make) -> None:
    made = message(Date="Fri, 16 Dec 2022 17:04:16 -0500", Message_ID="<1@x>", Cc="Ünal <c@x.org>")
    made.set_content("Dear Bob,\n\nthe kettle is broken.\n\n> It was fine.\n")
    (document,) = read(make_item, made).documents
    assert document.text == (
        "# Tea\n\nFrom: Ann <a@x.org>\nTo: b@x.org\nCc: Ünal <c@x.org>\nDate: 2022-12-16T22:04:16Z\n\n"
        "Dear Bob,\n\nthe kettle is broken.\n\n> It was fine."
    )
    assert document.title == "Tea"
    assert document.metadata == {
        "from": "Ann <a@x.org>",
        "to": "b@x.org",
        "date": "2022-12-16T22:04:16Z",
        "message_id": "<1@x>",
    }


def test_the_page_of_a_message_is_read_and_its_plain_double_is_not(make_item: Make) -> None:
    made = message()
    made.set_content("Plain words.")
    made.add_alternative("<h2>Prices</h2><nav>kept</nav><ul><li>one</ul>", subtype="html")
    text = read(make_item, made).documents[0].text
    assert text.endswith("## Prices\n\nkept\n\n- one")
    assert "Plain" not in text


def test_attachments_are_documents_of_their_own(make_item: Make) -> None:
    inner = message(Subject="Inner / one")
    inner.set_content("Inside.")
    made = message()
    made.set_content("See attached.")
    made.add_attachment(b"# Prices", maintype="application", subtype="octet-stream", filename="prices.md")
    made.add_attachment(b"# Again", maintype="text", subtype="markdown", filename="../../prices.md")
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="logo.png")
    made.add_attachment(b"?", maintype="application", subtype="x-strange", filename="what.xyz")
    made.add_attachment(b"no pdf", maintype="application", subtype="pdf", filename="bad.pdf")
    made.add_attachment(inner)
    parsed = read(make_item, made, "mail/m.eml")
    assert {d.id: d.text.splitlines()[0] for d in parsed.documents} == {
        "docs:mail/m.eml": "# Tea",
        "docs:mail/m.eml!/prices.md": "# Prices",
        "docs:mail/m.eml!/prices (2).md": "# Again",
        "docs:mail/m.eml!/Inner - one.eml": "# Inner / one",
    }
    assert [(part.id, part.kind) for part in parsed.failed] == [("docs:mail/m.eml!/bad.pdf", "parse")]
    assert [skip.uri.rpartition("/")[2] for skip in parsed.skipped] == ["logo.png", "what.xyz"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("Subject: =?iso-8859-1?Q?K=E4se?=\n\nWörter".encode("latin-1"), ["# Käse", "Wörter"]),
        (b"Subject: a\nContent-Type: text/plain; charset=nonsense\n\ncaf\xc3\xa9", ["café"]),
        (b"Subject: a\nDate: not a date\n\nx", ["Date: not a date"]),
        (b"Subject: a\nFrom: =?broken?= <<>>@@\n\nx", ["From:", "x"]),
        (b"Subject: a\nContent-Type: multipart/mixed; boundary=b\n\nno boundary at all", ["# a"]),
        (b"Subject: a\nContent-Transfer-Encoding: base64\n\n!!!", ["# a"]),
        (b"Subject: only a subject\n\n", ["# only a subject"]),
    ],
)
def test_what_is_not_as_the_standard_wants_is_still_read(make_item: Make, data: bytes, words: list[str]) -> None:
    text = read(make_item, data).documents[0].text
    assert all(word in text for word in words), text


@pytest.mark.parametrize("charset", ["us-ascii", "iso-8859-1", "latin1", "windows-1252", "iso-8859-15"])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_utf8_is_read_whatever_old_charset_it_is_said_to_be(make_item: Make, charset: str, kind: str) -> None:
    head = f"Subject: a\nContent-Type: text/{kind}; charset={charset}\n\n".encode()
    assert read(make_item, head + "Grüße aus München".encode()).documents[0].text.endswith("Grüße aus München")
    assert read(make_item, head + "Grüße aus München".encode("cp1252")).documents[0].text.endswith("Grüße aus München")


@pytest.mark.parametrize(("charset", "text"), [("iso-2022-jp", "日本語"), ("koi8-r", "Привет"), ("cp1251", "Привет")])
def test_other_charsets_are_what_they_say(make_item: Make, charset: str, text: str) -> None:
    head = f"Subject: a\nContent-Type: text/plain; charset={charset}\n\n".encode()
    assert read(make_item, head + text.encode(charset)).documents[0].text.endswith(text)


def test_a_report_says_whom_a_message_did_not_reach(make_item: Make) -> None:
    data = (
        b"Subject: Undelivered\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        b"--b\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.org\n\n"
        b"Final-Recipient: rfc822; no@x.org\nDiagnostic-Code: smtp;\n 550 no such user here\n\nnot a field\n--b--\n"
    )
    parsed = read(make_item, data)
    assert parsed.documents[0].text.endswith(
        "Sorry.\n\nReporting-MTA: dns; mx.org\n\n"
        "Final-Recipient: rfc822; no@x.org\nDiagnostic-Code: smtp; 550 no such user here\n\nnot a field"
    )
    assert parsed.skipped == ()


@pytest.mark.parametrize("kind", ["disposition-notification", "global-delivery-status", "feedback-report"])
def test_other_reports_have_fields_too(make_item: Make, kind: str) -> None:
    fields = "Final-Recipient: rfc822; käse@x.org\n\nDisposition: displayed"
    data = f"Subject: Read\nContent-Type: message/{kind}\n\n{fields}\n"
    assert read(make_item, data.encode()).documents[0].text == f"# Read\n\n{fields}"


def test_a_message_beyond_ascii_in_a_message_is_a_document(make_item: Make) -> None:
    data = "Subject: Outer\nContent-Type: message/global\n\nSubject: Käse\nFrom: jörg@x.org\n\nInside."
    outer, inner = read(make_item, data.encode()).documents
    assert (outer.text, inner.text) == ("# Outer", "# Käse\n\nFrom: jörg@x.org\n\nInside.")
    assert inner.id.endswith("m.eml!/Käse.eml")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "parse"),
        (b"just a line of text", "parse"),
        (b"X-Nothing: x\n\n", "empty"),
        (b"Subject: s\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nxxxx", "encrypted"),
        (b'Subject: s\nContent-Type: multipart/encrypted; boundary="b"\n\n--b\n\nx\n--b--', "encrypted"),
    ],
)
def test_what_holds_nothing_to_read_says_why(make_item: Make, data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError) as error:
        read(make_item, data)
    assert error.value.kind == kind


def test_parts_in_parts_in_parts_end_soon(make_item: Make) -> None:
    head = b"Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"
    nested = head + b"".join(b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" for _ in range(2_000)) + b"--b\n\nx"
    assert read(make_item, nested).documents[0].text.startswith("# s")


def mailbox(*messages: tuple[str, str]) -> bytes:
    lines = []
    for id, text in messages:
        lines += [
            b"From a@x.org Mon Jan  1 00:00:00 2024",
            f"Message-ID: <{id}>".encode(),
            f"Subject: {id}".encode(),
            b"",
        ]
        lines += [text.encode(), b""]
    return b"\n".join(lines) + b"\n"


def test_messages_of_a_mailbox_keep_their_ids_when_others_go(make_item: Make) -> None:
    first = read(make_item, mailbox(("1@x", "One."), ("2@x", "Two.\nFrom here on\n>From there")), "a.mbox")
    assert [d.id for d in first.documents] == ["docs:a.mbox!/1@x.eml", "docs:a.mbox!/2@x.eml"]
    assert first.documents[1].text.endswith("Two.\nFrom here on\nFrom there")
    second = read(make_item, mailbox(("2@x", "Two."), ("3@x", "Three.")), "a.mbox")
    assert [d.id for d in second.documents] == ["docs:a.mbox!/2@x.eml", "docs:a.mbox!/3@x.eml"]


@pytest.mark.parametrize(("data", "kind"), [(b"", "empty"), (b"\n\n", "empty"), (b"hello", "parse")])
def test_what_is_no_mailbox_says_so(make_item: Make, data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError) as error:
        read(make_item, data, "a.mbox")
    assert error.value.kind == kind


def test_what_is_no_outlook_message_says_so(make_item: Make) -> None:
    with pytest.raises(DocumentError) as error:
        read(make_item, b"\xd0\xcf\x11\xe0 not really", "a.msg")
    assert error.value.kind == "parse"
