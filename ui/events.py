"""How the tabs listen to their page."""

from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
"""Options of listeners: nothing of theirs is shown but what they return. With `show_progress_on` left out, Gradio's
page writes a status into each of their components, and with it the value that the component had a moment before."""
EACH: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": 1, **QUIET}
"""Of listeners to what somebody does: the second of two quick clicks is meant as well, and comes second.

By default Gradio's page drops it while the first is under way. With `always_last` it says the first one again instead,
data and all: that is for events without data, or whose data the script keeps in one object as it is now.
"""
