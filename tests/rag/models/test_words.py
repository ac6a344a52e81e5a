import random
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.models.words import STOP_WORDS, is_dense, term_id, terms, words


def ids(*names: str) -> set[int]:
    return {term_id(name) for name in names}


def ids_of(text: str) -> set[int]:
    return {term for word in words(text) for term, _ in terms(word)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat", ["cat"]),
        ("Cats", ["cat"]),
        ("running", ["run", "^runni"]),
        ("the THE The", []),
        ("getUserName", ["getusernam", "get", "user", "name"]),
        ("snake_case_name", ["snake_case_nam", "snake", "case", "name"]),
        ("HTTPServer2", ["httpserver2", "http", "server", "2"]),
        ("__init__", ["init"]),
        ("____ _ -- ... !?", []),
        ("1998", ["1998"]),
        ("3.14", ["3.14"]),
        ("1,250,000", ["1250000"]),
        ("1,2,3", ["1", "2", "3"]),
        ("10-Q", ["10-q", "10", "q"]),
        ("python3.11", ["python3.11", "python", "3.11"]),
        ("state-of-the-art", ["state", "art"]),
        ("end.Start", ["end", "start"]),
        ("Peter's dog's", ["peter", "dog"]),
        ("Café Müller", ["cafe", "muller", "^mulle"]),
        ("ﬁle ２０２４", ["file", "2024"]),
        ("co\u00adop", ["coop"]),
        ("猫", ["猫"]),
        ("東京都", ["東", "京", "都", "東京", "京都"]),
        ("USA東京", ["usa", "東", "京", "東京"]),
        ("кот", ["#_кот", "#кот_"]),
        ("я", ["#_я_"]),
        ("ёлка елка", ["#_елк", "#елка", "#лка_"]),
    ],
)
def test_terms_of(text: str, expected: list[str]) -> None:
    assert ids_of(text) == ids(*expected)


def test_a_typed_identifier_is_found_in_any_case() -> None:
    assert ids_of("getusername") & ids_of("getUserName")


def test_arabic_is_matched_without_vowel_points_and_with_either_alef() -> None:
    assert ids_of("كِتَابٌ") == ids_of("كتاب")
    assert ids_of("أحمد") == ids_of("احمد")
    assert ids_of("كـــتاب") == ids_of("كتاب")


def test_vowel_signs_of_indic_scripts_stay_in_the_word() -> None:
    assert len(words("हिन्दी भाषा")) == 2
    assert ids_of("की") != ids_of("का")


def test_single_character_query_meets_a_longer_run() -> None:
    assert ids_of("猫") < ids_of("白猫黑猫")


def test_weights_of_a_word_share_what_one_word_counts() -> None:
    for word in ("cat", "running", "Привет", "मानक"):
        assert sum(weight for _, weight in terms(word)) == pytest.approx(1)


def test_ids_are_the_same_in_every_process() -> None:
    assert term_id("cat") == int.from_bytes(bytes.fromhex("6a8b12bb"), "little")  # b2sum -l 32
    code = "from rag.models.words import *; print([terms(w) for w in words('getUserName Müller 東京 кошка 3.14')])"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_stop_words_are_33_and_have_no_terms() -> None:
    assert len(STOP_WORDS) == 33
    assert not ids_of(" ".join(STOP_WORDS).title())


def test_stems_are_right_from_many_threads() -> None:
    vocabulary = [f"{stem}{ending}" for stem in ("connect", "relat", "oper") for ending in ("ing", "ed", "ion", "ions")]
    made = [f"{word}{i}x{word}" for i in range(300) for word in vocabulary]
    random.Random(1).shuffle(made)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(terms, made))
    assert all(term_id("connect") in dict(t) or "connect" not in w for w, t in zip(made, found, strict=True))


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("ab1_.,-'’ éß\u0301\u00ad\u093f…™\u00a0ア")))
@settings(max_examples=500)
def test_words_are_the_same_beside_any_script(text: str) -> None:
    for other in ("a", "é", "中", "कि"):  # each is read by a pattern of its own
        assert words(f"{text} {other}") == [*words(text), other]


@given(st.text())
@settings(deadline=None, max_examples=100)
def test_every_letter_and_digit_is_in_some_word(text: str) -> None:
    normal = unicodedata.normalize("NFKC", text.replace("\u0640", ""))
    kept = "".join(words(text))
    lost = [c for c in normal if c.isalnum() and c not in kept]
    assert set(lost) <= {"s", "S"}  # the possessive 's


@given(st.text(min_size=1), st.text(max_size=50), st.text(max_size=50))
@settings(deadline=None, max_examples=100)
def test_a_text_has_the_same_terms_in_any_company(text: str, before: str, after: str) -> None:
    assert ids_of(text) <= ids_of(f"{before}\n{text}\n{after}")


@given(st.text())
@settings(deadline=None, max_examples=100)
def test_terms_are_unique_uint32_with_weights_up_to_one(text: str) -> None:
    for word in words(text):
        found = terms(word)
        assert is_dense(word) or len({term for term, _ in found}) == len(found)
        assert all(0 <= term < 2**32 and 0 < weight <= 1 for term, weight in found)


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "1." * 50_000, "東" * 20_000, "я" * 100_000, "_" * 100_000, "aB" * 50_000]
)
def test_hostile_words_stay_bounded(text: str) -> None:
    assert all(len(word) <= 1100 or is_dense(word) for word in words(text))
    assert ids_of(text) or text[0] == "_"
