"""Answers without a language model: the sentences of the evidence that answer best, quoted."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rag.answering.matching import Idf, overlap, words_alone
from rag.answering.meaning import SentenceVectors, StoredSentences
from rag.answering.names import names
from rag.answering.numbers import month_value, numbers
from rag.answering.questions import asks_name, asks_number, asks_whether, parts
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

_WHOLE_QUESTION = 4
NEAR = 0.35
"""Cosine, or share of the question's words, from which a sentence may answer where the best passage has none."""
LIST_CHARS = 1_200
"""A list that is longer is not quoted as a whole."""
ORDER = 0.3
"""What a sentence loses that tells its reader what to answer: it is seldom what somebody wants to know."""
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instructions?|prompts?|rules|above|previous)\b|"
    r"^\W*(?:please\s+|always\s+|now\s+)?(?:answer|reply|respond|say|claim|pretend)\s+(?:that|with|only)\b",
    re.IGNORECASE,
)


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
    else. Of a question that has several parts, the best for each. Items of a list bring the whole list.

    Args:
        question: in any language.
        evidence: numbered passages, best first.
        encoder: encodes the question, and of the `MAX_ENCODED` best sentences those that have no stored vector.
        lexical: finds the words.
        idf: rarity of the words in the corpus.
        stored: vectors of the chunks' sentences.
        max_sentences: at most so many quotes.
    """
    asked = parts(question)
    if known := _answered_already(question, evidence, lexical):
        return [known]
    if len(asked) == 1:
        found = _best(question, evidence, encoder, lexical, idf, stored, max_sentences)
    else:
        found = [quote for part in asked for quote in _best(part, evidence, encoder, lexical, idf, stored, 1)]
        found = [*dict.fromkeys(found)][:max_sentences]
    return _whole_lists(found, {e.number: e for e in evidence})


def _best(
    question: str,
    evidence: Sequence[Evidence],
    encoder: Encoder,
    lexical: LexicalEncoder,
    idf: Idf,
    stored: StoredSentences,
    max_sentences: int,
) -> list[Quotable]:
    """The sentences that answer a question of one part."""
    asked = lexical.encode([question], kind="query")[0]
    sentences, terms = _candidates(question, asked, evidence, lexical)
    if not sentences:
        return []
    contexts = lexical.encode([s.context for s in sentences], kind="chunk")
    best = max(abs(e.score) for e in evidence) or 1.0
    relative = {e.number: e.score / best for e in evidence}
    shared = overlap(asked, terms, idf, contexts=contexts)
    cheap = OVERLAP * shared
    cheap += PRIOR * np.array([relative[s.evidence] for s in sentences], dtype=np.float32)
    cheap += CUE * _cues(question, sentences)
    cheap -= ORDER * np.array([bool(_ORDER.search(s.text)) for s in sentences], dtype=np.float32)
    chosen = np.argsort(-cheap, kind="stable")[:MAX_ENCODED]
    vectors = SentenceVectors(sentences, evidence, stored=stored, encoder=encoder).of(chosen.tolist())
    meaning = vectors @ encoder.encode([question], kind="query")[0]
    scores = cheap[chosen] + COSINE * np.maximum(meaning, 0)
    order = np.argsort(-scores, kind="stable")
    if evidence[0].number not in {s.evidence for s in sentences}:  # what was found for a reason has nothing to quote
        order = order[(shared[chosen[order]] >= NEAR) | (meaning[order] >= NEAR)]
    picked: list[int] = []
    for row in order:
        if len(picked) == max_sentences or (picked and scores[row] < CLOSE * scores[picked[0]]):
            break
        quote = sentences[chosen[row]]
        if all(vectors[row] @ vectors[other] < SAME or _differ(quote, sentences[chosen[other]]) for other in picked):
            picked.append(int(row))
    return [sentences[chosen[row]] for row in picked]


def _answered_already(question: str, evidence: Sequence[Evidence], lexical: LexicalEncoder) -> Quotable | None:
    """All that stands below the same question in a passage, as in a list of frequent ones; None where it is too long.

    Two questions are the same that have the same words, stop words aside.
    """
    answers: dict[tuple[int, str], list[Quotable]] = {}
    for passage in evidence:
        for sentence in quotable(passage):
            if sentence.asked:
                answers.setdefault((passage.number, sentence.asked), []).append(sentence)
    terms = lexical.encode([question, *(asked for _, asked in answers)], kind="query")
    wanted = {*terms[0].indices.tolist()}
    passages = {e.number: e for e in evidence}
    for sentences, known in zip(answers.values(), terms[1:], strict=True):
        first, last = sentences[0], sentences[-1]
        if wanted and wanted == {*known.indices.tolist()} and last.end - first.start <= LIST_CHARS:
            return _joined(first, first.start, last.end, passages[first.evidence])
    return None


def _leads(quote: Quotable) -> bool:
    """A list begins with it."""
    return quote.within is not None and quote.text.endswith(":")


def _joined(quote: Quotable, start: int, end: int, passage: Evidence) -> Quotable:
    return replace(
        quote, start=start, end=end, text=passage.text[start - passage.start : end - passage.start], cells=()
    )


def _whole_lists(quotes: Sequence[Quotable], passages: Mapping[int, Evidence]) -> list[Quotable]:
    """A list in place of its items, where two of them were chosen or the sentence that it begins with."""
    chosen = Counter((q.evidence, q.within) for q in quotes if q.within)
    found: dict[tuple[int, int, int], Quotable] = {}
    for quote in quotes:
        span = quote.within
        whole = span and (_leads(quote) or chosen[quote.evidence, span] > 1)
        if span and whole and span[1] - span[0] <= LIST_CHARS:
            quote = _joined(quote, *span, passages[quote.evidence])
        found.setdefault((quote.evidence, quote.start, quote.end), quote)
    return [*found.values()]


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
    whether = asks_whether(question)
    telling = [
        i
        for i, t in enumerate(terms)
        if whether
        or _leads(sentences[i])
        or not (known.issuperset(t.indices.tolist()) or (asks and repeated in _words_of(sentences[i].text)))
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
    if asks_number(question):
        given = frozenset().union(*numbers(question))
        held = [any(not number & given for number in numbers(s.text)) for s in sentences]
    elif asks_name(question):
        words = question.casefold()
        held = [
            any(name.casefold() not in words and not month_value(name) for name in names(s.text)) for s in sentences
        ]
    else:
        held = [False] * len(sentences)
    return np.array(held, dtype=np.float32)
