"""Answers without a language model: the sentences of the evidence that answer best, quoted."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.answering.matching import Idf, overlap, words_alone
from rag.answering.meaning import SentenceVectors, StoredSentences
from rag.answering.names import names
from rag.answering.numbers import month_value, numbers
from rag.answering.quotable import Quotable, plain, quotable
from rag.points import SparseVector
from rag.protocols import Encoder, LexicalEncoder
from rag.results import Evidence

COSINE, OVERLAP, PRIOR, CUE = 0.5, 0.4, 0.2, 0.05
"""Weights of: meaning, shared rare words, score of the passage, the kind of answer that is asked for."""
MAX_ENCODED = 60
"""Sentences whose meaning is compared."""
CLOSE = 0.9
"""A second sentence is quoted if its score is at least this share of the best one's."""
SAME = 0.9
"""Cosine from which two sentences say the same."""

_ASKS_NUMBER = re.compile(
    r"\b(?:how (?:many|much|long|old|often|far|tall|big|large|high|fast|late|early)|when|percentage|deadline|"
    r"(?:what|which) (?:year|date|time|day|age|century|temperature|percent|number|amount|price|cost|version|rate))\b",
    re.IGNORECASE,
)
_WHOLE_QUESTION = 4
_ASKS_NAME = re.compile(r"\b(?:who|whom|whose)\b", re.IGNORECASE)


def answer_by_quotes(
    question: str,
    evidence: Sequence[Evidence],
    *,
    encoder: Encoder,
    lexical: LexicalEncoder,
    idf: Idf,
    stored: StoredSentences,
    max_sentences: int,
) -> list[Quotable]:
    """The sentences that answer best, best first; empty where the evidence holds no sentence.

    The score of a sentence is COSINE x cosine + OVERLAP x idf-weighted share of the question's words (those in the
    headings above count half) + PRIOR x the passage's score relative to the best + CUE where it holds a number or name
    and the question asks for one. A further sentence is quoted only if it scores close to the best and says something
    else.

    Args:
        question: in any language.
        evidence: numbered passages, best first.
        encoder: encodes the question, and of the `MAX_ENCODED` best sentences those that have no stored vector.
        lexical: finds the words.
        idf: rarity of the words in the corpus.
        stored: vectors of the chunks' sentences.
        max_sentences: at most so many quotes.
    """
    asked = lexical.encode([question], kind="query")[0]
    sentences, terms = _candidates(question, asked, evidence, lexical)
    if not sentences:
        return []
    contexts = lexical.encode([s.context for s in sentences], kind="chunk")
    best = max(abs(e.score) for e in evidence) or 1.0
    relative = {e.number: e.score / best for e in evidence}
    cheap = OVERLAP * overlap(asked, terms, idf, contexts=contexts)
    cheap += PRIOR * np.array([relative[s.evidence] for s in sentences], dtype=np.float32)
    cheap += CUE * _cues(question, sentences)
    chosen = np.argsort(-cheap, kind="stable")[:MAX_ENCODED]
    vectors = SentenceVectors(sentences, evidence, stored=stored, encoder=encoder).of(chosen.tolist())
    meaning = vectors @ encoder.encode([question], kind="query")[0]
    scores = cheap[chosen] + COSINE * np.maximum(meaning, 0)
    order = np.argsort(-scores, kind="stable")
    picked: list[int] = []
    for row in order:
        if len(picked) == max_sentences or (picked and scores[row] < CLOSE * scores[picked[0]]):
            break
        quote = sentences[chosen[row]]
        if all(vectors[row] @ vectors[other] < SAME or _differ(quote, sentences[chosen[other]]) for other in picked):
            picked.append(int(row))
    return [sentences[chosen[row]] for row in picked]


def _candidates(
    question: str, asked: SparseVector, evidence: Sequence[Evidence], lexical: LexicalEncoder
) -> tuple[list[Quotable], list[SparseVector]]:
    """Sentences, each wording once, and their terms; what only repeats the question is taken if there is no other."""
    repeated = _words_of(question)
    # search words may well stand in an answer as they are; a whole question does not
    asks = question.rstrip().endswith(("?", "？", "؟")) and len(repeated.split()) >= _WHOLE_QUESTION
    distinct = {" ".join(s.text.casefold().split()): s for e in reversed(evidence) for s in reversed(quotable(e))}
    sentences = sorted(distinct.values(), key=lambda s: (s.evidence, s.start))
    terms = lexical.encode([plain(s.text) for s in sentences], kind="chunk")
    known = set(asked.indices.tolist())
    telling = [
        i
        for i, t in enumerate(terms)
        if not known.issuperset(t.indices.tolist()) and not (asks and repeated in _words_of(sentences[i].text))
    ] or range(len(terms))
    return [sentences[i] for i in telling], [terms[i] for i in telling]


def _differ(one: Quotable, other: Quotable) -> bool:
    """Two passages that say nearly the same of other numbers: that they do is what the reader needs to know."""
    return one.evidence != other.evidence and set(numbers(one.text)) != set(numbers(other.text))


def _words_of(text: str) -> str:
    """The words of a text, for finding them in another."""
    return f" {words_alone(text)} "


def _cues(question: str, sentences: Sequence[Quotable]) -> NDArray[np.float32]:
    """(n,) 1 where a sentence holds the kind of thing that the question asks for and does not name itself."""
    if _ASKS_NUMBER.search(question):
        given = frozenset().union(*numbers(question))
        held = [any(not number & given for number in numbers(s.text)) for s in sentences]
    elif _ASKS_NAME.search(question):
        words = question.casefold()
        held = [
            any(name.casefold() not in words and not month_value(name) for name in names(s.text)) for s in sentences
        ]
    else:
        held = [False] * len(sentences)
    return np.array(held, dtype=np.float32)
