"""Pages of a PDF, read from PDFium in bulk: one call for the text, two boxes a word, a font a segment."""

import ctypes
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import closing
from itertools import repeat
from typing import Any

import numpy as np
import pypdfium2
from pypdfium2 import raw

from connectors.parsing.pdf.fonts import font_reader, sizes
from connectors.parsing.pdf.model import Page, Segment

_BREAKS = (0x02, 0x0A, 0x0C, 0x0D, 0xFFFE, 0xFFFF)
_HYPHENS = (0x02, 0xFFFE)  # what PDFium gives for a hyphen that breaks a word at the end of a line
_SPACES = (0x20, 0xA0, 0x3000, 0xFEFF, *range(0x2000, 0x200C))
_CELL_GAP = 0.7  # of a line's height, from which two words of a line are two segments
_NUMBER_GAP = 0.3
_MAX_MARKS = 20  # letters
_SPARSE = 1.2  # heights of a letter from one letter to the next
_ANGLE_SAMPLE = 24  # words
_SOFT_HYPHEN = "\u00ad"

_INK, _SPACE, _BREAK = 0, 1, 2
_KINDS = np.zeros(0x10000, np.int8)
_KINDS[:0x21] = _SPACE
_KINDS[list(_SPACES)] = _SPACE
_KINDS[list(_BREAKS)] = _BREAK

_END_OF_NUMBER, _START_OF_NUMBER = np.zeros(0x80, bool), np.zeros(0x80, bool)
_END_OF_NUMBER[[ord(sign) for sign in "0123456789%)"]] = True
_START_OF_NUMBER[[ord(sign) for sign in "0123456789$("]] = True

# with addresses for pointers the calls need no object each
_char_box = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(raw.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)


def read_page(pdf: pypdfium2.PdfDocument, number: int) -> Page:
    """The text of a page with its places and fonts.

    Args:
        number: from 1.

    Raises:
        pypdfium2.PdfiumError: the page is not readable.
    """
    with closing(pdf[number - 1]) as page, closing(page.get_textpage()) as text_page:
        rotation = page.get_rotation() // 90
        corners = page.get_bbox()
        width, height = corners[2] - corners[0], corners[3] - corners[1]
        codes = _codes(text_page.raw)
        words = _words(codes)
        if not len(words):
            return Page(number, *((height, width) if rotation % 2 else (width, height)), 0, [])
        handle = ctypes.cast(text_page.raw, ctypes.c_void_p).value or 0
        drawn = _drawn(text_page.raw, words[:, 0])
        turns = (-drawn - rotation) % 4
        words, boxes = _parted(handle, words, _boxes(handle, words))
        boxes = _upright(boxes, corners, (rotation + turns) % 4)
        if rotation % 2:
            width, height = height, width
        if turns % 2:
            width, height = height, width
        upright = _runs_across(text_page.raw, words, boxes, drawn)
        return Page(number, width, height, turns, _segments(text_page.raw, codes, words, boxes, upright))


def _codes(text_page: Any) -> np.ndarray:
    """A code a character; `GetText` is one call, but leaves some characters out and makes two of others."""
    count = raw.FPDFText_CountChars(text_page)
    if count <= 0:
        return np.zeros(0, np.uint32)
    buffer = (ctypes.c_ushort * (count + 1))()
    if raw.FPDFText_GetText(text_page, 0, count, buffer) == count + 1:
        codes = np.frombuffer(buffer, np.uint16)[:count].astype(np.uint32)
    else:
        characters: Iterable[int] = map(raw.FPDFText_GetUnicode, repeat(text_page, count), range(count))
        codes = np.fromiter(characters, np.uint32, count)
    # 0 is what PDFium gives for a glyph that means nothing
    return np.where(codes > 0x10FFFF, 0, codes)


def _words(codes: np.ndarray) -> np.ndarray:
    """The first and last character of each word, that is: of what is not white space."""
    ink = _KINDS[np.minimum(codes, 0xFFFF)] == _INK
    steps = np.diff(ink.astype(np.int8), prepend=0, append=0)
    return np.stack([np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1], axis=1)


def _boxes(handle: int, words: np.ndarray) -> np.ndarray:
    """Boxes of each word's first and last character, as left, top, right, bottom with y upwards.

    The loose box has the font's height, not a letter's.
    """
    indices = words.ravel().tolist()
    boxes = np.zeros((len(indices), 4), np.float32)
    start = boxes.ctypes.data
    deque(map(_char_box, repeat(handle), indices, range(start, start + 16 * len(indices), 16)), maxlen=0)
    return np.nan_to_num(boxes, posinf=0, neginf=0).astype(np.float64).reshape(-1, 2, 4)


