import pytest

from rag.answering.courtesies import is_courtesy


@pytest.mark.parametrize(
    "text",
    [
        "Hope this helps!",
        "I hope this answers your question.",
        "Let me know if you have any other questions!",
        "Please feel free to ask if anything is unclear.",
        "If you have any further questions, let me know.",
        "Is there anything else I can help you with?",
        "Sure!",
        "Sure, here is what I found:",
        "Of course! Here's a summary based on the provided documents.",
        "Here is the answer to your question.",
        "Great question!",
        "I'm sorry.",
        "**You're welcome!**",
        "Ich hoffe, das hilft Ihnen weiter!",
        "Gerne, hier ist eine kurze Übersicht.",
        "Bei weiteren Fragen stehe ich Ihnen gerne zur Verfügung.",
        "Wenn du noch Fragen hast, frag mich gerne.",
        "Vielen Dank für Ihre Frage.",
    ],
)
def test_what_is_said_to_the_reader_claims_nothing(text: str) -> None:
    assert is_courtesy(text)


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "No.",
        "Sure, green tea is hot.",
        "Here is the red heron of the logo.",
        "I hope the company moves to Leipzig.",
        "Here are the 5 founders.",
        "If you have any questions, call Anna Berg.",
        "If you have an opened pump, let me know that it can be returned, as Anna Berg says.",
        "Feel free to return an opened pump.",
        "Tell me more about it was founded in Kassel.",
        "Bei weiteren Fragen wenden Sie sich an Anna Berg.",
        "Natürlich ist der Preis höher.",
        "Hope is a town in Canada.",
        "The answer is here.",
        "",
    ],
)
def test_what_goes_on_with_something_else_is_a_claim(text: str) -> None:
    assert not is_courtesy(text)
