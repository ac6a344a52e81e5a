from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.parsing.delimited import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Check = Callable[[Document], None]


def item(key: str = "k.csv") -> SourceItem:
    return SourceItem(source="s", key=key, uri=f"/x/{key}", fingerprint="f")


def header(document: Document) -> str | None:
    (table,) = document.elements
    return None if table.header_end is None else document.text[table.start : table.header_end]


@pytest.mark.parametrize(
    ("key", "text", "plain", "first"),
    [
        ("k.csv", "Team,Wins\nSeals,3\n", "Team Wins\nSeals 3\n", "Team,Wins"),
        ("k.csv", "Team;Wins\nSeals;3,5\n", "Team Wins\nSeals 3,5\n", "Team;Wins"),
        ("k.csv", "Team|Wins\nSeals|3\n", "Team Wins\nSeals 3\n", "Team|Wins"),
        ("k.tsv", "Team\tWins\nSeals, Inc\t3\n", "Team\tWins\nSeals, Inc\t3\n", "Team\tWins"),
        ("k.csv", "sep=;\nTeam;Wins\nSeals;3\n", "\nTeam Wins\nSeals 3\n", None),
        ("k.csv", 'Team,Motto\nSeals,"Swim, ""fast"""\n', 'Team Motto\nSeals Swim, "fast"\n', "Team,Motto"),
        ("k.csv", 'Team,Motto\nSeals,"two\nlines"\n', "Team Motto\nSeals two\nlines\n", "Team,Motto"),
        ("k.csv", "1,2\n3,4\n", "1 2\n3 4\n", None),
        ("k.csv", "Sales of 2023,,\nTeam,2022,2023\nSeals,1,2\n", "Sales of 2023\nTeam 2022 2023\nSeals 1 2\n", "2023"),
        ("k.csv", "日本,東京\nа,б\n", "日本 東京\nа б\n", "日本,東京"),
    ],
    ids=["comma", "semicolon", "pipe", "tab", "named", "quotes", "lines", "data", "title", "scripts"],
)
def test_rows_are_kept_and_their_header_is_known(
    key: str, text: str, plain: str, first: str | None, assert_well_formed: Check
) -> None:
    document = parse(text.encode(), item(key))
    assert_well_formed(document)
    assert document.text == text, "positions are those of the file"
    shown = document.plain(0, len(text)).replace(",", " ").replace(";", " ").replace("|", " ")
    assert " ".join(shown.split()) == " ".join(plain.replace(",", " ").split())
    if first is not None:
        assert (header(document) or "").endswith(first) or first in (header(document) or "")


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"], ids=["nothing", "blank", "mark"])
def test_an_empty_file_has_no_elements(data: bytes) -> None:
    assert parse(data, item()).elements == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_any_encoding_is_read(encoding: str) -> None:
    text = "Straße;Größe\nKönigsallee;groß\nMünchner Straße;mäßig groß\n"
    assert parse(text.encode(encoding), item()).text == text


def test_no_text_says_so() -> None:
    with pytest.raises(DocumentError) as raised:
        parse(bytes(range(256)) * 20, item())
    assert raised.value.kind == "encoding"


def test_a_quote_that_is_never_closed_does_not_swallow_the_rest() -> None:
    text = 'Team,Note\nSeals,5" hose\nCats,"open\n' + "Dogs,2\n" * 2000
    document = parse(text.encode(), item())
    assert document.text == text
    assert "Dogs" in document.plain(len(text) - 7, len(text))


@given(st.lists(st.lists(st.text(st.sampled_from('ab",;\n \té日'), max_size=6), min_size=1, max_size=4), max_size=8))
def test_no_visible_character_but_signs_is_lost(rows: list[list[str]]) -> None:
    text = "\n".join(",".join(row) for row in rows)
    document = parse(text.encode(), item())
    shown = "".join(document.plain(e.start, e.end) for e in document.elements)
    for letter in "abé日":
        assert shown.count(letter) == document.text.count(letter)
