"""What a crawl remembers for the next one. Without it every page is asked for anew, and all must answer."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE = "pages.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page as it was when it was last read.

    Attributes:
        url: the address that was asked for.
        final: where its redirects led.
        key: the address that it goes by: its canonical one, else where permanent redirects led.
        sha256: of its body; "" where it could never be read.
        links: addresses that it links to.
        skip: why it is not taken; "" where it is.
    """

    url: str
    final: str
    key: str
    sha256: str = ""
    mime: str | None = None
    size: int | None = None
    modified: str | None = None
    etag: str = ""
    last_modified: str = ""
    links: tuple[str, ...] = ()
    skip: str = ""

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that let the server answer that nothing changed."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        # what a server sent may be no header that can be sent back
        sendable = {name: value for name, value in headers.items() if value.isascii() and value.isprintable()}
        return {name: value for name, value in sendable.items() if value and self.sha256}


def load(folder: Path | None) -> dict[str, Seen]:
    """The pages of the last crawl by their addresses; none where there is no such file, or it is damaged."""
    pages: dict[str, Seen] = {}
    with suppress(OSError, ValueError, TypeError, LookupError):
        lines = (folder / _FILE).read_text(encoding="utf-8").splitlines() if folder else []
        for line in lines:
            fields = json.loads(line)
            page = Seen(**{**fields, "links": tuple(fields["links"])})
            pages[page.url] = page
    return pages


def save(folder: Path | None, pages: Iterable[Seen]) -> None:
    """Replace what is remembered; does nothing without a folder or where it cannot be written."""
    if not folder:
        return
    with suppress(OSError):  # the next crawl is slower, no more
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{_FILE}.part"
        part.write_text("".join(f"{json.dumps(asdict(page))}\n" for page in pages), encoding="utf-8")
        part.replace(folder / _FILE)
