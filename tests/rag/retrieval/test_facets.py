"""Facets count what a filter finds, for those who ask."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Rag
from rag.errors import SettingsError
from rag.points import Record
from rag.retrieval.facets import FOLDER_LEVELS, Facets
from rag.retrieval.listing import Listing

PAGES = {
    "docs/guides/tea/green.md": "---\nteam: kitchen\nyear: 2024\n---\n# Green tea\n\nIt is hot.\n",
    "docs/guides/tea/black.md": "---\nteam: kitchen\nyear: 2023\nopen: true\n---\n# Black tea\n\nIt is hotter.\n",
    "docs/guides/coffee.html": '<html lang="de"><title>Kaffee</title><body><p>Kaffee ist heiß.</p></body></html>',
    "docs/index.md": "# Start\n\nDrinks.\n",
    "notes/secret.md": "# Secret\n\nNobody knows.\n",
}
ALL = "It is hot, drinks, nobody knows, Kaffee ist heiß"
"""Finds every page."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    root: Path = tmp_path_factory.mktemp("facets")
    for name, text in PAGES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    config = root / "c.yaml"
    config.write_text(
        "name: t\nsources: [{kind: files, name: docs, path: docs},"
        " {kind: files, name: notes, path: notes, acl: [ann], metadata: {team: vault}}]\n"
    )
    with Rag.open(config) as corpus:
        corpus.ingest()
        yield corpus


def counts(facets: Facets) -> dict[str, dict[Any, int]]:
    return {facet.name: {count.value: count.documents for count in facet.counts} for facet in facets.facets}


@pytest.mark.parametrize(
    ("where", "principals", "code", "values"),
    [
        ({"taem": "kitchen"}, None, "no_such_field", {"name": "taem", "known": {"team", "year", "open", "mime"}}),
        ({"team": ["vualt"]}, None, "no_such_value", {"name": "team", "value": {"vualt"}, "known": {"kitchen"}}),
        ({"team": ["kitchen"], "year": ["2024"]}, None, "no_such_value", {"name": "year", "known": {"2024", "2023"}}),
        ({"metadata.open": False}, None, "no_such_value", {"name": "open", "value": {"false"}, "known": {"true"}}),
        ({"source": "nots"}, None, "no_such_value", {"known": {"docs", "notes"}}),
        ({"source": "nots"}, ["bob"], "no_such_value", {"known": {"docs"}}),
        ({"team": "vault"}, ["bob"], "no_such_value", {"known": {"kitchen"}}),
        ({"team": "vault", "year": {"gte": 2000}}, None, "nothing_filtered", {}),
        ({"year": {"gte": 3000}}, None, "nothing_filtered", {}),
        ({"yaer": {"gte": 2000}}, None, "no_such_field", {"name": "yaer"}),
        ({"document_id": "docs:nowhere.md"}, None, "nothing_filtered", {}),
        ({"ordinal": 1000}, None, "nothing_filtered", {}),
        (None, None, None, {}),
        ({"team": "kitchen"}, None, None, {}),
    ],
)
def test_a_filter_that_finds_nothing_is_told_what_no_document_has(
    corpus: Rag, where: Any, principals: list[str] | None, code: str | None, values: dict[str, Any]
) -> None:
    found = corpus.search(ALL, where=where, principals=principals)
    told = found.why_nothing
    assert (told and told.code) == code
    assert (told is None) == bool(found.hits)
    if told:
        said = {name: set(str(value).split(", ")) for name, value in told.values.items()}
        for name, expected in values.items():
            wanted = {expected} if isinstance(expected, str) else expected
            assert wanted <= said[name], (name, told.text)
        if principals:
            assert not {"vault", "notes"} & said["known"]
        answer = corpus.ask(ALL, where=where, principals=principals)
        assert answer.why
        assert answer.why.code == code


