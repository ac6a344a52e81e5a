"""The scope of questions: what is chosen means a filter, and what is shown is what the filter means."""

import json
from datetime import date
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.points import Record
from rag.retrieval.filters import build_filter
from rag.retrieval.listing import Listing
from ui.language import LANGUAGES, strings
from ui.scope import chosen, named
from ui.view import scope as view
from ui.view.scope import TYPES

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)> \" ' & ` ${1+1} {{value}}"


def record(id, **known):
    payload = {
        "document_id": id,
        "title": known.get("title", id),
        "source": id.partition(":")[0],
        "path": [id.partition(":")[2], *known.get("folders", ())],
        "mime": known.get("mime", "text/markdown"),
        "language": known.get("language"),
        "modified": known.get("modified"),
        "acl": ["*"],
        "metadata": known.get("metadata", {}),
        "status": "ok",
    }
    return Record(id=id, payload=payload)


KNOWN = Listing.of(
    [
        record("docs:guides/tea/a.md", title="Tea", folders=["guides/tea", "guides"], modified="2024-03-01T08:00:00Z"),
        record(
            "docs:guides/b.md", title="Coffee", folders=["guides"], language="de", metadata={"team": "x", "open": True}
        ),
        record("docs:c.xlsx", title="Costs", mime="application/vnd.ms-excel", metadata={"team": "y", "open": 1}),
        record("docs:d.csv", title="Rows", mime="text/csv", metadata={"team": "y"}),
        record("web:e.html", title=HOSTILE, mime="text/html", metadata={"team": HOSTILE}, modified="2025-01-02"),
    ]
)


class Parsed(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def having(self, name):
        return [attrs for _, attrs in self.tags if name in attrs]


def ticked(html):
    """What a script reads from the boxes, the days and the document of a bar."""
    values, group = {}, None
    parsed = Parsed(html)
    for tag, attrs in parsed.tags:
        if tag == "fieldset":
            group = attrs.get("data-name")
        if tag == "input" and "data-values" in attrs and "checked" in attrs:
            values.setdefault(group, []).extend(json.loads(attrs["data-values"]))
    (drawer,) = parsed.having("data-chosen")
    now = json.loads(drawer["data-chosen"])
    days = {attrs["name"]: attrs["value"] for attrs in parsed.having("name") if attrs.get("type") == "date"}
    held = {name: kept for name, kept in now["values"].items() if name not in values}
    return {**days, "values": {**held, **values}, "document": now["document"]}


VALUES = st.one_of(st.booleans(), st.integers(-(2**40), 2**40), st.text(max_size=30))
DAYS = st.none() | st.dates(date(1900, 1, 1), date(2999, 12, 31))
NAMES = st.one_of(
    st.sampled_from(["source", "path", "mime", "language", "metadata.team", "metadata.open"]),
    st.text(min_size=1, max_size=20).map(lambda key: f"metadata.{key}"),
)


@given(st.dictionaries(NAMES, st.lists(VALUES, max_size=4), max_size=4), DAYS, DAYS, st.none() | st.text(min_size=1))
def test_a_choice_survives_becoming_a_filter(values, since, until, document):
    sent = {
        "values": values,
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
        "document": document,
    }
    where = chosen(json.loads(json.dumps(sent)))
    assert where is not None
    (drawer,) = Parsed(view.bar(where, KNOWN, tab="t", language="en")).having("data-chosen")
    back = json.loads(drawer["data-chosen"])
    assert chosen(back) == where
    assert back == sent | {"values": {name: held for name, held in values.items() if held}}
    build_filter(where)  # legal


@given(
    st.dictionaries(
        st.sampled_from(["source", "mime", "language", "path", "metadata.team", "metadata.open", "metadata.gone"]),
        st.lists(
            st.sampled_from(["docs", "text/csv", "de", "guides", "x", HOSTILE, True, 1, "1"]),
            min_size=1,
            unique_by=repr,
        ),
        max_size=4,
    ),
    DAYS,
)
def test_what_is_ticked_is_what_the_filter_means(values, since):
    """Also values that no document has any more, and types that people call the same."""
    where = chosen({"values": values, "since": since and since.isoformat()})
    shown = ticked(view.bar(where, KNOWN, tab="t", language="en"))
    again = chosen(shown)
    for name, held in values.items():
        assert {repr(value) for value in held} <= {repr(value) for value in again[name]}
        if name not in ("mime", "metadata.open"):  # table and yes stand for several
            assert len(again[name]) == len(held)
    assert again.get("modified") == where.get("modified")


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "x",
        {"values": {"source": "docs"}},
        {"values": {"source": [None]}},
        {"values": {"source": [1.5]}},
        {"values": {"source": [{"gte": 1}]}},
        {"values": {"source": ["x" * 1001]}},
        {"values": {str(n): ["x"] for n in range(101)}},
        {"document": "x" * 4001},
        {"principals": ["admin"]},
    ],
)
def test_what_no_bar_sends_is_no_filter(sent):
    assert chosen(sent) is None


@pytest.mark.parametrize("typed", ["0002-05-01", "9999-12-31", "tomorrow", "2024-02-30", ""])
def test_a_day_that_is_none_is_left_out(typed):
    assert chosen({"values": {"source": ["docs"]}, "until": typed}) == {"source": ["docs"]}


