"""Small buttons with a picture. What they do stands in their data attributes; conversations.js reads it."""

from ui.view.html import escape

_PATHS = {
    "copy": '<rect x="9" y="9" width="12" height="12" rx="2"/><path d="M5 15H3V3h12v2"/>',
    "retry": '<path d="M3 12a9 9 0 1 0 3-6.7"/><path d="M3 3v6h6"/>',
    "up": '<path d="M7 11v10H4V11zM7 11l4-8a2 2 0 0 1 2.6 2.5L13 9h6a2 2 0 0 1 2 2.4l-1.5 8A2 2 0 0 1 17.5 21H7"/>',
    "down": '<path d="M7 13V3H4v10zM7 13l4 8a2 2 0 0 0 2.6-2.5L13 15h6a2 2 0 0 0 2-2.4l-1.5-8A2 2 0 0 0 17.5 3H7"/>',
    "rename": '<path d="M4 20h4L20 8l-4-4L4 16z"/><path d="m13 7 4 4"/>',
    "edit": '<path d="M4 20h4L20 8l-4-4L4 16z"/><path d="m13 7 4 4"/>',
    "delete": '<path d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5"/>',
    "export": '<path d="M12 3v12M7 10l5 5 5-5M4 20h16"/>',
    "new": '<path d="M12 5v14M5 12h14"/>',
    "menu": '<rect x="3" y="4" width="18" height="16" rx="2"/><path d="M9 4v16"/>',
    "close": '<path d="M6 6l12 12M18 6 6 18"/>',
    "latest": '<path d="M12 5v14M6 13l6 6 6-6"/>',
}


def icon(name: str) -> str:
    """A picture that says nothing to who cannot see it."""
    return f'<svg class="rag-action-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{_PATHS[name]}</svg>'


def button(name: str, label: str, *, words: bool = False, pressed: bool | None = None, **data: str | int) -> str:
    """A button.

    Args:
        name: of its picture, and what it does unless `act` says otherwise.
        label: what it does, in words.
        words: they are shown beside the picture, not only on request.
        pressed: whether it is, where it stays so.
        data: attributes that say to what it does it.
    """
    said = f"<span>{escape(label)}</span>" if words else ""
    named = "" if words else f' aria-label="{escape(label)}" title="{escape(label)}"'
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    given = "".join(f' data-{key}="{escape(str(value))}"' for key, value in {"act": name, **data}.items())
    return (
        f'<button type="button" class="rag-button rag-button-{name}"{named}{state}{given}>{icon(name)}{said}</button>'
    )
