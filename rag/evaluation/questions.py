"""A question that was made from a corpus."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, and where its answer stands.

    Attributes:
        kind: how it was made.
        passages: ids of the chunks that answer it; none where the corpus does not.
        answers: right ones, in words of the corpus; none where only the passages are known.
    """

    kind: str
    text: str
    passages: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
