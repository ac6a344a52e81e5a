"""Formulas in MathML on one line: a fraction's parts, and what stands above or below, must not run together."""

from connectors.parsing.html.dom import Node

_DEEPEST = 60
"""Elements in one another; what is deeper is read without its arrangement."""
_HIDDEN = ("annotation", "annotation-xml", "mphantom")


def linear(node: Node, depth: int = 0) -> str:
    """A formula as one would type it: `(a+b)/2`, `10^5`, `x_1`, `sqrt(x+1)`."""
    if depth > _DEEPEST:
        return "".join("".join(node.itertext()).split())
    if node.tag in _HIDDEN:
        return ""
    parts = [linear(child, depth + 1) for child in node if isinstance(child.tag, str)]
    if not parts:
        return " ".join("".join(node.itertext()).split())
    match node.tag, parts:
        case "mfrac", [above, below]:
            return f"{_grouped(above)}/{_grouped(below)}"
        case (("msup" | "mover"), [base, above]):
            return f"{_grouped(base)}^{_grouped(above)}"
        case (("msub" | "munder"), [base, below]):
            return f"{_grouped(base)}_{_grouped(below)}"
        case (("msubsup" | "munderover"), [base, below, above]):
            return f"{_grouped(base)}_{_grouped(below)}^{_grouped(above)}"
        case "msqrt", _:
            return f"sqrt({''.join(parts)})"
        case "mroot", [base, degree]:
            return f"root({degree}, {base})"
        case "mfenced", _:
            between = (str(node.get("separators", ",")).strip() or ",")[0]
            return f"{node.get('open', '(')}{between.join(parts)}{node.get('close', ')')}"
        case "mtr", _:
            return ", ".join(parts)
        case "mtable", _:
            return "; ".join(parts)
        case (("semantics" | "maction"), _):
            return parts[0]
    return "".join(parts)


def _grouped(part: str) -> str:
    return part if len(part) < 2 or part.replace(".", "").isalnum() or _closed(part) else f"({part})"


def _closed(part: str) -> bool:
    """One pair of brackets is around all of it."""
    if not (part.startswith("(") and part.endswith(")")):
        return False
    depth = 0
    for at, sign in enumerate(part):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            return at == len(part) - 1
    return False
