"""What the chat shows: escaped, marked at the right place, linked to its passages."""

import time
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.notices import notice
from rag.results import Answer, AnswerSentence, ChunkSpan, Citation, Evidence
from rag.suggestions import Topic
from ui.conversation import UNEXPECTED, Turn
from ui.language import LANGUAGES, say
from ui.view import answer as answers
from ui.view import conversations, export, html, passages, suggestions

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> \" ' & &lt; [go](javascript:alert(1)) "
    "![x](http://evil.example/x.png) <http://evil.example> $$x$$ **b** ${1+1} {{value}} | a | b |"
)
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t<>&\"'*_`[]()!#$|~:"), max_size=80
)


class Parsed(HTMLParser):
    """Tags with attributes, the text, and the text inside of `mark`."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.marks, self._marking = [], "", [], False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "mark":
            self._marking = True
            self.marks.append("")

    def handle_endtag(self, tag):
        self._marking = self._marking and tag != "mark"

    def handle_data(self, data):
        self.text += data
        if self._marking:
            self.marks[-1] += data

    def attributes(self, name):
        return [attrs[name] for _, attrs in self.tags if name in attrs]

    def of(self, css):
        return [attrs for _, attrs in self.tags if attrs.get("class", "").split() == [css]]


def evidence(number=1, text="Refunds take 14 days. Cards take longer.", *, start=50, **changes):
    values = {
        "number": number,
        "document_id": f"files:{number}.md",
        "uri": f"/docs/{number}.md",
        "title": f"Title {number}",
        "headings": ("Money",),
        "page": None,
        "start": start,
        "end": start + len(text),
        "text": text,
        "chunks": (ChunkSpan(chunk_id="c", start=start, end=start + len(text), page=None),),
        "score": 0.5,
    }
    return Evidence(**{**values, **changes})


def citation(source, quote, *, verified=True):
    start = source.start + source.text.index(quote)
    return Citation(
        evidence=source.number,
        chunk_id="c",
        document_id=source.document_id,
        uri=source.uri,
        title=source.title,
        page=source.page,
        start=start,
        end=start + len(quote),
        quote=quote,
        verified=verified,
    )


def cited(text, *citations, supported=True):
    return AnswerSentence(text=text, supported=supported, citations=citations)


def said(text):
    """A notice that is nothing but this text."""
    return notice("other_failure", name=text)


def turn(*sentences, sources=(), text=None, model="extractive", reason=None, told=None, **changes):
    answer = Answer(
        question="q",
        standalone_question="q",
        answer="\n".join(s.text for s in sentences) if text is None else text,
        abstained=reason is not None,
        why=said(reason) if reason else None,
        confidence=0.5,
        sentences=sentences,
        evidence=sources,
        model=model,
        notices=(said(told),) if told else (),
    )
    return Turn(**{"question": "How long?", "answer": answer.to_dict(), **changes})


def log(turns, language):
    return "".join(answers.articles(turns, language))


def sources(turns):
    return "".join(passages.sources(turns))


def replied(shown):
    return Parsed(answers.reply(shown, 1, "en"))


@settings(max_examples=100, deadline=None)
@given(TEXT)
def test_escaped_text_is_text_and_nothing_else_in_markdown(text):
    markdown = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    parsed = Parsed(markdown.render("x" + html.escape(text) + "x"))
    assert [tag for tag, _ in parsed.tags] == ["p"]
    assert parsed.text.strip("\n") == f"x{text}x"


def test_nothing_that_a_document_or_a_model_says_becomes_markup():
    source = evidence(text=HOSTILE, title=HOSTILE, headings=(HOSTILE,), document_id=HOSTILE, uri=HOSTILE, page=3)
    turns = [
        turn(cited(HOSTILE, citation(source, HOSTILE)), sources=(source,), question=HOSTILE, told=HOSTILE),
        turn(
            cited(HOSTILE, supported=False),
            text=HOSTILE,
            sources=(source,),
            model=HOSTILE,
            notices=(said(HOSTILE).to_dict(),),
        ),
        turn(reason=HOSTILE, sources=(source,)),
        Turn(question="q", error=HOSTILE),
        Turn(question="q", text=HOSTILE),
    ]
    topic = Topic(document_id="d", title=HOSTILE, heading=HOSTILE, sample=HOSTILE)
    shown = "".join(
        (
            log([replace(each, vote="down", reason=HOSTILE) for each in turns], "en"),
            *(answers.running(each, 1, "de") for each in turns),
            sources(turns),
            suggestions.hint(HOSTILE, "en"),
            suggestions.suggestions([HOSTILE, suggestions.phrase(topic)], HOSTILE),
            conversations.drawer("de", corpus=HOSTILE, owner=HOSTILE),
        )
    )
    for character in "$`*~|":
        assert character not in shown, "templates would read it"
    assert "{{" not in shown
    parsed = Parsed(shown)
    assert not {tag for tag, _ in parsed.tags} & {"script", "img", "table", "iframe"}
    assert all(href.startswith("#") for href in parsed.attributes("href"))
    assert {*parsed.attributes("data-question")} == {HOSTILE, suggestions.phrase(topic)}
    assert not [name for _, attrs in parsed.tags for name in attrs if name.startswith("on") or name == "src"]
    assert parsed.text.count("<script>alert(1)</script>") >= 10


@pytest.mark.parametrize(
    ("text", "spans", "wanted"),
    [
        ("abcdef", [], "abcdef"),
        ("abcdef", [(0, 6)], "<mark>abcdef</mark>"),
        ("abcdef", [(1, 3), (2, 5)], "a<mark>bcde</mark>f"),
        ("abcdef", [(1, 3), (3, 5)], "a<mark>bcde</mark>f"),
        ("abcdef", [(4, 5), (1, 2)], "a<mark>b</mark>cd<mark>e</mark>f"),
        ("abcdef", [(0, 6), (2, 3)], "<mark>abcdef</mark>"),
        ("abcdef", [(-5, 2), (5, 99)], "<mark>ab</mark>cde<mark>f</mark>"),
        ("abcdef", [(3, 3), (9, 12)], "abcdef"),
        ("", [(0, 0)], ""),
        ("a<b>c", [(1, 4)], "a<mark>&#60;b&#62;</mark>c"),
        ("返金は14日以内。", [(3, 6)], "返金は<mark>14日</mark>以内。"),
        ("المبلغ خلال يوم", [(7, 11)], "المبلغ <mark>خلال</mark> يوم"),
        ("👩‍🚀 goes", [(4, 8)], "👩‍🚀 <mark>goes</mark>"),
    ],
)
def test_marks_stand_at_the_quotes(text, spans, wanted):
    assert html.marked(text, spans) == wanted


@settings(max_examples=100, deadline=None)
@given(TEXT, st.lists(st.tuples(st.integers(-5, 90), st.integers(-5, 90)), max_size=5))
def test_marks_cover_exactly_what_the_spans_cover(text, spans):
    parsed = Parsed(html.marked(text, spans))
    covered = {i for start, end in spans for i in range(max(0, start), min(len(text), end))}
    assert parsed.text == text
    assert "".join(parsed.marks) == "".join(text[i] for i in sorted(covered))


def test_a_sentence_links_to_the_passages_that_back_it():
    one, two = evidence(1), evidence(4, "Cash takes 2 days.")
    shown = turn(
        cited("Refunds take 14 days.", citation(one, "Refunds take 14 days."), citation(one, "Cards take longer.")),
        cited("Cash takes 2 days.", citation(two, "Cash takes 2 days."), citation(one, "Refunds take 14 days.")),
        sources=(one, evidence(2), two),
    )
    reply, panel = replied(shown), Parsed(sources([shown]))
    assert reply.attributes("href") == ["#source-1-1", "#source-1-1", "#source-1-4"]
    assert reply.text.replace("\u2060", "").startswith("Refunds take 14 days.[1]Cash takes 2 days.[1][4]")
    assert panel.attributes("id") == ["source-1-1", "source-1-4"], "what nothing cites is not shown"
    assert panel.marks == ["Refunds take 14 days.", "Cards take longer.", "Cash takes 2 days."]


def test_the_line_ends_of_a_document_do_not_break_a_sentence():
    source = evidence(text="Refunds take\n14 days.\nCards take longer.")
    sentences = [cited(quote, citation(source, quote)) for quote in ("Refunds take\n14 days.", "Cards take longer.")]
    parsed = replied(turn(*sentences, sources=(source,)))
    assert parsed.text.startswith("Refunds take 14 days.")
    assert [attrs.get("class") for _, attrs in parsed.tags].count("rag-break") == 1


def test_every_turn_keeps_its_own_sources():
    turns = [turn(cited("A."), sources=(), question="first"), turn(reason="no", sources=(evidence(),), question="two")]
    turns.append(turn(cited("B.", citation(evidence(), "14 days")), sources=(evidence(),), question="third"))
    links = Parsed(log(turns, "en")).attributes("href")
    groups = [Parsed(group) for group in passages.sources(turns)]
    assert links == ["#source-2-1", "#source-3-1"]
    assert [group.attributes("id") for group in groups] == [[], ["source-2-1"], ["source-3-1"]]
    assert ["first" in groups[0].text, "two" in groups[1].text, "third" in groups[2].text] == [True] * 3


def test_a_turn_is_the_same_whatever_comes_after_it():
    turns = [turn(cited("A."), question="first"), turn(reason="no", sources=(evidence(),), question="two")]
    assert answers.articles(turns, "en")[:1] == answers.articles(turns[:1], "en")
    assert answers.articles(turns, "en", 1) == answers.articles(turns, "en")[1:]
    assert passages.sources(turns, after=1) == passages.sources(turns)[1:]


def test_the_markers_of_a_model_become_links_and_the_rest_of_its_words_stay():
    one = evidence()
    shown = turn(
        cited("Refunds take 14 days.", citation(one, "Refunds take 14 days.")),
        cited("It rains.", supported=False),
        cited("Cards take longer.", citation(one, "Cards take longer.")),
        text="In short:\n- Refunds take 14 days [1].\n- It rains. [1]\n- Cards take longer.[1] Done",
        sources=(one,),
        model="openai:x",
    )
    parsed = replied(shown)
    assert parsed.text.replace("\u2060", "") == (
        "In short:- Refunds take 14 days.[1]- It rains. not supported by the sources- Cards take longer.[1] Done"
        "Written by openai:x, checked against the documents"
    )
    assert [attrs.get("class") for _, attrs in parsed.tags].count("rag-unsupported") == 1


def test_a_quote_keeps_what_looks_like_a_marker():
    source = evidence(text="See table [3] below.")
    shown = replied(turn(cited(source.text, citation(source, source.text)), sources=(source,)))
    assert shown.text.replace("\u2060", "").startswith("See table [3] below.[1]Quoted")
    assert shown.attributes("href") == ["#source-1-1"]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("within **30 days** of", ["strong"]),
        ("run `rag ingest` on it", ["code"]),
        ("2**3 and 4**5", []),
        ("** a ** b **", []),
        ("`", []),
    ],
)
def test_only_clear_emphasis_and_code_are_formatted(text, tags):
    parsed = replied(turn(cited(text)))
    assert [tag for tag, _ in parsed.tags if tag in ("strong", "code")] == tags


def test_an_unsupported_sentence_says_why():
    sentence = AnswerSentence(
        text="It sails to Oslo.", supported=False, citations=(), why=notice("other_name", name="Oslo", other="<Bergen>")
    )
    shown = replied(turn(sentence, model="m"))
    assert "not supported by the sources: names Oslo where the source names <Bergen>" in shown.text


def test_a_question_that_was_rewritten_says_how_it_was_understood():
    shown = turn(cited("Yes."), text="Yes.")
    shown = replace(shown, answer={**shown.answer, "standalone_question": "How long do <refunds> take?"})
    assert replied(shown).text.startswith("Understood as: How long do <refunds> take?")
    assert "Understood" not in replied(turn(cited("Yes."))).text


def test_an_abstention_says_why_and_shows_the_nearest_passages():
    shown = turn(reason="The corpus does not cover this.", sources=(evidence(1), evidence(2)))
    reply, panel = replied(shown), Parsed(sources([shown]))
    assert "The corpus does not cover this." in reply.text
    assert reply.attributes("href") == ["#source-1-1", "#source-1-2"]
    assert "Try the words that the documents may use" in reply.text
    assert "[1] Title 1 › Money" in reply.text
    assert "Nearest passages to How long?" in panel.text
    assert panel.attributes("id") == ["source-1-1", "source-1-2"]
    assert panel.marks == []


def test_an_abstention_with_nothing_near_offers_no_links():
    shown = turn(reason="Nothing was found.")
    assert replied(shown).attributes("href") == []
    assert "Nearest" in Parsed(sources([shown])).text


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (Turn(question="q"), "Stopped before the answer was complete and checked."),
        (Turn(question="q", text="So far"), "So farStopped before the answer was complete and checked."),
        (Turn(question="q", error="Run it."), "This question could not be answered.Run it."),
        (Turn(question="q", error=UNEXPECTED), "This question could not be answered.Something went wrong that"),
    ],
)
def test_a_turn_without_a_complete_answer_says_how_it_stands(shown, words):
    assert replied(shown).text.startswith(words)


def test_an_answer_that_is_coming_shows_its_words_and_nothing_to_do_with_it():
    assert Parsed(answers.running(Turn(question="q"), 1, "en")).text == "qSearching the documents …"
    parsed = Parsed(answers.running(Turn(question="q", text="So far"), 1, "en"))
    assert parsed.text == "qSo far"
    assert parsed.attributes("data-act") == []


def test_every_answer_has_what_can_be_done_with_it_and_every_question_can_be_edited():
    turns = [turn(cited("A.")), Turn(question="b", text="stopped"), turn(cited("C."), vote="up")]
    parsed = Parsed(log(turns, "en"))
    acts = [(attrs["data-act"], attrs.get("data-turn")) for _, attrs in parsed.tags if "data-act" in attrs]
    assert [number for act, number in acts if act == "retry"] == ["1", "2", "3"], "only the last one is shown"
    assert [number for act, number in acts if act == "edit"] == ["1", "2", "3"]
    assert [number for act, number in acts if act == "vote"] == ["1", "1", "3", "3"], "no answer, no vote"
    assert parsed.attributes("aria-pressed") == ["false", "false", "true", "false"]


def test_a_vote_asks_for_a_reason_until_there_is_one():
    shown = turn(cited("A."), vote="down")
    assert "What is wrong with it? (optional)" in Parsed(log([shown], "en")).attributes("placeholder")
    thanked = Parsed(log([replace(shown, reason="Too short.")], "en"))
    assert thanked.attributes("placeholder") == []
    assert "Thank you" in thanked.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_is_copied_with_its_sources(language):
    one, two = evidence(3), evidence(4, "Cash takes 2 days.", page=7)
    shown = turn(
        cited("Refunds take 14 days.", citation(one, "Refunds take 14 days.")),
        cited("It rains.", supported=False),
        sources=(one, evidence(9), two),
    )
    page = {"en": "page", "de": "Seite"}[language]
    shown.answer["sentences"][1]["citations"].append(citation(two, "Cash takes 2 days.").to_dict())
    assert export.plain(shown, language) == (
        f"Refunds take 14 days. [3]\nIt rains. [4] ({say('chat.unsupported', language)})\n\n"
        f"[3] Title 3 › Money (files:3.md)\n\n[4] Title 4 › Money (files:4.md, {page} 7)"
    )
    copied = Parsed(log([shown], language)).attributes("data-text")
    assert copied == [export.plain(shown, language)]


def test_a_conversation_is_exported_with_its_sources():
    source = evidence()
    turns = [
        turn(cited("Refunds take 14 days.", citation(source, "Refunds take 14 days.")), sources=(source, evidence(2))),
        turn(reason="The corpus does not cover this.", question="And\nthe moon?"),
        Turn(question="Stopped?", text="So far"),
        Turn(question="Failed?", error="Run it."),
    ]
    written = export.markdown("My trip", turns, corpus="handbook", date="2026-01-31", language="en")
    assert written == (
        "# My trip\n\n*Conversation about handbook, 2026-01-31*\n\n"
        "## How long?\n\nRefunds take 14 days. [1]\n\n**Sources**\n\n"
        "[1] Title 1 › Money (files:1.md)  \n/docs/1.md\n\n> Refunds take 14 days.\n\n"
        "## And the moon?\n\nThe documents do not answer this.\n\nThe corpus does not cover this.\n\n"
        "## Stopped?\n\nSo far\n\n*Stopped before the answer was complete and checked.*\n\n"
        "## Failed?\n\nThis question could not be answered.\n\nRun it.\n"
    )


def test_an_exported_conversation_holds_no_links_pictures_or_html_of_others():
    source = evidence(text=HOSTILE, title=HOSTILE, headings=(HOSTILE,), document_id=HOSTILE, uri=HOSTILE)
    shown = turn(cited(HOSTILE, citation(source, HOSTILE)), sources=(source,), question=HOSTILE)
    written = export.markdown(HOSTILE, [shown], corpus="handbook", date="2026-01-31", language="en")
    parsed = Parsed(MarkdownIt("commonmark").render(written))
    assert not {tag for tag, _ in parsed.tags} & {"script", "img", "a", "iframe"}
    assert parsed.text.count("<script>alert(1)</script>") >= 5


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("How long do refunds take?", "how-long-do-refunds-take.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("返金は?", "返金は.md"),
        ("???", "conversation.md"),
        ("x" * 300, "x" * 60 + ".md"),
    ],
)
def test_the_file_of_a_conversation_has_a_name_that_every_system_takes(name, file):
    assert export.file_name(name) == file


@pytest.mark.parametrize(
    ("topic", "question"),
    [
        ({"heading": "How to brew green tea"}, "How to brew green tea?"),
        ({"heading": "Can I brew it twice?"}, "Can I brew it twice?"),
        ({"heading": "Water"}, "What does Green tea say about Water?"),
        ({}, "What is Green tea about?"),
        ({"heading": "Wasser", "sample": "Grüner Tee und das Wasser dafür"}, "Was steht in Green tea über Wasser?"),
    ],
)
def test_a_topic_is_put_into_a_question_in_the_language_of_its_document(topic, question):
    values = {"document_id": "d", "title": "Green tea", "sample": "Green tea and the water for it", **topic}
    assert suggestions.phrase(Topic(**values)) == question


def test_no_suggestions_take_no_place():
    assert suggestions.suggestions([], "For example") == ""


def test_notices_and_warnings_are_shown():
    parsed = replied(turn(cited("A."), told="The model failed.", notices=(said("Settings changed.").to_dict(),)))
    assert parsed.text.endswith("The model failed.Settings changed.")


@pytest.mark.parametrize(
    ("uri", "href"),
    [
        ("https://example.org/a?b=1&c=2#d", ["https://example.org/a?b=1&c=2#d"]),
        ("HTTP://example.org", ["HTTP://example.org"]),
        ("/home/me/a.md", []),
        ("file:///etc/passwd", []),
        ("javascript:alert(1)", []),
        (" javascript:alert(1)//https://x", []),
        ("data:text/html,x", []),
        ("https://[broken", []),
        ('https://x/" onclick="alert(1)', ['https://x/" onclick="alert(1)']),
        ("", []),
    ],
)
def test_only_web_addresses_are_links(uri, href):
    source = evidence(uri=uri)
    parsed = Parsed(sources([turn(reason="r", sources=(source,))]))
    links = [attrs for tag, attrs in parsed.tags if tag == "a" and attrs.get("class") != "rag-back"]
    assert [attrs["href"] for attrs in links] == href
    assert uri in parsed.text
    assert parsed.attributes("onclick") == []


def test_a_source_names_its_place():
    panel = Parsed(sources([turn(reason="r", sources=(evidence(7, page=12, headings=("Money", "Cards")),))]))
    for words in ("7", "Title 7MoneyCards", "Page 12", "/docs/7.md"):
        assert words in panel.text


def test_a_document_without_a_title_is_named_by_its_id():
    panel = sources([turn(reason="r", sources=(evidence(title="", headings=()),))])
    assert "<h4" in panel
    assert "files:1.md" in Parsed(panel).text


def test_a_quote_that_could_not_be_verified_is_not_marked():
    source = evidence()
    shown = turn(cited("A.", citation(source, "14 days", verified=False), supported=False), sources=(source,))
    assert "not supported by the sources" in replied(shown).text
    assert Parsed(sources([shown])).marks == []


@pytest.mark.parametrize("blank", [" ", ""], ids=["words", "no blanks"])
@pytest.mark.parametrize("place", [0, 1500, 2990], ids=["start", "middle", "end"])
def test_a_long_passage_is_shown_around_its_quote_and_whole_one_step_away(blank, place):
    words = (f"word{blank}" * 700)[:3000]
    text = words[:place] + "QUOTE" + words[place:]
    source = evidence(text=text)
    html = sources([turn(cited("A.", citation(source, "QUOTE")), sources=(source,))])
    excerpt, whole = html.split('<details class="rag-whole">')
    assert Parsed(excerpt).marks == Parsed(whole).marks == ["QUOTE"]
    assert len(Parsed(excerpt).text) < 2 * passages.CONTEXT_CHARS + 200
    assert text in Parsed(whole).text


def test_a_long_passage_without_a_quote_shows_its_beginning():
    source = evidence(text="".join(f"word{i} " for i in range(500)))
    excerpt, whole = sources([turn(reason="r", sources=(source,))]).split('<details class="rag-whole">')
    shown = Parsed(excerpt.rpartition("<blockquote")[2].partition(">")[2]).text
    assert source.text.startswith(shown.removesuffix(" …"))
    assert passages.NEAREST_CHARS - 50 < len(shown) < passages.NEAREST_CHARS + 50
    assert source.text in Parsed(whole).text


def test_a_short_passage_is_shown_once():
    source = evidence(text="A short passage. " * 10)
    html = sources([turn(cited("A.", citation(source, "short")), sources=(source,))])
    assert "<details" not in html
    assert source.text in Parsed(html).text


def test_an_empty_conversation_says_what_will_come():
    assert "The passages behind an answer appear here." in passages.panel("en")
    assert "Ask about handbook" in suggestions.hint("handbook", "en")
    assert "Fragen zu handbook" in suggestions.hint("handbook", "de")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("See [time off](../../a/time-off.md).", "See time off."),
        ("See [the video](https://x.org/v?a=1) now", "See the video (https://x.org/v?a=1) now"),
        ("See [a](https://x.org/b_(c)) now", "See a (https://x.org/b_(c)) now"),
        ("[a](https://x.org/d/1nqkTF-e32wx-WMw5Y1a2C8iyh/edit)", "a (x.org/…)"),
        ('[a](b.md "title") and ![picture](p.png)', "a and picture"),
        ("[https://x.org](https://x.org)", "https://x.org"),
        ("**[bold](a.md)**", "<strong>bold</strong>"),
        ("[x](javascript:alert(1))", "x"),
        ("a[0](b) is a call, [1] is none", "a[0](b) is a call, [1] is none"),
        ("[]() [a]( [b](", "[]() [a]( [b]("),
    ],
)
def test_of_links_in_answers_the_words_are_shown(written, shown):
    assert unescape(html.prose(written)) == shown


def test_links_cost_no_more_time_than_their_length():
    started = time.perf_counter()
    for sign in ("[", "[a](", "[a](b(", "[a](<", '[a](b "'):
        html.prose(sign * 20_000)
    assert time.perf_counter() - started < 5
