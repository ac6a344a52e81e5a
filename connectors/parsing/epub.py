"""EPUB books: the chapters in reading order."""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

from connectors.parsing.html import write_html
from connectors.parsing.html.dom import Node
from connectors.parsing.office_package import open_package
from connectors.parsing.writer import DocumentWriter
from connectors.parsing.xml_tree import parse_xml
from rag.errors import DocumentError
from rag.types import Document, SourceItem

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Algorithms that only obfuscate fonts."""
_CHAPTERS = (".xhtml", ".html", ".htm", ".xml")
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_METADATA = {"creator": "author", "publisher": "publisher", "date": "date", "description": "description"}


def parse(data: bytes, item: SourceItem) -> Document:
    """A book: headings, paragraphs, lists and tables of its chapters; title, author and language as it names them.

    Raises:
        DocumentError: no readable book (`parse`), protected by DRM or a password (`encrypted`), too large (`archive`),
            or without text (`empty`).
    """
    book = open_package(data, item)
    _refuse_drm(book, item)
    folder, package = _package(book, item)
    writer = DocumentWriter()
    spelled = {name.casefold(): name for name in book.namelist()}
    missing = []
    for listed in _spine(package):
        candidates = (posixpath.normpath(posixpath.join(folder, name)) for name in (unquote(listed), listed))
        path = next((spelled[name.casefold()] for name in candidates if name.casefold() in spelled), None)
        if path is None:
            missing.append(listed)  # the book lists a file that it does not hold
            continue
        chapter = _read(book, path, item)
        try:
            # a link to another file of the book leads nowhere once they are one text
            write_html(writer, chapter, base_url="", boilerplate=False)
        except DocumentError as error:
            raise DocumentError(f"{item.uri}: the chapter {path}: {error}", kind=error.kind) from error
    if writer.empty:
        raise DocumentError(f"{item.uri}: there is no text in the book", kind="empty")
    title, language = _named(package, "title"), _named(package, "language").partition("-")[0].lower()
    return writer.document(
        item,
        data=data,
        mime="application/epub+zip",
        title=title,
        language=language if len(language) == 2 else None,
        metadata={
            **{key: value for name, key in _METADATA.items() if (value := _named(package, name))},
            **({"missing_chapters": missing} if missing else {}),
        },
    )


def _read(book: zipfile.ZipFile, path: str, item: SourceItem) -> bytes:
    if book.NameToInfo[path].flag_bits & 1:
        raise DocumentError(f"{item.uri}: needs a password: store it without one", kind="encrypted")
    try:
        return book.read(path)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise DocumentError(
            f"{item.uri}: {path} cannot be unpacked ({error}): get the book anew", kind="parse"
        ) from error


def _refuse_drm(book: zipfile.ZipFile, item: SourceItem) -> None:
    if _ENCRYPTION not in book.NameToInfo:
        return
    methods = parse_xml(_read(book, _ENCRYPTION, item), item).iter("{*}EncryptionMethod")
    if any(method.get("Algorithm") not in _FONTS for method in methods):
        raise DocumentError(
            f"{item.uri}: the book is protected (DRM): take a copy without protection", kind="encrypted"
        )


def _package(book: zipfile.ZipFile, item: SourceItem) -> tuple[str, Node]:
    """The folder of the package document, and that document."""
    path = None
    if _CONTAINER in book.NameToInfo:
        container = parse_xml(_read(book, _CONTAINER, item), item)
        path = next((root.get("full-path") for root in container.iter("{*}rootfile")), None)
    if not path or path not in book.NameToInfo:
        path = next((name for name in book.namelist() if name.lower().endswith(".opf")), None)
    if path is None:
        raise DocumentError(f"{item.uri}: no EPUB book: it has no package document (.opf)", kind="parse")
    return posixpath.dirname(path), parse_xml(_read(book, path, item), item)


def _spine(package: Node) -> Iterator[str]:
    """Addresses of the chapters in reading order, relative to the package's folder."""
    items = {entry.get("id"): entry for entry in package.iter("{*}item")}
    seen = set()
    for reference in package.iter("{*}itemref"):
        entry = items.get(reference.get("idref"))
        # a table of contents says once more what the headings say
        if entry is None or "nav" in (entry.get("properties") or "").split():
            continue
        href = entry.get("href") or ""
        named = href.lower().endswith(_CHAPTERS) or "html" in (entry.get("media-type") or "")
        if named and href not in seen:
            seen.add(href)
            yield href


def _named(package: Node, name: str) -> str:
    """What the package says of itself; several authors with commas between them."""
    found = [" ".join("".join(node.itertext()).split()) for node in package.iter(f"{{{_DUBLIN_CORE}}}{name}")]
    return ", ".join(filter(None, found)) if name == "creator" else next(filter(None, found), "")
