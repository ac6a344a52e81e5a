import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answering.markers import cited, with_known_markers, without_markers
from rag.answering.prompt import SENTINEL
from rag.answering.streaming import Transcript


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a [1].", [1]),
        ("a [1, 2]", [1, 2]),
        ("a [1][3]", [1, 3]),
        ("a [1-3]", [1, 2, 3]),
        ("a 【2†source】", [2]),
        ("a [^4]", [4]),
        ("a [x] (1)", []),
        ("a [Evidence 1]", [1]),
        ("a [evidence: 2, Evidence 3]", [2, 3]),
        ("a [Sources 1 and 3]", [1, 3]),
        ("a [Quelle 1 und 2]", [1, 2]),
        ("a [#2]", [2]),
        ("a [[1]](https://tea.example/x?y=1)", [1]),
        ("a [[1]][[2]]", [1, 2]),
        ("a [2](#source-2)", [2]),
        ("a 【1】【2】", [1, 2]),
        ("a [Figure 1] [Section 2]", []),
        ("a [1st], [2nd flush] [Source code 1]", []),
        ("a [" + "9" * 5000 + "]", []),
        ("a [1-999999999]", [1, 999999999]),
        ("a `argv[1]` and `rows(2)[3][4]`", []),
        ("a `argv` [1]", [1]),
        ("a `argv[2] [1]`", [1]),
        ("a argv[1]", [1]),
        ("a `x`\nargv[1]", [1]),
    ],
)
def test_markers_name_evidence(text: str, named: list[int]) -> None:
    assert cited(text) == named
    assert without_markers(text)[0] == "a"


def test_unknown_numbers_leave_no_trace() -> None:
    assert with_known_markers("a [9]. b [1, 9] c [2-9][7]", {1, 2}) == "a. b [1] c [2]"


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("Hot [Evidence 1].", "Hot [1]."),
        ("Hot [Source 1, Source 9].", "Hot [1]."),
        ("Hot [Evidence 9].", "Hot."),
        ("Hot [[1]](https://evil.example/x).", "Hot [1]."),
        ("Hot [9](https://evil.example/x).", "Hot."),
        ("Hot [1] (or so).", "Hot [1] (or so)."),
        ("Hot [1](or so).", "Hot [1](or so)."),
        ("Hot [docs](https://tea.example) (1).", "Hot [docs](https://tea.example) (1)."),
        ("Hot [Evidence", "Hot [Evidence"),
        ("Hot [Source 1", "Hot"),
        ("Hot [[1]](https://evil", "Hot [1]"),
        ("A list [a, [b, 1]] and f[i].", "A list [a, [b, 1]] and f[i]."),
    ],
)
def test_markers_of_other_forms_are_shown_as_numbers(reply: str, shown: str) -> None:
    for size in (1, 2, 3, 7, len(reply)):
        assert "".join(replay([reply[i : i + size] for i in range(0, len(reply), size)])[1]) == shown


def replay(pieces: list[str], known: set[int] | None = None) -> tuple[Transcript, list[str], list[str]]:
    transcript = Transcript(known or {1, 2})
    tokens, sentences = [], []
    for piece in pieces:
        tokens.append(transcript.feed(piece))
        sentences += [s.strip() for s in transcript.sentences()]
    tokens.append(transcript.finish())
    return transcript, tokens, sentences + [s.strip() for s in transcript.sentences(final=True)]


def test_text_is_shown_as_it_arrives() -> None:
    _, tokens, _ = replay(["Green ", "tea is ", "hot."])
    assert tokens == ["Green", " tea is", " hot.", ""]


def test_a_sentence_is_complete_when_the_next_one_begins() -> None:
    transcript = Transcript({1})
    transcript.feed("Tea is hot. [1]")
    assert transcript.sentences() == []
    transcript.feed(" Ice ")
    assert transcript.sentences() == ["Tea is hot. [1] "]
    transcript.feed("is cold")
    transcript.finish()
    assert transcript.sentences(final=True) == ["Ice is cold"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Yes. [1] Tea is hot [1]. Ice is cold.", ["Yes. [1] Tea is hot [1].", "Ice is cold."]),
        ("Tea is hot. No. Ice is cold.", ["Tea is hot.", "No. Ice is cold."]),
        ("**Yes.**\n\nTea is hot.", ["**Yes.**\n\nTea is hot."]),
        ("Yes.\n\n- Tea is hot.", ["Yes.", "- Tea is hot."]),
        ("Tea is hot. Yes. [1]", ["Tea is hot.", "Yes. [1]"]),
        ("Yes. [1]", ["Yes. [1]"]),
        ("", []),
    ],
)
def test_a_yes_goes_with_the_sentence_behind_it(reply: str, expected: list[str]) -> None:
    assert replay([reply])[2] == expected
    assert replay(list(reply))[2] == expected


