"""Every format: what is read of each file, and how close it comes to references."""

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.similarity import cells_f1, headings_f1, normalise, similarity
from connectors.parsing import FormatParser
from connectors.parsing.formats import format_of_name
from rag.errors import DocumentError, MissingDependencyError
from rag.types import Document, Parsed, SourceItem

FOLDER = "files"
REFERENCES = "files/docling"
ARTICLE = "wiki_duck.html"
SLIDES = "powerpoint_sample.pptx"
FIRST_WORDS, END = "**Duck** is the common name", "## External links"
"""Where the article itself begins and ends in its reference; around it is the site's navigation."""
PARAGRAPH_CHARS = 80
_NO_PARAGRAPH = re.compile(r"\s*(?:[#|]|[-*+] |\d+\. |<!--)")
_LINK_TARGET = re.compile(r"(?<=\])\((?:[^()\s]|\([^()]*\))*\)")
_WORDS = re.compile(r"\w+")


def run(data: Path) -> int:
    """Print what is read of each file, then the comparisons; 1 where the data are not there."""
    paths = [*sorted(_files(data / FOLDER)), *sorted(_files(data / REFERENCES))]
    if not paths:
        print(f"{FOLDER} is not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    read: dict[Path, Document] = {}
    failures = 0
    for path in paths:
        start = time.perf_counter()
        try:
            parsed = FormatParser().read(path.read_bytes(), None, _item(path))
        except (DocumentError, MissingDependencyError) as error:
            failures += 1
            result = f"{getattr(error, 'kind', 'dependency')}: {_reason(str(error))}"
        else:
            result = _summary(parsed)
            if parsed.documents:
                read[path] = parsed.documents[0]
        format = format_of_name(path.name)
        seconds = time.perf_counter() - start
        print(f"{path.name:44.44} {format.name if format else '-':17.17} {1000 * seconds:7.0f} ms  {result}")
    print(f"\n{len(paths)} files, {failures} of them cannot be read\n")
    _compare(read)
    return 0


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (p for p in folder.iterdir() if p.is_file() and ".reference." not in p.name)


def _item(path: Path) -> SourceItem:
    return SourceItem(source="benchmark", key=path.name, uri=path.name, fingerprint="")


def _reason(message: str) -> str:
    return message.partition(": ")[2] or message


def _summary(parsed: Parsed) -> str:
    kinds = Counter(element.kind for document in parsed.documents for element in document.elements)
    shown = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    parts = [
        f"{len(parsed.documents)} documents" if len(parsed.documents) != 1 else "",
        f"{sum(len(document.text) for document in parsed.documents):,} characters",
        shown or "no elements",
        *(f"unread {part.id.rpartition('!/')[2]} ({part.kind})" for part in parsed.failed),
        *(f"skipped {skip.uri.rpartition('!/')[2]} ({skip.reason})" for skip in parsed.skipped),
    ]
    return "; ".join(part for part in parts if part)


def _compare(read: dict[Path, Document]) -> None:
    print("against references in Markdown: text similarity, F1 of headings, F1 of table cells\n")
    for path, document in read.items():
        reference = next((r for r in _references(path) if r.is_file()), None)
        if reference is None:
            continue
        text = reference.read_text(encoding="utf-8")
        scores = similarity(document.text, text), headings_f1(document, text), cells_f1(document, text)
        print(f"{path.name:44.44} " + "  ".join(f"{score:.3f}" for score in scores))
        if path.name == ARTICLE:
            _article(document, text)
        if path.name == SLIDES:
            _slides(document, text)


def _references(path: Path) -> Iterator[Path]:
    for name in (path.name, path.stem):
        yield path.with_name(f"{name}.reference.md")


def _article(document: Document, reference: str) -> None:
    """How many of the article's own paragraphs are there, word for word, and how much else is.

    Its own are those between its first words and its external links that are longer than 80 characters and neither
    headings, list items, table rows nor comments.
    """
    article = reference[reference.index(FIRST_WORDS) : reference.index(END)]
    blocks = [block for block in re.split(r"\n\s*\n", article) if not _NO_PARAGRAPH.match(block)]
    own = [words for block in blocks if len(normalise(block)) > PARAGRAPH_CHARS and (words := _words(block))]
    text = _words(document.plain(0, len(document.text)))
    found = sum(words in text for words in own)
    print(f"    the article's own paragraphs: {found} of {len(own)}; text {len(text):,} characters, ", end="")
    print(f"with navigation {len(_words(reference)):,}")


def _slides(document: Document, reference: str) -> None:
    """The same without the speaker's notes, which the reference leaves out: from `Notes:` to the slide's end."""
    kept, noted = [], None
    for element in document.elements:
        text = document.text[element.start : element.end]
        noted = element.page if text.startswith("Notes:") else noted
        kept += [text] if element.page != noted else []
    print(f"    without the speaker's notes: {similarity(chr(10).join(kept), reference):.3f}")


def _words(text: str) -> str:
    """Letters and digits alone, without link targets: readers differ in the spaces around links and notes."""
    return "".join(_WORDS.findall(normalise(_LINK_TARGET.sub("", text))))
