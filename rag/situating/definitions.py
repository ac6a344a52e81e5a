"""What a piece of source code defines: to code, these names are what headings are to prose."""

import re

MOST = 8
"""Names of a chunk that count; more are a list, not its subject."""

_DEFINITION = re.compile(
    r"""
    ^[ \t]*
    (?:(?:pub(?:\([^)\n]*\))?|export|default|async|static|unsafe|const|public|private|protected|internal|abstract|final
        |sealed|override|virtual|inline|partial|extern|data|open|suspend)[ \t]+)*
    (?:
        (?:class|struct|enum|trait|interface|union|object|protocol|record|namespace|module|mod)
            [ \t]+(?P<kind>[^\W\d]\w*)(?=[ \t]*(?:[({\[<:;=]|extends\b|implements\b|where\b|$))
        |(?:def|fn|fun|function|macro_rules!)[ \t]+(?P<function>[^\W\d][\w.]*)[ \t]*[(<!{]
        |func[ \t]+(?:\([^)\n]*\)[ \t]*)?(?P<go>[^\W\d]\w*)[ \t]*[(\[<]
        |impl(?:<[^>\n]*>)?[ \t]+(?P<of>[^\W\d]\w*)
        |type[ \t]+(?P<type>[^\W\d]\w*)[ \t]*(?:[=<({]|struct\b|interface\b|func\b)
        |(?i:create[ \t]+(?:or[ \t]+replace[ \t]+)?(?:table|view|function|procedure)[ \t]+
            (?:if[ \t]+not[ \t]+exists[ \t]+)?)(?P<sql>[^\W\d][\w.]*)[ \t]*[(\n]
    )
    """,
    re.MULTILINE | re.VERBOSE,
)


def definitions(text: str) -> list[str]:
    """Names of the classes, functions and types that are defined in a text, at most `MOST`, in order, each once.

    Read line by line, as most programming languages write them; a text without code has none.
    """
    found = (next(name for name in match.groups() if name) for match in _DEFINITION.finditer(text))
    return list(dict.fromkeys(found))[:MOST]
