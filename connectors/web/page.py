"""What a crawler reads in a page: where it leads and what it asks of robots."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from lxml import etree, html

from connectors.web.urls import host_of, normalised

_MAX_LINKS = 10_000
_DATED = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
"""Rules that have a value behind a colon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Links and wishes of a page.

    Attributes:
        canonical: the address that stands for it, if it names one of its own host.
        links: addresses that it links to and lets robots follow, each once, in order.
        noindex: it asks not to be taken.
    """

    canonical: str | None = None
    links: tuple[str, ...] = ()
    noindex: bool = False


def read_page(body: bytes, url: str, *, charset: str | None, robots_header: str) -> Page:
    """Read a page as the crawler needs it; what is broken is read as far as it goes.

    Args:
        url: where it was found.
        charset: as the server says.
        robots_header: value of `X-Robots-Tag`.
    """
    wishes = wishes_of(robots_header)
    tree = _tree(body, charset)
    if tree is None:
        return Page(noindex=bool(wishes & {"noindex", "none"}))
    for meta in tree.iter("meta"):
        if (meta.get("name") or "").lower() == "robots":
            wishes |= set(re.split(r"[,\s]+", (meta.get("content") or "").lower()))
    base = next((normalised(node.get("href") or "", url) for node in tree.iter("base")), None) or url
    return Page(
        canonical=_canonical(tree, base, url),
        links=() if wishes & {"nofollow", "none"} else tuple(dict.fromkeys(_links(tree, base))),
        noindex=bool(wishes & {"noindex", "none"}),
    )


def wishes_of(robots_header: str) -> set[str]:
    """What `X-Robots-Tag` asks of every robot: of `googlebot: noindex` nothing is asked of others."""
    wishes: set[str] = set()
    others = False
    for rule in robots_header.lower().split(","):
        agent, colon, rest = rule.partition(":")
        if colon and agent.strip() not in _DATED:
            others = agent.strip() not in ("*", "robots")
            rule = rest
        if not others:
            wishes |= set(rule.split())
    return wishes


def charset_of(content_type: str) -> str | None:
    """The charset of a Content-Type header, if it names one that is known."""
    message = Message()
    message["content-type"] = content_type
    try:
        charset = message.get_content_charset()
        return codecs.lookup(charset).name if charset else None
    except (LookupError, ValueError):
        return None


def _tree(body: bytes, charset: str | None) -> html.HtmlElement | None:
    try:
        return html.document_fromstring(body, parser=html.HTMLParser(encoding=charset, huge_tree=True))
    except LookupError:  # a charset that Python knows and libxml2 does not
        try:
            return _tree(body.decode(charset or "utf-8", "replace").encode(), "utf-8")
        except UnicodeError:  # or that is none
            return _tree(body, None)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _canonical(tree: html.HtmlElement, base: str, url: str) -> str | None:
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split():
            found = normalised(link.get("href") or "", base)
            return found if found and host_of(found) == host_of(url) else None
    return None


def _links(tree: html.HtmlElement, base: str) -> Iterator[str]:
    for number, node in enumerate(tree.iter("a", "area")):
        if number >= _MAX_LINKS:
            return
        href = node.get("href")
        if href and "nofollow" not in (node.get("rel") or "").lower().split():
            found = normalised(href, base)
            if found:
                yield found
