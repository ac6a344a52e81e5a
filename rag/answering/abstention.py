"""When not to answer: a calibrated probability that the corpus covers the question, and a threshold on it."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from rag.notices import Notice, notice
from rag.results import SearchResult


@dataclass(frozen=True, slots=True)
class Curve:
    """Logistic calibration of a question's best fused score.

    Attributes:
        a, b: the probability is 1 / (1 + exp(-(a * score + b))).
        threshold: probability below which a question is not answered, where the settings say nothing else.
    """

    a: float
    b: float
    threshold: float = 0.5

    def probability(self, score: float) -> float:
        """In 0..1."""
        # beyond +-500 the result is 0 or 1 in double precision, and exp would overflow
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, self.a * score + self.b))))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a score says about whether the corpus covers a question.

    Attributes:
        read: of questions in languages that the encoder reads, so that vectors are in the score.
        unread: of others, whose scores are those of words alone.
    """

    read: Curve
    unread: Curve

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Calibration":
        """The calibration of which `stored` is the dict."""
        return cls(read=Curve(**stored["read"]), unread=Curve(**stored["unread"]))


SHIPPED = Calibration(read=Curve(20.0, -10.5), unread=Curve(19.0, -7.2))
"""For the default weights, model and situating.

`read` was fitted on questions asked to their own corpus and to four foreign ones (code, encyclopedia, scientific
abstracts, quarterly reports, short profiles): areas under the ROC curve .962 to 1.000. It tells questions about the
corpus from others; it cannot tell whether a text on the subject states the answer. `unread` was fitted on German,
Chinese and Arabic questions asked to half of the articles that XQuAD takes them from, against the questions about the
other half: areas .983 to .987.
"""


def decide(result: SearchResult, min_confidence: float | None) -> Notice | None:
    """Why this question is not answered; None where it is.

    Args:
        result: what was found, with its `coverage`.
        min_confidence: probability from 0 to 1 below which the system abstains; None is the result's own.
    """
    if not result.hits:
        return result.why_nothing or notice("nothing_found")
    needed = result.threshold if min_confidence is None else min_confidence
    if result.coverage is not None and result.coverage < needed:
        code = "filter_not_covered" if result.filtered else "not_covered"
        return notice(code, confidence=result.coverage, needed=needed)
    return None
