"""Formulas of Office documents as one line of text."""

from connectors.parsing.html.dom import Node
from connectors.parsing.ooxml import local

_SKIPPED = frozenset([
    "rPr", "ctrlPr", "fPr", "sSupPr", "sSubPr", "sSubSupPr", "radPr", "dPr", "naryPr", "funcPr", "accPr",
    "barPr", "mPr", "eqArrPr",
])  # fmt: skip


def linear(node: Node) -> str:
    """A formula as people type it: `(a+b)/2`, `x^2`, `a_i`, `sqrt(x)`."""
    name = local(node)
    if name == "t":
        return node.text or ""
    parts = {local(child): linear(child) for child in node if local(child) not in _SKIPPED}
    if name == "f":
        return f"{_group(parts.get('num', ''))}/{_group(parts.get('den', ''))}"
    if name == "rad":
        degree = parts.get("deg", "")
        return f"root({degree}, {parts.get('e', '')})" if degree else f"sqrt({parts.get('e', '')})"
    if name in ("sSup", "sSub", "sSubSup"):
        base, below, above = parts.get("e", ""), parts.get("sub", ""), parts.get("sup", "")
        return base + (f"_{_group(below)}" if below else "") + (f"^{_group(above)}" if above else "")
    if name == "nary":
        sign = next((child.get(key) for child in node.iter("{*}chr") for key in child.attrib), "∫")
        below, above = parts.get("sub", ""), parts.get("sup", "")
        limits = (f"_{_group(below)}" if below else "") + (f"^{_group(above)}" if above else "")
        return f"{sign}{limits} {parts.get('e', '')}"
    texts = [linear(child) for child in node if local(child) not in _SKIPPED]
    if name == "d":
        return f"({', '.join(texts)})"
    return (" " if name in ("mr", "m") else "").join(texts)


def _group(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"