def _parted(handle: int, words: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Words that are far too wide for their letters as their letters: marks in the columns of a table."""
    lengths = words[:, 1] - words[:, 0] + 1
    extent = np.abs(boxes[:, 1] - boxes[:, 0])[:, [0, 3]].max(axis=1)
    height = np.maximum(np.abs(boxes[:, 0, 1] - boxes[:, 0, 3]), np.abs(boxes[:, 0, 2] - boxes[:, 0, 0]))
    wide = (lengths > 1) & (lengths < _MAX_MARKS) & (extent > _SPARSE * height * (lengths - 1)) & (height > 0)
    if not wide.any():
        return words, boxes
    letters = np.concatenate([np.arange(a, b + 1) for a, b in words[wide]])
    words = np.concatenate([words[~wide], np.stack([letters, letters], axis=1)])
    words = words[np.argsort(words[:, 0], kind="stable")]
    return words, _boxes(handle, words)


def _drawn(text_page: Any, starts: np.ndarray) -> int:
    """Quarter turns, in the page's own coordinates, of most of its words; 0 where they differ."""
    sample = starts[:: max(1, len(starts) // _ANGLE_SAMPLE)].tolist()
    votes = Counter(_quarters(text_page, index) for index in sample)
    drawn, count = votes.most_common(1)[0]
    return drawn if count > len(sample) / 2 else 0


def _quarters(text_page: Any, index: int) -> int:
    angle: float = raw.FPDFText_GetCharAngle(text_page, index)
    return round(max(angle, 0.0) / (np.pi / 2)) % 4


def _upright(boxes: np.ndarray, corners: tuple[float, float, float, float], turns: int) -> np.ndarray:
    """From the page's own coordinates (y upwards) to points from the top left corner of the turned page."""
    left, bottom, right, top = corners
    x1, y1, x2, y2 = boxes[..., 0], boxes[..., 1], boxes[..., 2], boxes[..., 3]
    match turns:
        case 1:
            turned = y1 - bottom, x1 - left, y2 - bottom, x2 - left
        case 2:
            turned = right - x1, y1 - bottom, right - x2, y2 - bottom
        case 3:
            turned = top - y1, right - x1, top - y2, right - x2
        case _:
            turned = x1 - left, top - y1, x2 - left, top - y2
    xs, ys = np.stack([turned[0], turned[2]]), np.stack([turned[1], turned[3]])
    return np.stack([xs.min(0), ys.min(0), xs.max(0), ys.max(0)], axis=-1)


def _runs_across(text_page: Any, words: np.ndarray, boxes: np.ndarray, drawn: int) -> np.ndarray:
    """Whether each word runs from left to right of the upright page, or from right to left."""
    run = np.abs((boxes[:, 1] - boxes[:, 0])[:, :2])
    single = words[:, 0] == words[:, 1]
    across: np.ndarray = single | (run[:, 0] >= run[:, 1])
    if not across.all():
        for number in np.flatnonzero(single):
            across[number] = (_quarters(text_page, int(words[number, 0])) - drawn) % 2 == 0
    return across


def _segments(
    text_page: Any, codes: np.ndarray, words: np.ndarray, boxes: np.ndarray, upright: np.ndarray
) -> list[Segment]:
    first, last = boxes[:, 0], boxes[:, 1]
    box = np.concatenate([np.minimum(first, last)[:, :2], np.maximum(first, last)[:, 2:]], axis=1)
    starts = np.concatenate([[True], _apart(codes, words, box, upright)])
    heads = np.flatnonzero(starts)
    tails = np.append(heads[1:], len(words)) - 1
    lows, highs = np.minimum.reduceat(box, heads), np.maximum.reduceat(box, heads)
    text = codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    after = np.append(codes, 0)[words[tails, 1] + 1]
    # in the middle, since a note's number at the start is small
    middles = words[(heads + tails + 1) // 2, 0].tolist()
    drawn = sizes(ctypes.cast(text_page, ctypes.c_void_p).value or 0, middles)
    font = font_reader(text_page)
    found = zip(
        words[heads, 0].tolist(), words[tails, 1].tolist(), middles, words[tails, 0].tolist(), lows[:, :2].tolist(),
        highs[:, 2:].tolist(), drawn, np.isin(after, _HYPHENS).tolist(), upright[heads].tolist(), strict=True,
    )  # fmt: skip
    segments = []
    for order, (start, end, middle, tail, (left, top), (right, bottom), size, broken, level) in enumerate(found):
        content = text[start : end + 1]
        if not content.isascii():
            if content.endswith(_SOFT_HYPHEN):
                broken = True
            content = _paired(content.replace(_SOFT_HYPHEN, ""))
        if content:
            emphasis, fixed = font(middle)
            if tail != start and (emphasis or fixed):
                others = font(start), font(tail)
                emphasis, fixed = min(emphasis, *(o[0] for o in others)), fixed and all(o[1] for o in others)
            size = size or bottom - top
            segments.append(Segment(content, left, top, right, bottom, size, emphasis, fixed, broken, level, order))
    return segments


def _apart(codes: np.ndarray, words: np.ndarray, box: np.ndarray, upright: np.ndarray) -> np.ndarray:
    """Whether each word but the first starts a segment."""
    breaks = np.cumsum(_KINDS[np.minimum(codes, 0xFFFF)] == _BREAK)
    line = breaks[words[:, 0]]
    height = np.where(upright, box[:, 3] - box[:, 1], box[:, 2] - box[:, 0])
    height = np.maximum(np.minimum(height[1:], height[:-1]), 1.0)
    gap, middle = box[1:, 0] - box[:-1, 2], (box[:, 1] + box[:, 3]) / 2
    # of a word that runs up the page PDFium's own lines are all that is known
    level = upright[1:] & upright[:-1]
    back = box[1:, 2] < box[:-1, 0] - 10 * height
    # two numbers side by side are two cells
    numbers = (
        _END_OF_NUMBER[np.minimum(codes[words[:-1, 1]], 0x7F)] & _START_OF_NUMBER[np.minimum(codes[words[1:, 0]], 0x7F)]
    )
    moved = (gap > np.where(numbers, _NUMBER_GAP, _CELL_GAP) * height) | back | (np.abs(np.diff(middle)) > 0.6 * height)
    apart: np.ndarray = (line[1:] != line[:-1]) | (upright[1:] != upright[:-1]) | (level & moved)
    return apart


def _paired(text: str) -> str:
    """UTF-16 pairs, as PDFium gives them where characters have 16 bits, as one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
