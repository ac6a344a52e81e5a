"""Formulas of Office documents as one line of text."""

import unicodedata
from collections.abc import Mapping

from connectors.parsing.html.dom import Node
from connectors.parsing.ooxml import local

_BETWEEN = {"eqArr": "; ", "m": "; ", "oMathPara": "; "}
"""What parts the rows of an equation array or a matrix, and formulas on lines of their own."""
_BARS = {"top": "\u0305", "bot": "\u0332"}


def linear(node: Node) -> str:
    """A formula as people type it: `(a+b)/2`, `x^2`, `a_i`, `sqrt(x)`, `lim_(n→∞) a`, `[0,1]`."""
    name = local(node)
    if name == "t":
        return node.text or ""
    # once each: a second look at every level takes time that doubles with the depth
    children = [(local(child), linear(child)) for child in node if _is_content(child)]
    parts, texts = dict(children), [text for _, text in children]
    base, scripts = parts.get("e", ""), _scripts(parts)
    if name == "f":
        return f"{_group(parts.get('num', ''))}/{_group(parts.get('den', ''))}"
    if name == "rad":
        degree = parts.get("deg", "")
        return f"root({degree}, {base})" if degree else f"sqrt({base})"
    if name in ("sSup", "sSub", "sSubSup"):
        return base + scripts
    if name == "nary":
        return f"{_property(node, 'chr', '∫')}{scripts} {base}"
    if name == "sPre":
        return f"{scripts} {base}"
    if name in ("limLow", "limUpp"):
        return f"{base}{'_' if name == 'limLow' else '^'}{_group(parts.get('lim', ''))}"
    if name == "func":
        return f"{parts.get('fName', '')} {base}".strip()
    if name == "acc":
        return _marked(base, _property(node, "chr", "\u0302"))
    if name == "bar":
        return _marked(base, _BARS.get(_property(node, "pos", "bot"), ""))
    if name == "d":
        return _bracketed(node, texts)
    if name == "mr":
        return " ".join(texts)
    return _BETWEEN.get(name, "").join(filter(None, texts))


def _is_content(node: Node) -> bool:
    """No properties, whose names all end in the same way, and no comment."""
    name = local(node)
    return bool(name) and not name.endswith("Pr")


def _property(node: Node, name: str, default: str) -> str:
    """What a node's own properties say, not those of the formulas in it."""
    found = node.find(f"{{*}}{local(node)}Pr/{{*}}{name}")
    return default if found is None else next(iter(found.attrib.values()), "")


def _scripts(parts: Mapping[str, str]) -> str:
    below, above = parts.get("sub", ""), parts.get("sup", "")
    return (f"_{_group(below)}" if below else "") + (f"^{_group(above)}" if above else "")


def _bracketed(node: Node, texts: list[str]) -> str:
    """An empty sign is none, as on the right of a case distinction."""
    separator = _property(node, "sepChr", "|")
    inner = (f"{separator} " if separator in (",", ";") else separator).join(texts)
    return f"{_property(node, 'begChr', '(')}{inner}{_property(node, 'endChr', ')')}"


def _marked(base: str, sign: str) -> str:
    """With a combining sign; others would read as an operator."""
    return _group(base) + sign if base and sign and unicodedata.category(sign[0]) == "Mn" else base


def _group(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"
