"""Names of uploads: from people and from addresses, to what may stand in a folder."""

import hashlib
import os
import re
import unicodedata
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from connectors.parsing.formats import Format, format_of_name
from rag.errors import UploadRefusedError

MAX_BYTES = 200
"""Of a name in UTF-8: file systems take 255, and a number may be added."""

_SEPARATORS = "/\\"
_WINDOWS = '<>:"|?*'
_REORDERING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make a name look like another one."""
_BLANKS = re.compile(r"\s+")


def safe_name(name: str) -> str:
    """The name as it is kept: composed Unicode, plain blanks.

    Raises:
        UploadRefusedError: it is a path, hidden, empty, too long, or holds what no name should.
    """
    found = unicodedata.normalize("NFC", name)
    if not found.isprintable():  # blanks of other kinds are in names that systems give themselves
        found = _BLANKS.sub(" ", found)
    found = found.strip()
    shown = f"{name!r:.120}"
    if not found:
        raise UploadRefusedError("a file needs a name, such as report.pdf")
    if set(found) & set(_SEPARATORS):
        raise UploadRefusedError(f"{shown}: a name, not a path: leave out / and \\")
    if found.startswith("."):
        raise UploadRefusedError(f"{shown}: files whose name starts with a dot are hidden and not taken: rename it")
    if any(unicodedata.category(c) in ("Cc", "Cs") or c in _REORDERING for c in found):
        raise UploadRefusedError(f"{shown}: the name holds characters that cannot be seen: rename it")
    if os.name == "nt" and set(found) & set(_WINDOWS):
        raise UploadRefusedError(f"{shown}: a name without any of {_WINDOWS}: rename it")
    if len(found.encode()) > MAX_BYTES:
        raise UploadRefusedError(f"{shown}: a name of at most {MAX_BYTES} bytes in UTF-8: shorten it")
    return found


def format_of(name: str) -> Format:
    """What the name says that the file is.

    Raises:
        UploadRefusedError: there is no parser for such files.
    """
    format = format_of_name(name)
    if format is None:
        suffix = PurePath(name).suffix
        what = f"{suffix} files" if suffix else "files without an ending"
        raise UploadRefusedError(f"{name!r:.120}: no parser for {what}: docs/formats.md lists what is read")
    return format


def numbered(name: str, number: int) -> str:
    """The name with a number before its ending: `report (2).pdf`."""
    path = PurePath(name)
    return f"{path.stem} ({number}){path.suffix}"


def page_name(address: str, format: Format) -> str:
    """A name for the page of an address, with an ending of its format."""
    parts = urlsplit(address)
    text = unquote(f"{parts.netloc}{parts.path}{'?' * bool(parts.query)}{parts.query}", errors="replace")
    name = re.sub(r"[^\w.]+", "-", unicodedata.normalize("NFC", text)).strip("-.") or "page"
    if format_of_name(name) is not format:
        name += format.suffixes[0]
    if len(name.encode()) > MAX_BYTES:
        ending = f"-{hashlib.sha256(address.encode()).hexdigest()[:8]}{format.suffixes[0]}"
        name = name.encode()[: MAX_BYTES - len(ending)].decode(errors="ignore") + ending
    return name
