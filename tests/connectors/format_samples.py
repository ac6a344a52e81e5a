"""A small file of every format that can be written here, each holding the word `Marmalade`."""

import io
import zipfile
from collections.abc import Callable

WORD = "Marmalade"
CODE = {
    ".go": "package a\n\nfunc Marmalade() int { return 1 }\n",
    ".java": "class Marmalade { int f() { return 1; } }\n",
    ".rs": 'fn marmalade() { let s = "Marmalade"; }\n',
    ".c": "int Marmalade(void) { return 0; }\n",
    ".cpp": "class Marmalade { int f() { return 1; } };\n",
    ".cs": "class Marmalade { int F() { return 1; } }\n",
    ".rb": "class Marmalade\nend\n",
    ".php": "<?php function Marmalade() { return 1; }\n",
    ".sh": "Marmalade() { echo 1; }\n",
}


def _zip(members: dict[str, str | bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return data.getvalue()


def _epub() -> bytes:
    container = "<container><rootfiles><rootfile full-path='o/p.opf'/></rootfiles></container>"
    package = (
        "<package xmlns:dc='http://purl.org/dc/elements/1.1/'><metadata><dc:title>Jam</dc:title>"
        "<dc:creator>P. B.</dc:creator><dc:language>en-GB</dc:language></metadata><manifest>"
        "<item id='b' href='b.xhtml' media-type='application/xhtml+xml'/>"
        "<item id='a' href='a%20a.xhtml' media-type='application/xhtml+xml'/>"
        "<item id='n' href='n.xhtml' media-type='application/xhtml+xml' properties='nav'/></manifest>"
        "<spine><itemref idref='n'/><itemref idref='a'/><itemref idref='b'/></spine></package>"
    )
    chapters = {"o/a a.xhtml": "<h1>One</h1><p>Marmalade</p>", "o/b.xhtml": "<h1>Two</h1>", "o/n.xhtml": "Contents"}
    return _zip(
        {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "o/p.opf": package, **chapters}
    )


def _docx() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("Jam", 1)
    document.add_paragraph(WORD)
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def _pptx() -> bytes:
    import pptx

    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Jam"
    slide.placeholders[1].text = WORD
    data = io.BytesIO()
    presentation.save(data)
    return data.getvalue()


def _xlsx() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Spread", "Jars"])
    book.active.append([WORD, 3])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _odt() -> bytes:
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    content = (
        f"<office:document-content xmlns:office='{office}' xmlns:text='{text}'><office:body><office:text>"
        f"<text:h text:outline-level='1'>Jam</text:h><text:p>{WORD}</text:p>"
        "</office:text></office:body></office:document-content>"
    )
    return _zip({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def _png() -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("L", (700, 160), 255)
    ImageDraw.Draw(image).text((40, 40), WORD, fill=0, font_size=72)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


SAMPLES: dict[str, Callable[[], bytes]] = {
    ".md": lambda: f"# Jam\n\n{WORD}".encode(),
    ".txt": WORD.encode,
    ".log": WORD.encode,
    ".html": lambda: f"<p>{WORD}".encode(),
    ".rst": lambda: f"Jam\n===\n\n{WORD}\n".encode(),
    ".org": lambda: f"* Jam\n{WORD}\n".encode(),
    ".epub": _epub,
    ".docx": _docx,
    ".pptx": _pptx,
    ".xlsx": _xlsx,
    ".odt": _odt,
    ".rtf": lambda: rb"{\rtf1\ansi Jam \b " + WORD.encode() + rb"\b0}",
    ".eml": lambda: f"Subject: Jam\n\n{WORD}\n".encode(),
    ".mbox": lambda: f"From a@b\nMessage-ID: <1@x>\nSubject: Jam\n\n{WORD}\n".encode(),
    ".csv": lambda: f"spread,jars\n{WORD},3\n".encode(),
    ".tsv": lambda: f"spread\tjars\n{WORD}\t3\n".encode(),
    ".json": lambda: f'{{"spread": "{WORD}", "jars": 3}}'.encode(),
    ".ndjson": lambda: f'{{"spread": "{WORD}"}}\n{{"spread": "Honey"}}\n'.encode(),
    ".xml": lambda: f"<jars><spread>{WORD}</spread></jars>".encode(),
    ".zip": lambda: _zip({"a.md": WORD}),
    ".png": _png,
    ".py": lambda: f"class {WORD}:\n    pass\n".encode(),
    ".js": lambda: f"function {WORD}() {{ return 1 }}\n".encode(),
    ".ts": lambda: f"interface {WORD} {{ a: string }}\n".encode(),
    ".kt": lambda: f"class {WORD} {{ }}\n".encode(),
    ".swift": lambda: f"class {WORD} {{ }}\n".encode(),
    ".scala": lambda: f"object {WORD} {{ }}\n".encode(),
    ".lua": lambda: f"function {WORD}() return 1 end\n".encode(),
    **{suffix: text.encode for suffix, text in CODE.items()},
}
UNWRITABLE = {".xls", ".doc", ".ppt", ".msg", ".pdf"}
"""Formats that nothing here writes; those of PDF are made in its own tests."""
