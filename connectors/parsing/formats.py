"""The one table of formats: what is read, by which parser, and what a plain folder takes."""

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    Attributes:
        mime: media type.
        suffixes: file name endings in lower case, with the dot.
        parser: `module:function` of a `parse(data: bytes, item: SourceItem) -> Document`, imported at first use.
        default: taken from a folder that names no `include` patterns; False where such files are rarely documents.
    """

    mime: str
    suffixes: tuple[str, ...]
    parser: str
    default: bool = True


FORMATS = (
    Format("text/markdown", (".md", ".markdown", ".mdown", ".mkd"), "connectors.parsing.markdown:parse"),
    Format("text/plain", (".txt", ".text"), "connectors.parsing.text:parse"),
    Format("application/pdf", (".pdf",), "connectors.parsing.pdf:parse"),
    Format("text/x-log", (".log",), "connectors.parsing.text:parse", default=False),
)

_BY_SUFFIX = {suffix: format for format in FORMATS for suffix in format.suffixes}
_BY_MIME = {format.mime: format for format in FORMATS}


def format_of_name(name: str) -> Format | None:
    """The format that a file name or key ends in, None where there is no parser for it."""
    return _BY_SUFFIX.get(PurePosixPath(name).suffix.lower())


def format_of_mime(mime: str) -> Format | None:
    """The format of a media type, its parameters (`; charset=...`) left out."""
    return _BY_MIME.get(mime.partition(";")[0].strip().lower())
