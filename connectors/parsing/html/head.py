"""What a page says of itself."""

import re
from typing import Any
from urllib.parse import urljoin

from connectors.parsing.html.dom import Node

_PUBLISHED = (
    "article:published_time",
    "datepublished",
    "date",
    "dc.date",
    "dcterms.date",
    "dcterms.created",
    "pubdate",
)


def title_of(root: Node) -> str:
    """`<title>`, else the title for social networks, else the first heading."""
    titles = [root.find(".//head/title"), root.find("body/title")]
    found = next((text for title in titles if title is not None and (text := _text(title))), "")
    heading = root.find(".//h1")
    return found or _meta(root).get("og:title", "") or (_text(heading) if heading is not None else "")


def language_of(root: Node) -> str | None:
    """The language that the page names, as ISO 639-1."""
    meta = _meta(root)
    named = root.get("lang") or root.get("xml:lang") or meta.get("content-language") or meta.get("og:locale") or ""
    code = re.split("[-_,]", named.strip().lower())[0]
    return code if re.fullmatch("[a-z]{2}", code) else None


def metadata_of(root: Node) -> dict[str, Any]:
    """Description, author, date of publication, canonical address, as far as they are there."""
    meta = _meta(root)
    canonical = root.find(".//link[@rel='canonical']")
    found = {
        "description": meta.get("description") or meta.get("og:description"),
        "author": meta.get("author") or meta.get("article:author") or meta.get("dc.creator"),
        "published": next((meta[name] for name in _PUBLISHED if name in meta), None),
        "canonical": canonical.get("href") if canonical is not None else None,
    }
    return {name: " ".join(value.split()) for name, value in found.items() if value and value.strip()}


def base_of(root: Node, base_url: str | None) -> str | None:
    """What relative links are relative to."""
    base = root.find(".//base[@href]")
    if base is None:
        return base_url
    try:
        return str(urljoin(base_url or "", base.get("href").strip())) or base_url
    except ValueError:
        return base_url


def _text(node: Node) -> str:
    return " ".join(node.text_content().split())


def _meta(root: Node) -> dict[str, str]:
    """By name in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = meta.get("name") or meta.get("property") or meta.get("itemprop") or meta.get("http-equiv")
        if name and (content := meta.get("content")):
            found.setdefault(name.strip().lower(), content)
    return found
