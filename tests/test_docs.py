"""README and docs say only what is true: their code runs, their tables are those of the code.

`RAG_UPDATE_DOCS=1 python -m pytest tests/test_docs.py` writes the generated parts anew.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from connectors.parsing.formats import FORMATS
from rag import Rag
from rag.cli import build_parser, main
from rag.settings import CHUNKINGS, Chunking, EdgeStore, ServerStore, Settings
from rag.settings.sources import SOURCES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
UPDATE = bool(os.environ.get("RAG_UPDATE_DOCS"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


def cases(language: str) -> list[Any]:
    """One case a page: its blocks belong together and run in order."""
    return [pytest.param(page, found, id=page.name) for page in PAGES if (found := blocks(page, language))]


# longest of all, and no page asks about what is in them
NOT_ASKED = shutil.ignore_patterns(".rag", "corpus-file.md", "command-line.md", "connectors.md", "evaluation.md")


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the docs: encoding them for every page would be most of the time."""
    folder = tmp_path_factory.mktemp("ingested")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=NOT_ASKED)
    with Rag.open(folder / "docs") as corpus:
        corpus.ingest()
    return folder / ".rag"


ZEROS = bytes(2**20)


def copy_with_holes(source: str, target: str) -> None:
    """Nearly all of the engine's files are zeros, which a plain copy would write."""
    with Path(source).open("rb") as read, Path(target).open("wb") as written:
        while block := read.read(len(ZEROS)):
            if block == ZEROS:
                written.seek(len(block), os.SEEK_CUR)
            else:
                written.write(block)
        written.truncate()


@pytest.fixture
def checkout(tmp_path: Path, ingested: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the project's docs and corpus files, as a reader has it who has tried the first command."""
    for folder in ("docs", "configs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=NOT_ASKED)
    shutil.copytree(ingested, tmp_path / ".rag", copy_function=copy_with_holes)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("page", "found"), cases("python"))
def test_python_of_a_page_runs(page: Path, found: list[str], checkout: Path) -> None:
    names: dict[str, Any] = {}
    for block in found:
        exec(compile(block, str(page), "exec"), names)


@pytest.mark.parametrize(("page", "found"), cases("bash"))
def test_commands_of_a_page_run(
    page: Path, found: list[str], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in "".join(found).splitlines():
        words = shlex.split(line, comments=True)
        if words:
            assert words[0] == "rag", f"{line}: commands of other programs are not run"
            status = main(words[1:])
            out, err = capsys.readouterr()
            assert status == 0, f"{line}\n{err}"
            assert out.strip()


def test_the_answer_that_the_readme_shows_is_that_of_its_command(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^rag ask .*$", readme, re.M)
    assert main(shlex.split(command)[1:]) == 0
    content = f"```text\n$ {command}\n{capsys.readouterr().out.rstrip()}\n```\n"
    if _unnumbered(content) not in _unnumbered(readme):  # a CPU with bfloat16 may rank another passage before this one
        generated(ROOT / "README.md", "asked", content)


def _unnumbered(text: str) -> str:
    return re.sub(r"\[\d+\]", "[]", text)


@pytest.mark.parametrize(("page", "found"), cases("yaml"))
def test_corpus_files_of_a_page_are_valid(page: Path, found: list[str]) -> None:
    for block in found:
        assert Settings.model_validate(yaml.safe_load(block))


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target.split("#")[0]).exists(), f"{page.name} links to {target}"


def test_make_targets_that_the_readme_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    pages = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", pages, re.M))
    assert {"demo", "test"} <= named <= targets


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert (ROOT / ".ci/run").read_text().rstrip().endswith("make test")


def generated(page: Path, name: str, content: str) -> None:
    """Compare, or with RAG_UPDATE_DOCS write, what stands between the markers of a generated part."""
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.S)
    assert pattern.search(text), f"{page.name} has no part {name}"
    wanted = pattern.sub(lambda m: m[1] + content + m[2], text)
    if UPDATE:
        page.write_text(wanted, encoding="utf-8")
    assert text == wanted or UPDATE, f"{page.name} is not what the code says; RAG_UPDATE_DOCS=1 writes it anew"


def test_table_of_keys_is_that_of_the_models() -> None:
    rows = ["| key | default | what it does |", "|---|---|---|"]

    def add(model: type[BaseModel], prefix: str, known: type[BaseModel] = BaseModel) -> None:
        for name, field in model.model_fields.items():
            inner = field.annotation
            if name in known.model_fields:
                continue
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                add(inner, f"{prefix}{name}.")
            elif name == "chunking":
                add(Chunking, "chunking.")
                for kind, chunking in CHUNKINGS.items():
                    add(chunking, f"chunking[kind={kind}].", Chunking)
            elif name != "kind" and field.description:
                default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
                if name == "name":
                    default = "its kind" if prefix else "name of the file"
                rows.append(f"| `{prefix}{name}` | {default} | {field.description} |")

    add(Settings, "")
    for kind, source in SOURCES.items():
        add(source, f"sources[kind={kind}].")
    add(EdgeStore, "store[kind=edge].")
    add(ServerStore, "store[kind=server].")
    generated(ROOT / "docs/corpus-file.md", "keys", "\n".join(rows) + "\n")


def test_table_of_formats_is_that_of_the_parsers() -> None:
    rows = ["| format | files | what is kept beside the text | read by | needs | in a plain folder |"]
    rows.append("|---|---|---|---|---|---|")
    for format in FORMATS:
        needs = [f"extra `{format.extra}`"] if format.extra else []
        needs += [f"`{format.system}`"] if format.system else []
        cells = (
            format.name,
            " ".join(f"`{suffix}`" for suffix in format.suffixes),
            ", ".join(format.keeps) or "-",
            format.library or "own code",
            " and ".join(needs) or "-",
            "yes" if format.default else "if `include` names it",
        )
        rows.append(f"| {' | '.join(cells)} |")
    generated(ROOT / "docs/formats.md", "formats", "\n".join(rows) + "\n")


def _shown(default: Any) -> str:
    text = "null" if default is None else str(list(default)) if isinstance(default, tuple) else str(default)
    return f"`{text}`"


def test_help_of_every_command_is_that_of_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = "".join(f"## {name}\n\n```text\n{help_text}```\n\n" for name, help_text in _helps("rag", build_parser()))
    generated(ROOT / "docs/command-line.md", "commands", text)


def _helps(name: str, parser: argparse.ArgumentParser) -> list[tuple[str, str]]:
    found = [(name, parser.format_help())]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, inner in action.choices.items():
                found += _helps(f"{name} {command}", inner)
    return found


def test_the_help_shown_is_what_a_user_sees() -> None:
    done = subprocess.run([sys.executable, "-m", "rag", "--help"], capture_output=True, text=True, check=True)
    assert "examples:" in done.stdout
    assert "exit status:" in done.stdout
