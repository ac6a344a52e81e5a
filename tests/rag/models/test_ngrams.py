from hypothesis import given
from hypothesis import strategies as st

from rag.models.lexical import Bm25Encoder
from rag.models.ngrams import character_ngrams, word_bigrams
from rag.models.words import term_id
from rag.points import SparseVector


def test_bigrams_are_neighbouring_stems_without_stop_words() -> None:
    found = word_bigrams("Operating expenses of the parent. Operating expense!")
    assert found == {
        term_id("oper expens"): 2,
        term_id("expens parent"): 1,
        term_id("parent oper"): 1,
    }


def test_bigrams_need_two_words_and_no_dense_script() -> None:
    for text in ("", "one", "the of", "東京都", "東京 大阪"):
        assert not word_bigrams(text)
    assert word_bigrams("state-of-the-art") == {term_id("state art"): 1}


def test_order_of_words_counts() -> None:
    assert word_bigrams("bank river").keys().isdisjoint(word_bigrams("river bank"))


def test_ngrams_share_what_endings_change() -> None:
    one, other = character_ngrams("Kündigungsfrist"), character_ngrams("Kündigungsfristen")
    assert len(one.keys() & other.keys()) >= 12
    assert term_id("#_kun") in one, "accents make no difference"
    assert character_ngrams("東京都") == {term_id("#東京"): 1, term_id("#京都"): 1}
    assert character_ngrams("a") == {term_id("#_a_"): 1}


@given(st.text(max_size=200))
def test_any_text_gives_legal_terms(text: str) -> None:
    for counts in (word_bigrams(text), character_ngrams(text)):
        assert all(0 <= term < 2**32 and count > 0 for term, count in counts.items())


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_text_matches_itself_best(text: str, other: str) -> None:
    encoder = Bm25Encoder(b=0)

    def share(query: SparseVector, vector: SparseVector) -> float:
        return query.dot(vector) / (encoder.max_term_weight * max(1, len(query)))

    (query,) = encoder.encode([text], kind="query", unit="ngrams")
    own, foreign = encoder.encode([text, other], kind="chunk", unit="ngrams")
    assert share(query, own) <= 1
    if set(foreign.indices).isdisjoint(query.indices):
        assert share(query, foreign) == 0
