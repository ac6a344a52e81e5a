"""What asks is no longer there to be found, and what stays is as it was."""

import re
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.cloze import BLANK, Cloze, cloze, evenly, size
from rag.evaluation.general import foreign_questions
from rag.types import Chunk

TEA = "Green tea is brewed at 75 degrees Celsius for two minutes."
TIN = "The leaves are stored in a dark, dry tin for a year."


def chunk(
    text: str, *, document: str = "d", ordinal: int = 0, plain: str | None = None, headings: Sequence[str] = ()
) -> Chunk:
    return Chunk(
        id=f"{document}#{ordinal}",
        document_id=document,
        ordinal=ordinal,
        start=0,
        end=len(text),
        text=text,
        plain=text if plain is None else plain,
        headings=tuple(headings),
    )


def of(*chunks: Chunk) -> Cloze:
    return cloze(chunks, ["A title"])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


NAMES = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "iris"]
WORDS = st.lists(st.sampled_from(NAMES), min_size=4, max_size=9)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=5), st.integers(0, 99))
def test_a_question_is_taken_out_of_its_chunk_and_nothing_else_is(texts: list[list[list[str]]], seed: int) -> None:
    chunks = [
        chunk(" ".join(f"{' '.join(words).capitalize()}." for words in sentences), document=f"d{n // 2}", ordinal=n % 2)
        for n, sentences in enumerate(texts)
    ]
    parts = of(*chunks)
    asked = {question.passages[0]: question.text for question, _ in parts.sentences(rng(seed))}
    everything = " ".join(c.plain for c in parts.chunks.values())
    for before in chunks:
        after = parts.chunks[before.id].plain
        question = asked.get(before.id, "")
        assert Counter(before.plain.split()) == Counter([*after.split(), *question.split()])
        assert not question or question not in everything
        assert size(after) >= 6 or not question


def test_the_same_seed_asks_the_same() -> None:
    texts = [f"Pot {n} is kept on the shelf near window {n}. And nothing more is said of it here." for n in range(9)]
    chunks = [chunk(text, ordinal=n) for n, text in enumerate(texts)]

    def asked(seed: int) -> list[str]:
        return [question.text for question, _ in of(*chunks).sentences(rng(seed))]

    assert len(asked(1)) == 9
    assert asked(1) == asked(1) != asked(2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("It is green.", "too short"),
        (f"Tea {'and coffee ' * 30}are served here.", "too long"),
        ("| green tea | 75 degrees | two minutes | a dark tin |", "no prose"),
        ("result = [brew(leaf) for leaf in tin if leaf.dry and not leaf.old].", "no prose"),
        ("Revenue 1,234 5,678 9,012 3,456 7,890 1,234 5,678.", "no prose"),
        ("and so it was stored in the tin for a year.", "no prose"),
        ("A heading of some words without an end", "no prose"),
        (f"{TEA}\n\n{TEA}", "several places"),
    ],
)
def test_what_is_no_question_is_counted_with_its_reason(text: str, reason: str) -> None:
    parts = of(chunk(f"{text}\n\n{'word ' * 45}end."))
    assert not [*parts.sentences(rng())]
    assert any(reason in counted for counted in parts.filtered), parts.filtered


def test_a_sentence_of_several_documents_asks_for_none_of_them() -> None:
    parts = of(*(chunk(f"{TEA} Batch {n} of the year is stored on shelf {n}.", document=f"d{n}") for n in range(3)))
    assert {question.text for question, _ in parts.sentences(rng())} == {
        f"Batch {n} of the year is stored on shelf {n}." for n in range(3)
    }
    assert parts.filtered["sentences in several places"] == 3


def test_a_chunk_that_is_one_sentence_keeps_it() -> None:
    parts = of(chunk(TEA))
    assert not [*parts.sentences(rng())]
    assert parts.chunks["d#0"].plain == TEA
    assert parts.filtered == {"sentences without which their chunk says nothing": 1}


@pytest.mark.parametrize(
    "text",
    [
        "绿茶在七十五度的水中泡两分钟就可以喝了。茶叶要放在阴暗干燥的罐子里保存一年。",
        "يُحضَّر الشاي الأخضر بماء حرارته خمس وسبعون درجة. تُحفظ الأوراق في علبة جافة ومظلمة لمدة عام كامل.",
        "हरी चाय को पचहत्तर डिग्री पर दो मिनट तक पकाया जाता है। पत्तियों को सूखे डिब्बे में एक साल तक रखा जाता है।",
        "Зелёный чай заваривают при семидесяти пяти градусах две минуты. Листья хранят в сухой тёмной банке один год.",
        "녹차는 섭씨 칠십오 도의 물에서 이 분 동안 우려낸다. 찻잎은 어둡고 건조한 통에 일 년 동안 보관한다.",
    ],
)
def test_other_scripts_ask_too(text: str) -> None:
    parts = of(chunk(text))
    ((question, other),) = parts.sentences(rng())
    assert other
    assert question.text in text
    assert question.text not in parts.chunks["d#0"].plain
    altered = parts.altered(question.text, rng())
    assert altered is None or altered != question.text


