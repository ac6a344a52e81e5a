"""The map as HTML: every point drawn and listed, all words escaped, in both languages."""

from dataclasses import replace

import numpy as np
import pytest

from rag.corpus_map.result import CorpusMap, MapHit, MapPoint, NearDuplicates, Outlier, PlacedQuery, Topic
from rag.results import StoredDocument
from tests.ui.test_view import HOSTILE, Parsed
from ui.view import map as view


def point(n, **changes):
    values = {"id": f"s:{n}", "document_id": f"s:{n}", "title": f"Title {n}", "uri": f"/{n}", "source": "s", "mime": ""}
    return MapPoint(**{**values, **changes})


def drawn(*points, **changes):
    values = {
        "unit": "documents",
        "layout": "pca",
        "points": points,
        "topics": (Topic(words=("Refunds", "Cards"), size=len(points)),),
        "duplicates": (),
        "outliers": (),
        "total": len(points),
        "unplaced": 0,
        "kept": 0.25,
        "vectors": np.eye(max(1, len(points)), 4, dtype=np.float32),
    }
    return CorpusMap(**{**values, **changes})


def hit(n, point="s:1", **changes):
    values = {"rank": n, "score": 0.5, "document_id": "s:1", "title": "Title", "headings": ("H",), "page": None}
    return MapHit(**{**values, "point": point, **changes})


def stored(text="Some text.", **changes):
    return StoredDocument(
        **{"document_id": "s:1", "uri": "/1", "title": "T", "text": text, "metadata": {}, "chunks": (), **changes}
    )


def circles(html):
    return [attributes for tag, attributes in Parsed(html).tags if tag == "circle"]


def test_every_point_is_drawn_at_its_place_and_listed():
    html = view.picture(drawn(point(1, x=-1, y=1), point(2, x=1, y=-1), point(3)), "en")
    assert [(c["data-id"], c["cx"], c["cy"]) for c in circles(html)] == [
        ("s:1", "36.0", "36.0"),
        ("s:2", "924.0", "684.0"),
        ("s:3", "480.0", "360.0"),
    ]
    assert Parsed(html).attributes("data-choose") == ["s:1", "s:2", "s:3"]
    assert "Map. Documents: 3, topics: 1" in Parsed(html).attributes("aria-label")


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_of_a_document_or_a_question_becomes_markup(language):
    hostile = point(1, id=HOSTILE, document_id=HOSTILE, title=HOSTILE, uri=HOSTILE, source=HOSTILE, headings=(HOSTILE,))
    found = drawn(
        hostile,
        point(2, source="other"),
        topics=(Topic(words=(HOSTILE,), size=2),),
        duplicates=(NearDuplicates(ids=(HOSTILE, "s:2"), overlap=0.8),),
        outliers=(Outlier(id=HOSTILE, similarity=0.1),),
    )
    asked = PlacedQuery(query=HOSTILE, x=0, y=0, how="projected", hits=(hit(1, HOSTILE, title=HOSTILE),))
    pages = [
        view.picture(found, language),
        view.findings(found, language),
        view.query(asked, "documents", language),
        view.opened(stored(HOSTILE), hostile, [(hostile, 0.5)], HOSTILE, language),
    ]
    for page in pages:
        parsed = Parsed(page)
        assert not {"script", "img"} & {tag for tag, _ in parsed.tags}
        assert parsed.attributes("onerror") == []
        assert HOSTILE in parsed.text
        assert "${" not in page
    assert circles(pages[0])[0]["data-title"] == HOSTILE


def test_the_largest_sources_have_colours_of_their_own():
    points = [point(n, source=f"source{n % 12}") for n in range(30)]
    colours = view.source_colours(points)
    assert sorted(colours.values()) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8]
    assert colours["source0"] == 0
    legend = Parsed(view.picture(drawn(*points), "en"))
    assert legend.attributes("data-filter") == ["t0", *(f"s{n}" for n in range(9))]
    assert "Other sources" in legend.text


