"""Bytes -> documents with structure. Parsers are imported when their format first turns up."""

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from connectors.parsing.containers import Container
from connectors.parsing.expansion import Budget, expand, member_of
from connectors.parsing.formats import Format, all_formats, format_of_mime, format_of_name
from connectors.parsing.options import Options
from rag.errors import DocumentError, MissingDependencyError
from rag.skips import skip_reason
from rag.types import Document, PagePicture, Parsed, Skip, SourceItem

if TYPE_CHECKING:  # takes longer to import than all of this
    from langchain_core.documents.base import Blob


class FormatParser:
    """Reads every format of `connectors.parsing.formats` in this process; implements `rag.protocols.Parser`.

    `connectors.parsing.workers.WorkerParser` does the same in processes that may crash or hang.
    """

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()

    def parse(self, blob: "Blob", item: SourceItem) -> Parsed:
        """Read the blob; see `read`."""
        return self.read(blob.as_bytes(), blob.mimetype, item)

    def read(self, data: bytes, mime: str | None, item: SourceItem) -> Parsed:
        """Read the bytes with the parser of the item's media type, else of `mime`, else of the key's suffix.

        A container gives its own document, if it has text, and those of its members, nested containers included.

        Raises:
            DocumentError: no parser (`format`), or the parser's own: `empty`, `encoding`, `encrypted`, `parse` ...
        """
        budget = Budget(self._options.max_unpacked_bytes)
        format = _format(mime, item)
        known = item if item.mime else replace(item, mime=format.mime_of(item.key))
        return self._parsed(data, known, format, budget)

    def draw(self, data: bytes, item: SourceItem, page: int) -> PagePicture:
        """A page, from 1, as a picture.

        Raises:
            DocumentError: there is no such page (`page`), files like this have no pages to draw (`format`), or it
                cannot be read: `encrypted`, `parse` ...
        """
        from connectors.parsing.pictures import draw

        return draw(data, item, _format(None, item), page)

    def member(self, data: bytes, item: SourceItem, document_id: str) -> bytes:
        """The file in a container whose document has this id, nested containers included.

        Raises:
            DocumentError: it is not there (`read`), or the container cannot be read.
        """
        return member_of(data, item, document_id, Budget(self._options.max_unpacked_bytes), self._opened)

    def holds_members(self, item: SourceItem) -> bool:
        """Whether the item is an archive, a message or a mailbox."""
        return holds_members(item)

    def close(self) -> None:
        """Nothing to end."""

    def _parsed(self, data: bytes, item: SourceItem, format: Format, budget: Budget) -> Parsed:
        found = self._found(data, item, format)
        if isinstance(found, Document):
            return Parsed(documents=(found,), skipped=_left_out(found))
        try:
            return expand(found, item, budget, self._parsed)
        except (DocumentError, MissingDependencyError):
            raise
        except Exception as error:
            raise _unreadable(item, format, error) from error

    def _opened(self, data: bytes, item: SourceItem) -> Container | None:
        found = self._found(data, item, _format(None, item)) if holds_members(item) else None
        return found if isinstance(found, Container) else None

    def _found(self, data: bytes, item: SourceItem, format: Format) -> Document | Container:
        module, _, function = format.parser.partition(":")
        arguments: list[Any] = [data, item, *([self._options] if format.options else [])]
        try:
            found: Document | Container = getattr(import_module(module), function)(*arguments)
        except MissingDependencyError:
            raise
        except DocumentError as error:
            # libraries say much on many lines, and parts that several formats share do not know whose they are
            reason = " ".join(str(error).split())
            named = reason if item.uri in reason else f"{item.uri}: {reason}"
            if named == str(error):
                raise
            raise DocumentError(f"{named:.{len(item.uri) + _MAX_REASON}}", kind=error.kind) from error
        # input is hostile and parsers are other people's: whatever they raise concerns this document alone
        except Exception as error:
            raise _unreadable(item, format, error) from error
        return found


_MAX_REASON = 500
_PARTS = ("unread_pages", "pages_without_text", "missing_chapters")
"""Metadata of a document that say what of its file is not in its text; reasons of `rag.skips`."""


def _left_out(document: Document) -> tuple[Skip, ...]:
    found = {name: parts for name in _PARTS if (parts := document.metadata.get(name))}
    reasons = (skip_reason(name, parts=", ".join(map(str, parts))) for name, parts in found.items())
    return tuple(Skip(uri=document.uri, reason=reason) for reason in reasons)


def holds_members(item: SourceItem) -> bool:
    """Whether the item's format may hold further documents."""
    format = (item.mime and format_of_mime(item.mime)) or format_of_name(item.key)
    return bool(format and format.container)


def _unreadable(item: SourceItem, format: Format, error: Exception) -> DocumentError:
    if isinstance(error, MemoryError):
        return DocumentError(f"{item.uri}: reading it takes more memory than parsing.memory_mb allows", kind="memory")
    if isinstance(error, ModuleNotFoundError) and error.name:
        install = f"pip install 'situated-rag[{format.extra}]'" if format.extra else f"pip install {error.name}"
        need = f"reading {format.name} files needs the package {error.name!r}, which is not installed"
        return DocumentError(f"{item.uri}: {need}: {install}", kind="dependency")
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return DocumentError(f"{item.uri}: not readable as {format.name} ({reason:.300})", kind="parse")


def _format(mime: str | None, item: SourceItem) -> Format:
    for named in (item.mime, mime):
        if named and (format := format_of_mime(named)):
            return format
    if format := format_of_name(item.key):
        return format
    known = ", ".join(suffix for format in all_formats() for suffix in format.suffixes)
    raise DocumentError(f"{item.uri}: no parser for {item.mime or 'its format'} (there are: {known})", kind="format")
