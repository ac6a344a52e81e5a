"""The "yes" and "no" that an answer begins with."""

import pytest

from rag.answering.replies import after_reply, only_replies


@pytest.mark.parametrize(
    "text",
    ["Yes.", "No", "**Yes**", "Yes!", "Yes, it is.", "No, it does not.", "Ja.", "Ja, das ist richtig.", "Oui.", "Sí.",
     "Correct.", '"No."', "Yes, that is correct.", "是的。"],
)  # fmt: skip
def test_yes_and_no_alone_are_only_replies(text: str) -> None:
    assert only_replies(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Yes, dogs need a ticket.", "dogs need a ticket."),
        ("No. Dogs need no ticket.", "Dogs need no ticket."),
        ("**Nein** – Hunde fahren frei.", "Hunde fahren frei."),
        ("No dogs are allowed.", "No dogs are allowed."),
        ("No. 5 is closed.", "No. 5 is closed."),
        ("Right turns are allowed.", "Right turns are allowed."),
        ("It is.", "It is."),
        ("", ""),
    ],
)
def test_what_follows_is_left(text: str, rest: str) -> None:
    assert after_reply(text) == rest
    assert not only_replies(text)
