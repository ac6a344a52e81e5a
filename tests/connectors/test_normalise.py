import time
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.parsing.normalise import canonical, decode
from rag.errors import DocumentError

ANY_TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None))


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Grüße, 東京, 🎉"),
        ("utf-8-sig", "with a mark"),
        ("utf-16", "with a mark: é"),
        ("utf-32", "with a mark: é"),
        ("utf-16-le", "no mark, mostly Latin letters"),
        ("utf-16-be", "no mark, mostly Latin letters"),
        ("cp1252", "Grüße"),
        ("cp1252", "“quoted” – it’s"),
        ("cp1252", "Voilà un café à la crème, déjà vu"),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy"),
        ("cp1251", "Привет, как дела? Это русский текст."),
        ("cp1253", "Καλημέρα κόσμε, τι κάνεις;"),
        ("shift_jis", "これは日本語のテキストです。長い文章を書きます。"),
        ("gb18030", "这是一个中文文本文件，用于测试编码检测。"),
        ("euc-kr", "안녕하세요 이것은 한국어 텍스트입니다"),
    ],
)
def test_text_is_read_in_its_encoding(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_cut_in_utf8_does_not_turn_all_of_it_into_another_encoding() -> None:
    assert decode("Größe und Maß der Tür übrigens: ärgerlich für Österreich, Fön, schön €".encode()[:-1]).startswith(
        "Größe"
    )


def test_a_large_legacy_text_is_read_by_a_sample_and_kept_whole() -> None:
    text = "Käse und Brötchen für drei Mark\n" * 20_000
    assert decode(text.encode("cp1252")) == text


RUSSIAN = (
    "Ошибка: файл не найден, проверьте путь к папке.\nЭта запись описывает другую проблему, а именно потерю связи с "
    "сервером.\nПовторите попытку позже или обратитесь к администратору вашей сети.\n"
)


def test_a_legacy_text_is_known_by_the_lines_that_are_not_ascii() -> None:
    text = "2026-11-23 12:00:00 INFO started\n" * 4_000 + RUSSIAN * 40
    assert decode(text.encode("cp1251")) == text


@pytest.mark.parametrize(
    "data", [b"\0", bytes(range(256)) * 20, b"\x7fELF\2\1\1" + b"\0" * 90, b"\xff\xfe" + b"\0\xd8" * 50]
)
def test_binary_data_is_an_encoding_error(data: bytes) -> None:
    with pytest.raises(DocumentError, match="UTF-8") as error:
        decode(data)
    assert error.value.kind == "encoding"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", ""),
        ("\ufeffa", "a"),
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("page\x0cpage\x0bline\x85line", "page\npage\nline\nline"),
        ("a\0b\x1b[0m", "a b [0m"),
        ("e\u0301", "é"),
        ("\ud800", "�"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_canonical_text(raw: str, expected: str) -> None:
    assert canonical(raw) == expected


@settings(deadline=None, max_examples=100)
@given(ANY_TEXT)
def test_canonical_text_is_nfc_and_clean_and_stays_as_it_is(text: str) -> None:
    once = canonical(text)
    assert unicodedata.is_normalized("NFC", once)
    assert not [c for c in once if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    assert canonical(once.lstrip("\ufeff")) == once.lstrip("\ufeff")
    once.encode()


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_text_or_an_encoding_error(data: bytes) -> None:
    with suppress(DocumentError):
        canonical(decode(data)).encode()


def test_endless_combining_marks_do_not_take_quadratic_time() -> None:
    started = time.perf_counter()
    text = canonical("a" + "\u0301\u0327" * 200_000)
    assert time.perf_counter() - started < 5  # 40 minutes without a limit
    assert text.count("\u0327") + text.count("\u0301") > 390_000
