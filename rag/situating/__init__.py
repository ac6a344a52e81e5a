"""Situators: what places a chunk in its document."""

import difflib
from collections.abc import Sequence

from rag.errors import SettingsError
from rag.protocols import Situator
from rag.situating.headings import HeadingsSituator
from rag.situating.none import NoSituator

_KINDS: dict[str, type[HeadingsSituator] | type[NoSituator]] = {"headings": HeadingsSituator, "none": NoSituator}


def situator_for(kinds: Sequence[str]) -> Situator:
    """The situator of the `situating` setting.

    Args:
        kinds: one of "headings" or "none".

    Raises:
        SettingsError: another kind, or not exactly one.
    """
    for kind in kinds:
        if kind not in _KINDS:
            near = difflib.get_close_matches(kind, _KINDS, n=1)
            hint = f": did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"situating: unknown kind {kind!r}{hint} (legal: {', '.join(_KINDS)})")
    if len(kinds) != 1:
        raise SettingsError(f"situating: {list(kinds)!r} names {len(kinds)} kinds, it needs one of {', '.join(_KINDS)}")
    return _KINDS[kinds[0]]()
