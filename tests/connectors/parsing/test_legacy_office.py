import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest

from connectors.parsing.legacy_office import parse_doc, parse_ppt
from rag.errors import DocumentError
from rag.types import Document, SourceItem

ITEM = SourceItem(source="s", key="k.doc", uri="/x/k.doc", fingerprint="f")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
PARSERS: list[Callable[[bytes, SourceItem], Document]] = [parse_doc, parse_ppt]

# what LibreOffice's command line promises: the named format beside the document, in the folder after --outdir
PROGRAM = f"""#!{sys.executable}
import pathlib, shutil, sys
arguments = sys.argv[1:]
format, folder = (arguments[arguments.index(name) + 1] for name in ("--convert-to", "--outdir"))
assert "--headless" in arguments and any(a.startswith("-env:UserInstallation=file:///") for a in arguments)
source = pathlib.Path(arguments[-1])
assert source.read_bytes().startswith(bytes.fromhex("d0cf11e0"))
made = pathlib.Path(__file__).with_name("made." + format)
if made.exists():
    shutil.copy(made, pathlib.Path(folder, source.stem + "." + format))
else:
    print("source file could not be loaded", file=sys.stderr)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of LibreOffice's name that copies `made.<format>` from its own folder."""
    path = tmp_path / "soffice"
    path.write_text(PROGRAM)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return path


def test_old_files_are_read_as_what_they_are_converted_to(program: Path) -> None:
    document = docx.Document()
    document.add_heading("Jam", 1)
    document.save(str(program.with_name("made.docx")))
    assert parse_doc(OLE, ITEM).text == "# Jam"

    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[5])
    slide.shapes.title.text = "Lids"
    data = io.BytesIO()
    slides.save(data)
    program.with_name("made.pptx").write_bytes(data.getvalue())
    assert parse_ppt(OLE, ITEM).text == "# Lids"


@pytest.mark.parametrize("parse", PARSERS)
def test_what_the_program_cannot_load_is_malformed(
    program: Path, parse: Callable[[bytes, SourceItem], Document]
) -> None:
    assert program.exists()
    with pytest.raises(DocumentError, match=r"^/x/k\.doc: .*could not be loaded") as raised:
        parse(OLE, ITEM)
    assert raised.value.kind == "parse"


@pytest.mark.parametrize("parse", PARSERS)
def test_without_the_program_the_message_says_how_to_install_it(
    parse: Callable[[bytes, SourceItem], Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DocumentError, match="apt install libreoffice-writer-nogui libreoffice-impress-nogui") as raised:
        parse(OLE, ITEM)
    assert raised.value.kind == "dependency"


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("data", [b"", b"text"])
def test_what_is_no_old_office_file_is_malformed(data: bytes, parse: Callable[[bytes, SourceItem], Document]) -> None:
    with pytest.raises(DocumentError) as raised:
        parse(data, ITEM)
    assert raised.value.kind == "parse"