def test_a_list_of_what_there_is_ends(corpus: Rag) -> None:
    drawn = [{**BLANK, "metadata": {"tag": f"t{n}"}} for n in range(20)]
    told = Listing.of([record(n, each) for n, each in enumerate(drawn)]).why_nothing({"tag": "u"})
    assert told.values["known"].endswith(", …")
    assert len(told.values["known"].split(", ")) == 9
    assert Listing.of([]).why_nothing({"tag": "u"}).code == "nothing_found"


def test_every_count_is_that_of_a_filter_with_the_value(corpus: Rag) -> None:
    for principals in (None, ["ann"], ["bob"]):
        facets = corpus.listing(principals=principals).facets
        seen = {hit.document_id for hit in corpus.search(ALL, top_k=50, principals=principals)}
        assert facets.documents == len(seen)
        for facet in facets.facets:
            for count in facet.counts:
                hits = corpus.search(ALL, top_k=50, where={facet.name: [count.value]}, principals=principals)
                assert len({hit.document_id for hit in hits}) == count.documents, (facet.name, count)


def test_the_facets_of_a_small_corpus(corpus: Rag) -> None:
    facets = corpus.listing().facets
    found = counts(facets)
    assert found["source"] == {"docs": 4, "notes": 1}
    assert found["path"] == {"guides": 3, "guides/tea": 2}
    assert found["mime"] == {"text/markdown": 4, "text/html": 1}
    assert found["language"] == {"de": 1}
    assert found["metadata.team"] == {"kitchen": 2, "vault": 1}
    assert found["metadata.year"] == {2024: 1, 2023: 1}
    assert found["metadata.open"] == {True: 1}
    assert facets.modified is not None
    first, last = facets.modified
    assert first <= last
    days = {"gte": first, "lt": f"{last}T23:59:59.999Z"}
    assert len({hit.document_id for hit in corpus.search(ALL, where={"modified": days})}) == 5
    assert facets.to_dict()["facets"][0]["counts"][0] == {"value": "docs", "documents": 4}


def test_facets_narrow_each_other_but_not_themselves(corpus: Rag) -> None:
    listing = corpus.listing()
    facets = listing.narrowed({"mime": ["text/markdown"], "team": ["kitchen"]})
    assert facets.documents == 2
    found = counts(facets)
    assert found["mime"] == {"text/markdown": 2}
    assert found["metadata.team"] == {"kitchen": 2, "vault": 1}
    assert found["path"] == {"guides": 2, "guides/tea": 2}
    assert found["source"] == {"docs": 2}
    assert "language" not in found, "it has no values here"
    german = counts(listing.narrowed({"language": ["de"], "mime": ["text/markdown"]}))
    assert german["language"] == {"de": 0}, "what is asked for stays, had or not"
    assert german["mime"] == {"text/html": 1, "text/markdown": 0}
    assert listing.narrowed({}) == listing.facets
    assert listing.narrowed({"modified": {"lt": "1999-01-01"}}).modified == listing.facets.modified
    assert listing.narrowed({"source": "notes", "modified": {"lt": "1999-01-01"}}).documents == 0
    assert listing.narrowed({"document_id": "docs:index.md"}).documents == 1


def test_every_narrowed_count_is_that_of_the_filter_with_the_value_instead(corpus: Rag) -> None:
    wheres: list[dict[str, Any]] = [
        {"team": ["kitchen"]},
        {"path": ["guides"], "metadata.year": [2024, 2023]},
        {"source": ["docs"], "metadata.open": [True]},
        {"mime": ["text/html"], "modified": {"gte": "2000-01-01"}},
    ]
    for principals in (None, ["ann"], ["bob"]):
        for where in wheres:
            narrowed = corpus.listing(principals=principals).narrowed(where)
            hits = corpus.search(ALL, top_k=50, where=where, principals=principals)
            assert narrowed.documents == len({hit.document_id for hit in hits})
            for facet in narrowed.facets:
                others = {key: held for key, held in where.items() if facet.name not in (key, f"metadata.{key}")}
                for count in facet.counts:
                    asked = {**others, facet.name: [count.value]}
                    hits = corpus.search(ALL, top_k=50, where=asked, principals=principals)
                    assert len({hit.document_id for hit in hits}) == count.documents, (where, facet.name, count)
    assert "vault" not in str(corpus.listing(principals=["bob"]).narrowed({"team": ["kitchen"]}).to_dict())


