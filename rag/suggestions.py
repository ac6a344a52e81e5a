"""Questions that a corpus answers, drawn from the titles and headings of its documents. Needs no language model."""

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.answering.abstention import decide
from rag.errors import RagError
from rag.models.words import words

if TYPE_CHECKING:
    from rag.corpus import Rag
    from rag.retrieval.documents import Outline

SAMPLE = 200
"""Documents that starters are drawn from; ids are hashes, so that the first ones are as good as drawn by chance."""
TRIED = 12
"""Questions that are searched for before no more starters are looked for."""
LONGEST = 70
"""Characters of a title or heading that still makes a question that one reads."""
FIRST_HITS = 3
"""Hits among which the section that is asked for has to be."""
KEPT_S = 600.0
"""How long starters are kept at most. An ingestion ends them, where it is seen (`Rag.version`)."""

_NUMBER = re.compile(r"^(?:[0-9]+(?:\.[0-9]+)+[.):]?\s+|\(?(?:[0-9]+|[A-Za-z])[.):]\s+)")
_PLAIN = re.compile(r"[^{}<>|=\\;#`*_\[\]$/]+")
_ASKS = re.compile(
    r"(?:how (?:to|do|does|can|is|are|long|many|much)|what (?:is|are|do|does|happens|to)|why (?:is|are|do|does|we)|"
    r"when (?:to|do|does|is)|where (?:to|do|does|is)|who (?:is|are)|can i|wie|was (?:ist|sind|tun)|warum|wann|wo) .+",
    re.IGNORECASE,
)
_GENERIC = frozenset(
    word
    for line in (
        "introduction overview summary contents index references appendix conclusion background notes note examples",
        "example usage faq changelog license links resources misc other general related todo about readme home purpose",
        "goals pros cons team members contact status history scope details description motivation requirements steps",
        "prerequisites einleitung übersicht zusammenfassung inhalt inhaltsverzeichnis literatur anhang fazit zweck",
        "hintergrund hinweise beispiele beispiel sonstiges allgemeines ziele kontakt",
    )
    for word in line.split()
)
"""Headings that say where they stand in a text, and nothing of what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A section of a document that a question may be about.

    Attributes:
        heading: without its number; "" is the document as a whole.
        path: the section's heading path as stored.
        sample: title and headings of the document, to tell its language by.
    """

    document_id: str
    title: str
    heading: str = ""
    path: tuple[str, ...] = ()
    sample: str = ""

    @property
    def asks(self) -> bool:
        """The heading is a question by itself, with or without its mark."""
        asks = self.heading.endswith("?") or bool(_ASKS.fullmatch(self.heading))
        return asks and len(words(self.heading)) > 3  # "How to start?" asks for what stands around it


Phrase: TypeAlias = Callable[[Topic], str]
"""Puts a topic into a question."""


