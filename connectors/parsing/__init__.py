"""Bytes -> documents with structure. Parsers are imported when their format first turns up."""

from importlib import import_module

from langchain_core.documents.base import Blob

from connectors.parsing.formats import FORMATS, Format, format_of_mime, format_of_name
from rag.errors import DocumentError, MissingDependencyError
from rag.types import Document, SourceItem


class FormatParser:
    """Reads every format of `connectors.parsing.formats.FORMATS`; implements `rag.protocols.Parser`."""

    def parse(self, blob: Blob, item: SourceItem) -> Document:
        """Read the blob with the parser of the item's media type, else of the blob's, else of the key's suffix.

        Raises:
            DocumentError: no parser (`format`), or the parser's own: `empty`, `encoding`, `encrypted`, `parse`.
        """
        format = _format(blob, item)
        module, _, function = format.parser.partition(":")
        parse = getattr(import_module(module), function)
        try:
            document: Document = parse(blob.as_bytes(), item)
        except (DocumentError, MissingDependencyError):
            raise
        # input is hostile and parsers are other people's: whatever they raise concerns this document alone
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise DocumentError(f"{item.uri}: not readable as {format.mime} ({reason:.300})", kind="parse") from error
        return document


def _format(blob: Blob, item: SourceItem) -> Format:
    for mime in (item.mime, blob.mimetype):
        if mime and (format := format_of_mime(mime)):
            return format
    if format := format_of_name(item.key):
        return format
    known = ", ".join(suffix for format in FORMATS for suffix in format.suffixes)
    raise DocumentError(f"{item.uri}: no parser for {item.mime or 'its format'} (there are: {known})", kind="format")
