"""Which upload is a page, and of which address: a line of text beside the file, hidden from listings."""

import contextlib
from pathlib import Path

_FOLDER = ".addresses"


def address_of(folder: Path, name: str) -> str | None:
    """The address that a file came from; None for a file that somebody had."""
    try:
        return (folder / _FOLDER / name).read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None


def note(folder: Path, name: str, address: str) -> None:
    """Remember the address, before the page itself is there."""
    (folder / _FOLDER).mkdir(exist_ok=True)
    (folder / _FOLDER / name).write_text(f"{address}\n", encoding="utf-8")


def forget(folder: Path, name: str) -> None:
    """Whatever gets the name next came from nowhere."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        (folder / _FOLDER / name).unlink()