def test_a_single_source_offers_no_other_colours():
    several = Parsed(view.picture(drawn(point(1), point(2, source="other")), "en"))
    assert several.attributes("data-colour") == ["topic", "topic", "source"]
    assert Parsed(view.picture(drawn(point(1)), "en")).attributes("data-colour") == ["topic"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "1 of 1 documents. The two directions in which they differ most, 25 % of all differences (PCA)."),
        ({"total": 9}, "A sample"),
        ({"total": 3, "unplaced": 2}, "2 without text"),
        ({"layout": "umap", "kept": None}, "(UMAP)"),
        ({"unit": "chunks"}, "1 of 1 passages."),
    ],
)
def test_the_map_says_what_it_shows(changes, said):
    note = view.note(drawn(point(1), **changes), "en")
    assert said in note
    assert ("A sample" in note) == (changes.get("total") == 9)


@pytest.mark.parametrize("unit", ["documents", "chunks"])
def test_an_empty_corpus_says_so(unit):
    assert "yet" in Parsed(view.picture(drawn(unit=unit, topics=()), "en")).text
    assert view.findings(drawn(unit=unit), "en") == ""


def test_a_topic_without_words_is_numbered():
    names = view.topic_names(drawn(point(1), topics=(Topic(words=(), size=1),)), "de")
    assert names == {0: "Thema 1"}


def test_a_document_is_listed_once_among_the_hits():
    hits = (hit(1), hit(2, "s:2", document_id="s:2", title="Other"), hit(3), hit(4, None, document_id="s:9"))
    html = view.query(PlacedQuery(query="q", x=1, y=-1, how="neighbours", hits=hits), "documents", "en")
    parsed = Parsed(html)
    assert parsed.attributes("data-choose") == parsed.attributes("data-hit") == ["s:1", "s:2"]
    assert "2 passages" in parsed.text
    assert "Hits without a link" in parsed.text
    assert parsed.attributes("data-x") == ["924.0"]
    assert parsed.attributes("data-y") == ["684.0"]


def test_a_query_without_a_place_draws_nothing():
    html = view.query(PlacedQuery(query="q", x=None, y=None, how="hits", hits=()), "chunks", "en")
    assert Parsed(html).attributes("data-x") == []
    assert "Nothing fits this question." in Parsed(html).text
    assert view.query(None, "documents", "en") == ""


def test_what_is_opened_shows_where_it_is_from_and_how_it_begins():
    html = view.opened(stored("Begin.\n\n\nMore."), point(1), [(point(2), 0.873)], "Refunds", "en")
    parsed = Parsed(html)
    assert "Begin.\nMore." in parsed.text
    assert "87 %" in parsed.text
    assert parsed.attributes("data-only") == [stored("").document_id]
    assert parsed.attributes("data-choose") == ["s:2"]


@pytest.mark.parametrize("blank", [" ", ""])
def test_a_long_text_is_cut(blank):
    html = view.opened(stored(f"word{blank}" * 900), point(1), [], "T", "en")
    assert view.FIRST_CHARS - 50 < Parsed(html).text.count("word") * len(f"word{blank}") <= view.FIRST_CHARS
    assert "…" in html


def test_a_chunk_shows_its_own_text():
    document = stored("First. Second.", chunks=({"chunk_id": "c2", "start": 7, "end": 14},))
    html = view.opened(document, point(1, id="c2", page=3, headings=("A", "B")), [], "T", "en")
    assert "Second." in Parsed(html).text
    assert "First." not in Parsed(html).text
    assert "page 3" in Parsed(html).text
    assert "A › B" in Parsed(html).text


def test_long_groups_say_how_many_more_there_are():
    points = [point(n) for n in range(20)]
    group = NearDuplicates(ids=tuple(p.id for p in points), overlap=1)
    html = view.findings(drawn(*points, duplicates=(group,)), "en")
    assert len(Parsed(html).attributes("data-choose")) == view.MEMBERS
    assert f"and {20 - view.MEMBERS} more" in html
    assert "the same text" in html
    many = replace(drawn(*points), duplicates=(replace(group, overlap=0.6),) * (view.LISTED + 2))
    assert "at least 60 % the same" in Parsed(view.findings(many, "en")).text
    assert view.findings(many, "en").count("and 2 more") == 1
