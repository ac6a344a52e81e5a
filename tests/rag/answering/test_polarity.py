import pytest

from rag.answering.verification.polarity import opposed, polarity


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Dogs need a ticket.", "Dogs do not need a ticket."),
        ("Dogs don't need a ticket.", "Dogs need a ticket."),
        ("Version 3 is no longer read.", "Version 3 is read."),
        ("Salt lowers the boiling point.", "Salt raises the boiling point."),
        ("Das Guthaben verfällt.", "Das Guthaben verfällt nicht."),
        ("L'entrée est gratuite.", "L'entrée n'est pas gratuite."),
        ("La entrada es gratuita.", "La entrada nunca es gratuita."),
        ("他喜欢咖啡", "他不喜欢咖啡"),
        ("Orders were affected.", "Orders were unaffected."),
    ],
)
def test_a_statement_and_its_denial_are_opposed(claim: str, source: str) -> None:
    one, other = polarity(claim), polarity(source)
    assert opposed(one, other, other)
    assert opposed(other, one, one)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Dogs need a ticket.", "Dogs need a ticket."),
        ("Children pay no fines.", "Children do not pay fines."),
        ("The rule is not only for dogs.", "The rule is for dogs."),
        ("Refunds come no later than Friday.", "Refunds come by Friday."),
        ("Women could vote only from 1913.", "Women could not vote until 1913."),
        ("Orders were not affected.", "Orders were unaffected."),
        ("Files are kept for 14 days before they are deleted.", "Files are removed after 14 days."),
        ("Unemployment fell.", "Unemployment fell."),
    ],
)
def test_other_words_for_the_same_are_not(claim: str, source: str) -> None:
    one, other = polarity(claim), polarity(source)
    assert opposed(one, other, other) is None
