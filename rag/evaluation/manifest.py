"""What figures and generated data depend on: settings, files, versions, machine."""

import platform
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rag.answering.prompt import prompts
from rag.settings import Settings

_PACKAGES = ("situated-rag", "torch", "openvino", "transformers", "qdrant-edge-py", "ir-measures")


def manifest(settings: Settings, hashes: Mapping[str, str], *, answers: bool = False) -> dict[str, Any]:
    """The record that is kept with a result.

    Args:
        settings: without what says where the corpus comes from and lies.
        hashes: file -> sha256.
        answers: the result is about answers: `answer` is one of the settings.
    """
    apart = {"name", "sources", "store", "data_dir"} | (set() if answers else {"answer"})
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": settings.model_dump(mode="json", exclude=apart),
        "data": dict(hashes),
        **({"prompts": _prompts(settings)} if answers else {}),
        "versions": {name: _version(name) for name in _PACKAGES},
        "machine": {"python": platform.python_version(), "system": platform.system(), "processor": platform.machine()},
    }


def file_hash(path: Path) -> str:
    """The sha256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


def _prompts(settings: Settings) -> dict[str, str]:
    """The sha256 of each."""
    found = prompts(settings.answer.prompts)
    texts = {field.name: getattr(found, field.name).template for field in fields(found)}
    return {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}


def _version(package: str) -> str | None:
    """None where the package is not installed, as an extra may not be."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