@pytest.mark.parametrize(
    "reply",
    [
        SENTINEL,
        f"  {SENTINEL}.",
        f'"{SENTINEL}"',
        f"`{SENTINEL}` because nothing is said.",
        f"**{SENTINEL}**",
        f"[{SENTINEL}]",
        "not_in_evidence",
        "Not-In-Evidence.",
        "NOT IN EVIDENCE",
        "NOT\\_IN\\_EVIDENCE",
    ],
)
def test_the_sentinel_at_the_beginning_is_a_refusal_in_any_pieces(reply: str) -> None:
    for size in (1, 2, 7, len(reply)):
        transcript, tokens, sentences = replay([reply[i : i + size] for i in range(0, len(reply), size)])
        assert transcript.refused
        assert "".join(tokens) == ""
        assert sentences == []


def test_the_sentinel_in_the_middle_is_not_shown() -> None:
    transcript, tokens, _ = replay(list(f"Tea is hot [1]. {SENTINEL}"))
    assert "".join(tokens).strip() == "Tea is hot [1]."
    assert not transcript.refused


@pytest.mark.parametrize(
    ("reply", "shown", "declines"),
    [
        (f"I am sorry. {SENTINEL}", "I am sorry.", True),
        (f"I am sorry: **{SENTINEL}**.", "I am sorry:", True),
        ("Sorry, this is not in the evidence.", "Sorry, this is not in the evidence.", True),
        ("Not in evidence.", "Not in evidence.", True),
        (f"Tea is hot. {'It is good. ' * 20}{SENTINEL}", f"Tea is hot. {'It is good. ' * 20}".strip(), False),
        ("Tea is not in the pot. Note the noise", "Tea is not in the pot. Note the noise", False),
        ("2 * 3 is **not** _n_ot", "2 * 3 is **not** _n_ot", False),
    ],
)
def test_a_short_reply_with_the_sentinel_somewhere_declines(reply: str, shown: str, declines: bool) -> None:
    for size in (1, 2, 7, len(reply)):
        transcript, tokens, _ = replay([reply[i : i + size] for i in range(0, len(reply), size)])
        assert "".join(tokens).strip() == shown
        assert (transcript.declines, transcript.refused) == (declines, False)


def test_a_marker_that_is_never_closed_is_not_shown() -> None:
    assert "".join(replay(list("Tea is hot [9"))[1]) == "Tea is hot"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("One [1]. Two [2].", ["One [1].", "Two [2]."]),
        ("One.[1] Two.[2]", ["One.[1]", "Two.[2]"]),
        ("One. [1] [2] Two.", ["One. [1] [2]", "Two."]),
        ("- One [1]\n- Two [2]\n", ["- One [1]", "- Two [2]"]),
        ("1. One [1]\n2. Two [2]", ["1. One [1]", "2. Two [2]"]),
        ("一句。[1]二句。[2]", ["一句。[1]", "二句。[2]"]),
        ("", []),
        ("[1]", ["[1]"]),
    ],
)
def test_markers_stay_with_their_sentence(reply: str, expected: list[str]) -> None:
    for size in (1, 3, 1000):
        assert replay([reply[i : i + size] for i in range(0, len(reply), size)])[2] == expected


@pytest.mark.parametrize(
    "unit", ["a", "word ", "_", "[", "[1, ", "[Source 1 ", "a.b.", " ", "<", "not_", "e.g. ", "\n"]
)
def test_a_sentence_that_never_ends_takes_linear_time(unit: str) -> None:
    took = []
    for length in (10_000, 40_000):
        text = "x" + unit * (length // len(unit))
        started = time.process_time()
        _, tokens, sentences = replay([text[i : i + 4] for i in range(0, len(text), 4)])
        took.append(time.process_time() - started)
        assert "".join("".join(sentences).split()) == "".join("".join(tokens).split())
    assert took[1] < 8 * took[0] + 0.5


def test_a_long_sentence_is_given_once_it_has_ended() -> None:
    long = "word " * 2000
    transcript = Transcript({1})
    for piece in [long + "ends. ", "Another one is short. ", "A third one "]:
        transcript.feed(piece)
    assert [s.strip() for s in transcript.sentences()] == [long + "ends.", "Another one is short."]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text(alphabet="ab .[]129,-\nNOT_(#)", max_size=6), max_size=25))
def test_pieces_make_no_difference_and_unknown_numbers_never_show(pieces: list[str]) -> None:
    transcript, tokens, sentences = replay(pieces)
    shown = "".join(tokens)
    assert shown == transcript.text
    assert set(cited(shown)) <= {1, 2}
    assert "".join("".join(sentences).split()) == "".join(shown.split())
    assert "".join(replay(["".join(pieces)])[1]).split() == shown.split()
