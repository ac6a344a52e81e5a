"""One page by its address, as the web connector reads it."""

from dataclasses import dataclass

from connectors.parsing.formats import Format, format_of_mime
from rag.errors import MissingDependencyError, RagError, UploadRefusedError
from rag.types import Skip

PER_SECOND = 20
"""Requests to a host: there are two, robots.txt and the page; a Crawl-delay is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page was when it was read.

    Attributes:
        address: the one that it goes by.
    """

    address: str
    format: Format
    content: bytes


def read_page(url: str, *, max_file_mb: float, allow_private: bool) -> Page:
    """Read a page. robots.txt is kept, and so is a page's wish not to be taken.

    Args:
        max_file_mb: of the page, packed or not.
        allow_private: also connect to addresses that are not public.

    Raises:
        UploadRefusedError: it cannot be had, or is none of the formats that are read.
        MissingDependencyError: the extra `web` is not installed.
    """
    try:
        from connectors.web import WebConnector
    except ImportError as error:
        raise MissingDependencyError(error.name or "httpcore", "web", "taking a page by its address") from error
    address = url.strip()
    if not address.startswith(("http://", "https://")):
        raise UploadRefusedError(f"{address!r:.120}: the address of a page starts with http:// or https://")
    try:
        connector = WebConnector(
            name="page",
            urls=(address,),
            max_file_mb=max_file_mb,
            allow_private=allow_private,
            requests_per_second=PER_SECOND,
        )
    except RagError:
        message = "this is no address of a web page: give http:// or https://, and no password in it"
        raise UploadRefusedError(message) from None
    try:
        found = next(iter(connector.list()), None)
        if found is None or isinstance(found, Skip):
            raise UploadRefusedError(f"{address:.300}: {found.reason if found else 'there is no such page'}")
        format = format_of_mime(found.mime or "")
        if format is None:
            raise UploadRefusedError(f"{address:.300}: no parser for {found.mime or 'what the server sent'}")
        return Page(address=found.uri, format=format, content=connector.fetch(found).as_bytes())
    except UploadRefusedError:
        raise
    except RagError as error:
        raise UploadRefusedError(str(error)) from error
    finally:
        connector.close()
