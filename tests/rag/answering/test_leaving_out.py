"""What is left of an answer without its unsupported sentences is whole Markdown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answering.leaving_out import LeavingOut, Piece
from rag.answering.streaming import Transcript
from rag.results import AnswerSentence


def left(reply: str, size: int = 1000) -> tuple[str, int]:
    """What is shown of a reply in which BAD is not supported, and how much is left out."""
    transcript, leaving_out, shown = Transcript({1}), LeavingOut(), ""
    for at in range(0, len(reply) + size, size):
        piece = reply[at : at + size]
        transcript.feed(piece) if piece else transcript.finish()
        for text in transcript.sentences(final=not piece):
            states = any(c.isalnum() for c in text) and not text.startswith(("#", "`")) and text.strip()[-1] != ":"
            checked = AnswerSentence(text=text, supported="BAD" not in text) if states else None
            shown += "".join(each.text for each in leaving_out.add(Piece(text, checked)))
    return shown + "".join(each.text for each in leaving_out.end()), leaving_out.left_out


@pytest.mark.parametrize(
    ("reply", "expected", "number"),
    [
        ("One. Two.\n\nThree.", "One. Two.\n\nThree.", 0),
        ("One. BAD two.\n\n- Three.", "One. \n\n- Three.", 1),
        ("BAD one. Two.", "Two.", 1),
        ("- One.\n- BAD two.\n- Three.", "- One.\n- Three.", 1),
        ("- BAD one. Two.\n- Three.", "- Two.\n- Three.", 1),
        ("- BAD one. 😀\n- Three.", "- Three.", 1),
        ("- One.\n  - BAD two. Three.\n  - Four.", "- One.\n  - Three.\n  - Four.", 1),
        ("- BAD one.\n  - Two.\n    - Three.\n- Four.\n  - Five.", "- Four.\n  - Five.", 1),
        ("- BAD one.\n  ```\n  two\n  ```\n- Three.", "- Three.", 1),
        ("1. **One.** BAD.\n2. **Two.** Three.", "2. **Two.** Three.", 1),
        ("- One:\n  - BAD.\n- Two:\n  - Three.", "- Two:\n  - Three.", 1),
        ("One:\n\n- BAD one.\n- BAD two.\n\nThree.", "Three.", 2),
        ("One:\n\n- BAD one.\n- Two.", "One:\n\n- Two.", 1),
        ("Zero.\n\n- One.\n- BAD two.\n\nThree.", "Zero.\n\n- One.\n\nThree.", 1),
        ("# A\n\n## B\n\nBAD one.\n\n---\n\n## C\n\nTwo.", "# A\n\n## C\n\nTwo.", 1),
        ("One.\n\n## B\n\nBAD.", "One.\n\n", 1),
        ("One.\n\nSources:", "One.\n\nSources:", 0),
        ("One.\n```py\nx = 1\nBAD = 2\n```\nTwo.", "One.\nTwo.", 1),
        ("Run this:\n```py\nx = 1\ny: 2\n```\nTwo.", "Run this:\n```py\nx = 1\ny: 2\n```\nTwo.", 0),
        ("Run this:\n```py\nBAD x\n```\nTwo.", "Two.", 1),
        ("One.\n~~~\nx = 1", "One.\n~~~\nx = 1\n~~~", 0),
        ("One.\n~~~\nBAD", "One.\n", 1),
        ("| A BAD | B |\n|---|---|\n| 1 | 2 |\n| BAD | 3 |\n\nTwo.", "| A BAD | B |\n|---|---|\n| 1 | 2 |\n\nTwo.", 1),
        ("One:\n\n| A | B |\n|:--|--:|\n| BAD | 3 |\n| BAD | 4 |\n\nTwo.", "Two.", 2),
        ("| A | B |\n|---|---|\n| One. BAD. | 3 |\n| 1 | 2 |", "| A | B |\n|---|---|\n| 1 | 2 |", 1),
    ],
)
def test_what_is_left_is_whole(reply: str, expected: str, number: int) -> None:
    for size in (1, 5, 1000):
        assert left(reply, size) == (expected, number)


LINES = [
    "One.",
    "BAD.",
    "One. BAD.",
    "- One.",
    "- BAD.",
    "  - One.",
    "- BAD. One.",
    "| a | b |",
    "|---|---|",
    "| BAD |",
]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from([*LINES, "", "```", "# Head", "Lead:"]), max_size=14))
def test_nothing_that_is_not_supported_is_shown_and_nothing_is_empty(lines: list[str]) -> None:
    reply = "\n".join(lines)
    shown, number = left(reply)
    if "BAD" not in reply:
        assert shown.startswith(reply.strip())
        assert number == 0
    assert shown.count("```") % 2 == 0
    kept = shown.splitlines()
    assert not [line for line in kept if line.strip() in ("-", "*")]
    rules = [n for n, line in enumerate(kept) if line == "|---|---|" and n and kept[n - 1].startswith("| ")]
    assert "BAD" not in "\n".join(line for n, line in enumerate(kept) if n + 1 not in rules)
