"""What an encoder for English counts as readable."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.models.languages import Languages, languages_of
from rag.settings import Embedding

ENGLISH = Languages(["en"])
FOREIGN = [
    "Wie lange ist die Kündigungsfrist nach der Probezeit?",
    "¿Cuánto tiempo dura el período de prueba según el contrato?",
    "Какой срок уведомления действует после испытательного срока?",
    "试用期之后的通知期是多长时间？",
    "ما هي مدة فترة الإشعار بعد انتهاء فترة التجربة؟",
    "Howdah: ein Sitz, der auf dem Rücken eines Elefanten befestigt wird",
    "परिवीक्षा अवधि के बाद नोटिस की अवधि कितनी है?",
    "試用期間の後の通知期間はどのくらいですか？",
]
READABLE = [
    "How long is the notice period?",
    "notice period",
    "Who likes Quokkas?",
    "¿Why do refunds take so long?",
    "BasicConfigurator testTrigger",
    "fn main() { let x = harness.run(&mut fuzzer); assert_eq!(x, 3); }",
    "1,204 3.5% 17,001 (22) 4Q",
    "x",
    "",
    " \n\t ",
    "🍵🍵",
    "Müller",
    "refund policy Zürich",
]


@pytest.mark.parametrize("text", FOREIGN)
def test_other_languages_are_not_read(text: str) -> None:
    assert not ENGLISH.cover(text)


@pytest.mark.parametrize("text", READABLE)
def test_what_may_be_english_is_read(text: str) -> None:
    assert ENGLISH.cover(text)


def test_a_long_text_is_judged_by_its_beginning_in_no_time() -> None:
    german = "Die Kündigungsfrist beträgt drei Monate. Der Urlaub eines Mitarbeiters richtet sich nach dem Vertrag. "
    assert not ENGLISH.cover(german * 30_000)
    assert ENGLISH.cover("The period is three months and that is all. " * 100_000)


def test_every_language_is_read_where_none_is_named() -> None:
    assert all(Languages(None).cover(text) for text in FOREIGN + READABLE)
    assert all(Languages(["de", "es", "ru", "zh", "ar", "hi", "ja"]).cover(text) for text in FOREIGN)
    assert not Languages(["de"]).cover("How long is the notice period of the contract?")


def test_settings_go_before_what_is_known_of_the_model() -> None:
    german = FOREIGN[0]
    assert not languages_of(Embedding()).cover(german)
    assert languages_of(Embedding(languages=("de",))).cover(german)
    assert languages_of(Embedding(model="some/folder")).cover(german)


def test_several_threads_may_ask() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(ENGLISH.cover, FOREIGN * 20))
