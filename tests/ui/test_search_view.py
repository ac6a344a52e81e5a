"""What the search tab shows: hits with their pictures, the lines to keep, where a document was lost."""

import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rag.candidates import LegScore
from rag.legs import LEGS
from rag.retrieval.matches import matches
from rag.retrieval.trace import Explanation, LegTrace
from rag.settings import Retrieval
from tests.corpora import FACTS
from tests.ui.test_view import Parsed
from ui.language import LANGUAGES, strings
from ui.search import Asked, keeping
from ui.view import search as view
from ui.view import why

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)> \" ' & ` ${1+1} {{value}}"
QUERY = "How long does a French press steep?"
LEGAL = {"p", "strong", "span", "ul", "li", "i", "small", "ol", "h4", "mark", "svg", "rect", "g", "title", "text"}
LEGAL |= {"details", "summary", "blockquote", "div", "table", "thead", "tbody", "tr", "th", "td", "button"}
LEGAL |= {"pre", "code"}


@pytest.fixture
def found(facts):
    return facts.explore(QUERY)


def shown(found, settings=None, language="en", **options):
    settings = settings or Retrieval()
    return Parsed(view.hits(found.rank(settings), found.timings_ms, settings, language, **options))


def test_a_hit_has_its_place_its_score_and_its_words(found):
    parsed, result = shown(found), found.rank(Retrieval())
    assert len(parsed.of("rag-hit")) == len(result)
    assert [attrs["tabindex"] for attrs in parsed.of("rag-hit")] == ["0", *["-1"] * (len(result) - 1)]
    assert {"French", "press", "steeping"} <= set(parsed.marks)
    assert f"{result[0].score:.3f}" in parsed.text
    assert result[0].document_id in parsed.text
    assert f"{len(result)} of {len(result.trace.candidates)} passages" in parsed.text


def test_the_picture_is_the_arithmetic_of_the_hit(found):
    result = found.rank(Retrieval())
    candidate = result.trace.candidates[0]
    picture = Parsed(view.picture(candidate.legs, 1.0, 1.0, "en"))
    bars = [
        attrs for tag, attrs in picture.tags if tag == "rect" and attrs["class"] != "rag-track" and "rx" not in attrs
    ]
    width = float(picture.tags[0][1]["width"])
    for bar in bars:
        leg = candidate.legs[bar["class"].removeprefix("rag-leg-")]
        assert float(bar["width"]) / width == pytest.approx(leg.share / candidate.score, abs=0.002)
    assert [bar["class"].removeprefix("rag-leg-") for bar in bars] == [name for name in LEGS if name in candidate.legs]
    ranks = re.findall(r"#(\d+)", "".join(picture.text))
    assert [int(rank) for rank in ranks] == [
        candidate.legs[n].rank for n in LEGS if n in candidate.legs and candidate.legs[n].share
    ]
    for name, leg in candidate.legs.items():
        said = strings()["en"][f"search.leg_{name}"]
        assert f"{said}: adds {leg.share:.3f}, rank {leg.rank}" in picture.tags[0][1]["aria-label"]


def test_a_picture_without_scores_is_a_picture():
    nothing = LegScore(score=0.0, share=0.0, rank=1, brought=None)
    assert "–" in Parsed(view.picture({"lexical": nothing}, 0.0, 1.0, "en")).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_a_document_or_a_query_becomes_markup(found, language):
    result = found.rank(Retrieval())
    changes = {"title": HOSTILE, "headings": (HOSTILE,), "document_id": HOSTILE, "situation": HOSTILE, "text": HOSTILE}
    bad = replace(result, query=HOSTILE, hits=tuple(replace(hit, **changes) for hit in result))
    parsed = Parsed(view.hits(bad, found.timings_ms, Retrieval(), language))
    assert {tag for tag, _ in parsed.tags} <= LEGAL
    assert not any(name.startswith("on") for _, attrs in parsed.tags for name in attrs)
    assert HOSTILE in parsed.text
    empty = replace(result, hits=())
    assert HOSTILE in Parsed(view.hits(empty, {}, Retrieval(), language, filtered=HOSTILE)).text
    assert HOSTILE in Parsed(view.failed(HOSTILE, language)).text
    assert HOSTILE in Parsed(why.unknown(HOSTILE, language)).text
    assert HOSTILE in Parsed(view.kept(HOSTILE, language)).text


def test_an_empty_result_says_that_the_filter_excludes(found):
    empty = replace(found.rank(Retrieval()), hits=())
    within = Parsed(view.hits(empty, {}, Retrieval(), "en", filtered="Source: docs"))
    assert "The filter leaves nothing to find." in within.text
    assert any("data-clear" in attrs for _, attrs in within.tags)
    assert "Nothing was found." in Parsed(view.hits(empty, {}, Retrieval(), "en")).text


def test_stages_of_reranking_are_shown_with_their_scores(facts):
    stages = ({"kind": "mmr", "candidates": 3},)
    settings = Retrieval(rerank=stages)
    parsed = shown(facts.explore(QUERY), settings)
    assert "mmr" in parsed.text
    assert "checkbox" in view.panel(settings, "en", candidates=200)
    assert "checkbox" not in view.panel(Retrieval(), "en", candidates=200)


