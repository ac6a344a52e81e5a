"""Questions on the quarterly reports: do the hits name pages on which the figures of the reference answers stand?"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pypdfium2

from rag import Rag
from rag.results import Hit

QUESTIONS = "sec10q/questions.csv"
_NUMBER = re.compile(r"(?<![\w.,-])\$?\s?(\d{1,3}(?:,\d{3})+|\d+\.\d+|\d{3,})(?![\d,]*\d)\s*(billion|million|%)?")
_REPORT = re.compile(r"20\d\d Q\d [A-Z]+")
_FEWEST_DIGITS = 3
_YEAR = re.compile(r"(?:19|20)\d\d")
_SOURCES = re.compile(r"SOURCE[^\n]*")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the reports that answer it, and its answer's figures in each way that a report may write them."""

    text: str
    reports: tuple[str, ...]
    kind: str
    figures: tuple[frozenset[str], ...]


def print_found(corpus: Rag, data: Path, top_k: int) -> int:
    """Ask every question and print a table; returns how many hits hold a figure that their page does not."""
    questions = [*_questions(data / QUESTIONS)]
    asked, any_found, all_found = Counter[str](), Counter[str](), Counter[str]()
    figures, found_figures = Counter[str](), Counter[str]()
    wrong = 0
    for question in questions:
        if not question.figures:
            continue
        hits = [hit for hit in corpus.search(question.text, top_k=top_k) if _is_one_of(hit, question.reports)]
        pages = {(hit.uri, page) for hit in hits for page in _pages(hit)}
        shown = [_page(uri, page) for uri, page in pages]
        found = [any(_stands(way, text) for way in figure for text in shown) for figure in question.figures]
        wrong += sum(_is_wrong(hit, question.figures) for hit in hits)
        for kind in (question.kind, "all"):
            asked[kind] += 1
            any_found[kind] += any(found)
            all_found[kind] += all(found)
            figures[kind] += len(found)
            found_figures[kind] += sum(found)
    print(f"\n{len(questions)} questions, {asked['all']} of them with figures in their answer; first {top_k} hits:\n")
    print(f"{'answer from':12} questions  a figure on a hit's page  all figures  figures found")
    for kind in (*sorted(set(asked) - {"all"}), "all"):
        share = f"{found_figures[kind]} of {figures[kind]}"
        print(f"{kind:12} {asked[kind]:9}  {any_found[kind]:24}  {all_found[kind]:11}  {share:>13}")
    print(f"hits with a figure that does not stand on the page they name: {wrong}")
    return wrong


@dataclass(frozen=True, slots=True)
class Found:
    """What hits of questions about several look-alike reports hold.

    Attributes:
        reports: of each question that names its sources, the share of them among the hits' documents.
        figures: of each question with figures in its answer (three digits and more, years included), whether one stands
            on a page of a source report that a hit names.
    """

    reports: tuple[float, ...]
    figures: tuple[bool, ...]


def reports_found(search: Callable[[str], Iterable[Hit]], data: Path) -> Found:
    """Ask every question."""
    shares, figures = [], []
    with (data / QUESTIONS).open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    for row in rows:
        sources = set(_REPORT.findall(row["Answer"]))
        wanted = _digits(_REPORT.sub("", _SOURCES.sub("", row["Answer"])))
        hits = list(search(row["Question"]))
        if sources:
            shares.append(len(sources & {Path(hit.uri).stem for hit in hits}) / len(sources))
        if wanted:
            pages = {(hit.uri, page) for hit in hits if Path(hit.uri).stem in sources for page in _pages(hit)}
            figures.append(any(wanted & _digits(_page(uri, page)) for uri, page in pages))
    return Found(reports=tuple(shares), figures=tuple(figures))


def _digits(text: str) -> set[str]:
    numbers = (number.strip(",.") for number in re.findall(r"\d[\d,.]*\d", text))
    return {number for number in numbers if len(re.sub(r"\D", "", number)) >= _FEWEST_DIGITS}


def _questions(path: Path) -> Iterator[Question]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            answer = _SOURCES.sub("", row["Answer"])
            yield Question(
                text=row["Question"],
                reports=tuple(part.strip() for part in row["Source Docs"].split(",")),
                kind=row["Source Chunk Type"].lower(),
                figures=tuple(dict.fromkeys(_figures(answer))),
            )


def _figures(answer: str) -> Iterator[frozenset[str]]:
    for match in _NUMBER.finditer(answer):
        number, unit = match.groups()
        if _YEAR.fullmatch(number):
            continue
        ways = {number}
        if unit == "billion":  # the tables are in millions
            ways.add(f"{round(float(number.replace(',', '')) * 1000):,}")
        yield frozenset(ways)


def _is_one_of(hit: Hit, reports: Iterable[str]) -> bool:
    return any(fnmatch(Path(hit.uri).stem, report) for report in reports)


def _is_wrong(hit: Hit, figures: Iterable[frozenset[str]]) -> bool:
    held = {way for figure in figures for way in figure if _stands(way, hit.text)}
    return bool(held) and not any(_stands(way, _page(hit.uri, page)) for way in held for page in _pages(hit))


def _pages(hit: Hit) -> set[int]:
    """All that the hit names: where it begins, and where its lines are."""
    return {page for page in (hit.page, *(line.page for line in hit.lines)) if page is not None}


def _stands(figure: str, text: str) -> bool:
    return re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d]|[.,]\d)", text) is not None


@cache
def _page(uri: str, number: int) -> str:
    """A page's own text layer, not through our reader."""
    pdf = pypdfium2.PdfDocument(uri)
    try:
        return str(pdf[number - 1].get_textpage().get_text_range())
    finally:
        pdf.close()
