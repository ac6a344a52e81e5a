"""PDFs made by hand."""

from collections.abc import Callable, Sequence

import pytest


def pdf(pages: Sequence[Sequence[tuple[int, int, str]]], *, title: str = "", page: str = "", extra: str = "") -> bytes:
    """A list of (x, y, text) a page in 12 point Helvetica, y from the bottom of 612 x 792 points.

    Args:
        page: further entries of every page's dictionary.
        extra: further entries of the trailer.
    """
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title <FEFF%s> >>" % title.encode("utf-16-be").hex().encode(),
    ]
    for number, lines in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {page} /Contents {6 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        shown = [f"BT /F1 12 Tf {x} {y} Td ({text}) Tj ET".encode("cp1252") for x, y, text in lines]
        stream = b"\n".join(shown)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    tail = f"trailer << /Size {size} /Root 1 0 R /Info 4 0 R {extra} >>\nstartxref\n{len(out)}\n%%EOF\n".encode()
    return bytes(out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + tail)


@pytest.fixture(scope="session")
def make_pdf() -> Callable[..., bytes]:
    """See `pdf`."""
    return pdf
