"""PDF: pages per second beside other readers, and how close text, headings and tables come to references."""

import gc
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import mean

import pypdfium2

from benchmarks.similarity import cells_f1, headings_f1, similarity
from connectors.parsing.options import Options
from connectors.parsing.pdf import parse
from connectors.parsing.unstructured_offline import take_offline
from rag.types import SourceItem

REPORTS = "sec10q/pdf"
REFERENCES = "files/docling"

OURS = "situated-rag"

Reader = Callable[[bytes], object]


def run(data: Path) -> int:
    """Print both tables; 1 where the data are not there."""
    reports, references = sorted((data / REPORTS).glob("*.pdf")), sorted((data / REFERENCES).glob("*.pdf"))
    if not reports or not references:
        print(f"{REPORTS} or {REFERENCES} is not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    _speed(reports)
    _quality(references)
    return 0


def _speed(paths: list[Path]) -> None:
    """All readers take each file in turn, in this process, so that a busy machine is busy for all of them."""
    readers = _readers()
    seconds, pages = dict.fromkeys(readers, 0.0), dict.fromkeys(readers, 0)
    for path in paths:
        data = path.read_bytes()
        with pypdfium2.PdfDocument(data) as pdf:
            count = len(pdf)
        for name, reader in readers.items():
            # what one reader leaves behind must not be swept up in another's time
            gc.collect()
            start = time.perf_counter()
            try:
                reader(data)
            # what other readers raise is their own
            except Exception as error:
                print(f"{name} does not read {path.name}: {type(error).__name__}: {error}")
            else:
                seconds[name] += time.perf_counter() - start
                pages[name] += count
    print(f"{len(paths)} reports in turns, one process\n")
    rates = {name: pages[name] / seconds[name] for name in readers if pages[name]}
    for name, rate in sorted(rates.items(), key=lambda pair: -pair[1]):
        print(f"{name:24} {rate:7.1f} pages/s   {rate / rates[OURS]:6.3f} of {OURS}   {pages[name]} pages")


def _readers() -> dict[str, Reader]:
    """By name; those whose package is not installed are left out, and said so."""
    readers: dict[str, Reader] = {
        OURS: lambda data: parse(data, _item("report.pdf"), Options(pdf="text")),
        "pypdfium2 (bare text)": _pypdfium2,
    }
    for name, package, reader in (
        ("pypdf", "pypdf", _pypdf),
        ("pdfminer.six", "pdfminer", _pdfminer),
        ("unstructured fast", "unstructured_inference", _unstructured),
    ):
        try:
            __import__(package)
        except ImportError:
            print(f"{name}: not measured, {package} is not installed")
        else:
            readers[name] = reader
    return readers


def _pypdfium2(data: bytes) -> object:
    with pypdfium2.PdfDocument(data) as pdf:
        return [page.get_textpage().get_text_range() for page in pdf]


def _pypdf(data: bytes) -> object:
    from pypdf import PdfReader

    return [page.extract_text() for page in PdfReader(BytesIO(data)).pages]


def _pdfminer(data: bytes) -> object:
    from pdfminer.high_level import extract_text

    return extract_text(BytesIO(data))


def _unstructured(data: bytes) -> object:
    take_offline()
    from unstructured.partition.pdf import partition_pdf

    return partition_pdf(file=BytesIO(data), strategy="fast")


def _quality(paths: list[Path]) -> None:
    print("\nagainst references in Markdown: text similarity, F1 of headings, F1 of table cells\n")
    scores = []
    for path in paths:
        reference = path.with_name(f"{path.stem}.reference.md").read_text(encoding="utf-8")
        document = parse(path.read_bytes(), _item(path.name))
        scores.append(
            (similarity(document.text, reference), headings_f1(document, reference), cells_f1(document, reference))
        )
        print(f"{path.name:32} " + "  ".join(f"{score:.3f}" for score in scores[-1]))
    print(f"{'mean':32} " + "  ".join(f"{mean(column):.3f}" for column in zip(*scores, strict=True)))


def _item(name: str) -> SourceItem:
    return SourceItem(source="benchmark", key=name, uri=name, fingerprint="")
