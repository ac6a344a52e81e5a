"""Small texts that many tests use."""

from collections.abc import Callable
from pathlib import Path

FACTS = {
    "alpha/guide.md": "# Tea guide\n\n"
    "## Brewing\n\nGreen tea is brewed at 75 degrees Celsius for two minutes.\n\n"
    "## Storage\n\nTea leaves are stored in a dark, dry tin for up to one year.\n",
    "beta/guide.md": "# Coffee guide\n\n"
    "## Brewing\n\nA French press needs a coarse grind and four minutes of steeping.\n\n"
    "## Roasting\n\nThe first crack happens near 196 degrees Celsius.\n",
    "water.md": "# Water\n\nHard water with more than 180 milligrams of calcium carbonate per litre dulls the taste.\n",
}

MakeFolder = Callable[..., Path]
"""Writes files (name -> content) below a temporary folder and returns it."""
