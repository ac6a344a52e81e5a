"""Bytes -> text -> canonical text, the text that all positions refer to."""

import codecs
import re
import unicodedata

from rag.errors import DocumentError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# what people's files are in; a longer list makes short Western texts look like Urdu
_LEGACY = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r",
           "cp932", "euc_jp", "gb18030", "big5", "cp949"]  # fmt: skip
_SAMPLE_BYTES = 64 * 1024
_MAX_GARBAGE = 0.05

_NEW_LINES = dict.fromkeys([0x0B, 0x0C, 0x85], "\n")
_CONTROLS = dict.fromkeys([*range(9), *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xFFFE, 0xFFFF], " ")
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "�")
_CANONICAL = {**_NEW_LINES, **_CONTROLS, **_SURROGATES}
_TO_REPLACE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_GARBAGE = re.compile("[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f�]")
_CONTROL_BYTES = bytes([*range(8), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])

_SOFT_HYPHEN = "\u00ad"
_SOFT_HYPHENS = re.compile(r"\u00ad+(?:[ \t]*\n[ \t]*(?=\w))?")

_MAX_MARKS = 30
_MANY_MARKS = re.compile(rf"[^\w\s\x00-\u02ff]{{{_MAX_MARKS + 1},}}")


def canonical(text: str) -> str:
    r"""NFC, `\n` line ends, no byte order mark, no control characters but `\n` and `\t`, no lone surrogates.

    Form feeds, vertical tabs and next-line characters end lines; other control characters become spaces, so that
    they never join two words; a lone surrogate becomes U+FFFD.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if _SOFT_HYPHEN in text:
        text = _SOFT_HYPHENS.sub("", text)
    if _TO_REPLACE.search(text):
        text = text.translate(_CANONICAL)
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _MANY_MARKS.sub(_stream_safe, text))


def _stream_safe(match: re.Match[str]) -> str:
    """At most 30 combining marks in a row, as UAX #15's Stream-Safe Text Format has it.

    Normalisation takes quadratic time on longer runs, hours for a hostile megabyte.
    """
    parts, marks = [], 0
    for character in match[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MAX_MARKS:
            parts.append("\u034f")
            marks = 1
        parts.append(character)
    return "".join(parts)


def decode(data: bytes) -> str:
    """Text in whatever encoding: byte order mark, UTF-8, UTF-16 by its zero bytes, else the likeliest legacy encoding.

    Raises:
        DocumentError: more than a twentieth of it is control characters: it is no text (`encoding`).
    """
    text = _decoded(data)
    if len(_GARBAGE.findall(text)) > _MAX_GARBAGE * len(text):
        raise _no_text(len(data))
    return text


def _decoded(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if utf16 := _unmarked_utf16(data):
        return data.decode(utf16, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if len(data) - len(data.translate(None, _CONTROL_BYTES)) > _MAX_GARBAGE * len(data):
        raise _no_text(len(data))
    return _damaged_utf8(data) or _legacy(data)


def _no_text(size: int) -> DocumentError:
    return DocumentError(
        f"not a text in any known encoding ({size} bytes, many of them control characters): "
        "save it as UTF-8, or exclude it",
        kind="encoding",
    )


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 without its mark is valid UTF-8 where it is English: every other byte is zero."""
    half = len(data) // 2
    even, odd = data[0::2].count(0), data[1::2].count(0)
    if half and odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if half and even > 0.4 * half and odd < 0.05 * half else None


def _damaged_utf8(data: bytes) -> str | None:
    """UTF-8 with a few broken bytes (a cut at the end, a pasted line), which keep their place as U+FFFD."""
    text = data.decode("utf-8", "replace")
    broken = text.count("�")
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    return text if broken * 10 <= whole else None


def _telling(data: bytes) -> bytes:
    """A sample of lines that are not ASCII: a log may be English for megabytes before it names a file."""
    lines = [line for line in data.splitlines(keepends=True) if not line.isascii()]
    sample = b"".join(line[:_SAMPLE_BYTES] for line in lines[: _SAMPLE_BYTES // 8])[:_SAMPLE_BYTES]
    return sample[: sample.rfind(b"\n") + 1 or len(sample)]


def _legacy(data: bytes) -> str:
    from charset_normalizer import from_bytes

    sample = data if len(data) <= _SAMPLE_BYTES else _telling(data)
    matches = from_bytes(sample, cp_isolation=_LEGACY, preemptive_behaviour=False)
    best = matches.best()
    if best is not None and not any("cp1252" in m.could_be_from_charset and m.chaos <= best.chaos for m in matches):
        try:
            return data.decode(best.encoding)
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")
