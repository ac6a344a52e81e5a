"""Sitemaps and sitemap indexes (sitemaps.org), also gzipped."""

import io
import zlib
from collections.abc import Iterator

from lxml import etree

from connectors.web.errors import Unreachable
from connectors.web.fetching import Fetcher
from connectors.web.urls import normalised

MAX_BYTES = 52_428_800
"""The protocol's own limit for a sitemap, unpacked."""
_MAX_SITEMAPS = 1000


def sitemap_urls(url: str, fetcher: Fetcher) -> Iterator[str]:
    """Addresses of the pages that a sitemap, or the sitemaps of an index, name, in order.

    Raises:
        PageError: one of them cannot be read; the message names it.
    """
    waiting, seen = [url], {url}
    while waiting:
        at = waiting.pop()
        if len(seen) > _MAX_SITEMAPS:
            raise Unreachable(f"more than {_MAX_SITEMAPS} sitemaps")
        answer = fetcher.get(at, max_bytes=MAX_BYTES)
        if answer.status != 200:
            raise Unreachable(f"sitemap {at}: the server answers {answer.status}")
        inner = []
        for is_sitemap, found in _entries(at, _unpacked(at, answer.body or b"")):
            target = normalised(found, at)
            if target and is_sitemap and target not in seen:
                seen.add(target)
                inner.append(target)
            elif target and not is_sitemap:
                yield target
        waiting += reversed(inner)


def _unpacked(url: str, body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        data = zlib.decompressobj(wbits=31).decompress(body, MAX_BYTES + 1)
    except zlib.error as error:
        raise Unreachable(f"sitemap {url}: no gzip data ({error})") from error
    if len(data) > MAX_BYTES:
        raise Unreachable(f"sitemap {url}: more than {MAX_BYTES / 1e6:.0f} MB unpacked")
    return data


def _entries(url: str, data: bytes) -> Iterator[tuple[bool, str]]:
    """Every `loc` and whether it is that of a sitemap."""
    try:
        # entities stay what they are and nothing is loaded: a sitemap is hostile input
        events = etree.iterparse(io.BytesIO(data), resolve_entities=False, no_network=True, load_dtd=False)
        for _, node in events:
            kind = etree.QName(node).localname if isinstance(node.tag, str) else ""
            if kind in ("url", "sitemap"):
                loc = node.findtext("{*}loc")
                if loc:
                    yield kind == "sitemap", loc
                node.clear()
        if etree.QName(events.root).localname not in ("urlset", "sitemapindex"):
            raise Unreachable(f"{url} is no sitemap: its root is <{etree.QName(events.root).localname}>")
    except etree.XMLSyntaxError as error:
        raise Unreachable(f"sitemap {url}: not well-formed XML ({error})") from error
