"""Situators: what places a chunk in its document."""

import difflib
from collections.abc import Sequence

from rag.errors import SettingsError
from rag.protocols import Situator, TokenCounter
from rag.situating.contexts import context_line
from rag.situating.headings import heading_line
from rag.situating.late import LateSituator
from rag.situating.lines import LinePart, LineSituator
from rag.situating.none import NoSituator

KINDS = ("headings", "late", "llm", "none")
_LINE_PARTS: dict[str, LinePart] = {"headings": heading_line, "llm": context_line}


def situator_for(kinds: Sequence[str], counter: TokenCounter) -> Situator:
    """The situator of the `situating` setting.

    Args:
        kinds: "none", or one or several of the others in any order.
        counter: the encoder's tokenizer.

    Raises:
        SettingsError: another kind, none at all, one twice, or "none" beside others.
    """
    for kind in kinds:
        if kind not in KINDS:
            near = difflib.get_close_matches(kind, KINDS, n=1)
            hint = f": did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"situating: unknown kind {kind!r}{hint} (legal: {', '.join(KINDS)})")
    if not kinds or len({*kinds}) < len(kinds) or ("none" in kinds and len(kinds) > 1):
        raise SettingsError(f"situating: {list(kinds)!r}: none, or one or several of {', '.join(KINDS[:-1])}")
    parts = [part for kind, part in _LINE_PARTS.items() if kind in kinds]
    situator = LineSituator(*parts) if parts else NoSituator()
    return LateSituator(situator, counter) if "late" in kinds else situator