def test_days_include_the_last_one():
    where = chosen({"since": "2024-01-01", "until": "2024-02-29"})
    assert where == {"modified": {"gte": "2024-01-01", "lt": "2024-03-01"}}
    assert "2024-01-01 to 2024-02-29" in Parsed(view.bar(where, KNOWN, tab="t", language="en")).text


def test_every_chip_removes_what_it_shows():
    where = {
        "source": ["docs"],
        "mime": ["text/csv", "application/vnd.ms-excel", "text/html"],
        "metadata.team": ["x", HOSTILE],
        "modified": {"gte": "2024-01-01"},
        "document_id": ["docs:c.xlsx"],
    }
    parsed = Parsed(view.bar(where, KNOWN, tab="t", language="en"))
    chips = [json.loads(attrs["data-remove"]) for attrs in parsed.having("data-remove")]
    assert {"name": "mime", "values": ["text/csv", "application/vnd.ms-excel"]} in chips, "tables are one type"
    removed = {name: [value for chip in chips if chip["name"] == name for value in chip["values"]] for name in where}
    assert len(chips) == 7
    assert {name: sorted(values) for name, values in removed.items()} == {
        name: sorted(values) if isinstance(values, list) and name != "document_id" else []
        for name, values in where.items()
    }
    assert "Costs" in parsed.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_a_document_becomes_markup(language):
    where = {"metadata.team": [HOSTILE], "path": [HOSTILE], "document_id": ["web:e.html"], f"metadata.{HOSTILE}": ["x"]}
    parsed = Parsed(view.bar(where, KNOWN, tab="t", language=language))
    parsed_names = Parsed(view.suggestions(KNOWN.named("alert"), id="n"))
    legal = {"div", "button", "span", "svg", "path", "fieldset", "legend", "label", "input", "small", "p"}
    assert {tag for tag, _ in parsed.tags} <= legal
    assert [tag for tag, _ in parsed_names.tags] == ["datalist", "option"]
    assert HOSTILE in parsed.text
    assert HOSTILE in parsed_names.text
    assert not any(name.startswith("on") for _, attrs in parsed.tags for name in attrs)


def test_the_drawer_waits_until_it_is_opened():
    assert "Counting" in Parsed(view.bar({}, None, tab="t", language="en")).text
    assert "no documents" in Parsed(view.bar({}, Listing(()), tab="t", language="en")).text
    parsed = Parsed(view.bar({}, KNOWN, tab="t", language="de"))
    assert "Insgesamt 5 Dokumente" in parsed.text
    assert not parsed.having("checked")
    assert {attrs["data-name"] for attrs in parsed.having("data-name")} == {facet.name for facet in KNOWN.facets.facets}


def test_types_of_one_name_are_counted_together():
    html = view.bar({}, KNOWN, tab="t", language="en")
    rows = html.split('data-name="mime"')[1].split("</fieldset>")[0].split("<label")[1:]
    assert {Parsed(f"<label{row}").text for row in rows} == {"Markdown 2", "Table 2", "Web page 1"}


def boxes(where):
    """The words of the boxes of each field."""
    fieldsets = view.bar(where, KNOWN, tab="t", language="en").split('<fieldset data-name="')[1:]
    rows = {text.partition('"')[0]: text.split("</fieldset>")[0].split("<label")[1:] for text in fieldsets}
    return {unescape(name): [Parsed(f"<label{row}").text for row in found] for name, found in rows.items()}


def test_a_choice_narrows_what_the_other_fields_offer():
    narrowed = boxes({"metadata.team": ["y"]})
    assert narrowed["mime"] == ["Table 2"]
    assert narrowed["metadata.team"] == ["y 2", f"{HOSTILE} 1", "x 1"], "its own values stay"
    assert "path" not in narrowed
    assert "2 of 5 documents" in Parsed(view.bar({"metadata.team": ["y"]}, KNOWN, tab="t", language="en")).text
    assert boxes({"mime": ["text/html"], "language": ["de"]})["language"] == ["German 0"], "so it can be unticked"
    assert boxes({'metadata."': ["x"]}) == boxes({}), "a filter that means nothing is refused by the search"


def test_a_box_means_its_whole_name_however_few_of_its_types_are_left():
    html = view.bar({"metadata.open": [1]}, KNOWN, tab="t", language="en")
    (row,) = html.split('data-name="mime"')[1].split("</fieldset>")[0].split("<label")[1:]
    assert Parsed(f"<label{row}").text == "Table 1"
    meant = json.loads(Parsed(f"<label{row}").having("data-values")[0]["data-values"])
    assert set(meant) == {"application/vnd.ms-excel", "text/csv"}


def test_a_document_is_meant_by_its_id_or_its_name():
    assert named(KNOWN, "docs:c.xlsx") == "docs:c.xlsx"
    assert named(KNOWN, "coff") == "docs:guides/b.md"
    assert named(KNOWN, " ") is None
    assert named(KNOWN, "cocoa") is None
    assert named(None, "coffee") is None


def test_every_type_has_a_name():
    for language in LANGUAGES:
        assert all(f"scope.type_{kind}" in strings()[language] for kind in TYPES)
