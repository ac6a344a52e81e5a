"""Text of pictures: the program tesseract, run once a page."""

import csv
import math
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import NamedTuple

from connectors.parsing.pdf.model import Page, Segment
from rag.errors import DocumentError
from rag.types import SourceItem

INSTALL = "apt install tesseract-ocr, or brew install tesseract"

_DPI = 250.0
_MAX_PIXELS = 30_000_000  # of a rendered page; a letter page has 6 million
_TIMEOUT_S = 100  # for one page
_LANGUAGE = re.compile(r"[A-Za-z][\w/]{1,40}")
_NO_LANGUAGE = re.compile(r"Failed loading language '([^']+)'")
_SURE = 50  # confidence of 100, below which marks without a letter or digit are dirt
_PADDING = 0.12  # of a line's height: its box is that of the ink
_CELL_GAP = 1.1  # heights of a line


@dataclass(frozen=True, slots=True)
class Image:
    """Grey pixels, a byte each, rows from the top."""

    pixels: bytes
    width: int
    height: int
    dpi: float


class _Word(NamedTuple):
    line: tuple[str, str, str]
    text: str
    left: float
    top: float
    right: float
    bottom: float


def installed() -> bool:
    """Whether the program is there."""
    return shutil.which("tesseract") is not None


def resolution(width: float, height: float) -> float:
    """Dots per inch to draw a page at.

    Args:
        width: in points, as is `height`.
    """
    inches = max(width * height / 72**2, 1e-6)
    return min(_DPI, math.sqrt(_MAX_PIXELS / inches))


def recognise(image: Image, item: SourceItem, *, number: int, languages: tuple[str, ...]) -> Page:
    """The text of an image as a page, its places in points.

    Raises:
        DocumentError: the program or one of the languages is not installed (`dependency`), or it failed (`ocr`).
    """
    words = list(_words(_tsv(image, item, number, languages)))
    scale = 72 / image.dpi
    return Page(number, image.width * scale, image.height * scale, 0, _segments(words, scale))


def _tsv(image: Image, item: SourceItem, number: int, languages: tuple[str, ...]) -> str:
    program = shutil.which("tesseract")
    if program is None:
        raise DocumentError(
            f"{item.uri}: its text needs OCR, and tesseract is not installed: {INSTALL}", kind="dependency"
        )
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            raise DocumentError(
                f"{item.uri}: no OCR language {language!r}: see tesseract --list-langs", kind="dependency"
            )
    command = [program, "-", "-", "-l", "+".join(languages), "--dpi", str(round(image.dpi)), "tsv"]
    picture = b"P5 %d %d 255\n" % (image.width, image.height) + image.pixels
    try:
        # pages are read side by side by several workers, not by threads of one
        done = subprocess.run(
            command, input=picture, capture_output=True, timeout=_TIMEOUT_S, check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise DocumentError(f"{item.uri}: OCR of page {number} took more than {_TIMEOUT_S} s", kind="ocr") from error
    said = done.stderr.decode("utf-8", "replace")
    # it goes on without a language that it does not have
    if done.returncode or _NO_LANGUAGE.search(said):
        raise _failure(said, item, number)
    return done.stdout.decode("utf-8", "replace")


def _failure(said: str, item: SourceItem, number: int) -> DocumentError:
    if match := _NO_LANGUAGE.search(said):
        language = match[1]
        install = f"apt install tesseract-ocr-{language.replace('_', '-')}, or brew install tesseract-lang"
        return DocumentError(f"{item.uri}: OCR has no language {language!r}: {install}", kind="dependency")
    return DocumentError(f"{item.uri}: OCR of page {number} failed ({' '.join(said.split()):.200})", kind="ocr")


def _words(tsv: str) -> Iterator[_Word]:
    for row in csv.DictReader(tsv.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row["text"] or "").strip()
        if row["level"] != "5" or not text:
            continue
        if float(row["conf"]) < _SURE and not any(map(str.isalnum, text)):
            continue
        left, top, width, height = (float(row[key]) for key in ("left", "top", "width", "height"))
        yield _Word((row["block_num"], row["par_num"], row["line_num"]), text, left, top, left + width, top + height)


def _segments(words: Iterable[_Word], scale: float) -> list[Segment]:
    """Words of a line that stand close together; a line's height is that of all its ink."""
    lines = [list(line) for _, line in groupby(words, key=lambda word: word.line)]
    if not lines:
        return []
    heights = [max(w.bottom for w in line) - min(w.top for w in line) for line in lines]
    usual = median(heights)
    segments: list[Segment] = []
    for line, height in zip(lines, heights, strict=True):
        # the ink's height depends on the letters, only much larger ones are another font
        size = usual if 0.6 * usual < height < 1.5 * usual else height
        top, bottom = min(w.top for w in line) - _PADDING * height, max(w.bottom for w in line) + _PADDING * height
        for group in _close(line, min(height, 1.5 * usual)):
            text = " ".join(word.text for word in group)
            segments.append(
                Segment(text, group[0].left * scale, top * scale, max(w.right for w in group) * scale, bottom * scale,
                        round(size * scale, 1), 0, False, False, True, len(segments))
            )  # fmt: skip
    return segments


def _close(line: list[_Word], height: float) -> Iterator[list[_Word]]:
    group = [line[0]]
    for word in line[1:]:
        if word.left - group[-1].right > _CELL_GAP * height:
            yield group
            group = []
        group.append(word)
    yield group
