import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunking.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Use a tool, e.g. a hammer, i.e. the red one.",
        "Dr. Smith met Mrs. J. R. R. Jones vs. the U.S. Government.",
        "See No. 5 and Fig. 3 for the details.",
        "Pi is 3.14 and the release is v1.2.3 or 10.0.",
        "Read https://example.org/a.b?c=d.e and a.md or setup.py today.",
        "He waited... and waited … for it.",
        '"Really?" he asked.',
        "Acme Inc. makes pens, pencils, etc. for everyone.",
        "Meet at 5 p.m. on Friday.",
        "**1.** First of all",
        "a. the first item",
        "Jan. 5 came before Sec. 7 did.",
        "A wrapped\nline of one sentence",
    ],
)
def test_one_sentence_stays_whole(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ('He said "stop." Then (he left.) **Bold.** End', ['He said "stop."', "Then (he left.)", "**Bold.**", "End"]),
        ("Do you agree? No. I do not.", ["Do you agree?", "No.", "I do not."]),
        ("We sell pens, etc. They write.", ["We sell pens, etc.", "They write."]),
        ("It is high.[12] It is old.[3][4] See [5]. End", ["It is high.[12]", "It is old.[3][4]", "See [5].", "End"]),
        ("It was in 2020. Then came 2021.", ["It was in 2020.", "Then came 2021."]),
        ("今天下雨。我们走吧！好吗？「好。」走", ["今天下雨。", "我们走吧！", "好吗？", "「好。」", "走"]),
        ("यह एक है। यह दो है।", ["यह एक है।", "यह दो है।"]),
        ("هل أنت هنا؟ نعم.", ["هل أنت هنا؟", "نعم."]),
        ("ሰላም። ደህና።", ["ሰላም።", "ደህና።"]),
        ("A paragraph\n\n  \nAnother", ["A paragraph", "Another"]),
        (
            "Intro:\n- one\n  more\n* two\n1. three\n(b) four",
            ["Intro:", "- one\n  more", "* two", "1. three", "(b) four"],
        ),
        ("| a | b |\n|---|---|\n| c. D | d |\n\nafter", ["| a | b |", "|---|---|", "| c. D | d |", "after"]),
        ("# Title\ntext\n```\ncode\n```", ["# Title", "text", "```", "code", "```"]),
        ("", []),
        (" \n\t ", []),
        ("...", ["..."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet=st.one_of(st.sampled_from(" \n\t.!?。…\"')|-#*1aA:\u2028\x1c"), st.characters()), max_size=200))
@settings(deadline=None, max_examples=100)
def test_spans_are_ordered_disjoint_trimmed_and_cover_every_visible_character(text: str) -> None:
    spans = sentence_spans(text)
    at = 0
    for start, end in spans:
        assert at <= start < end
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


@pytest.mark.parametrize("pattern", [".", '."', "a\n", "\n", " ", "*", "U.S.", "(", "-", ".[1]", ".["])
def test_time_grows_with_the_text_and_not_its_square(pattern: str) -> None:
    started = time.perf_counter()
    sentence_spans(pattern * (200_000 // len(pattern)))
    assert time.perf_counter() - started < 3
