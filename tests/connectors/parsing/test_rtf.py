from collections.abc import Callable

import pytest

from connectors.parsing.rtf import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Check = Callable[[Document], None]
ITEM = SourceItem(source="s", key="k.rtf", uri="/x/k.rtf", fingerprint="f")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (rb"{\rtf1\ansi {\b one} two\par three}", "one two\n\nthree"),
        (rb"{\rtf1\ansi\ansicpg1252 caf\'e9 \u8364?}", "café €"),
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\par}", "Пр"),
        (rb"{\rtf1{\info{\title T}}{\*\generator G;}{\fonttbl{\f0 Arial;}}body}", "body"),
        (rb'{\rtf1 see {\field{\*\fldinst HYPERLINK "http://e.org"}{\fldrslt this}}}', "see [this](http://e.org)"),
        (rb"{\rtf1 a{\pict 00ff00ff}b}", "ab"),
        (b"{\\rtf1 a{\\pict\\bin4 }}}}}b", "ab"),
        (rb"{\rtf1 \uc2\u-10179??\u-8704\'3f\'3f and \uc0\u228 x}", "\U0001f600 and äx"),
        (rb"{\rtf1{\fonttbl{\f0 A;}{\f1\fcharset128 M;}{\f2\fcharset204 C;}}{\f1\'93\'fa} {\f2\'cf}\f0\'e9}", "日 Пé"),
        (rb"{\rtf1 a{\header top}{\footer end}{\v hid}{\deleted gone}{\*\atnid x}{\*\new of} b}", "a b"),
        (rb"{\rtf1 a\~b\_c\emdash d\line e\tab f \{g\} \\h}", "a\u00a0b\u2011c—d\ne\tf {g} \\h"),
    ],
)
def test_the_text_without_its_control_words(data: bytes, text: str, assert_well_formed: Check) -> None:
    document = parse(data, ITEM)
    assert_well_formed(document)
    assert document.text == text


WORD = rb"""{\rtf1\ansi\ansicpg1252{\stylesheet{\s0 Normal;}{\s1\sb240 heading 1;}{\s5\outlinelevel1 Section;}}
{\info{\title A guide}{\author Ada}{\doccomm kept back}}
\pard\s1 Tea\par\pard\s5 Kinds\par
\pard\plain Green{\super\chftn{\footnote\pard{\super\chftn} Or yellow.}} and black.\par
{\listtext\'b7\tab}leaf\par{\listtext\'b7\tab}\ilvl1 bud\par\pard{\listtext 2.\tab}stem\par\pard
\trowd\cellx1\intbl Kind\cell Degrees\cell\row\trowd\pard\intbl Green\par tea\cell 70|75\cell\row\pard
{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt In a box.\par}}{\shprslt In a box for old readers.}}The end\par}"""


def test_what_a_word_processor_writes(assert_well_formed: Check) -> None:
    document = parse(WORD, ITEM)
    assert_well_formed(document)
    assert (document.title, document.metadata) == ("A guide", {"author": "Ada"})
    assert document.text.split("\n") == [
        *("# Tea", "", "## Kinds", "", "Green[^1] and black.", "", "[^1]: Or yellow.", ""),
        *("- leaf", "  - bud", "2. stem", ""),
        *("| Kind | Degrees |", "| --- | --- |", "| Green tea | 70\\|75 |", "", "The end", "", "In a box."),
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (rb"{\rtf1 \trowd a\cell b\cell", "| a | b |\n| --- | --- |"),
        (rb"{\rtf1 a{\footnote b", "a\n\nb"),
        (rb"{\rtf1 a}}}}b", "ab"),
        (b"{\\rtf1 a\\'zz b\\", "azz b"),
    ],
)
def test_broken_groups_lose_no_text(data: bytes, text: str, assert_well_formed: Check) -> None:
    document = parse(data, ITEM)
    assert_well_formed(document)
    assert document.text == text


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"", "parse"), (b"plain text", "parse"), (rb"{\rtf1}", "empty"), (b"{\\rtf1 " + b"{" * 100_000, "empty")],
)
def test_what_cannot_be_read_says_why(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError, match=r"^/x/k\.rtf: .+") as raised:
        parse(data, ITEM)
    assert raised.value.kind == kind
