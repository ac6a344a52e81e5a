"""The one table of formats: what is read, by which parser, what of it is kept, and what a plain folder takes."""

import mimetypes
import posixpath
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Literal, TypeAlias

Kept: TypeAlias = Literal["headings", "lists", "tables", "code", "links", "pages", "boxes", "members"]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    Attributes:
        name: what people call it.
        mime: media type.
        suffixes: file name endings in lower case, with the dot.
        parser: `module:function` of a `parse(data: bytes, item: SourceItem) -> Document | Container`, imported at
            first use.
        keeps: what of its structure is kept beside the text.
        library: what reads it, "" for our own code.
        extra: of this distribution, that the library comes with; "" where it is always there.
        system: program that must be installed, "" for none.
        default: taken from a folder that names no `include` patterns; False where such files are rarely documents.
        options: the parser takes `connectors.parsing.options.Options` as its third argument.
    """

    name: str
    mime: str
    suffixes: tuple[str, ...]
    parser: str
    keeps: tuple[Kept, ...] = ()
    library: str = ""
    extra: str = ""
    system: str = ""
    default: bool = True
    options: bool = False

    def mime_of(self, name: str) -> str:
        """The media type of a file of this format: for a family such as images that of its suffix."""
        return mimetypes.guess_type(name)[0] or self.mime if "*" in self.mime else self.mime

    @property
    def container(self) -> bool:
        """Its files may hold further documents."""
        return "members" in self.keeps


_HERE = "connectors.parsing"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_TEXT: tuple[Kept, ...] = ("headings", "lists", "tables")
_WEB: tuple[Kept, ...] = (*_TEXT, "code", "links")

DOCUMENT_FORMATS = (
    Format("Markdown", "text/markdown", (".md", ".markdown", ".mdown", ".mkd"), f"{_HERE}.markdown:parse",
           _WEB, "markdown-it-py"),
    Format("Text", "text/plain", (".txt", ".text"), f"{_HERE}.text:parse", (), "charset-normalizer"),
    Format("PDF", "application/pdf", (".pdf",), f"{_HERE}.pdf:parse",
           ("headings", "lists", "tables", "code", "pages", "boxes"), "pypdfium2", options=True),
    Format("HTML", "text/html", (".html", ".htm", ".xhtml"), f"{_HERE}.html:parse", _WEB, "lxml"),
    Format("reStructuredText", "text/x-rst", (".rst", ".rest"), f"{_HERE}.rst:parse", _WEB, "docutils"),
    Format("Org", "text/x-org", (".org",), f"{_HERE}.org:parse", _WEB),
    Format("EPUB", "application/epub+zip", (".epub",), f"{_HERE}.epub:parse", _WEB, "lxml"),
    Format("Word", f"{_OFFICE}.wordprocessingml.document", (".docx",), f"{_HERE}.docx:parse",
           (*_TEXT, "links"), "lxml"),
    Format("PowerPoint", f"{_OFFICE}.presentationml.presentation", (".pptx",), f"{_HERE}.pptx:parse",
           (*_TEXT, "links", "pages"), "python-pptx"),
    Format("Excel", f"{_OFFICE}.spreadsheetml.sheet", (".xlsx",), f"{_HERE}.xlsx:parse",
           ("headings", "tables"), "openpyxl"),
    Format("Excel 97", "application/vnd.ms-excel", (".xls",), f"{_HERE}.xls:parse", ("headings", "tables"), "xlrd"),
    Format("OpenDocument text", "application/vnd.oasis.opendocument.text", (".odt",), f"{_HERE}.odt:parse",
           (*_TEXT, "links"), "lxml"),
    Format("Rich text", "application/rtf", (".rtf",), f"{_HERE}.rtf:parse", ("headings", "lists", "tables", "links")),
    Format("Word 97", "application/msword", (".doc",), f"{_HERE}.legacy_office:parse_doc",
           (*_TEXT, "links"), "lxml", system="soffice"),
    Format("PowerPoint 97", "application/vnd.ms-powerpoint", (".ppt",), f"{_HERE}.legacy_office:parse_ppt",
           (*_TEXT, "links", "pages"), "python-pptx", system="soffice"),
    Format("E-mail", "message/rfc822", (".eml",), f"{_HERE}.email:parse", (*_WEB, "members")),
    Format("Outlook message", "application/vnd.ms-outlook", (".msg",), f"{_HERE}.msg:parse",
           (*_WEB, "members"), "python-oxmsg"),
    Format("Mailbox", "application/mbox", (".mbox",), f"{_HERE}.mbox:parse", (*_WEB, "members")),
)  # fmt: skip

DATA_FORMATS = (
    Format("Log", "text/x-log", (".log",), f"{_HERE}.text:parse", (), "charset-normalizer", default=False),
    Format("CSV", "text/csv", (".csv",), f"{_HERE}.delimited:parse", ("tables",), default=False),
    Format("TSV", "text/tab-separated-values", (".tsv", ".tab"), f"{_HERE}.delimited:parse", ("tables",),
           default=False),
    Format("JSON", "application/json", (".json",), f"{_HERE}.json:parse", ("headings", "lists"), default=False),
    Format("JSON lines", "application/x-ndjson", (".ndjson", ".jsonl"), f"{_HERE}.json:parse_lines",
           ("headings", "lists"), default=False),
    Format("XML", "application/xml", (".xml",), f"{_HERE}.xml:parse", ("headings", "lists", "tables", "code"),
           "lxml", default=False),
    Format("ZIP archive", "application/zip", (".zip",), f"{_HERE}.zip:parse", ("members",), default=False),
    Format("Image", "image/*", (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif"),
           f"{_HERE}.image:parse", ("headings", "lists", "tables", "pages", "boxes"), "pillow",
           system="tesseract", default=False, options=True),
)  # fmt: skip


def _code(name: str, suffixes: tuple[str, ...], grammar: str) -> Format:
    mime = f"text/x-{name.lower().replace('#', 'sharp').replace('+', 'p')}"
    library = f"tree-sitter-{grammar.replace('_', '-')}"
    return Format(name, mime, suffixes, f"{_HERE}.code:parse", ("headings", "code"), library, "code", default=False)


CODE_FORMATS = (
    _code("Python", (".py", ".pyi"), "python"),
    _code("JavaScript", (".js", ".mjs", ".cjs", ".jsx"), "javascript"),
    _code("TypeScript", (".ts", ".tsx"), "typescript"),
    _code("Go", (".go",), "go"),
    _code("Java", (".java",), "java"),
    _code("Rust", (".rs",), "rust"),
    _code("C", (".c", ".h"), "c"),
    _code("C++", (".cpp", ".cc", ".cxx", ".hpp", ".hh"), "cpp"),
    _code("C#", (".cs",), "c_sharp"),
    _code("Ruby", (".rb",), "ruby"),
    _code("PHP", (".php",), "php"),
    _code("Shell", (".sh", ".bash"), "bash"),
    _code("Kotlin", (".kt", ".kts"), "kotlin"),
    _code("Swift", (".swift",), "swift"),
    _code("Scala", (".scala",), "scala"),
    _code("Lua", (".lua",), "lua"),
)

FORMATS = (*DOCUMENT_FORMATS, *DATA_FORMATS, *CODE_FORMATS)

_ALIASES = {
    "application/xhtml+xml": "text/html",
    "text/xml": "application/xml",
    "text/rtf": "application/rtf",
    "text/x-markdown": "text/markdown",
    "application/jsonl": "application/x-ndjson",
    "application/x-zip-compressed": "application/zip",
}


@cache
def all_formats() -> tuple[Format, ...]:
    """All formats: the built-in ones, and under `rag.parsers` those that other distributions add or replace."""
    added = tuple(entry.load() for entry in sorted(entry_points(group="rag.parsers"), key=lambda e: e.name))
    return (*FORMATS, *added)


def format_of_name(name: str) -> Format | None:
    """The format that a file name or key ends in, None where there is no parser for it."""
    return _by_suffix().get(posixpath.splitext(name.rstrip("/"))[1].lower())


def format_of_mime(mime: str) -> Format | None:
    """The format of a media type, its parameters (`; charset=...`) left out."""
    mime = mime.partition(";")[0].strip().lower()
    mime = _ALIASES.get(mime, mime)
    return _by_mime().get(mime) or _by_mime().get(mime.partition("/")[0] + "/*")


@cache
def _by_suffix() -> dict[str, Format]:
    return {suffix: format for format in all_formats() for suffix in format.suffixes}


@cache
def _by_mime() -> dict[str, Format]:
    return {format.mime: format for format in all_formats()}
