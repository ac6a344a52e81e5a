"""Imports go one way, files stay small, public names are what they are said to be."""

import ast
from pathlib import Path

import pytest

import rag

ROOT = Path(__file__).parents[2]
FILES = sorted(path for package in ("rag", "connectors", "ui") for path in (ROOT / package).rglob("*.py"))

# A module may import from its own layer and from those below it.
LAYERS = [
    ("rag.cli", "rag.__main__", "ui"),
    ("rag.langchain", "rag.profiling", "rag.progress", "rag.render"),
    ("rag.benchmark", "rag.doctor", "rag.evaluation", "rag.health"),
    ("rag.serving",),
    ("rag.jobs", "rag.suggestions", "rag.feedback"),
    ("rag.corpus",),
    ("rag.reader",),
    ("rag.opened",),
    ("rag.build",),
    ("rag.ingest", "rag.retrieval", "rag.answering", "rag.originals", "rag.corpus_map"),
    ("rag.testing",),
    ("rag.chunking", "rag.situating", "rag.models", "rag.store", "connectors"),
    ("rag.protocols", "rag.settings"),
    ("rag.results", "rag.reports", "rag.entries"),
    ("rag.plugins", "rag.secrets", "rag.prompts", "rag.asynchronous"),
    (
        "rag.types",
        "rag.points",
        "rag.legs",
        "rag.candidates",
        "rag.errors",
        "rag.json_values",
        "rag.latencies",
        "rag.notices",
        "rag.skips",
    ),
]
# Rag hands these out; it imports them inside the method that does.
UPWARD = {
    ("rag.reader", "rag.langchain"),
    ("rag.cli.questions", "ui.server"),
    *(("rag.cli.users", f"ui.{name}") for name in ("passwords", "users_file")),
}


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def layer_of(module: str) -> int:
    for number, names in enumerate(LAYERS):
        if any(module == name or module.startswith(f"{name}.") for name in names):
            return number
    raise AssertionError(f"{module} belongs to no layer: add it to LAYERS")


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" if node.module == "rag" else node.module for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_one_way(path: Path) -> None:
    module = module_of(path)
    if module == "rag":
        return  # names are resolved lazily; test_cli.py shows that nothing heavy comes with it
    for imported in imports_of(path):
        if imported.split(".")[0] not in ("rag", "connectors", "ui") or imported in ("rag.Rag", "rag.RagError"):
            continue
        if (module, imported) in UPWARD:
            continue
        assert layer_of(imported) >= layer_of(module), f"{module} imports {imported}, which is above it"
        if module.startswith("rag"):
            assert not imported.startswith(("connectors", "ui")), f"{module} imports {imported}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_public_names_are_sorted_and_there() -> None:
    assert rag.__all__ == sorted(rag.__all__)
    assert all(getattr(rag, name).__name__ == name for name in rag.__all__)
    assert set(rag._HOME) == set(rag.__all__)


def test_only_one_module_resolves_connectors() -> None:
    named = [module_of(path) for path in FILES if '"connectors.' in path.read_text() and path.parts[-2] == "rag"]
    assert named == ["rag.build"]