def test_sentences_are_taken_as_they_are_encoded() -> None:
    text = "- **Green** tea is brewed at [75 degrees](https://example.org/a_b) for two\n  minutes.\n"
    text += "- It is a drink of many countries and ages."
    plain = "Green tea is brewed at 75 degrees for two\nminutes.\nIt is a drink of many countries and ages."
    found = {}
    for seed in range(8):
        parts = of(chunk(text, plain=plain))
        ((question, _),) = parts.sentences(rng(seed))
        found[question.text] = parts.chunks["d#0"].plain
    assert found == {
        "Green tea is brewed at 75 degrees for two minutes.": "It is a drink of many countries and ages.",
        "It is a drink of many countries and ages.": "Green tea is brewed at 75 degrees for two\nminutes.",
    }
    parts = of(chunk(text, plain="what is encoded is something else"))
    assert not [*parts.sentences(rng())]
    assert parts.filtered["sentences that are encoded in other words than are shown"] == 2


@given(st.lists(st.lists(st.integers(), max_size=5), max_size=5), st.integers(0, 99))
def test_groups_take_turns_and_nothing_is_left_out(groups: list[list[int]], seed: int) -> None:
    marked = [[(n, m) for m in range(len(group))] for n, group in enumerate(groups)]
    found = [*evenly(marked, rng(seed))]
    assert Counter(found) == Counter(item for group in marked for item in group)
    turns = [sum(earlier == (n, m) or earlier[0] == n for earlier in found[:at]) for at, (n, m) in enumerate(found)]
    assert turns == sorted(turns)


def section(*texts: str, heading: str, document: str = "d", first: int = 0) -> list[Chunk]:
    return [
        chunk(f"{heading}\n{text}" if n == 0 else text, document=document, ordinal=first + n, headings=("Tea", heading))
        for n, text in enumerate(texts)
    ]


def test_a_heading_asks_for_its_section_and_is_taken_out_of_it() -> None:
    parts = of(*section(TEA, TIN, heading="How to brew it"), *section("More.", heading="Other things to know", first=2))
    first, second = sorted(parts.headings(rng()), key=lambda question: question.text)
    assert (first.text, first.passages) == ("How to brew it", ("d#0", "d#1"))
    assert (second.text, second.passages) == ("Other things to know", ("d#2",))
    assert [c.plain for c in parts.chunks.values()] == [TEA, TIN, "More."]
    assert {c.headings for c in parts.chunks.values()} == {("Tea",)}
    assert parts.filtered == {"headings that are too short": 1}


def test_headings_that_say_little_ask_nothing() -> None:
    parts = of(
        *section(*(f"Step {n}." for n in range(6)), heading="A very long section"),
        *(c for n in range(2) for c in section("Text.", heading="What you should know", document=f"e{n}")),
        *section("", heading="Nothing is below it", document="f"),
    )
    before = dict(parts.chunks)
    assert not [*parts.headings(rng())]
    assert parts.chunks == before
    assert parts.filtered["headings over more than 5 chunks"] == 1
    assert parts.filtered["headings in several places"] == 2
    assert parts.filtered["headings without which their chunk is empty, or has lost another"] == 1


def test_no_chunk_loses_two_headings() -> None:
    inner = chunk("The text of it.", headings=("All about green tea", "How to brew it"))
    parts = of(inner)
    (question,) = parts.headings(rng())
    assert parts.chunks[inner.id].headings == tuple(h for h in inner.headings if h != question.text)


def test_the_blank_is_the_rarest_word_and_its_answer_fills_it() -> None:
    parts = of(
        chunk(f"{TEA} {TIN}"), *(chunk("Green tea is brewed, degrees, minutes.", ordinal=n) for n in range(1, 4))
    )
    found = parts.blanked(TEA, "d#0")
    assert found
    assert found.answers == ("Celsius",)
    assert found.text.replace(BLANK, found.answers[0]) == TEA
    assert parts.blanked("It is so, it is so.", "d#0") is None


@pytest.mark.parametrize("seed", range(5))
def test_altered_sentences_are_about_words_that_the_corpus_does_not_have(seed: int) -> None:
    parts = of(chunk(f"{TEA} {TIN}"))
    altered = parts.altered(TEA, rng(seed))
    assert altered
    pairs = [
        (old, new) for old, new in zip(TEA.rstrip(".").split(), altered.rstrip(".").split(), strict=True) if old != new
    ]
    assert len(pairs) == 3
    for old, new in pairs:
        assert new.casefold() not in parts.frequencies
        assert sorted(new.casefold()) == sorted(old.casefold())
        assert new[0].isupper() == old[0].isupper()


@pytest.mark.parametrize(
    "text", ["绿茶在七十五度的水中泡两分钟就可以喝了。", "It is so at 75 or 80.", "aaaa bbbb cccc dddd."]
)
def test_sentences_without_words_to_exchange_are_not_altered(text: str) -> None:
    assert of(chunk(text)).altered(text, rng()) is None


def test_foreign_questions_are_about_what_the_corpus_never_names() -> None:
    everything = [question.text for question in foreign_questions((), rng())]
    assert len(everything) == len(set(everything)) >= 90
    assert not any("*" in text for text in everything)
    kept = {question.text for question in foreign_questions({"eggs", "chess", "violins"}, rng())}
    assert {*everything} - kept == {
        "How long does a soft-boiled egg need in boiling water?",
        "What is castling in chess?",
        "How many strings does a violin have?",
    }
    assert [q.text for q in islice(foreign_questions((), rng(1)), 5)] != everything[:5]


def test_every_general_question_names_one_subject() -> None:
    lines = files("rag.evaluation").joinpath("general.txt").read_text(encoding="utf-8").splitlines()
    assert all(len(re.findall(r"\*\w+\*", line)) == 1 and line.endswith("?") for line in lines)
