"""What speaks against a source saying what a claim says."""

from dataclasses import dataclass

from rag.notices import Notice, notice


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against a source saying what a claim says.

    Attributes:
        why: what it is.
        contrary: the source says something else; otherwise it only does not say this.
    """

    why: Notice
    contrary: bool


ABSENT = Objection(notice("absent"), contrary=False)


def other_words(words: object, other: object) -> Objection:
    """The claim has these words where the source has others."""
    return Objection(notice("other_words", words=str(words), other=str(other)), contrary=True)
