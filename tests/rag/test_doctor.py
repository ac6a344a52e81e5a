"""What would fail is said before it fails, with the line that mends it."""

import json
import os
from pathlib import Path

import pytest

from rag import Rag, load_settings
from rag.cli import main
from rag.doctor import Diagnosis, diagnose
from tests.corpora import MakeFolder


def checked(folder: Path, *overrides: str, offline: bool = False) -> Diagnosis:
    return diagnose(load_settings(folder, overrides), offline=offline)


CONTEXTS = "contexts.llm=openai:gpt; situating=[headings, llm]"


def failing(found: Diagnosis) -> dict[str, str]:
    return {check.name: f"{check.detail} -> {check.fix}" for check in found.checks if check.status == "fail"}


def test_a_sound_corpus_has_nothing_to_mend_and_nothing_is_written(make_folder: MakeFolder) -> None:
    folder = make_folder()
    found = checked(folder, offline=True)
    assert found.ok, failing(found)
    assert {check.name for check in found.checks} >= {"model", "source files", "store", "llm"}
    assert "3 documents" in next(check.detail for check in found.checks if check.name == "source files")
    assert not (folder.parent / ".rag").exists()


@pytest.mark.parametrize(
    ("override", "offline", "name", "words"),
    [
        ("embedding.model=no/such-model@v1", True, "model", ["no/such-model"]),
        ("embedding.model=nonsense", False, "model", ["nonsense"]),
        ("answer.api_key_env=NOT_SET", False, "secrets", ["answer.api_key_env", "export NOT_SET=..."]),
        ("answer.llm=openai:gpt", True, "llm", ["network", "answer.llm=null"]),
        ("answer.llm=openai:gpt", False, "llm", ["OPENAI_API_KEY"]),
        ("answer.llm=nobody:x", False, "llm", ["nobody:x"]),
        ("answer.models=[{llm: 'openai:gpt'}]", True, "llm", ["network", "out of answer.models"]),
        ("answer.models=[{llm: 'openai:gpt'}]", False, "llm", ["OPENAI_API_KEY", "answer.models.0.api_key_env"]),
        ("answer.models=[{llm: a:b, api_key_env: NOT_SET}]", False, "secrets", ["answer.models.0.api_key_env"]),
        (CONTEXTS, True, "contexts", ["network", "situating=[headings]"]),
        (CONTEXTS, False, "contexts", ["contexts.llm", "OPENAI_API_KEY"]),
        ("sources.0.path=missing", False, "source files", ["missing"]),
        ("sources.0.path=s3://bucket/docs", True, "source files", ["network", "s3://bucket/docs"]),
        ("sources.0={kind: web, urls: ['https://example.org/']}", True, "source web", ["https://example.org/"]),
        ("sources.0={kind: mail, host: imap.example.org, user: u, password_env: P}", True, "source mail", ["imap"]),
        ("store={kind: server, url: 'http://qdrant.example.org:6333'}", True, "store", ["network", "edge"]),
        ("store={kind: server, url: 'http://127.0.0.1:9'}", True, "store", ["start the server"]),
        ("parsing.ocr_languages=[eng, tlh]", False, "ocr", ["tlh", "apt install tesseract-ocr-tlh"]),
        ("parsing.pdf=hi_res", False, "pdf", ["pip install 'situated-rag[pdf]'"]),
    ],
)
def test_what_would_fail_is_named_with_what_mends_it(
    make_folder: MakeFolder, override: str, offline: bool, name: str, words: list[str]
) -> None:
    found = failing(checked(make_folder(), *override.split("; "), offline=offline))
    assert all(word in found[name] for word in words), found


def test_a_program_that_the_files_need_and_the_machine_lacks_is_named(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder({"old.doc": b"\xd0\xcf\x11\xe0", "scan.png": b"\x89PNG", "a.md": "# A"})
    monkeypatch.setenv("PATH", "/nowhere")
    (needed,) = [c for c in checked(folder).checks if c.name == "source files" and c.status == "fail"]
    assert "1 Word 97 files need the program soffice" in needed.detail
    assert "libreoffice" in needed.fix
    (note,) = [check for check in checked(folder).checks if check.name == "ocr"]
    assert (note.status, "tesseract" in note.fix) == ("note", True)


def test_an_index_in_use_is_named_with_its_owner(make_folder: MakeFolder) -> None:
    folder = make_folder()
    with Rag.open(folder) as corpus:
        corpus.ingest()
        assert "already open" in failing(checked(folder))["lock"]
    assert checked(folder).ok


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(make_folder: MakeFolder, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "--set store.path" in failing(checked(make_folder(), f"store.path={tmp_path}/closed/index"))["store"]


def test_a_full_disk_is_named(make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.doctor.MIN_FREE_BYTES", 10**18)
    assert "MB are free" in failing(checked(make_folder()))["store"]


def test_the_command_exits_with_one_if_something_would_fail(
    make_folder: MakeFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(make_folder())
    assert main(["doctor", folder, "--offline"]) == 0
    assert "nothing would fail" in capsys.readouterr().out
    assert main(["doctor", folder, "--json", "--set", "answer.api_key_env=NOT_SET"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert not printed["ok"]
    assert {"name", "status", "detail", "fix"} == set(printed["checks"][0])