@pytest.mark.parametrize("name", ["headings", "pages", "ordinal"])
def test_what_differs_within_a_document_counts_none(corpus: Rag, name: str) -> None:
    with pytest.raises(SettingsError, match=f"cannot be counted by {name}"):
        corpus.listing().narrowed({name: ["x"]})


def test_nobody_learns_of_documents_that_they_may_not_see(corpus: Rag) -> None:
    listing = corpus.listing(principals=["bob"])
    assert "vault" not in str(listing.facets.to_dict())
    assert listing.named("secret") == []
    assert listing.document("notes:secret.md") is None
    secret = corpus.listing(principals=["ann"]).document("notes:secret.md")
    assert secret is not None
    assert secret.title == "Secret"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tea", ["docs:guides/tea/black.md", "docs:guides/tea/green.md"]),
        ("green", ["docs:guides/tea/green.md"]),
        ("GREEN  tea ", ["docs:guides/tea/green.md"]),
        ("tea green", ["docs:guides/tea/green.md"]),
        ("index.md", ["docs:index.md"]),
        ("kaffee", ["docs:guides/coffee.html"]),
        ("cocoa", []),
    ],
)
def test_documents_are_found_by_words_of_title_and_id(corpus: Rag, text: str, expected: list[str]) -> None:
    assert [named.document_id for named in corpus.listing().named(text)] == expected
    assert len(corpus.listing().named(text, limit=1)) == min(1, len(expected))


def test_what_an_ingestion_changed_is_listed_at_once(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("# A\n\nOne.\n")
    with Rag.open(tmp_path / "docs") as corpus:
        corpus.ingest()
        assert corpus.listing().facets.documents == 1
        (tmp_path / "docs/b.md").write_text("# B\n\nTwo.\n")
        assert corpus.listing().facets.documents == 1
        corpus.ingest()
        assert corpus.listing().facets.documents == 2


KEYS = st.sampled_from(["a", "b", "c"])
SCALARS = st.one_of(st.booleans(), st.integers(0, 3), st.sampled_from(["x", "y", "", "1", "True"]), st.none())
DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["s", "t"]),
            "folders": st.lists(st.sampled_from("pqr"), max_size=4),
            "mime": st.sampled_from(["text/plain", "application/pdf", ""]),
            "language": st.sampled_from(["en", "de", None]),
            "acl": st.lists(st.sampled_from(["*", "ann", "bob"]), max_size=2),
            "metadata": st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3), max_size=3),
            "status": st.sampled_from(["ok", "ok", "failed"]),
            "modified": st.sampled_from(["2024-05-01T10:00:00Z", "2023-01-01", "soon", None]),
        }
    ),
    max_size=12,
)


def record(number: int, drawn: dict[str, Any]) -> Record:
    folders = drawn["folders"]
    key = "/".join([*folders, f"{number}.md"])
    parents = ["/".join(folders[:n]) for n in range(len(folders), 0, -1)]
    known = {name: drawn[name] for name in ("source", "mime", "language", "acl", "metadata", "status", "modified")}
    return Record(
        id=str(number),
        payload={**known, "document_id": f"{drawn['source']}:{key}", "title": str(number), "path": [key, *parents]},
    )


def has(payload: Any, name: str, value: Any) -> bool:
    """What the store's filter says: the same type and value, or in a list of them."""
    key, dot, own = name.partition(".")
    held = payload["metadata"].get(own) if dot else payload[key]
    return any(type(each) is type(value) and each == value for each in (held if isinstance(held, list) else [held]))


