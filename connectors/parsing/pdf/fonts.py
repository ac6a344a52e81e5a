"""Fonts of a page's characters: their size as it appears, and whether they are bold or in italics."""

import ctypes
import re
from collections import deque
from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np
from pypdfium2 import raw

_ITALIC = re.compile(r"italic|oblique|cmti", re.IGNORECASE)
_FIXED = re.compile(r"courier|mono(?!type)|nimbusmon|consol|menlo|typewriter|cmtt|lettergothic", re.IGNORECASE)
_BOLD = re.compile(r"bold|black|heavy|demi|medi$|bx\d|[,-]bd", re.IGNORECASE)
_ITALIC_FLAG, _FORCE_BOLD = 1 << 6, 1 << 18

# with addresses for pointers the calls need no object each
_matrix = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(raw.FPDFText_GetMatrix, ctypes.c_void_p).value or 0
)
_font_size = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_void_p, ctypes.c_int)(
    ctypes.cast(raw.FPDFText_GetFontSize, ctypes.c_void_p).value or 0
)


def sizes(handle: int, indices: list[int]) -> list[float]:
    """Font sizes as they appear: a font of size 1 is often drawn 12 times as large."""
    matrices = np.zeros((len(indices), 6), np.float32)
    start = matrices.ctypes.data
    deque(map(_matrix, repeat(handle), indices, range(start, start + 24 * len(indices), 24)), maxlen=0)
    given = np.fromiter(map(_font_size, repeat(handle), indices), np.float64, len(indices))
    drawn = given * np.hypot(matrices[:, 2], matrices[:, 3])
    seen: list[float] = np.nan_to_num(drawn, posinf=0, neginf=0).tolist()
    return [round(size, 1) for size in seen]


def font_reader(text_page: Any) -> Callable[[int], tuple[int, bool]]:
    """What tells by a character's font whether it is bold (2), in italics (1) or neither (0), and of fixed width."""
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    known: dict[tuple[bytes, int], tuple[int, bool]] = {}

    def font(index: int) -> tuple[int, bool]:
        if not raw.FPDFText_GetFontInfo(text_page, index, name, 128, flags):
            return 0, False
        key = name.value, flags.value
        if key not in known:
            named = key[0].decode("utf-8", "replace")
            bold = _BOLD.search(named) or key[1] & _FORCE_BOLD
            emphasis = 2 if bold else int(bool(_ITALIC.search(named) or key[1] & _ITALIC_FLAG))
            known[key] = emphasis, _FIXED.search(named) is not None
        return known[key]

    return font
