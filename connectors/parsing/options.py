"""What the `parsing` section of a corpus file decides about how a file is read."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

PdfMode: TypeAlias = Literal["auto", "text", "hi_res"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How files are read.

    Attributes:
        pdf: `auto` reads the text layer, and recognises pages without one where an OCR engine is installed; `text`
            reads the text layer alone; `hi_res` is unstructured's layout model.
        ocr_languages: as the OCR engine names them, for example `("eng", "deu")`.
        max_unpacked_bytes: what the members of one archive may come to, nested ones included.
    """

    pdf: PdfMode = "auto"
    ocr_languages: tuple[str, ...] = ("eng",)
    max_unpacked_bytes: int = 500_000_000
