"""Questions drawn from titles and headings: of different documents, answered, and only of what one may see."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Rag, suggestions
from rag.suggestions import Starters, Topic, find_follow_ups, find_starters

PAGES = {
    "shop/refunds.md": """# Refunds

## Introduction

Money comes back.

## Payment of refunds

Refunds are paid within 14 days after the parcel has arrived at the warehouse.

## Damaged parcels on arrival

Photograph a damaged parcel before it is opened, and send the picture to the service.

## 2.1 Refunds for gift cards

A gift card is refunded as another gift card and never as money.
""",
    "shop/coffee.md": "# Coffee\n\n## Introduction\n\nHot.\n\n## How to brew with a French press\n\nLet it steep "
    "for four minutes in a French press, then press the coffee slowly.\n",
    "shop/plain.md": "# Opening hours of the warehouse\n\nThe warehouse opens at eight in the morning.\n",
    "shop/code.md": "# Scripts\n\n## `rm -rf` and $HOME\n\nNever run it.\n",
    "staff/payroll.md": "# Payroll\n\n## Salaries of the board members\n\nThey are paid monthly.\n\n"
    "## Bonus of the directors\n\nThe bonus of the directors is paid in May.\n",
}


def phrase(topic: Topic) -> str:
    if topic.asks:
        return f"{topic.heading.rstrip('?')}?"
    return f"What does {topic.title} say about {topic.heading}?" if topic.heading else f"What is {topic.title} about?"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("suggestions")
    for name, text in PAGES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    (root / "shop.yaml").write_text(
        "sources:\n- {kind: files, name: shop, path: shop}\n- {kind: files, name: staff, path: staff, acl: [board]}\n"
    )
    return root / "shop.yaml"


@pytest.fixture
def corpus(pages: Path) -> Iterator[Rag]:
    with Rag.open(pages) as corpus:
        corpus.ingest()
        yield corpus


def test_starters_are_answered_questions_of_different_documents(corpus: Rag) -> None:
    found = find_starters(corpus, phrase, count=4)
    assert {"How to brew with a French press?", "What is Opening hours of the warehouse about?"} <= {*found}
    assert len(found) == len({*found}) == 4
    assert sum("Refunds" in question for question in found) == 1
    assert not [q for q in found if "Introduction" in q or "$" in q or "2" in q], "nothing generic, no code, no number"
    assert not [question for question in found if corpus.ask(question).abstained]


def test_starters_name_nothing_that_one_may_not_see(corpus: Rag) -> None:
    assert any("directors" in question for question in find_starters(corpus, phrase, principals=["board"], count=9))
    assert not any("directors" in question for question in find_starters(corpus, phrase, principals=[], count=9))


def test_follow_ups_ask_for_the_sections_beside_the_cited_one(corpus: Rag) -> None:
    answer = corpus.ask("When are refunds paid?").to_dict()
    found = find_follow_ups(corpus, answer, phrase)
    assert found[0] == "What does Refunds say about Damaged parcels on arrival?"
    assert not [question for question in found if "Payment" in question]
    assert found[0] not in find_follow_ups(corpus, answer, phrase, asked=found[:1])


def test_follow_ups_name_no_section_that_one_may_not_see(corpus: Rag) -> None:
    answer = corpus.ask("When are refunds paid?").to_dict()
    payroll = {"document_id": "staff:payroll.md", "start": 0}
    forged = {**answer, "sentences": [{"citations": [payroll]}]}
    assert find_follow_ups(corpus, forged, phrase, principals=["board"])
    assert find_follow_ups(corpus, forged, phrase, principals=["guest"]) == ()


def test_what_cites_nothing_has_no_follow_ups(corpus: Rag) -> None:
    assert find_follow_ups(corpus, corpus.ask("What is the capital of Mongolia?").to_dict(), phrase) == ()


def test_starters_are_kept_for_those_who_see_the_same(corpus: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Starters(corpus)
    first = kept.get(phrase, principals=["board", "staff"])
    searches: list[str] = []
    search = corpus.search
    monkeypatch.setattr(corpus, "search", lambda query, **how: searches.append(query) or search(query, **how))
    assert kept.get(phrase, principals=["staff", "board"]) == first
    assert not searches
    assert kept.get(phrase, principals=[]) != first
    assert searches
    searches.clear()
    later = time.monotonic() + suggestions.KEPT_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    kept.get(phrase, principals=["staff", "board"])
    assert searches, "they follow the corpus after a while"


def test_starters_follow_an_ingestion_at_once(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "a.md"
    page.write_text(PAGES["shop/plain.md"])
    with Rag.open(tmp_path / "docs") as corpus:
        corpus.ingest()
        kept = Starters(corpus)
        assert kept.get(phrase) == ("What is Opening hours of the warehouse about?",)
        page.write_text(
            PAGES["shop/plain.md"].replace("Opening hours of the warehouse", "Loading ramps of the harbour")
        )
        corpus.ingest()
        assert kept.get(phrase) == ("What is Loading ramps of the harbour about?",)


def test_a_corpus_that_holds_nothing_has_no_starters_and_is_asked_again_later(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    with Rag.open(tmp_path / "docs") as corpus:
        kept = Starters(corpus)
        assert kept.get(phrase) == ()
        assert not (tmp_path / ".rag").exists(), "looking leaves nothing behind"
        (tmp_path / "docs" / "a.md").write_text(PAGES["shop/plain.md"])
        corpus.ingest()
        assert kept.get(phrase) == ("What is Opening hours of the warehouse about?",)
