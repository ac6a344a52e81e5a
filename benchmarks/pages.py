"""Figures of the quarterly reports: are they found, and does the hit carry the right page?"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.questions import print_found
from rag import Rag

FOLDER = "sec10q/pdf"
TOP_K = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """A question, and the report and pages (from 1, by the page's own text layer) where its figure stands."""

    question: str
    report: str
    figure: str
    pages: tuple[int, ...]


FIGURES = (
    Figure("Apple Q3 2023 services net sales", "2023 Q3 AAPL", "21,213", (4, 10, 19)),
    Figure("How much commercial paper did Apple have outstanding in Q1 2023?", "2023 Q1 AAPL", "1.7 billion", (14, 22)),
    Figure("Apple Q3 2022 total net sales", "2022 Q3 AAPL", "82,959", (4, 10, 18, 19)),
    Figure("Microsoft Q3 2022 total revenue", "2022 Q3 MSFT", "50,122", (3, 27, 28, 34, 35)),
    Figure("NVIDIA Q3 2023 data center revenue", "2023 Q3 NVDA", "14,514", (24,)),
    Figure("NVIDIA Q1 2023 net carrying amount of long-term debt", "2023 Q1 NVDA", "10,954", (18, 30)),
    Figure("Intel Q1 2023 research and development expenses", "2023 Q1 INTC", "4,109", (6, 30)),
    Figure("Amazon Q3 2023 online stores net sales", "2023 Q3 AMZN", "57,267", (20,)),
    Figure("Amazon Q3 2023 third-party seller services", "2023 Q3 AMZN", "34,342", (20,)),
    Figure("Amazon Q1 2023 unsecured 364-day term loan", "2023 Q1 AMZN", "8.0 billion", (12, 15, 24)),
)


def run(data: Path) -> int:
    """Print a line a figure; 1 where a hit with the figure carries a page on which it does not stand."""
    if not (data / FOLDER).is_dir():
        print(f"{FOLDER} is not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    found_everywhere = found_within = wrong = 0
    with tempfile.TemporaryDirectory() as index:
        overrides = [f"store.path={index}/index", f"retrieval.top_k={TOP_K}"]
        with Rag.open(data / FOLDER, overrides=overrides) as corpus:
            report = corpus.ingest()
            print(f"{report.new} reports, {report.chunks_written} chunks, {len(report.failed)} failed\n")
            for figure in FIGURES:
                everywhere = _pages(corpus, figure, {})
                within = _pages(corpus, figure, {"path": f"{figure.report}.pdf"})
                found_everywhere += bool(everywhere)
                found_within += bool(within)
                wrong += sum(page not in figure.pages for _, page in [*everywhere, *within])
                print(f"{figure.report}  {figure.figure:>11}  stands on {figure.pages}")
                print(f"    in all reports: {_shown(everywhere)}")
                print(f"    in this report: {_shown(within)}")
            print(f"\nfound in the first {TOP_K} hits: {found_everywhere} of {len(FIGURES)} in all reports, ", end="")
            print(f"{found_within} within the report; {wrong} hits on a wrong page")
            wrong += print_found(corpus, data, TOP_K)
    return 1 if wrong else 0


def _pages(corpus: Rag, figure: Figure, where: dict[str, str]) -> list[tuple[int, int | None]]:
    """Rank and page of each hit of the report that holds the figure."""
    hits = corpus.search(figure.question, where=where)
    return [(h.rank, h.page) for h in hits if h.uri.endswith(f"{figure.report}.pdf") and figure.figure in h.text]


def _shown(pages: list[tuple[int, int | None]]) -> str:
    return ", ".join(f"rank {rank} on page {page}" for rank, page in pages) or f"not in the first {TOP_K}"
