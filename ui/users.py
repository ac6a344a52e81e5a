"""Who asks, and what they may see."""

import gradio as gr


def principals_of(request: gr.Request | None) -> list[str] | None:  # noqa: ARG001 - nobody signs in yet
    """The principals for `search`, `ask`, `show` and the like; None is the operator, who sees everything."""
    return None
