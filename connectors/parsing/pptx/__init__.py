"""PowerPoint presentations (.pptx)."""

import io
import zipfile
import zlib
from typing import Any

import pptx
from lxml import etree
from pptx.exc import PythonPptxError

from connectors.parsing.office_package import open_package
from connectors.parsing.ooxml import Package, document_metadata
from connectors.parsing.pptx.slides import SlideReader
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.types import Document, SourceItem

MIME = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def parse(data: bytes, item: SourceItem) -> Document:
    """The slides as pages: their title as a heading, shapes from top to bottom, tables, charts, notes.

    Dates, footers and slide numbers are left out; hidden slides are read.

    Raises:
        DocumentError: no readable presentation (`parse`), with a password (`encrypted`), or without text (`empty`).
    """
    open_package(data, item).close()
    try:
        presentation: Any = pptx.Presentation(io.BytesIO(data))
        slides = list(presentation.slides)
    except (PythonPptxError, etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error, KeyError, ValueError,
            AttributeError) as error:  # fmt: skip
        raise DocumentError(f"{item.uri}: not a readable presentation ({error})", kind="parse") from error
    writer = DocumentWriter()
    reader = SlideReader(writer, presentation.slide_height or 0)
    for number, slide in enumerate(slides, 1):
        reader.read(slide, number)
    if writer.empty:
        raise DocumentError(f"{item.uri}: there is no text in it: leave it out, or use a copy with text", kind="empty")
    properties = Package(data, item).properties()
    return writer.document(
        item,
        data=data,
        mime=MIME,
        title=reader.title or properties.get("title", ""),
        language=properties.get("language", "")[:2].lower() or None,
        metadata=document_metadata(properties),
    )
