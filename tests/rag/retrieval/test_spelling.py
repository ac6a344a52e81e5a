"""Words that the corpus does not have are taken for those that it has."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Rag
from rag.retrieval.spelling import LONGEST, MOST, edits
from tests.corpora import MakeFolder

POLICY = "# Accounts\n\nThe password policy needs fourteen characters. Größere Änderungen sind anzukündigen."
SECRET = "# Plans\n\nThe codename of the merger is Zanzibarine, its accountz."
FILES = {"accounts.md": POLICY, "note.md": "# Note\n\nPassports and polices are kept apart, says getUserName."}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    folder = tmp_path_factory.mktemp("spelling")
    for name, text in {**FILES, "secret.md": SECRET}.items():
        path = folder / ("hidden" if name == "secret.md" else "open") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    config = folder / "corpus.yaml"
    config.write_text(
        "name: spelling\nsources:\n- {kind: files, path: open}\n"
        "- {kind: files, name: board, path: hidden, acl: [board]}\n"
    )
    with Rag.open(config) as corpus:
        corpus.ingest()
        yield corpus


def corrected(corpus: Rag, query: str, **how: Any) -> str | None:
    return corpus.search(query, **how).corrected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("pasword polcy", "password policy"),  # a letter less
        ("passsword", "password"),  # one more
        ("psasword", "password"),  # two exchanged
        ("Passwurd?", "Password?"),  # another one, and a capital
        ("how many charakters does the polixy need", "how many characters does the policy need"),
        ("grössere Anderungem", "grössere Anderungen"),
        ("paswords", "passwords"),  # by its stem
        ("getUserNme", "getUserName"),
        ("getusernme", "getUserName"),
    ],
)
def test_an_unknown_word_is_taken_for_a_known_one(corpus: Rag, query: str, expected: str) -> None:
    found = corpus.search(query)
    assert found.corrected == expected
    assert (found.query, found.searched) == (query, expected)
    assert found[0].document_id == ("files:note.md" if "get" in query else "files:accounts.md")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "password policy",
        "elephant migration",  # nothing is near
        "polcx",  # two letters away
        "pass",  # short
        "paswor_d pasword.py user@pasword c:\\pasword /pasword pasword-2",  # no words
        "密码政策",
        "x" * 10_000,
    ],
)
def test_everything_else_stays_as_it_is(corpus: Rag, query: str) -> None:
    assert corrected(corpus, query) is None


def test_a_word_of_the_language_is_no_error_though_the_corpus_lacks_it(corpus: Rag) -> None:
    assert corrected(corpus, "charactersi") == "characters"
    # one letter from "needs" and from "kept", as "needz" is, but the encoder knows them
    assert corrected(corpus, "seeds deeds") is None
    assert corrected(corpus, "needz") == "needs"


def test_nobody_learns_words_that_they_may_not_see(corpus: Rag) -> None:
    assert corrected(corpus, "Zanzybarine") is not None
    assert corrected(corpus, "Zanzybarine", principals=["board"]) is not None
    assert corrected(corpus, "Zanzybarine", principals=["guest"]) is None
    assert corrected(corpus, "Zanzybarine", where={"source": "files"}) is None


def test_nobody_learns_of_a_hidden_word_because_it_stays_as_it_is(corpus: Rag) -> None:
    # "accountz" is one letter from what everybody may read, and in a hidden document
    assert corrected(corpus, "accountz") is None
    assert corrected(corpus, "accountz", principals=["board"]) is None
    assert corrected(corpus, "accountz", principals=["guest"]) == "accounts"
    assert corrected(corpus, "accountz", where={"source": "files"}) == "accounts"


def test_a_question_may_be_taken_as_it_is_written(corpus: Rag) -> None:
    question = "What does the pasword polcy need?"
    assert corrected(corpus, question, spelling=False) is None
    answer = corpus.ask(question)
    assert (answer.question, answer.standalone_question) == (question, "What does the password policy need?")
    assert corpus.ask(question, rewrite=False).standalone_question == question


def test_the_setting_turns_it_off(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder(FILES), overrides=["retrieval.spelling=false"]) as corpus:
        corpus.ingest()
        assert corrected(corpus, "pasword") is None


def test_a_long_query_is_looked_up_in_part(corpus: Rag) -> None:
    query = " ".join(["pasword"] * (MOST + 5))
    assert corrected(corpus, query) == " ".join(["password"] * MOST + ["pasword"] * 5)


@given(st.text(alphabet="abcz", min_size=2, max_size=6), st.text(alphabet="abcz", min_size=2, max_size=6))
def test_edits_are_mutual(one: str, other: str) -> None:
    assert (other in edits(one)) == (one in edits(other))
    assert one not in edits(one)
    assert len(edits("a" * LONGEST)) < 30 * (2 * LONGEST + 1)
