"""Questions on everyday subjects, for corpora that have nothing to do with them."""

import re
from collections.abc import Collection
from importlib.resources import files

from numpy.random import Generator

from rag.evaluation.questions import Question
from rag.models.words import stem

_SUBJECT = re.compile(r"\*(\w+)\*")


def foreign_questions(vocabulary: Collection[str], rng: Generator) -> list[Question]:
    """The questions of `general.txt` whose marked word the corpus never uses, in random order.

    A corpus that does not even name what a question is about cannot answer it. Whether it was found plays no part: the
    score that the questions are to test must not choose them.

    Args:
        vocabulary: the words of the corpus, in lower case.
    """
    known = {stem(word) for word in vocabulary}
    lines = files("rag.evaluation").joinpath("general.txt").read_text(encoding="utf-8").splitlines()
    subjects = [(line, _SUBJECT.findall(line)) for line in lines]
    usable = [line for line, marked in subjects if not any(stem(word.casefold()) in known for word in marked)]
    return [Question(kind="foreign", text=_SUBJECT.sub(r"\1", usable[n])) for n in rng.permutation(len(usable))]
