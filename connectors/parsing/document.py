"""Source item + what a parser found = document."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from connectors.parsing.normalise import canonical
from connectors.parsing.spans import Span, merged
from rag.types import Document, Element, SourceItem

MAX_TITLE_CHARS = 200


def build(
    item: SourceItem,
    *,
    data: bytes,
    mime: str,
    text: str,
    elements: Iterable[Element],
    title: str = "",
    markup: Iterable[Span] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Document:
    """The document of an item.

    Args:
        item: where it came from; its metadata wins over `metadata`.
        data: the bytes it was read from.
        mime: of the format that it was read as.
        text: canonical text, see `connectors.parsing.normalise.canonical`.
        elements: in order, disjoint, covering every visible character.
        title: cleaned here; where nothing is left the file name stands in.
        markup: spans of syntax in any order.
        metadata: what the document says of itself.
    """
    return Document(
        id=item.id,
        source=item.source,
        uri=item.uri,
        title=clean_title(title) or file_stem(item),
        mime=item.mime or mime,
        text=text,
        elements=tuple(elements),
        markup=merged(markup),
        metadata={**(metadata or {}), **item.metadata},
        acl=item.acl,
        modified=item.modified,
        size=len(data),
    )


def clean_title(text: str) -> str:
    """One line, at most 200 characters; a longer one ends in an ellipsis at a word."""
    line = " ".join(canonical(text).split())
    if len(line) <= MAX_TITLE_CHARS:
        return line
    cut = line[: MAX_TITLE_CHARS - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut) + "…"


def file_stem(item: SourceItem) -> str:
    """The key's last part without its suffix, the title of what has no better one."""
    return clean_title(PurePosixPath(item.key).stem) or item.key
