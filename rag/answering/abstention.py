"""When not to answer: a calibrated probability that the corpus covers the question, and a threshold on it."""

import math

from rag.results import SearchResult

A = 20.0
B = -10.5
"""Logistic calibration of the best fused score under the default weights.

Fitted on questions asked to their own corpus and to four foreign ones (code, encyclopedia, scientific abstracts,
quarterly reports, short profiles): areas under the ROC curve .962 to 1.000. It tells questions about the corpus from
others; it cannot tell whether a text on the subject states the answer.
"""
UNREAD_A = 19.0
UNREAD_B = -7.2
"""The same for questions in languages that the encoder does not read, whose scores are those of words alone.

Fitted on German, Chinese and Arabic questions asked to half of the articles that XQuAD takes them from, against the
questions about the other half: areas .983 to .987.
"""


def coverage(score: float, *, read: bool = True) -> float:
    """Probability that a question is about the corpus, from the fused score of its best hit.

    Args:
        read: the encoder reads the question, so that vectors are in the score.

    Returns:
        1 / (1 + exp(-(A * score + B))), in 0..1.
    """
    a, b = (A, B) if read else (UNREAD_A, UNREAD_B)
    # beyond +-500 the result is 0 or 1 in double precision, and exp would overflow
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, a * score + b))))


def decide(result: SearchResult, min_confidence: float) -> str | None:
    """Why this question is not answered, in plain words; None where it is.

    Args:
        result: what was found, with its `coverage`.
        min_confidence: probability from 0 to 1 below which the system abstains.
    """
    if not result.hits:
        return "Nothing was found: the corpus holds no passage that this search may see."
    if result.coverage is not None and result.coverage < min_confidence:
        return (
            f"The corpus does not seem to cover this question "
            f"(confidence {result.coverage:.2f}, needed {min_confidence:.2f})."
        )
    return None