@given(st.text(alphabet="ab <&\n", max_size=700), st.data())
def test_an_excerpt_is_a_part_of_the_text_with_its_words(text, data):
    spans = []
    for start in data.draw(st.lists(st.integers(0, max(len(text) - 1, 0)), max_size=4, unique=True)):
        spans.append((start, min(start + 3, len(text))))
    parsed = Parsed(view.excerpt(text, spans))
    inside = parsed.text.removeprefix("… ").removesuffix(" …")
    assert inside in text
    assert len(inside) <= view.EXCERPT_CHARS + 2 * view._LEAD
    assert bool(parsed.marks) or not any(a < b for a, b in spans)


def test_excerpts_hold_words_and_passages_are_drawn(found):
    result = found.rank(Retrieval())
    text = "## How to press\n\n- **Steep** it as [the guide](../guide.md#press) says."
    of_markdown = replace(result, hits=(replace(result[0], text=text, mime="text/markdown"),))
    parsed = Parsed(view.hits(of_markdown, found.timings_ms, Retrieval(), "en"))
    assert "How to press · Steep it as the guide says." in parsed.text
    assert "**" not in parsed.text
    assert "guide.md#" not in parsed.text
    assert [attrs["role"] for attrs in parsed.of("rag-heading")] == ["heading"]
    assert {"press", "Steep"} <= set(parsed.marks)


def test_words_are_marked_in_all_their_forms():
    text = FACTS["beta/guide.md"]
    assert [text[a:b] for a, b in matches("press steep degree", text)] == ["press", "steeping", "degrees"]
    assert [text[a:b] for a, b in matches("the of and", text)] == []
    assert matches("", text) == []
    asking = "How do you press?"
    assert [asking[a:b] for a, b in matches("how do we press it", asking)] == ["press"]
    assert [asking[a:b] for a, b in matches("How to", asking)] == ["How"]
    chinese = "我们喜欢绿茶和咖啡"
    assert "绿茶" in {chinese[a:b] for a, b in matches("绿茶", chinese)}


def test_the_lines_to_keep_are_a_corpus_file_with_these_settings():
    assert keeping(Retrieval()) == ""
    asked = Asked(query="q", weights={"lexical": 1, "situated": 0.15}, candidates=40, top_k=5, rerank=False)
    wanted = asked.settings(Retrieval())
    assert Retrieval.model_validate(yaml.safe_load(keeping(wanted))["retrieval"]) == wanted
    assert "lexical: 1\n" in keeping(wanted)
    stages = Retrieval(rerank=({"kind": "mmr"},))
    assert Asked(query="q", weights={}, candidates=100, top_k=16, rerank=True).settings(stages) == stages
    assert Asked(query="q", weights={}, candidates=100, top_k=16, rerank=False).settings(stages).rerank == ()


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        {"query": "x" * 2001, "weights": {}, "candidates": 1, "top_k": 1, "rerank": False},
        {"query": "x", "weights": {}, "candidates": 0, "top_k": 1, "rerank": False},
        {"query": "x", "weights": {}, "candidates": 10**9, "top_k": 1, "rerank": False},
        {"query": "x", "weights": {}, "candidates": 1, "top_k": 1, "rerank": False, "principals": ["admin"]},
    ],
)
def test_what_no_form_sends_is_refused(sent):
    with pytest.raises(ValidationError):
        Asked.model_validate(sent)


@pytest.mark.parametrize("weights", [{"lexical": -1}, {"lexical": 1000}, {"none": 1}, dict.fromkeys(LEGS, 0)])
def test_weights_that_are_not_legal_are_refused(weights):
    asked = Asked(query="q", weights=weights, candidates=1, top_k=1, rerank=False)
    with pytest.raises(ValidationError):
        asked.settings(Retrieval())


LOST = Explanation(
    query="q",
    document_id="d",
    top_k=3,
    stage="ranked too low",
    chunk_id="c",
    start=0,
    end=5,
    text=HOSTILE,
    score=0.2,
    rank=9,
    needed=0.5,
    missing=0.3,
    legs={"lexical": LegTrace(score=2.0, share=0.2, rank=4, cut=1.0)},
    last_hit={"lexical": 0.5},
)


@pytest.mark.parametrize(
    ("stage", "passed", "said"),
    [
        ("no text", 0, "no text"),
        ("filtered out", 1, "The filter hides it"),
        ("no candidate", 2, "0.300 below the last hit"),
        ("ranked too low", 3, "rank 9, 0.300 below"),
        ("reranked too low", 4, "rank 9, 0.300 below"),
        ("found", 5, "at rank 9"),
    ],
)
def test_a_lost_document_is_followed_to_where_it_was_lost(facts, stage, passed, said):
    document = replace(facts.listing().documents[0], title=HOSTILE)
    parsed = Parsed(why.explanation(replace(LOST, stage=stage), document, "en", reranks=True))
    assert len(parsed.of("rag-passed")) == passed
    assert len(parsed.of("rag-lost")) == (stage != "found")
    assert said in parsed.text
    assert HOSTILE in parsed.text
    assert {tag for tag, _ in parsed.tags} <= LEGAL | {"section", "header", "b"}
    without = Parsed(why.explanation(replace(LOST, stage=stage), None, "en", reranks=False))
    assert LOST.document_id in without.text
    assert "reranked" not in without.text


def test_every_leg_has_a_name_and_a_help():
    for language in LANGUAGES:
        for leg in LEGS:
            assert strings()[language][f"search.leg_{leg}_help"].startswith(f"{leg}: ")
            assert strings()[language][f"search.leg_{leg}"]
