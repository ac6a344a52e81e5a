"""How the tabs listen to their page."""

from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
"""Options of listeners: nothing of theirs is shown but what they return. With `show_progress_on` left out, Gradio's
page writes a status into each of their components, and with it the value that the component had a moment before."""
