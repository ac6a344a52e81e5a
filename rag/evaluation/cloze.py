"""Questions without a language model: what is taken out of a passage asks for what is left of it.

The inverse cloze task (Lee, Chang and Toutanova, Latent Retrieval for Weakly Supervised Open Domain Question
Answering, 2019, arXiv 1906.00300): a sentence is the query, the passage that it stood in is to be found. There, one
sentence in ten stays in its passage, to teach a model that shared words are worth something. Here nothing is taught:
every sentence is taken out, since one that stays would find itself. A heading is treated alike: taken from its section,
it asks for it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TypeVar

from numpy.random import Generator

from rag.answering.quotable import plain, trimmed
from rag.chunking.sentences import sentence_spans
from rag.evaluation.questions import Question
from rag.models.words import STOP_WORDS, is_dense, pieces, words
from rag.types import Chunk

T = TypeVar("T")
SENTENCE, HEADING = (6, 40), (3, 20)
"""Fewest and most words; two Han, kana or Hangul characters are a word."""
SECTION = 5
"""Chunks of a section that its heading may ask for: of a longer one, any chunk would do."""
LETTERS = 0.7
"""Share of letters in prose, white space not counted."""
LONG = 4
"""Letters of a word that is worth asking for: shorter ones are mostly grammar."""
BLANK = "____"
VOWELS = "aeiouy\u03b1\u03b5\u03b7\u03b9\u03bf\u03c5\u03c9\u0430\u0435\u0438\u043e\u0443\u044b\u044d\u044e\u044f"
"""Latin, Greek and Cyrillic; letters of other scripts are moved alike."""
EXCHANGED = 3
"""One word in so many is exchanged for an invented one."""

_ENDS = re.compile(r"[.!?…。！？｡؟۔।॥።][\"'”’»)\]」』]*\Z")
_CODE = re.compile(r"[{}<>|=\\;#_`]")
_TRIES = 20


@dataclass(slots=True)
class Cloze:
    """Chunks, and what may be taken out of them.

    Attributes:
        chunks: id -> chunk; those that something was taken out of are replaced.
        frequencies: word in lower case -> chunks that hold it.
        filtered: why sentences and headings are no questions, and how many.
    """

    chunks: dict[str, Chunk]
    frequencies: Mapping[str, int]
    filtered: Counter[str]

    def sentences(self, rng: Generator) -> Iterator[tuple[Question, str | None]]:
        """Questions of held out sentences, at most one a chunk, documents in turn; each is taken out as it is asked
        for. With each another sentence of its chunk, or None.
        """
        texts = {id: [*_sentences(chunk)] for id, chunk in self.chunks.items()}
        places = Counter(_key(text) for of_chunk in texts.values() for text in of_chunk)
        found: dict[str, list[tuple[str, list[str]]]] = {}
        for id, of_chunk in texts.items():
            usable = [text for text in of_chunk if self._is_usable(text, places, self.chunks[id])]
            if usable:
                found.setdefault(self.chunks[id].document_id, []).append((id, usable))
        for id, usable in evenly(found.values(), rng):
            chunk = self.chunks[id]
            first, *others = [usable[n] for n in rng.permutation(len(usable))]
            rest = _without(chunk.plain, first)
            if rest is None or size(rest) < SENTENCE[0]:
                self.filtered["sentences without which their chunk says nothing"] += 1
                continue
            self.chunks[id] = replace(chunk, plain=rest)
            yield Question(kind="sentence", text=first, passages=(id,)), next(iter(others), None)

    def headings(self, rng: Generator) -> Iterator[Question]:
        """Questions of held out headings, documents in turn; each is taken out as it is asked for."""
        sections: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for chunk in self.chunks.values():
            for depth in range(1, len(chunk.headings) + 1):
                sections.setdefault((chunk.document_id, chunk.headings[:depth]), []).append(chunk.id)
        places = Counter(_key(path[-1]) for _, path in sections)
        found: dict[str, list[tuple[tuple[str, ...], list[str]]]] = {}
        for (document_id, path), ids in sections.items():
            reason = _why_not(path[-1], HEADING) or (
                "in several places" if places[_key(path[-1])] > 1 else f"over more than {SECTION} chunks"
            )
            if places[_key(path[-1])] == 1 and len(ids) <= SECTION and not _why_not(path[-1], HEADING):
                found.setdefault(document_id, []).append((path, ids))
            else:
                self.filtered[f"headings {reason}"] += 1
        taken: set[str] = set()
        for path, ids in evenly(found.values(), rng):
            without = {id: _without_heading(self.chunks[id], path[-1]) for id in ids}
            if taken & {*ids} or any(not size(chunk.plain) for chunk in without.values()):
                self.filtered["headings without which their chunk is empty, or has lost another"] += 1
                continue
            taken.update(ids)
            self.chunks.update(without)
            yield Question(kind="heading", text=" ".join(path[-1].split()), passages=tuple(ids))

    def blanked(self, sentence: str, passage: str) -> Question | None:
        """The sentence with its rarest word left out, which is the answer; None where no word can be."""
        spans = self._rarest(sentence)
        if not spans:
            return None
        start, end = spans[0]
        text = f"{sentence[:start]}{BLANK}{sentence[end:]}"
        return Question(kind="blank", text=text, passages=(passage,), answers=(sentence[start:end],))

    def altered(self, sentence: str, rng: Generator) -> str | None:
        """The sentence with its rarest words exchanged for ones that the corpus does not have; None without any."""
        spans = [(a, b) for a, b in self._rarest(sentence) if sentence[a:b].isalpha() and b - a >= LONG]
        wanted = max(2, len(sentence.split()) // EXCHANGED)
        if len(spans) < 2:
            return None
        for start, end in sorted(spans[:wanted], reverse=True):
            invented = self._invented(sentence[start:end], rng)
            if invented is None:
                return None
            sentence = f"{sentence[:start]}{invented}{sentence[end:]}"
        return sentence

    def _is_usable(self, text: str, places: Mapping[str, int], chunk: Chunk) -> bool:
        reason = _why_not(text, SENTENCE) or _why_no_prose(text)
        if not reason and places[_key(text)] > 1:
            reason = "in several places"
        if not reason and _without(chunk.plain, text) is None:
            reason = "that are encoded in other words than are shown"
        if reason:
            self.filtered[f"sentences {reason}"] += 1
        return not reason

    def _rarest(self, sentence: str) -> list[tuple[int, int]]:
        """Words of four characters and more, and numbers, that the sentence has once; rarest first, then longest."""
        spans = [span for match in re.finditer(r"\S+", sentence) if (span := _bare(sentence, *match.span()))]
        seen = Counter(sentence[a:b].casefold() for a, b in spans)
        usable = [
            (a, b)
            for a, b in spans
            if seen[sentence[a:b].casefold()] == 1
            and (b - a >= LONG or sentence[a:b].isdecimal())
            and sentence[a:b].casefold() not in STOP_WORDS
            and not any(is_dense(character) for character in sentence[a:b])
        ]

        def common(span: tuple[int, int]) -> tuple[int, int, int]:
            return self.frequencies.get(sentence[span[0] : span[1]].casefold(), 0), span[0] - span[1], span[0]

        return sorted(usable, key=common)

    def _invented(self, word: str, rng: Generator) -> str | None:
        """A word that the corpus does not have: the letters of this one, vowels left where they are so that it can be
        read, the others in another order; None where none was come by.
        """
        letters = [*word.casefold()]
        moved = [n for n, letter in enumerate(letters) if unicodedata.normalize("NFD", letter)[0] not in VOWELS]
        for _ in range(_TRIES):
            for place, letter in zip(moved, [letters[n] for n in rng.permutation(moved)], strict=True):
                letters[place] = letter
            invented = "".join(letters)
            if invented not in self.frequencies:
                return invented.capitalize() if word[0].isupper() else invented
        return None


def cloze(chunks: Iterable[Chunk], titles: Iterable[str]) -> Cloze:
    """What may be taken out of these chunks of documents with these titles."""
    held = {chunk.id: chunk for chunk in chunks}
    frequencies: Counter[str] = Counter()
    for text in (*titles, *("\n".join((*chunk.headings, chunk.plain)) for chunk in held.values())):
        frequencies.update({piece for word in words(text.casefold()) for piece in (word, *pieces(word))})
    return Cloze(chunks=held, frequencies=frequencies, filtered=Counter())


def evenly(groups: Iterable[Sequence[T]], rng: Generator) -> Iterator[T]:
    """The items of all groups, one of each group in turn; groups, and the items of each, in random order."""
    shuffled = [[group[n] for n in rng.permutation(len(group))] for group in groups]
    ordered = [shuffled[n] for n in rng.permutation(len(shuffled))]
    for row in zip_longest(*([(item,) for item in group] for group in ordered)):
        yield from (cell[0] for cell in row if cell)


def size(text: str) -> float:
    """Words of a text in any script; see `SENTENCE`."""
    return sum(len(word) / 2 if is_dense(word) else 1 for word in words(text))


def _sentences(chunk: Chunk) -> Iterator[str]:
    """Of the text as shown, whose lines tell headings and rows from prose, in the words that are encoded."""
    for start, end in sentence_spans(chunk.text):
        low, high = trimmed(chunk.text, start, end)
        yield plain(chunk.text[low:high])


def _why_not(text: str, limits: tuple[int, int]) -> str:
    """Too short, too long, or "" where the text is neither."""
    length = size(text)
    return "that are too short" if length < limits[0] else "that are too long" if length > limits[1] else ""


def _why_no_prose(text: str) -> str:
    """Rows, code and fragments, or "" for what is none."""
    visible = "".join(text.split())
    letters = sum(unicodedata.category(character)[0] in "LM" for character in visible)
    whole = _ENDS.search(text) and not text[0].islower()
    return "" if whole and letters >= LETTERS * len(visible) and not _CODE.search(text) else "that are no prose"


def _key(text: str) -> str:
    return " ".join(words(text.casefold()))


def _without(text: str, sentence: str) -> str | None:
    """The text without the sentence, whatever the white space in it; None where it does not stand there once."""
    found = [*re.finditer(r"\s+".join(map(re.escape, sentence.split())), text)]
    if len(found) != 1:
        return None
    return f"{text[: found[0].start()]}{text[found[0].end() :].lstrip(' ')}".strip()


def _without_heading(chunk: Chunk, heading: str) -> Chunk:
    """Neither in the heading path nor as a line of the text."""
    key = _key(heading)
    lines = [line for line in chunk.plain.split("\n") if _key(line) != key]
    return replace(chunk, plain="\n".join(lines).strip(), headings=tuple(h for h in chunk.headings if _key(h) != key))


def _bare(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without punctuation and symbols at its ends; None where nothing else is in it."""
    while start < end and unicodedata.category(text[start])[0] in "PS":
        start += 1
    while start < end and unicodedata.category(text[end - 1])[0] in "PS":
        end -= 1
    return (start, end) if start < end else None
