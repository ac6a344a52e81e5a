"""ZIP archives: every file in one is a document of its own."""

import contextlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath

from connectors.parsing.containers import Container, Member
from rag.errors import DocumentError
from rag.types import SourceItem

MAX_RATIO = 1000
"""Of unpacked to packed bytes, beyond which a member of more than `_ALWAYS_FINE` bytes is a bomb."""
_ALWAYS_FINE = 10_000_000
_ENCRYPTED = 1
_UTF8_NAME = 0x800


def parse(data: bytes, item: SourceItem) -> Container:
    """The archive's files; hidden ones, folders and what macOS adds are no files.

    Raises:
        DocumentError: it is no readable archive (`parse`).
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise DocumentError(f"{item.uri}: not a readable ZIP archive ({error})", kind="parse") from error
    return Container(members=_members(archive, item))


def _members(archive: zipfile.ZipFile, item: SourceItem) -> Iterator[Member]:
    for info in archive.infolist():
        name = _name(info)
        parts = PurePosixPath(name).parts
        if info.is_dir() or any(part.startswith(".") and part != ".." for part in parts) or "__MACOSX" in parts:
            continue
        unsafe = name.startswith("/") or ".." in parts
        yield Member(
            name=name.replace("..", "_") if unsafe else name,
            read=partial(_read, archive, info, f"{item.uri}!/{name}"),
            size=info.file_size,
            modified=_modified(info),
        )


def _modified(info: zipfile.ZipInfo) -> str | None:
    """None for a date that there is not: many programs write zeros."""
    try:
        return datetime(*info.date_time, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None


def _name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: archives without the UTF-8 flag often hold UTF-8 all the same."""
    name = info.filename
    if not info.flag_bits & _UTF8_NAME:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, uri: str) -> bytes:
    if info.flag_bits & _ENCRYPTED:
        raise DocumentError(f"{uri}: needs a password: store it without one", kind="encrypted")
    if info.file_size > max(_ALWAYS_FINE, MAX_RATIO * info.compress_size):
        raise DocumentError(
            f"{uri}: unpacks from {info.compress_size:,} to {info.file_size:,} bytes, which no document does",
            kind="archive",
        )
    try:
        with archive.open(info) as file:
            # what the archive says of the size may be a lie: zipfile stops there, and its checksum tells
            return file.read()
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise DocumentError(f"{uri}: cannot be unpacked ({error})", kind="parse") from error
    except Exception as error:  # zlib, lzma and bz2 have errors of their own
        raise DocumentError(f"{uri}: damaged ({error})", kind="parse") from error
