"""Documents that are ZIP packages: OOXML, OpenDocument, EPUB."""

import io
import zipfile
from typing import Any

from rag.errors import DocumentError
from rag.types import SourceItem

MAX_UNPACKED_BYTES = 500_000_000
"""Of all members together; a bomb is more."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def open_package(data: bytes, item: SourceItem) -> zipfile.ZipFile:
    """The package, if it may be unpacked.

    Raises:
        DocumentError: it is none (`parse`), needs a password (`encrypted`), or unpacks to too much (`archive`).
    """
    if data.startswith(_OLE) and _ENCRYPTED in data:
        raise DocumentError(f"{item.uri}: needs a password: store it without one", kind="encrypted")
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise DocumentError(f"{item.uri}: malformed, not a readable package ({error})", kind="parse") from error
    unpacked = sum(member.file_size for member in package.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise DocumentError(
            f"{item.uri}: unpacks to {unpacked:,} bytes, more than the {MAX_UNPACKED_BYTES:,} of any document",
            kind="archive",
        )
    return package


def text_properties(core: Any) -> dict[str, str]:
    """What a document's core properties say of it; what is empty is left out.

    Args:
        core: `core_properties` of python-docx, python-pptx or openpyxl.
    """
    found = {name: getattr(core, name, None) for name in ("title", "author", "subject", "keywords")}
    return {name: str(value).strip() for name, value in found.items() if value and str(value).strip()}
