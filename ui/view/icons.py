"""Small pictures of kinds of documents, drawn inline: nothing is loaded."""

from connectors.parsing.formats import CODE_FORMATS, format_of_mime

_SHEET = "M3.5 1.5h6l3 3v10h-9z M9.5 1.5v3h3"
_SHAPES = {
    "text": f"{_SHEET} M5.5 8h5 M5.5 10.5h5",
    "pdf": f"{_SHEET} M5.5 12v-4h1.5a1.2 1.2 0 0 1 0 2.4h-1.5",
    "web": "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z M1.5 8h13 M8 1.5c-4 4-4 9 0 13c4-4 4-9 0-13z",
    "table": "M1.5 3h13v10h-13z M1.5 6.3h13 M1.5 9.6h13 M6 3v10",
    "code": "M5.5 4.5l-4 3.5l4 3.5 M10.5 4.5l4 3.5l-4 3.5",
    "mail": "M1.5 3.5h13v9h-13z M1.5 4l6.5 5l6.5-5",
    "slides": "M1.5 2.5h13v8.5h-13z M8 11v2.5 M5 13.5h6",
    "image": "M1.5 2.5h13v11h-13z M1.5 11l4-4l3 3l2.5-2.5l3.5 3.5 M10.5 5.5h.1",
}
_NAMED = {
    "PDF": "pdf",
    "HTML": "web",
    "CSV": "table",
    "TSV": "table",
    "Excel": "table",
    "Excel 97": "table",
    "E-mail": "mail",
    "Outlook message": "mail",
    "Mailbox": "mail",
    "PowerPoint": "slides",
    "PowerPoint 97": "slides",
    "Image": "image",
}


def icon(mime: str) -> tuple[str, str]:
    """The icon (SVG) and the name of the kind of document; the name is "" where the kind is not known."""
    format = format_of_mime(mime) if mime else None
    shape = "text" if format is None else "code" if format in CODE_FORMATS else _NAMED.get(format.name, "text")
    picture = f'<svg class="rag-icon" viewBox="0 0 16 16" aria-hidden="true"><path d="{_SHAPES[shape]}"/></svg>'
    return picture, format.name if format else ""
