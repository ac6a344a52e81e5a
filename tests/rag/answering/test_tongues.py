"""A claim in another language than its source is neither supported nor contradicted by its words."""

from typing import Any

import pytest

from rag.answering.verification.tongues import differ
from rag.answering.verification.verifier import Verifier

ENGLISH = (
    "Brunnen GmbH was founded in 1987 by Elke Sommer and Rolf Winter in Kassel. In 1995 the company moved its "
    "headquarters to Leipzig. Revenue rose to 18.9 million euros."
)
GERMAN = "Die Brunnen GmbH wurde 1987 von Elke Sommer und Rolf Winter gegründet. Der Umsatz ist seit 1995 gestiegen."


@pytest.mark.parametrize(
    ("claim", "source", "expected"),
    [
        ("Die Firma wurde von Elke Sommer gegründet.", ENGLISH, True),
        ("L'entreprise a été fondée par Elke Sommer et Rolf Winter.", ENGLISH, True),
        ("El director es Elke Sommer.", ENGLISH, True),
        ("公司由 Elke Sommer 创立。", ENGLISH, True),
        ("The company was founded by Elke Sommer.", GERMAN, True),
        ("The company was founded by Elke Sommer.", ENGLISH, False),
        ("Die Firma wurde von Elke Sommer gegründet.", GERMAN, False),
        ("Die Firma wurde von Elke Sommer gegründet.", f"{ENGLISH} {GERMAN}", False),
        ("Elke Sommer, 1987.", ENGLISH, False),
        ("AquaLift 400: 399 EUR", GERMAN, False),
    ],
)
def test_languages_differ_where_it_is_sure(claim: str, source: str, *, expected: bool) -> None:
    assert differ(claim, source) is expected


OTHER = "it is in another language than the source: their words cannot be compared"


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("Die Gründer sind Elke Sommer und Rolf Winter [1].", OTHER),
        ("Das Unternehmen zog 1995 mit der Verwaltung nach Leipzig um [1].", OTHER),
        ("Der Umsatz stieg auf 18,9 Millionen Euro und ist hoch [1].", OTHER),
        ("L'entreprise a été fondée par Elke Sommer et Rolf Winter [1].", OTHER),
        ("Das Unternehmen zog 1996 mit der Verwaltung nach Leipzig um [1].", "says 1996, which the source does not"),
        ("Das Unternehmen wurde von Anna Berg gegründet [1].", "names Anna, which the source does not"),
        ("L'entreprise a été fondée par Carlos et Rolf Winter [1].", "names Carlos, which the source does not"),
        ("The company is led by the town of Oslo [1].", "names Oslo, which the source does not"),
    ],
)
def test_another_language_is_said_where_numbers_and_names_hold(
    library: Any, tools: Any, claim: str, reason: str
) -> None:
    corpus = library({"history": ENGLISH})
    sentence = Verifier((corpus.evidence("history"),), read_text=corpus.read_text, **tools).support(claim)
    assert sentence is not None
    assert (sentence.supported, sentence.reason) == (False, reason)


@pytest.mark.parametrize(("opinion", "supported"), [(1.0, True), (0.0, False)])
def test_a_judge_may_know_both_languages(library: Any, tools: Any, opinion: float, *, supported: bool) -> None:
    class Judge:
        def entails(self, premise: str, hypothesis: str) -> float:
            return opinion

    corpus = library({"history": ENGLISH})
    verifier = Verifier((corpus.evidence("history"),), read_text=corpus.read_text, judge=Judge(), **tools)
    known, unknown = (verifier.support(f"Die Gründer sind {who} [1].") for who in ("Elke Sommer", "Anna Berg"))
    assert known is not None
    assert unknown is not None
    assert (known.supported, unknown.supported) == (supported, False)