def find_starters(
    corpus: "Rag", phrase: Phrase, *, count: int = 4, principals: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Questions for somebody who does not know the corpus: of different documents, and each one is answered.

    Args:
        principals: as in `Rag.search`.

    Raises:
        CorpusMissingError: nothing was ingested yet.
    """
    outlines = islice(corpus.documents().outlines(principals=principals), SAMPLE)
    found: list[str] = []
    for topic in _in_turn(outlines)[:TRIED]:
        question = phrase(topic)
        if question not in found and _is_answered(corpus, question, topic, principals):
            found.append(question)
        if len(found) == count:
            break
    return tuple(found)


def find_follow_ups(
    corpus: "Rag",
    answer: Mapping[str, Any],
    phrase: Phrase,
    *,
    asked: Collection[str] = (),
    count: int = 3,
    principals: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """Questions about the sections beside those that an answer cites; none where it cites nothing.

    Args:
        answer: the JSON of `rag ask`.
        asked: questions that are not to be asked again.
        principals: as in `Rag.search`.
    """
    citations = [citation for sentence in answer["sentences"] for citation in sentence["citations"]]
    known = {question.casefold() for question in (*asked, answer["question"])}
    found: list[str] = []
    topics = _nearby(corpus, citations, principals)
    for topic in islice(topics, TRIED):
        question = phrase(topic)
        if question.casefold() not in known and _is_answered(corpus, question, topic, principals):
            known.add(question.casefold())
            found.append(question)
        if len(found) == count:
            break
    return tuple(found)


@dataclass(frozen=True)
class Starters:
    """Starters of a corpus, found once for everyone who may see the same.

    Args:
        corpus: what is asked.
    """

    corpus: "Rag"
    _kept: dict[Any, tuple[float, int | None, tuple[str, ...]]] = field(default_factory=dict)
    _finding: Lock = field(default_factory=Lock)

    def get(self, phrase: Phrase, *, principals: Sequence[str] | None = None) -> tuple[str, ...]:
        """The questions; none where the corpus holds nothing or cannot be read."""
        key = None if principals is None else tuple(sorted(principals))
        version = self.corpus.version
        with self._finding:
            since, of_version, questions = self._kept.get(key, (0.0, None, ()))
            changed = version is not None and version != of_version
            if not questions or changed or time.monotonic() - since > KEPT_S:
                try:
                    questions = find_starters(self.corpus, phrase, principals=principals)
                except RagError:  # the first question says what is wrong
                    return ()
                self._kept[key] = (time.monotonic(), version, questions)
        return questions


def _in_turn(outlines: Iterable["Outline"]) -> list[Topic]:
    """The best topic of each document, the best documents first; those without any good heading as a whole, last."""
    readable = [outline for outline in outlines if _is_readable(outline.title)]
    places = Counter(
        _key(heading) for outline in readable for heading in {h for path in outline.sections for h in path}
    )
    best: list[Topic] = []
    whole: list[Topic] = []
    for outline in readable:
        topics = [topic for topic in _topics(outline) if places[_key(topic.path[-1])] == 1]
        if topics:
            best.append(max(topics, key=_worth))
        else:
            whole.append(Topic(document_id=outline.document_id, title=_line(outline.title), sample=outline.title))
    return [*sorted(best, key=_worth, reverse=True), *sorted(whole, key=lambda topic: -min(len(words(topic.title)), 4))]


def _worth(topic: Topic) -> tuple[bool, int, int]:
    """How good a question a topic makes: one that is a question, of a few words, from high up in its document."""
    length = len(words(topic.heading))
    return topic.asks, min(length, 4), -len(topic.path)


def _topics(outline: "Outline") -> Iterator[Topic]:
    """Sections whose heading says what they are about."""
    sample = " ".join([outline.title, *dict.fromkeys(heading for path in outline.sections for heading in path)])
    for path in filter(None, outline.sections):
        heading = _NUMBER.sub("", _line(path[-1])).rstrip(" :.")
        if _is_readable(heading) and _key(heading) not in (*_GENERIC, _key(outline.title)):
            yield Topic(
                document_id=outline.document_id, title=_line(outline.title), heading=heading, path=path, sample=sample
            )


def _nearby(corpus: "Rag", citations: Iterable[Mapping[str, Any]], principals: Sequence[str] | None) -> Iterator[Topic]:
    """Sections of the cited documents beside those that are cited, documents in turn."""
    places: dict[str, list[int]] = {}
    for citation in citations:
        places.setdefault(citation["document_id"], []).append(citation["start"])
    of_documents = []
    for document_id, starts in places.items():
        try:
            outline = corpus.documents().outline(document_id, principals=principals)
        except RagError:  # gone since, or not for these principals
            continue
        of_documents.append(_beside(outline, starts))
    for topics in zip_longest(*of_documents):
        yield from (topic for topic in topics if topic)


def _beside(outline: "Outline", places: Sequence[int]) -> list[Topic]:
    """Topics of a document beside the sections at these places, and not around them: siblings first, then nearest."""
    paths = {outline.path_at(place) for place in places}
    parents = {path[:-1] for path in paths}
    topics = [topic for topic in _topics(outline) if not any(path[: len(topic.path)] == topic.path for path in paths)]

    def distance(topic: Topic) -> tuple[bool, int]:
        return topic.path[:-1] not in parents, min(abs(outline.sections[topic.path] - place) for place in places)

    return sorted(topics, key=distance)


def _is_answered(corpus: "Rag", question: str, topic: Topic, principals: Sequence[str] | None) -> bool:
    """Whether the question is answered, and from the section that it is about."""
    found = corpus.search(question, top_k=FIRST_HITS, principals=principals)
    if decide(found, corpus.settings.answer.min_confidence) is not None:
        return False
    return any(
        hit.document_id == topic.document_id and hit.headings[: len(topic.path)] == topic.path for hit in found.hits
    )


def _is_readable(text: str) -> bool:
    """Words in one line that fit into a question."""
    return 2 < len(text.strip()) <= LONGEST and bool(_PLAIN.fullmatch(text)) and any(map(str.isalpha, text))


def _line(text: str) -> str:
    return " ".join(text.split())


def _key(text: str) -> str:
    return " ".join(words(text.casefold()))
