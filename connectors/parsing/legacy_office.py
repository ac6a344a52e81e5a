"""Word and PowerPoint files from before 2007, through LibreOffice."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from connectors.parsing import docx, pptx
from rag.errors import DocumentError
from rag.types import Document, SourceItem

PROGRAM = "soffice"
_INSTALL = "apt install libreoffice-writer-nogui libreoffice-impress-nogui (macOS: brew install libreoffice)"
_TIMEOUT_S = 100
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def parse_doc(data: bytes, item: SourceItem) -> Document:
    """A Word 97 document; see `connectors.parsing.docx`.

    Raises:
        DocumentError: LibreOffice is missing (`dependency`) or cannot read it (`parse`), or no text (`empty`).
    """
    return docx.parse(_converted(data, item, "doc", "docx"), item)


def parse_ppt(data: bytes, item: SourceItem) -> Document:
    """A PowerPoint 97 presentation; see `connectors.parsing.pptx`.

    Raises:
        DocumentError: LibreOffice is missing (`dependency`) or cannot read it (`parse`), or no text (`empty`).
    """
    return pptx.parse(_converted(data, item, "ppt", "pptx"), item)


def _converted(data: bytes, item: SourceItem, old: str, new: str) -> bytes:
    if not data.startswith(_OLE):
        raise DocumentError(f"{item.uri}: malformed, no .{old} file", kind="parse")
    program = shutil.which(PROGRAM)
    if program is None:
        raise DocumentError(
            f"{item.uri}: .{old} files are converted by LibreOffice, which is not installed: {_INSTALL}; or save it as "
            f".{new}",
            kind="dependency",
        )
    with tempfile.TemporaryDirectory(prefix="rag-office-") as folder:
        source = Path(folder, f"document.{old}")
        source.write_bytes(data)
        # a profile of its own: no macros that somebody allowed, no lock of a running LibreOffice
        command = [program, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore"]
        command += ["--convert-to", new, "--outdir", folder, str(source)]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=_TIMEOUT_S, check=False, env={**os.environ, "HOME": folder}
            )
        except subprocess.TimeoutExpired as error:
            raise DocumentError(f"{item.uri}: LibreOffice takes more than {_TIMEOUT_S} s", kind="timeout") from error
        made = source.with_suffix(f".{new}")
        if not made.exists():
            reason = " ".join(done.stderr.decode("utf-8", "replace").split())[-200:]
            raise DocumentError(f"{item.uri}: LibreOffice cannot read it ({reason or done.returncode})", kind="parse")
        return made.read_bytes()