@given(DOCUMENTS, st.sampled_from([None, [], ["ann"], ["bob", "ann"]]))
def test_counts_are_those_of_counting_one_by_one(drawn: list[dict[str, Any]], principals: list[str] | None) -> None:
    records = [record(n, each) for n, each in enumerate(drawn)]
    mine = [
        r.payload
        for r in records
        if r.payload["status"] == "ok" and (principals is None or {"*", *principals} & set(r.payload["acl"]))
    ]
    facets = Listing.of(records).visible_to(principals).facets
    assert facets.documents == len(mine)
    for facet in facets.facets:
        for count in facet.counts:
            assert count.documents == sum(has(payload, facet.name, count.value) for payload in mine) > 0
        assert facet.distinct == len(facet.counts) == len({(type(c.value), c.value) for c in facet.counts})
    sources = {facet.name: facet for facet in facets.facets}.get("source")
    assert sum(c.documents for c in sources.counts) == len(mine) if sources else not mine
    days = sorted(str(p["modified"])[:10] for p in mine if p["modified"] not in (None, "soon"))
    assert facets.modified == ((days[0], days[-1]) if days else None)


BLANK: dict[str, Any] = {
    "source": "s",
    "folders": [],
    "mime": "text/plain",
    "language": None,
    "acl": ["*"],
    "metadata": {},
    "status": "ok",
    "modified": None,
}


def test_folders_are_those_below_the_one_that_holds_everything() -> None:
    names = ["site/a/x/deep/1.md", "site/a/y/2.md", "site/b/3.md"]
    records = [record(n, {**BLANK, "folders": name.split("/")[:-1]}) for n, name in enumerate(names)]
    assert counts(Listing.of(records).facets)["path"] == {"site/a": 2, "site/a/x": 1, "site/a/y": 1, "site/b": 1}
    assert FOLDER_LEVELS == 2


def test_a_key_that_tells_every_document_apart_is_no_facet_and_long_lists_are_cut() -> None:
    drawn = [{**BLANK, "metadata": {"id": f"n{n}", "tag": [f"t{n}", f"u{n // 2}"]}} for n in range(150)]
    facets = {facet.name: facet for facet in Listing.of([record(n, d) for n, d in enumerate(drawn)]).facets.facets}
    assert "metadata.id" not in facets
    assert (len(facets["metadata.tag"].counts), facets["metadata.tag"].distinct) == (100, 225)
    assert facets["metadata.tag"].counts[0].documents == 2


def test_a_value_that_is_asked_for_has_its_count_however_rare_it_is() -> None:
    drawn = [{**BLANK, "metadata": {"tag": [f"t{n:03}", f"u{n // 2}"]}} for n in range(150)]
    listing = Listing.of([record(n, each) for n, each in enumerate(drawn)])
    (tag,) = (f for f in listing.narrowed({"tag": ["t149", "gone"]}).facets if f.name == "metadata.tag")
    assert {count.value: count.documents for count in tag.counts[100:]} == {"t149": 1, "gone": 0}
    assert (len(tag.counts), tag.distinct) == (102, 226)


@given(DOCUMENTS, st.dictionaries(st.sampled_from(["source", "mime", "a", "b"]), st.lists(SCALARS.filter(bool))))
def test_narrowed_counts_are_those_of_counting_one_by_one(drawn: list[dict[str, Any]], where: dict[str, Any]) -> None:
    records = [record(n, each) for n, each in enumerate(drawn)]
    fields = {name if name in BLANK else f"metadata.{name}": values for name, values in where.items()}
    narrowed = Listing.of(records).narrowed(where)
    read = [r.payload for r in records if r.payload["status"] == "ok"]

    def left(*, but: str = "") -> list[Any]:
        return [
            payload
            for payload in read
            if all(any(has(payload, name, v) for v in values) for name, values in fields.items() if name != but)
        ]

    assert narrowed.documents == len(left())
    for facet in narrowed.facets:
        for count in facet.counts:
            assert count.documents == sum(has(payload, facet.name, count.value) for payload in left(but=facet.name))
            assert count.documents or count.value in fields[facet.name]
